--!include delta
-- Every change of the line that moves somebody, noted for the wake-up. Joining at the end moves nobody.

-- Takes the first in line.
local function take_head(user, number)
  redis.call('ZREM', q.keys.waiting, user)
  local note = changed()
  note.taken = note.taken + 1
  note.through = number
end

-- Takes somebody out of the line, wherever they stand in it, if they do.
local function leave_line(user, number)
  if redis.call('ZREM', q.keys.waiting, user) == 1 then
    table.insert(changed().left, whole(number))
  end
end

-- Puts somebody who is not in line back in at their own number.
local function return_to_line(user, number)
  redis.call('ZADD', q.keys.waiting, whole(number), user)
  table.insert(changed().returned, whole(number))
end
