--!include queue
-- The admission rate: the limit that an operator sets, and the rate of the last minute.

local RECENT_SECONDS = 60

-- A token bucket that holds one second's worth. Returns the tokens in it now: infinitely many without a rate.
local function refill_tokens(rate, tokens, tokens_at)
  if not rate then
    return math.huge
  end
  local bucket_size = math.max(1, rate)
  if not tokens then
    return bucket_size
  end
  return math.min(bucket_size, tokens + (q.now - tokens_at) / 1000 * rate)
end

local function record_admissions(admitted)
  local second = math.floor(q.now / 1000)
  for _, past in ipairs(redis.call('HKEYS', q.keys.recent)) do
    if tonumber(past) <= second - RECENT_SECONDS or tonumber(past) > second then
      redis.call('HDEL', q.keys.recent, past)
    end
  end
  redis.call('HINCRBY', q.keys.recent, int_to_string(second), admitted)
  redis.call('EXPIRE', q.keys.recent, RECENT_SECONDS)
  redis.call('HINCRBY', q.keys.meta, 'admitted_total', admitted)
end

-- Returns the admissions of the last minute, and the ms in which they happened.
local function recent_admissions()
  local second = math.floor(q.now / 1000)
  local admissions, oldest = 0, second
  local recent = redis.call('HGETALL', q.keys.recent)
  for i = 1, #recent, 2 do
    local past = tonumber(recent[i])
    if past > second - RECENT_SECONDS and past <= second then
      admissions = admissions + tonumber(recent[i + 1])
      oldest = math.min(oldest, past)
    end
  end
  return admissions, q.now - oldest * 1000
end
