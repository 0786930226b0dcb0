-- Updates the set of active queues, which ticks run over. Queues with tickets are kept, and empty ones are removed after a
-- time without activity.
-- KEYS[1] zset: concert -> last activity, ms
-- ARGV[1] idle_ms: after how long an empty queue is removed; [2] how many of the following concerts are busy;
--   [3..] busy concerts, then empty ones
-- Reply: 'OK'

local idle_ms, busy_count = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

for i = 3, #ARGV do
  local concert = ARGV[i]
  if i < 3 + busy_count then
    redis.call('ZADD', KEYS[1], string.format('%.0f', now), concert)
  else
    local last_activity = redis.call('ZSCORE', KEYS[1], concert)
    if last_activity and tonumber(last_activity) < now - idle_ms then
      redis.call('ZREM', KEYS[1], concert)
    end
  end
end

return 'OK'
