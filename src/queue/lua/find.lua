--!include report
-- The live ticket of a user and its status, for operators. Does not count as presence.
-- KEYS[1] root; ARGV[1..3] times, [4] user
-- Reply: { report, number }, or nil without a live ticket

local user = ARGV[4]
-- Ends an expired admission, whose slot then goes to the next in the queue.
state_of(user)
fill_freed_slot()

local state, number = state_of(user)
if not state then
  return nil
end

return { report_of({ status_of(user, number) }), number }
