--!include queue
-- Numbers come from a block that PostgreSQL reserved, so that none is handed out twice whatever becomes of
-- Redis. A block is good only for the server it was reserved for, for as long as that is the primary and goes on without
-- a restart: one that restarted from an older file, or a replica that took over, may have forgotten that it handed a
-- number out. In each of these cases Redis makes a new replication id. (The run id is not enough: a primary that became
-- a replica, lost its last writes to the new primary and is promoted again still has the same one.)

local own_replid

-- Asked of the server itself; a client's idea of it can be older than the connection it speaks through. Once for each
-- run of a script: it costs more than all the rest of a join.
local function replid()
  own_replid = own_replid or string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  return own_replid
end

-- A fencing token, for what is decided outside of Redis and written here a moment later: it changes when the server does,
-- and when the data is lost. nil: nobody has asked for one since then.
local function fence()
  local data_set = redis.call('HGET', q.keys.meta, 'data_set')
  return data_set and data_set .. ' ' .. replid()
end

-- -> the next number, or nil when a fresh block is needed.
local function next_number()
  local next, last, reserved_for = unpack(redis.call('HMGET', q.keys.meta, 'next', 'last', 'replid'))
  if tonumber(next) > tonumber(last) or reserved_for ~= replid() then
    return nil
  end
  redis.call('HINCRBY', q.keys.meta, 'next', 1)
  return tonumber(next)
end

-- May this number have been lost together with Redis's data? Only for a day after the loss: from then on a
-- missing record may also be one that was kept for its day, and nobody returns to the front from the past.
local function may_be_lost(number)
  local from, below, till =
    unpack(redis.call('HMGET', q.keys.meta, 'restorable_from', 'restorable_below', 'restorable_until'))
  return till and q.now < tonumber(till) and number >= tonumber(from) and number < tonumber(below)
end

-- Was it given out by this line? Otherwise it was by one that was lost, and nothing of it is counted here.
local function is_issued(number)
  local next = redis.call('HGET', q.keys.meta, 'next')
  return next and number < tonumber(next) and not may_be_lost(number)
end

-- Is the loss still to be noticed? Then it is not known yet which numbers it took.
local function is_restarted()
  return redis.call('HGET', q.keys.meta, 'replid') ~= replid()
end
