--!include admit_next
--!include block
-- Ends a ticket that a payment has spent, in whatever state it is, even if Redis has lost it.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number
-- Reply: 'OK'

local user, number = ARGV[4], tonumber(ARGV[5])

-- A repeated call changes nothing. It must not even look up the state, which would end an expired admission.
if how_ended(number) == 'FINISHED' then
  return 'OK'
end

local _, live_number = state_of(user)
if live_number == number then
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
