--!include keys
-- What the script of a concert starts from. KEYS[1] is the concert's root, and ARGV begins with the times
-- that the queue goes by: [1] admission, [2] claim window, [3] grace for the absent, all in ms.
-- Redis is the only clock: instances may disagree about the time, and one of them may be wrong.

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

local DAY_MS = 24 * 60 * 60 * 1000

-- A whole number as text: Lua alone would write 1e+15.
local function int_to_string(number)
  return string.format('%.0f', number)
end

local function is_open()
  return redis.call('HEXISTS', q.keys.meta, 'next') == 1
end
