--!include queue
-- Tells every instance what this script has changed, so that it knows every place in line without asking again.
--   version          one more than the last, so that a listener sees that it missed some
--   at               when, ms, by the clock of Redis
--   paused           1: nobody is let in
--   taken, upTo   how many were taken from the head of the line, and the last of their numbers
--   left, restored   numbers that left the line, and that went back in, anywhere
--   changed            numbers of tickets that changed without being in line
--   resyncNeeded          1: there is more than a message should say; everybody is to be read again

local NUMBERS_MAX = 500

-- nil: nothing has changed since the last wake-up.
local delta

local function current_delta()
  delta = delta or { taken = 0, upTo = 0, left = {}, restored = {}, changed = {} }
  return delta
end

local function mark_changed(number)
  table.insert(current_delta().changed, int_to_string(number))
end

-- Every script that changes something ends with it, before it says which version its answer is of.
local function publish_delta()
  if not delta then
    return
  end
  if #delta.left + #delta.restored + #delta.changed > NUMBERS_MAX then
    delta = { taken = 0, upTo = 0, left = {}, restored = {}, changed = {}, resyncNeeded = true }
  end
  local version = redis.call('HINCRBY', q.keys.meta, 'delta_version', 1)
  local paused = tonumber(redis.call('HGET', q.keys.meta, 'paused') or 0)
  local message = '{"version":%.0f,"at":%.0f,"paused":%d,"taken":%d,"upTo":%.0f,"resyncNeeded":%d,'
    .. '"left":[%s],"restored":[%s],"changed":[%s]}'
  redis.call(
    'PUBLISH',
    q.keys.deltas,
    string.format(
      message,
      version,
      q.now,
      paused,
      delta.taken,
      delta.upTo,
      delta.resyncNeeded and 1 or 0,
      table.concat(delta.left, ','),
      table.concat(delta.restored, ','),
      table.concat(delta.changed, ',')
    )
  )
  delta = nil
end
