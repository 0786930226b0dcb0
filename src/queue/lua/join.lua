--!include report
-- Gives users a place in line, in this order: the one they have, or the last one.
-- KEYS[1] root; ARGV[1..3] times, [4..] users
-- -> { report, number ... }, 'UNOPENED', or 'BLOCK_SPENT' when there are not enough numbers to give; whoever got one
-- before they ran out has it, and keeps it when this is run again

if not is_open() then
  return 'UNOPENED'
end

local numbers, tickets, joined = {}, {}, 0
for i = 4, #ARGV do
  local user = ARGV[i]
  local place, number = state_of(user)
  if not place then
    number = next_number()
    if not number then
      incr_counter('issued', joined)
      return 'BLOCK_SPENT'
    end
    redis.call('ZADD', q.keys.waiting, 'NX', int_to_string(number), user)
    mark_present(number)
    joined = joined + 1
  end
  numbers[#numbers + 1] = number
  tickets[#tickets + 1] = { user, number }
end

-- Everybody was put into the line first, whatever the room: so nobody is let in past somebody who waits.
if joined > 0 then
  incr_counter('issued', joined)
  admit_next()
end

return { report(tickets), unpack(numbers) }
