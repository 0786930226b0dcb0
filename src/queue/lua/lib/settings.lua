--!include queue

-- Stores the settings in ARGV[first] to ARGV[first + 3] (capacity, rate per second or '', paused as 0 or 1, version)
-- unless the stored ones are as new. Returns whether it stored them.
local function take_settings(first)
  local capacity, rate, paused, version = unpack(ARGV, first, first + 3)
  local stored_version = redis.call('HGET', q.keys.meta, 'settings_version')
  if stored_version and tonumber(stored_version) >= tonumber(version) then
    return false
  end
  redis.call('HSET', q.keys.meta, 'capacity', capacity, 'rate', rate, 'paused', paused, 'settings_version', version)
  return true
end
