--!include queue
-- Who was seen lately: one bit for each number, in a bitmap for each fifth of the grace period. A waiting
-- buyer costs a few bits this way, where a time for each would cost as much as the place in line.

local bucket_ms = math.max(1, math.floor(q.grace_ms / 5))
local expiry_set = false

local function bucket_key(time)
  return q.keys.present .. whole(math.floor(time / bucket_ms))
end

local function mark_present(number)
  local key = bucket_key(q.now)
  if redis.call('GETBIT', key, number) == 1 then
    return
  end
  redis.call('SETBIT', key, number, 1)
  if not expiry_set then
    redis.call('PEXPIRE', key, q.grace_ms + 2 * bucket_ms)
    expiry_set = true
  end
end

-- Looks into every bucket that covers a part of the last grace period, so that nobody who was seen within
-- it is called absent; somebody seen up to a bucket earlier may still be called present.
local function seen_lately(number)
  local oldest = math.floor((q.now - q.grace_ms) / bucket_ms)
  for bucket = math.floor(q.now / bucket_ms), oldest, -1 do
    if redis.call('GETBIT', q.keys.present .. whole(bucket), number) == 1 then
      return true
    end
  end
  return false
end
