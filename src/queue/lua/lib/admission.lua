--!include delta
-- Admissions and turns. An admission is what a user has now; its end may move. A turn begins with the first use of an
-- admission and has a latest end that never moves.

-- The use of an admission so far. The first use claims it; use.lua lengthens it once.
local UNUSED, USED, LENGTHENED = '0', '1', '2'

-- Longer than any turn. Only servers of an earlier version leave entries behind.
local TURNS_TTL_MS = 3 * DAY_MS

-- Returns the ticket number and the use, or nil.
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
  mark_admitted(number, till)
end

local function set_turn(user, number, first_use, latest_end)
  local turn = int_to_string(number) .. ' ' .. int_to_string(first_use) .. ' ' .. int_to_string(latest_end)
  redis.call('HSET', q.keys.turns, user, turn)
  redis.call('PEXPIRE', q.keys.turns, TURNS_TTL_MS)
  return latest_end
end

-- Returns the latest end of the turn, ms.
local function begin_turn(user, number, turn_ms)
  return set_turn(user, number, q.now, q.now + turn_ms)
end

-- Returns the latest end of the turn, ms, or nil if it has not begun.
local function turn_end(user, number)
  local turn = redis.call('HGET', q.keys.turns, user)
  local turn_number, first_use, latest_end = string.match(turn or '', '^(%d+) (%d+) (%d+)$')
  if tonumber(turn_number) ~= number then
    return nil
  end
  first_use, latest_end = tonumber(first_use), tonumber(latest_end)
  if first_use > q.now then
    -- The clock has been set back. The turn keeps its length, counted from now.
    return set_turn(user, number, q.now, q.now + latest_end - first_use)
  end
  return latest_end
end
