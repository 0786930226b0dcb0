--!include queue
-- Collects what a script changes and publishes it as one JSON message, a delta. With it every server keeps positions and
-- admissions up to date without reading them. Its members:
--   version       one more than that of the delta before, so that a subscriber notices lost ones
--   at            when it was published, ms, by the clock of Redis
--   paused        true: admission is paused
--   taken, upTo   how many were taken from the head of the queue, admitted or skipped, and the last of their numbers
--   left          numbers that left the queue, anywhere in it
--   restored      numbers that returned to the queue, at their own position
--   admitted      [number, end in ms] of each admission that began or whose end changed
--   changed       numbers of tickets that changed in another way
--   resyncNeeded  true: too much has changed to list; subscribers read everything again

-- `admitted` needs no limit of its own: a script admits or shortens WORK_MAX at the most.
local NUMBERS_MAX = 500

-- nil: nothing has changed since the last delta
local delta

local function new_delta()
  return { taken = 0, up_to = 0, left = {}, restored = {}, admitted = {}, changed = {}, resync_needed = false }
end

local function current_delta()
  delta = delta or new_delta()
  return delta
end

local function mark_changed(number)
  table.insert(current_delta().changed, int_to_string(number))
end

local function mark_admitted(number, till)
  table.insert(current_delta().admitted, '[' .. int_to_string(number) .. ',' .. int_to_string(till) .. ']')
end

local function delta_to_json(version, paused)
  local message = '{"version":%.0f,"at":%.0f,"paused":%s,"taken":%d,"upTo":%.0f,"resyncNeeded":%s,'
    .. '"left":[%s],"restored":[%s],"admitted":[%s],"changed":[%s]}'
  return string.format(
    message,
    version,
    q.now,
    tostring(paused),
    delta.taken,
    delta.up_to,
    tostring(delta.resync_needed),
    table.concat(delta.left, ','),
    table.concat(delta.restored, ','),
    table.concat(delta.admitted, ','),
    table.concat(delta.changed, ',')
  )
end

-- Every script that changes something ends with it, before it reads the version that its reply carries.
local function publish_delta()
  if not delta then
    return
  end
  if #delta.left + #delta.restored + #delta.changed > NUMBERS_MAX then
    delta = new_delta()
    delta.resync_needed = true
  end
  local version = redis.call('HINCRBY', q.keys.meta, 'delta_version', 1)
  local paused = redis.call('HGET', q.keys.meta, 'paused') == '1'
  redis.call('PUBLISH', q.keys.deltas, delta_to_json(version, paused))
  delta = nil
end
