--!include queue
-- How many tickets are live. Expired admissions are not counted.
-- KEYS[1] root; ARGV[1..3] times
-- Reply: { waiting, admitted, total admissions since Redis was empty }

return {
  redis.call('ZCARD', q.keys.waiting),
  redis.call('ZCOUNT', q.keys.admitted, '(' .. int_to_string(q.now), '+inf'),
  tonumber(redis.call('HGET', q.keys.meta, 'admitted_total') or 0),
}
