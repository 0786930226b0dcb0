-- Rate limiter: the generic cell rate algorithm (ITU-T I.371). It stores one timestamp for each key, has no windows,
-- allows a burst of `count`, and then refills evenly at `count` a minute.
-- KEYS[1] string: when everything consumed will have been refilled, ms
-- ARGV[1] count: how many a minute, [2] amount: 1 to consume one, -1 to refund one
-- Reply: 0, or the ms until one is available; then nothing is consumed

local MINUTE_MS = 60000

local count, amount = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local full_at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now))
if full_at > now + MINUTE_MS + 1 then
  -- Later than any consumption allows: the clock has been set back.
  full_at = now
end
full_at = full_at + amount * MINUTE_MS / count

local wait_ms = full_at - now - MINUTE_MS
-- Timestamps are rounded, so one millisecond is tolerated.
if wait_ms > 1 then
  return math.ceil(wait_ms)
end
if full_at > now then
  redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil(full_at - now))
else
  redis.call('DEL', KEYS[1])
end
return 0
