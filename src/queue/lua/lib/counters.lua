--!include queue
-- Counters of tickets, updated where a ticket is issued or ends, so that
-- issued = waiting + admitted + finished + lapsed holds after every script (see stats.lua).
-- They start from zero with an empty Redis.

-- name: 'issued', 'finished', 'lapsed', or 'skipped' (how many should be absent now)
local function incr_counter(name, by)
  redis.call('HINCRBY', q.keys.meta, name, by)
end

-- All absent tickets expire together, a day after the last one was skipped. Expired ones have lapsed.
-- Returns how many are absent, and how many have expired.
local function count_absent()
  local absent = redis.call('ZCARD', q.keys.absent)
  local skipped = tonumber(redis.call('HGET', q.keys.meta, 'skipped') or 0)
  return absent, skipped - absent
end
