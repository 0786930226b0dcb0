--!include block
--!include settings
--!include delta
-- Opens a queue with a block of numbers, or gives an open one its next block.
-- KEYS[1] root; ARGV[1..3] times, [4] capacity, [5] rate or '', [6] paused, [7] version,
--   [8] first and [9] last number of the block, [10] 1: no block was ever reserved before this one,
--   [11] the fencing token that was read before the block was reserved
-- -> 'OPENED', or 'KEPT' if the block in place is still good, or 'FENCED' if the token is not valid any more; the new
--   block is lost then, which is harmless

local first, last, fresh = tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10] == '1'

-- Whatever is sent late or twice, a block is used once: numbers only grow as long as the data is there, and when it was
-- lost, the token is another one.
if ARGV[11] ~= fence() then
  return 'FENCED'
end
redis.call('PERSIST', q.keys.meta)

-- Newer settings may have been on their way when the server that brought them died.
if take_settings(4) and is_open() then
  current_delta()
end

local next, spent_after, reserved_for = unpack(redis.call('HMGET', q.keys.meta, 'next', 'last', 'replid'))
next, spent_after = tonumber(next), tonumber(spent_after)
local here = replid()
local restarted = next and reserved_for ~= here

-- Two instances may open at once, and the second block may arrive first. The first block then proves that
-- there was nothing to recover: none was reserved before this data set was there.
if fresh and next then
  redis.call('HSET', q.keys.meta, 'recovering_until', 0)
end

-- Numbers only grow: a block that was overtaken on its way is not used any more.
if next and ((next <= spent_after and not restarted) or first <= spent_after) then
  publish_delta()
  return 'KEPT'
end

if not next then
  local recovering_until = fresh and 0 or q.now + q.grace_ms
  redis.call(
    'HSET', q.keys.meta,
    'recovering_until', int_to_string(recovering_until), 'ticked_at', int_to_string(q.now), 'skip_from', 0,
    -- From the clock, in microseconds, so that who knew the line that was lost cannot take this one for it.
    'delta_version', int_to_string(q.now * 1000)
  )
  current_delta()
end

-- What Redis may have forgotten: everything, or what it handed out after the file it restarted from.
if restarted or not (next or fresh) then
  local from, till = unpack(redis.call('HMGET', q.keys.meta, 'restorable_from', 'restorable_until'))
  local lost_from = next or 1
  if till and q.now < tonumber(till) then
    lost_from = math.min(lost_from, tonumber(from))
  end
  redis.call(
    'HSET', q.keys.meta,
    'restorable_from', int_to_string(lost_from), 'restorable_below', int_to_string(first), 'restorable_until', int_to_string(q.now + DAY_MS)
  )
end

redis.call('HSET', q.keys.meta, 'next', int_to_string(first), 'last', int_to_string(last), 'replid', here)
publish_delta()
return 'OPENED'
