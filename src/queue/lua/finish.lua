--!include admit_next
--!include block
-- A payment has spent the ticket, wherever it stands, and even if Redis knows nothing of it.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number
-- -> 'OK'

local user, number = ARGV[4], tonumber(ARGV[5])

-- Told again, it changes nothing: looking for the user's place would end an admission that has run out.
if how_ended(number) == 'FINISHED' then
  return 'OK'
end

local _, held = state_of(user)
if held == number then
  remove_user(user, number)
elseif how_ended(number) or is_issued(number) then
  incr_counter('lapsed', -1)
else
  incr_counter('issued', 1)
end
record_end(number, 'FINISHED')
if is_open() then
  mark_changed(number)
  admit_next()
end

return 'OK'
