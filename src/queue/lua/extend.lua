--!include report
-- Keeps an admission open until a given time at least, but never past the latest end of its turn; that is also a use of it.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number, [6] until, ms,
--   [7] the longest that a turn lasts from its first use, ms
-- -> report, or 'UNOPENED'

local user, number, till, turn_ms = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

if not is_open() then
  return 'UNOPENED'
end

local place, held, use, deadline = state_of(user)
if place == 'admitted' and held == number then
  local ends = use ~= UNUSED and turn_end(user, number) or begin_turn(user, number, turn_ms)
  local extended = math.min(math.max(deadline, till), ends)
  if extended > deadline or use == UNUSED then
    set_admission(user, number, use == UNUSED and USED or use, extended)
    mark_changed(number)
  end
end

return report({ { user, number } })
