--!include waiting
--!include admission
--!include ended
-- The state of a user in the queue. A user has one state at most, so one live ticket at most.

-- An admission has ended in this script, and its slot has not been filled yet.
local slot_freed = false

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

local function end_admission(user, number, use)
  slot_freed = true
  remove_user(user, number)
  record_end(number, use == UNUSED and 'NOT_CLAIMED' or 'ADMISSION_EXPIRED')
  mark_changed(number)
end

-- Returns the state ('waiting', 'admitted', 'absent', or nil) and the number of the live ticket; for 'admitted' also its
-- use and its end, ms. Ends an expired admission on the way: the caller has to fill the freed slot then.
local function state_of(user)
  local waiting_number = redis.call('ZSCORE', q.keys.waiting, user)
  if waiting_number then
    return 'waiting', tonumber(waiting_number)
  end
  local admitted_number, use = admission_of(user)
  if admitted_number then
    local till = tonumber(redis.call('ZSCORE', q.keys.admitted, user))
    if till > q.now then
      return 'admitted', admitted_number, use, till
    end
    end_admission(user, admitted_number, use)
    return nil
  end
  local absent_number = redis.call('ZSCORE', q.keys.absent, user)
  if absent_number then
    return 'absent', tonumber(absent_number)
  end
  return nil
end
