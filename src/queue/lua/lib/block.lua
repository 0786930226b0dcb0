--!include queue
-- Ticket numbers come from a block that PostgreSQL has reserved, so that no number is issued twice whatever happens to
-- Redis. A block is valid only for the server it was reserved for, while that is the primary and has not restarted: a
-- server that restarted from an older file, or a promoted replica, may not know that it has issued a number. In each of
-- these cases Redis makes a new replication id. (The run id is not enough: a primary that became a replica, lost its last
-- writes to the new primary and is promoted again keeps its run id.)

local cached_replid

-- Read from the server itself, because what a client knows can be older than its connection. Once for each run of a
-- script: INFO costs more than the rest of a join.
local function replid()
  cached_replid = cached_replid or string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  return cached_replid
end

-- A fencing token for what is decided outside of Redis and written here later. It changes with the server and when the
-- data is lost. nil: none has been requested since the data was lost.
local function fence()
  local data_set = redis.call('HGET', q.keys.meta, 'data_set')
  return data_set and data_set .. ' ' .. replid()
end

-- Returns the next number, or nil when a new block is needed.
local function next_number()
  local next, last, reserved_for = unpack(redis.call('HMGET', q.keys.meta, 'next', 'last', 'replid'))
  if tonumber(next) > tonumber(last) or reserved_for ~= replid() then
    return nil
  end
  redis.call('HINCRBY', q.keys.meta, 'next', 1)
  return tonumber(next)
end

-- Whether a ticket may have been lost with the data of Redis. Only for a day after the loss: later, the record of its end
-- may just have expired, and an ended ticket must not return to the front.
local function may_be_lost(number)
  local from, below, till =
    unpack(redis.call('HMGET', q.keys.meta, 'restorable_from', 'restorable_below', 'restorable_until'))
  return till and q.now < tonumber(till) and number >= tonumber(from) and number < tonumber(below)
end

-- Whether this data set has issued the number. Others were issued before the data was lost, and are not counted here.
local function is_issued(number)
  local next = redis.call('HGET', q.keys.meta, 'next')
  return next and number < tonumber(next) and not may_be_lost(number)
end

-- Whether the server has changed and no new block has arrived yet: which numbers were lost is not known until then.
local function is_restarted()
  return redis.call('HGET', q.keys.meta, 'replid') ~= replid()
end
