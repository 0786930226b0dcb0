--!include report
-- Ends a ticket whose user leaves the queue, in whatever state it is, even if Redis has lost it. A ticket that has ended
-- keeps its end.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number
-- Reply: report, or 'UNOPENED'

local user, number = ARGV[4], tonumber(ARGV[5])

if not is_open() then
  return 'UNOPENED'
end

local _, live_number = state_of(user)
if live_number == number then
  remove_user(user, number)
  record_end(number, 'LEFT')
  mark_changed(number)
  admit_next()
elseif not how_ended(number) and not is_issued(number) then
  -- Issued before the data was lost, together with its counters.
  incr_counter('issued', 1)
  record_end(number, 'LEFT')
  mark_changed(number)
end

return report({ { user, number } })
