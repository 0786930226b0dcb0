--!include admit_next
-- One admission round.
-- KEYS[1] root; ARGV[1..3] times
-- -> how many stand in the queue after it, waiting and admitted

if is_open() then
  admit_next()
end

return redis.call('ZCARD', q.keys.waiting) + redis.call('ZCARD', q.keys.admitted)
