--!include report
-- Gives a user a place in line: the one they have, or the last one.
-- KEYS[1] root; ARGV[1..3] times, [4] user
-- -> { number, report }, 'UNOPENED', or 'BLOCK_SPENT' when there is no number to give

local user = ARGV[4]

if not is_open() then
  return 'UNOPENED'
end

local place, number = place_of(user)
if not place then
  number = next_number()
  if not number then
    return 'BLOCK_SPENT'
  end
  -- Into the line first, whatever the room: so nobody is let in past somebody who waits.
  redis.call('ZADD', q.keys.waiting, 'NX', whole(number), user)
  mark_present(number)
  admit_next()
end

return { number, report({ { user, number } }) }
