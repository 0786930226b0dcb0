--!include admit_next
--!include block
-- Reports the status of tickets. A report is
--   { version, paused (0 or 1), recent admissions, ms in which they happened, status, ... }
-- where version is that of the last delta that the report includes, and a status is one of
--   { 'WAITING', position }    { 'ADMITTED', end, ms }    { 'FINISHED', when, ms }    { 'LAPSED', reason }
--   { 'UNKNOWN' }      the ticket may have been lost with the data of Redis
--   { 'BLOCK_SPENT' }  whether it was lost is known after a new block has arrived

-- Marks a ticket as present, and returns an absent one to its own position. Returns whether it was absent.
local function mark_returned(user, number)
  local state, live_number = state_of(user)
  if live_number ~= number or state == 'admitted' then
    return false
  end
  mark_present(number)
  if state == 'waiting' then
    return false
  end
  remove_absent(user)
  restore_waiting(user, number)
  return true
end

local function live_status(user, number, state, till)
  if state == 'admitted' then
    return { 'ADMITTED', till }
  end
  if state == 'waiting' then
    return { 'WAITING', redis.call('ZRANK', q.keys.waiting, user) + 1 }
  end
  -- The position to which an absent ticket would return.
  return { 'WAITING', redis.call('ZCOUNT', q.keys.waiting, '-inf', int_to_string(number)) + 1 }
end

local function status_of(user, number)
  local state, live_number, _, till = state_of(user)
  if live_number == number then
    return live_status(user, number, state, till)
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

local function report_of(statuses)
  local paused, version = unpack(redis.call('HMGET', q.keys.meta, 'paused', 'delta_version'))
  local admissions, in_ms = recent_admissions()
  return { tonumber(version or 0), tonumber(paused), admissions, in_ms, unpack(statuses) }
end

-- tickets: a list of { user, number, passive }. Reading a ticket marks it as present unless `passive` is true.
local function report(tickets)
  local returned = false
  for _, ticket in ipairs(tickets) do
    local user, number, passive = unpack(ticket)
    if not passive and mark_returned(user, number) then
      returned = true
    end
  end
  if returned or slot_freed then
    admit_next()
  end
  local statuses = {}
  for i, ticket in ipairs(tickets) do
    statuses[i] = status_of(ticket[1], ticket[2])
  end
  publish_delta()
  return report_of(statuses)
end
