--!include waiting
--!include counters
-- Where a user stands. A user stands in one place at most: that is how there is one live ticket for each.

-- A record of an end is kept for a day. Without one, a ticket counts as lapsed: see block.lua.
local function record_end(number, how)
  incr_counter(how == 'FINISHED' and 'finished' or 'lapsed', 1)
  redis.call('SET', q.keys.ended .. int_to_string(number), how .. ' ' .. int_to_string(q.now), 'PX', DAY_MS)
end

local function how_ended(number)
  local record = redis.call('GET', q.keys.ended .. int_to_string(number))
  if not record then
    return nil
  end
  local how, at = string.match(record, '^(%S+) (%d+)$')
  return how, tonumber(at)
end

-- Takes somebody out of those who were skipped, if they are one of them.
local function remove_absent(user)
  if redis.call('ZREM', q.keys.absent, user) == 1 then
    incr_counter('skipped', -1)
  end
end

local function remove_user(user, number)
  remove_waiting(user, number)
  remove_absent(user)
  redis.call('ZREM', q.keys.admitted, user)
  redis.call('HDEL', q.keys.admissions, user)
  redis.call('HDEL', q.keys.turns, user)
end

-- Longer than any turn: only servers of an earlier version leave entries behind.
local TURNS_TTL_MS = 3 * DAY_MS

local function set_turn(user, number, from, till)
  redis.call('HSET', q.keys.turns, user, int_to_string(number) .. ' ' .. int_to_string(from) .. ' ' .. int_to_string(till))
  redis.call('PEXPIRE', q.keys.turns, TURNS_TTL_MS)
  return till
end

-- A turn begins with the first use of an admission. Nothing moves its latest end.
local function begin_turn(user, number, length_ms)
  return set_turn(user, number, q.now, q.now + length_ms)
end

-- -> the latest end of a turn, ms; nil: it has not begun.
local function turn_end(user, number)
  local turn = redis.call('HGET', q.keys.turns, user)
  local ticket, from, till = string.match(turn or '', '^(%d+) (%d+) (%d+)$')
  if tonumber(ticket) ~= number then
    return nil
  end
  from, till = tonumber(from), tonumber(till)
  if from > q.now then
    -- The clock has been set back since. The turn keeps its length, counted from now.
    return set_turn(user, number, q.now, q.now + till - from)
  end
  return till
end

-- What became of an admission so far; the first use claims it, and lengthening happens once: see use.lua.
local UNUSED, USED, LENGTHENED = '0', '1', '2'

-- -> number, use, or nil.
local function admission_of(user)
  local admission = redis.call('HGET', q.keys.admissions, user)
  if not admission then
    return nil
  end
  local number, use = string.match(admission, '^(%d+) (%d)$')
  return tonumber(number), use
end

local function set_admission(user, number, use, till)
  redis.call('HSET', q.keys.admissions, user, int_to_string(number) .. ' ' .. use)
  redis.call('ZADD', q.keys.admitted, int_to_string(till), user)
end

-- An admission has ended in this script, and nobody was let in for it yet.
local slot_freed = false

local function end_admission(user, number, use)
  slot_freed = true
  remove_user(user, number)
  record_end(number, use == UNUSED and 'NOT_CLAIMED' or 'ADMISSION_EXPIRED')
  mark_changed(number)
end

-- -> 'waiting', 'admitted' or 'absent', the number, and for the admitted: use, deadline. nil for nowhere.
-- An admission that has run out is over now, whether or not somebody has tidied up: it is ended on the way, and whoever
-- called has to fill its slot.
local function state_of(user)
  local number = redis.call('ZSCORE', q.keys.waiting, user)
  if number then
    return 'waiting', tonumber(number)
  end
  local admitted, use = admission_of(user)
  if admitted then
    local deadline = tonumber(redis.call('ZSCORE', q.keys.admitted, user))
    if deadline > q.now then
      return 'admitted', admitted, use, deadline
    end
    end_admission(user, admitted, use)
    return nil
  end
  number = redis.call('ZSCORE', q.keys.absent, user)
  if number then
    return 'absent', tonumber(number)
  end
  return nil
end
