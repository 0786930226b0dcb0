--!include report
-- Restores a ticket that was lost with the data of Redis, at its own number. The caller has read from PostgreSQL that the
-- ticket has not ended.
-- KEYS[1] root; ARGV[1..3] times, [4] user, [5] number, [6] the fencing token that was read before PostgreSQL
-- Reply: 'OK' (read the status again), or 'UNOPENED'

local user, number, token = ARGV[4], tonumber(ARGV[5]), ARGV[6]

if not is_open() then
  return 'UNOPENED'
end

-- If the data was lost again, the ticket may have ended since PostgreSQL was read.
if token ~= fence() then
  return 'OK'
end

local state, live_number = state_of(user)
if live_number == number or how_ended(number) or not may_be_lost(number) then
  fill_freed_slot()
  return 'OK'
end

-- Issued before the data was lost, together with its counters.
incr_counter('issued', 1)

-- The user may have joined again. They keep the earlier number, unless they have been admitted by the later one.
if state == 'admitted' or (state and live_number < number) then
  record_end(number, 'LEFT')
  return 'OK'
end
if state then
  remove_user(user, live_number)
  record_end(live_number, 'LEFT')
  mark_changed(live_number)
end

restore_waiting(user, number)
mark_present(number)
admit_next()
return 'OK'
