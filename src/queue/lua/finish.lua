--!include admit_next
-- A payment has spent the ticket, wherever it stands, and even if Redis knows nothing of it.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number
-- -> 'OK'

local user, number = ARGV[4], tonumber(ARGV[5])

if how_ended(number) == 'FINISHED' then
  return 'OK'
end

local _, held = place_of(user)
if held == number then
  step_out(user)
end
record_end(number, 'FINISHED')
if is_open() then
  admit_next(number)
end

return 'OK'
