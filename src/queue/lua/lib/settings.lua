--!include queue
-- Takes the settings in ARGV[first] on (capacity, rate or '', paused as 0 or 1, version) unless those in
-- place are as new. -> whether it took them.
local function take_settings(first)
  local capacity, rate, paused, version = unpack(ARGV, first, first + 3)
  local current = redis.call('HGET', q.keys.meta, 'settings_version')
  if current and tonumber(current) >= tonumber(version) then
    return false
  end
  redis.call('HSET', q.keys.meta, 'capacity', capacity, 'rate', rate, 'paused', paused, 'settings_version', version)
  return true
end
