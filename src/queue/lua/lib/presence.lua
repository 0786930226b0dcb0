--!include queue
-- Who was seen lately: one bit for each number, in a bitmap for each fifth of the grace period. A waiting
-- buyer costs a few bits this way, where a time for each would cost as much as the place in line.
-- Servers may have different grace periods while one replaces another. Each marks in buckets of its own, and a look covers
-- the buckets of every grace period that was in use within a day.

local function bucket_ms_of(grace_ms)
  return math.max(1, math.floor(grace_ms / 5))
end

local expiry_set = false

local function mark_present(number)
  local bucket_ms = bucket_ms_of(q.grace_ms)
  local key = q.keys.present .. int_to_string(math.floor(q.now / bucket_ms))
  if redis.call('GETBIT', key, number) == 1 then
    return
  end
  redis.call('SETBIT', key, number, 1)
  if not expiry_set then
    redis.call('PEXPIRE', key, q.grace_ms + 2 * bucket_ms)
    redis.call('ZADD', q.keys.graces, int_to_string(q.now), int_to_string(q.grace_ms))
    redis.call('PEXPIRE', q.keys.graces, DAY_MS)
    expiry_set = true
  end
end

local graces

-- -> the grace periods in use, ms, with the longest first
local function graces_in_use()
  if not graces then
    graces = { q.grace_ms }
    for _, grace in ipairs(redis.call('ZRANGEBYSCORE', q.keys.graces, int_to_string(q.now - DAY_MS), '+inf')) do
      if tonumber(grace) ~= q.grace_ms then
        table.insert(graces, tonumber(grace))
      end
    end
    table.sort(graces, function(one, other)
      return one > other
    end)
  end
  return graces
end

-- Looks into every bucket that covers a part of the last grace period, so that nobody who was seen within
-- it is called absent; somebody seen up to a bucket earlier may still be called present.
local function seen_recently(number)
  for _, grace_ms in ipairs(graces_in_use()) do
    local bucket_ms = bucket_ms_of(grace_ms)
    for bucket = math.floor(q.now / bucket_ms), math.floor((q.now - grace_ms) / bucket_ms), -1 do
      if redis.call('GETBIT', q.keys.present .. int_to_string(bucket), number) == 1 then
        return true
      end
    end
  end
  return false
end
