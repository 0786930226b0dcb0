--!include report
-- Extends an admission to a given time at least, but never past the latest end of its turn. Counts as a use of it.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number, [6] until, ms,
--   [7] turn_ms: the longest time from the first use of an admission to its end
-- Reply: report, or 'UNOPENED'

local user, number, wanted_till, turn_ms = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

if not is_open() then
  return 'UNOPENED'
end

local state, live_number, use, till = state_of(user)
if state == 'admitted' and live_number == number then
  local latest_end = use ~= UNUSED and turn_end(user, number) or begin_turn(user, number, turn_ms)
  local extended_till = math.min(math.max(till, wanted_till), latest_end)
  if extended_till > till or use == UNUSED then
    set_admission(user, number, use == UNUSED and USED or use, extended_till)
  end
end

return report({ { user, number } })
