--!include report
-- Uses an admission. The first use claims it and starts its full time. A later use that needs more time than is left
-- lengthens it once: a hold extends the admission, and it must not expire before that arrives. No use moves the latest end
-- of the turn.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number, [6] needed_ms: how long the admission has to last from now,
--   [7] turn_ms: the longest time from the first use of an admission to its end
-- Reply: { report, ms until the latest end of the turn }, or 'UNOPENED'

local user, number, needed_ms, turn_ms = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

if not is_open() then
  return 'UNOPENED'
end

local left_ms = 0
local state, live_number, use, till = state_of(user)
if state == 'admitted' and live_number == number then
  local latest_end = use ~= UNUSED and turn_end(user, number) or begin_turn(user, number, turn_ms)
  local needed_till = math.min(q.now + needed_ms, latest_end)
  if use == UNUSED then
    set_admission(user, number, USED, math.min(math.max(till, q.now + q.admission_ms), latest_end))
  elseif use == USED and till < needed_till then
    set_admission(user, number, LENGTHENED, needed_till)
  end
  left_ms = latest_end - q.now
end

return { report({ { user, number } }), left_ms }
