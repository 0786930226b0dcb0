--!include report
-- How the ticket stands that somebody has, for an operator who looks: that does not count as presence.
-- KEYS[1] root; ARGV[1..3] times, [4] user
-- -> { report, number } without the presence that report.lua notes, or nil: they have none

local user = ARGV[4]
-- If their admission has run out, it ends with this, and the slot is for the next in line.
state_of(user)
fill_freed_slot()

local place, number = state_of(user)
if not place then
  return nil
end

local paused, version = unpack(redis.call('HMGET', q.keys.meta, 'paused', 'delta_version'))
local admissions, in_ms = admission_rate()
return { { tonumber(version or 0), tonumber(paused), admissions, in_ms, status_of(user, number) }, number }
