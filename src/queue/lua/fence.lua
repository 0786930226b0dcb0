--!include block
-- A fencing token for open.lua and restore.lua: they do nothing if the server or its data is another one by then.
-- KEYS[1] root; ARGV[1..3] times
-- -> the token

local UNOPENED_TTL_MS = 60000

local time = redis.call('TIME')
local is_new = redis.call('HSETNX', q.keys.meta, 'data_set', time[1] .. '.' .. time[2]) == 1
-- If there is no such concert, nothing is left behind. open.lua keeps it.
if is_new and redis.call('HLEN', q.keys.meta) == 1 then
  redis.call('PEXPIRE', q.keys.meta, UNOPENED_TTL_MS)
end

return fence()
