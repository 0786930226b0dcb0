--!include report
-- Statistics of a queue, for operators. Changes nothing.
-- KEYS[1] root; ARGV[1..3] times
-- Reply: { now, issued, waiting (with the absent), admitted, finished, lapsed, total admissions,
--   admissions of the last minute, ms in which they happened }. Expired admissions count as lapsed.

local issued, finished, lapsed, admitted_total =
  unpack(redis.call('HMGET', q.keys.meta, 'issued', 'finished', 'lapsed', 'admitted_total'))
local absent, expired_absent = count_absent()
local expired_admissions = redis.call('ZCOUNT', q.keys.admitted, '-inf', int_to_string(q.now))
local admissions, in_ms = recent_admissions()

return {
  q.now,
  tonumber(issued or 0),
  redis.call('ZCARD', q.keys.waiting) + absent,
  redis.call('ZCARD', q.keys.admitted) - expired_admissions,
  tonumber(finished or 0),
  tonumber(lapsed or 0) + expired_absent + expired_admissions,
  tonumber(admitted_total or 0),
  admissions,
  in_ms,
}
