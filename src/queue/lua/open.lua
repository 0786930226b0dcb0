--!include block
--!include settings
--!include delta
-- Opens a queue with a block of numbers, or adds the next block to an open one.
-- KEYS[1] root; ARGV[1..3] times, [4] capacity, [5] rate per second or '', [6] paused (0 or 1), [7] version,
--   [8] first and [9] last number of the block, [10] 1: no block was reserved before this one,
--   [11] the fencing token that was read before the block was reserved
-- Reply: 'OPENED', or 'KEPT' if the current block is still good, or 'FENCED' if the token is not valid any more. In the
--   last two cases the new block is lost, which is harmless.

local first, last, is_first_block, token = tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10] == '1', ARGV[11]

-- A block is used once, however late or often it is sent: numbers only grow while the data is there, and the token
-- changes when it is lost.
if token ~= fence() then
  return 'FENCED'
end
redis.call('PERSIST', q.keys.meta)

-- Newer settings are lost if their server dies before it calls configure.lua.
if take_settings(4) and is_open() then
  current_delta()
end

local next, current_last, reserved_for = unpack(redis.call('HMGET', q.keys.meta, 'next', 'last', 'replid'))
next, current_last = tonumber(next), tonumber(current_last)
local own_replid = replid()
local is_restart = next and reserved_for ~= own_replid

-- Two servers may open at once, and the second block may arrive first. The first block then proves that there was nothing
-- to recover, because none was reserved before this data set.
if is_first_block and next then
  redis.call('HSET', q.keys.meta, 'recovering_until', 0)
end

-- Numbers only grow: a block that arrives after a later one is not used.
if next and ((next <= current_last and not is_restart) or first <= current_last) then
  publish_delta()
  return 'KEPT'
end

if not next then
  local recovering_until = is_first_block and 0 or q.now + q.grace_ms
  redis.call(
    'HSET', q.keys.meta,
    'recovering_until', int_to_string(recovering_until), 'ticked_at', int_to_string(q.now), 'skip_from', 0,
    -- From the clock, in microseconds: higher than every version of the queue that was lost.
    'delta_version', int_to_string(q.now * 1000)
  )
  current_delta()
end

-- The numbers that Redis may have lost: all, or those issued after the file that it restarted from was written.
if is_restart or not (next or is_first_block) then
  local earlier_from, earlier_until = unpack(redis.call('HMGET', q.keys.meta, 'restorable_from', 'restorable_until'))
  local lost_from = next or 1
  if earlier_until and q.now < tonumber(earlier_until) then
    lost_from = math.min(lost_from, tonumber(earlier_from))
  end
  redis.call(
    'HSET', q.keys.meta,
    'restorable_from', int_to_string(lost_from),
    'restorable_below', int_to_string(first),
    'restorable_until', int_to_string(q.now + DAY_MS)
  )
end

redis.call(
  'HSET', q.keys.meta,
  'next', int_to_string(first), 'last', int_to_string(last), 'replid', own_replid
)
publish_delta()
return 'OPENED'
