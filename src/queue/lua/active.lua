-- Keeps the list of queues that ticks look after.
-- KEYS[1] zset: concert -> last activity, ms; ARGV[1] idle time after which an empty one is dropped, ms,
--   [2] how many follow that are busy, then those, then the empty ones
-- -> 'OK'

local idle_ms, busy = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

for i = 3, #ARGV do
  local concert = ARGV[i]
  if i < 3 + busy then
    redis.call('ZADD', KEYS[1], string.format('%.0f', now), concert)
  else
    local last = redis.call('ZSCORE', KEYS[1], concert)
    if last and tonumber(last) < now - idle_ms then
      redis.call('ZREM', KEYS[1], concert)
    end
  end
end

return 'OK'
