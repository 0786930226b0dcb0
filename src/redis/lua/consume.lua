-- Takes one of what there are `count` of in a minute: all of them at once if need be, and then one every so often.
-- It is the generic cell rate algorithm of ITU-T I.371, which keeps one moment for each key and has no windows.
-- KEYS[1] the moment up to which everything taken has come back, ms; ARGV[1] count, [2] 1: take one, -1: give one back
-- -> 0, or how long until there is one again, ms, and nothing is taken

local MINUTE_MS = 60000

local count, many = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local back = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now))
if back > now + MINUTE_MS + 1 then
  -- Further ahead than anything that was taken: the clock has been set back since.
  back = now
end
back = back + many * MINUTE_MS / count
local too_far_ms = back - now - MINUTE_MS
-- The moments are rounded: a millisecond is nothing.
if too_far_ms > 1 then
  return math.ceil(too_far_ms)
end
if back > now then
  redis.call('SET', KEYS[1], string.format('%.3f', back), 'PX', math.ceil(back - now))
else
  redis.call('DEL', KEYS[1])
end
return 0
