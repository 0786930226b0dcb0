--!include counters
-- Records of ended tickets, kept for a day. A ticket without a record counts as lapsed: see block.lua.

-- how: 'FINISHED', or the reason why it lapsed
local function record_end(number, how)
  incr_counter(how == 'FINISHED' and 'finished' or 'lapsed', 1)
  redis.call('SET', q.keys.ended .. int_to_string(number), how .. ' ' .. int_to_string(q.now), 'PX', DAY_MS)
end

-- Returns how and when (ms) a ticket ended, or nil without a record.
local function how_ended(number)
  local record = redis.call('GET', q.keys.ended .. int_to_string(number))
  if not record then
    return nil
  end
  local how, at = string.match(record, '^(%S+) (%d+)$')
  return how, tonumber(at)
end
