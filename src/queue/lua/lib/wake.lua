--!include queue
-- Tells every instance that something changed. It carries no truth: whoever hears it reads again.
--   version          one more than the last, so that a listener sees that it missed some
--   admittedThrough  everybody in line up to this number should look at once; 0: nobody
--   number           the one ticket this is about; 0: none
local function publish_wake(admitted_through, number)
  local version = redis.call('HINCRBY', q.keys.meta, 'wake_version', 1)
  local message = '{"version":%.0f,"admittedThrough":%.0f,"number":%.0f}'
  redis.call('PUBLISH', q.keys.wake, string.format(message, version, admitted_through, number))
end
