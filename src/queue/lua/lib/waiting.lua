--!include delta
-- Every change of the line that moves somebody, noted for the wake-up. Joining at the end moves nobody.

-- Takes the first in line.
local function pop_head(user, number)
  redis.call('ZREM', q.keys.waiting, user)
  local note = current_delta()
  note.taken = note.taken + 1
  note.upTo = number
end

-- Takes somebody out of the line, wherever they stand in it, if they do.
local function remove_waiting(user, number)
  if redis.call('ZREM', q.keys.waiting, user) == 1 then
    table.insert(current_delta().left, int_to_string(number))
  end
end

-- Puts somebody who is not in line back in at their own number.
local function restore_waiting(user, number)
  redis.call('ZADD', q.keys.waiting, int_to_string(number), user)
  table.insert(current_delta().restored, int_to_string(number))
end
