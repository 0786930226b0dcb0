--!include block
-- Returns a fencing token for open.lua and restore.lua. They do nothing if the server or its data has changed since.
-- KEYS[1] root; ARGV[1..3] times
-- Reply: the token

local UNOPENED_TTL_MS = 60000

local time = redis.call('TIME')
local is_new = redis.call('HSETNX', q.keys.meta, 'data_set', time[1] .. '.' .. time[2]) == 1
-- Expires if the concert turns out not to exist. open.lua removes the expiry.
if is_new and redis.call('HLEN', q.keys.meta) == 1 then
  redis.call('PEXPIRE', q.keys.meta, UNOPENED_TTL_MS)
end

return fence()
