--!include report
-- Lets users join the queue, in the given order. A user with a live ticket keeps it; others get the last position.
-- KEYS[1] root; ARGV[1..3] times, [4..] users
-- Reply: { report, number, ... } with a status and a number for each user, or 'UNOPENED', or 'BLOCK_SPENT' when the
--   numbers run out; users that got one before keep it when this runs again

if not is_open() then
  return 'UNOPENED'
end

local numbers, tickets, joined = {}, {}, 0
for i = 4, #ARGV do
  local user = ARGV[i]
  local state, number = state_of(user)
  if not state then
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

-- All of them wait first, even if slots are free, so that no user is admitted before one that is waiting already.
if joined > 0 then
  incr_counter('issued', joined)
  admit_next()
end

return { report(tickets), unpack(numbers) }
