--!include report
-- How a queue is doing, for its operators. Changes nothing.
-- KEYS[1] root; ARGV[1..3] times
-- -> { now, issued, waiting (the skipped too), admitted, finished, lapsed, admitted in all,
--   admissions of the last minute, the ms in which they came }; an admission that has run out has lapsed

local issued, finished, lapsed, admitted_total =
  unpack(redis.call('HMGET', q.keys.meta, 'issued', 'finished', 'lapsed', 'admitted_total'))
local absent, forgotten = count_absent()
local run_out = redis.call('ZCOUNT', q.keys.admitted, '-inf', int_to_string(q.now))
local admissions, in_ms = admission_rate()

return {
  q.now,
  tonumber(issued or 0),
  redis.call('ZCARD', q.keys.waiting) + absent,
  redis.call('ZCARD', q.keys.admitted) - run_out,
  tonumber(finished or 0),
  tonumber(lapsed or 0) + forgotten + run_out,
  tonumber(admitted_total or 0),
  admissions,
  in_ms,
}
