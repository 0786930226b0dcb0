--!include admit_next
-- One admission round.
-- KEYS[1] root; ARGV[1..3] times
-- -> how many may still be let in or are, after it: waiting, admitted, and the absent, who may return any moment

if is_open() then
  admit_next()
end

return redis.call('ZCARD', q.keys.waiting)
  + redis.call('ZCARD', q.keys.admitted)
  + redis.call('ZCARD', q.keys.absent)
