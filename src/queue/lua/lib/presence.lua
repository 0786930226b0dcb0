--!include queue
-- Presence: which tickets were seen lately. One bit for each number, in one bitmap for each fifth of the grace period:
-- a few bits for each waiting buyer, where a timestamp would cost as much as the entry in the waiting set.
-- Servers may run with different grace periods during a rollout. Each marks its own buckets, and the check covers the
-- buckets of every grace period that was used within a day.

local expiry_set = false
local cached_graces

local function bucket_ms_of(grace_ms)
  return math.max(1, math.floor(grace_ms / 5))
end

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

-- Returns the grace periods in use, ms, the longest first.
local function graces_in_use()
  if cached_graces then
    return cached_graces
  end
  cached_graces = { q.grace_ms }
  for _, grace in ipairs(redis.call('ZRANGEBYSCORE', q.keys.graces, int_to_string(q.now - DAY_MS), '+inf')) do
    if tonumber(grace) ~= q.grace_ms then
      table.insert(cached_graces, tonumber(grace))
    end
  end
  table.sort(cached_graces, function(one, other)
    return one > other
  end)
  return cached_graces
end

-- Checks every bucket that overlaps the grace period: a ticket seen within it is never absent, and one seen up to a
-- bucket earlier may still count as present.
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
