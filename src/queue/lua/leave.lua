--!include report
-- Gives a place up, wherever it is. A ticket that has ended stays as it ended.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number
-- -> report, or 'UNOPENED'

local user, number = ARGV[4], tonumber(ARGV[5])

if not is_open() then
  return 'UNOPENED'
end

local _, held = place_of(user)
if held == number then
  step_out(user, number)
  record_end(number, 'LEFT')
  changed_about(number)
  admit_next()
end

return report({ { user, number } })
