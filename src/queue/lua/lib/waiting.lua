--!include delta
-- Every change of the waiting set that moves other positions, recorded in the delta. Joining at the end moves none.

-- Takes the first user in the queue.
local function pop_head(user, number)
  redis.call('ZREM', q.keys.waiting, user)
  local changes = current_delta()
  changes.taken = changes.taken + 1
  changes.up_to = number
end

-- Removes a user from the waiting set, at any position. Does nothing for one that is not in it.
local function remove_waiting(user, number)
  if redis.call('ZREM', q.keys.waiting, user) == 1 then
    table.insert(current_delta().left, int_to_string(number))
  end
end

-- Puts a user that is not in the waiting set back at their own number.
local function restore_waiting(user, number)
  redis.call('ZADD', q.keys.waiting, int_to_string(number), user)
  table.insert(current_delta().restored, int_to_string(number))
end
