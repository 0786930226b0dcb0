--!include keys
-- What every queue script starts from.
-- KEYS[1] root of the concert's keys
-- ARGV[1] admission_ms: from the first use of an admission to its end
-- ARGV[2] claim_ms: from an admission to its first use
-- ARGV[3] grace_ms: how long a waiting ticket may be unseen before it is skipped
-- Redis is the only clock, because the clocks of the servers may differ.

local DAY_MS = 24 * 60 * 60 * 1000

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local q = {
  keys = keys_of(KEYS[1]),
  now = now_ms(),
  admission_ms = tonumber(ARGV[1]),
  claim_ms = tonumber(ARGV[2]),
  grace_ms = tonumber(ARGV[3]),
}

-- A whole number as text. Lua's own conversion writes 1e+15.
local function int_to_string(number)
  return string.format('%.0f', number)
end

local function is_open()
  return redis.call('HEXISTS', q.keys.meta, 'next') == 1
end
