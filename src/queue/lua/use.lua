--!include report
-- The gate. The first use of an admission claims it, and starts its full time. Who is about to hold seats in its last
-- moments gets a few more, once: the hold extends the admission, and it must not be over before that arrives. Nothing
-- keeps an admission open past the latest end of its turn.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number, [6] how long it has to last for what is about to be done, ms,
--   [7] the longest that a turn lasts from its first use, ms
-- -> { report, how long the turn can still last, ms }, or 'UNOPENED'

local user, number, needed_ms, turn_ms = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

if not is_open() then
  return 'UNOPENED'
end

local left_ms = 0
local place, held, use, deadline = state_of(user)
if place == 'admitted' and held == number then
  local ends = use ~= UNUSED and turn_end(user, number) or begin_turn(user, number, turn_ms)
  local needed_until = math.min(q.now + needed_ms, ends)
  if use == UNUSED then
    set_admission(user, number, USED, math.min(math.max(deadline, q.now + q.admission_ms), ends))
    mark_changed(number)
  elseif use == USED and deadline < needed_until then
    set_admission(user, number, LENGTHENED, needed_until)
    mark_changed(number)
  end
  left_ms = ends - q.now
end

return { report({ { user, number } }), left_ms }
