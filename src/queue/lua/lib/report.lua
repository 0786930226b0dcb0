--!include admit_next
--!include block
-- What is said about tickets. Asking counts as presence, and brings the absent back to their own place.

-- -> did somebody return?
local function mark_returned(user, number)
  local place, held = state_of(user)
  if held ~= number or place == 'admitted' then
    return false
  end
  mark_present(number)
  if place == 'absent' then
    remove_absent(user)
    restore_waiting(user, number)
  end
  return place == 'absent'
end

-- UNKNOWN: maybe lost with Redis's data; BLOCK_SPENT: a fresh block has to come before that can be told.
local function status_of(user, number)
  local place, held, _, deadline = state_of(user)
  if held == number then
    if place == 'admitted' then
      return { 'ADMITTED', deadline }
    end
    if place == 'absent' then
      -- Where it will stand again when its owner returns.
      return { 'WAITING', redis.call('ZCOUNT', q.keys.waiting, '-inf', int_to_string(number)) + 1 }
    end
    return { 'WAITING', redis.call('ZRANK', q.keys.waiting, user) + 1 }
  end
  local how, at = how_ended(number)
  if how == 'FINISHED' then
    return { 'FINISHED', at }
  end
  if how then
    return { 'LAPSED', how }
  end
  if may_be_lost(number) then
    return { 'UNKNOWN' }
  end
  if is_restarted() then
    return { 'BLOCK_SPENT' }
  end
  return { 'LAPSED', 'LEFT' }
end

-- -> admissions of the last minute, and the ms in which they came.
local function admission_rate()
  local second = math.floor(q.now / 1000)
  local admissions, oldest = 0, second
  local recent = redis.call('HGETALL', q.keys.recent)
  for i = 1, #recent, 2 do
    local past = tonumber(recent[i])
    if past > second - RECENT_SECONDS and past <= second then
      admissions = admissions + tonumber(recent[i + 1])
      oldest = math.min(oldest, past)
    end
  end
  return admissions, q.now - oldest * 1000
end

-- tickets: a list of { user, number, true where asking does not count as presence }.
-- -> { version of the last wake-up, which this answer knows of, paused, admissions, in ms, a status for each ... }
local function report(tickets)
  local returned = false
  for _, ticket in ipairs(tickets) do
    returned = (not ticket[3] and mark_returned(ticket[1], ticket[2])) or returned
  end
  if returned or slot_freed then
    admit_next()
  end
  local statuses = {}
  for i, ticket in ipairs(tickets) do
    statuses[i] = status_of(ticket[1], ticket[2])
  end
  publish_delta()
  local paused, version = unpack(redis.call('HMGET', q.keys.meta, 'paused', 'delta_version'))
  local admissions, in_ms = admission_rate()
  return { tonumber(version or 0), tonumber(paused), admissions, in_ms, unpack(statuses) }
end
