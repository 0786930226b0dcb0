--!include admit_next
-- One admission round.
-- KEYS[1] root; ARGV[1..3] times
-- Reply: how many tickets are live after it: waiting, admitted, and absent ones, which may return at any time

if is_open() then
  admit_next()
end

return redis.call('ZCARD', q.keys.waiting)
  + redis.call('ZCARD', q.keys.admitted)
  + redis.call('ZCARD', q.keys.absent)
