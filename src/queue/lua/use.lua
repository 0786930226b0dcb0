--!include report
-- The gate. The first use of an admission claims it, and starts its full time.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number
-- -> report, or 'UNOPENED'

local user, number = ARGV[4], tonumber(ARGV[5])

if not is_open() then
  return 'UNOPENED'
end

local place, held, claimed, deadline = place_of(user)
if place == 'admitted' and held == number and not claimed then
  redis.call('HSET', q.keys.admissions, user, whole(number) .. ' 1')
  redis.call('ZADD', q.keys.admitted, whole(math.max(deadline, q.now + q.admission_ms)), user)
  changed_about(number)
end

return report({ { user, number } })
