--!include report
-- Puts a ticket that was lost with Redis's data back at its own number. That it has not ended was asked before.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number, [6] the fencing token that was read before asking
-- -> 'OK': ask for the status again, or 'UNOPENED'

local user, number = ARGV[4], tonumber(ARGV[5])

if not is_open() then
  return 'UNOPENED'
end

-- If the data was lost again, the ticket may have ended in between.
if ARGV[6] ~= fence() then
  return 'OK'
end

local place, held = state_of(user)
if held == number or how_ended(number) or not may_be_lost(number) then
  fill_freed_slot()
  return 'OK'
end

-- It was issued by the line that was lost, whose tally is lost too.
incr_counter('issued', 1)

-- The user joined again meanwhile. The earlier place is kept, unless they have been let in already.
if place == 'admitted' or (place and held < number) then
  record_end(number, 'LEFT')
  return 'OK'
end
if place then
  remove_user(user, held)
  record_end(held, 'LEFT')
  mark_changed(held)
end

restore_waiting(user, number)
mark_present(number)
admit_next()
return 'OK'
