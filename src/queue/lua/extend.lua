--!include report
-- Keeps an admission open until a given time at least; that is also a use of it.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number, [6] until, ms
-- -> report, or 'UNOPENED'

local user, number, till = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])

if not is_open() then
  return 'UNOPENED'
end

local place, held, use, deadline = place_of(user)
if place == 'admitted' and held == number and (till > deadline or use == UNUSED) then
  set_admission(user, number, use == UNUSED and USED or use, math.max(deadline, till))
  changed_about(number)
end

return report({ { user, number } })
