--!include report
-- Gives a place up, wherever it is, and even if Redis knows nothing of it. A ticket that has ended stays as it ended.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number
-- -> report, or 'UNOPENED'

local user, number = ARGV[4], tonumber(ARGV[5])

if not is_open() then
  return 'UNOPENED'
end

local _, held = state_of(user)
if held == number then
  remove_user(user, number)
  record_end(number, 'LEFT')
  mark_changed(number)
  admit_next()
elseif not how_ended(number) and not is_issued(number) then
  -- It was issued by the line that was lost, whose tally is lost too.
  incr_counter('issued', 1)
  record_end(number, 'LEFT')
  mark_changed(number)
end

return report({ { user, number } })
