--!include report
-- The gate. The first use of an admission claims it, and starts its full time. Who is about to hold seats in its last
-- moments gets a few more, once: the hold extends the admission, and it must not be over before that arrives.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number, [6] how long it has to last for what is about to be done, ms
-- -> report, or 'UNOPENED'

local user, number, needed_ms = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])

if not is_open() then
  return 'UNOPENED'
end

local place, held, use, deadline = place_of(user)
if place == 'admitted' and held == number then
  if use == UNUSED then
    set_admission(user, number, USED, math.max(deadline, q.now + q.admission_ms))
    changed_about(number)
  elseif use == USED and deadline < q.now + needed_ms then
    set_admission(user, number, LENGTHENED, q.now + needed_ms)
    changed_about(number)
  end
end

return report({ { user, number } })
