--!include queue
-- How many stand in the queue now; an admission that has run out is not counted.
-- KEYS[1] root; ARGV[1..3] times
-- -> { waiting, admitted, admitted ever since Redis was empty }

return {
  redis.call('ZCARD', q.keys.waiting),
  redis.call('ZCOUNT', q.keys.admitted, '(' .. int_to_string(q.now), '+inf'),
  tonumber(redis.call('HGET', q.keys.meta, 'admitted_total') or 0),
}
