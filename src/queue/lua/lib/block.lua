--!include queue
-- Numbers come from a block that PostgreSQL reserved, so that none is handed out twice whatever becomes of
-- Redis. A block is good only for the Redis process it was reserved for: one that restarted from an older
-- file, or a replica that took over, may have forgotten that it handed a number out.

local own_run_id

-- Asked of the server itself; a client's idea of it can be older than the connection it speaks through. Once for each
-- run of a script: it costs more than all the rest of a join.
local function run_id()
  own_run_id = own_run_id or string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  return own_run_id
end

-- -> the next number, or nil when a fresh block is needed.
local function next_number()
  local next, last, reserved_for = unpack(redis.call('HMGET', q.keys.meta, 'next', 'last', 'run_id'))
  if tonumber(next) > tonumber(last) or reserved_for ~= run_id() then
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
  return redis.call('HGET', q.keys.meta, 'run_id') ~= run_id()
end
