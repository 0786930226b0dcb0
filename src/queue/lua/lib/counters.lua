--!include queue
-- How many tickets there were and how they ended, counted where it happens, so that
-- issued = waiting + admitted + finished + lapsed at any moment; see stats.lua. They begin anew with an empty Redis.

-- what: 'issued', 'finished', 'lapsed', or 'skipped': how many should be absent now.
local function incr_counter(what, by)
  redis.call('HINCRBY', q.keys.meta, what, by)
end

-- The absent are forgotten all together, a day after the last was skipped: they have lapsed then.
-- -> how many are absent, how many were forgotten
local function count_absent()
  local absent = redis.call('ZCARD', q.keys.absent)
  return absent, tonumber(redis.call('HGET', q.keys.meta, 'skipped') or 0) - absent
end
