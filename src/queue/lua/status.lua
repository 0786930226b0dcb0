--!include report
-- Says how tickets stand, for many at once.
-- KEYS[1] root; ARGV[1..3] times, then user and number of each ticket
-- -> report, or 'UNOPENED'

if not is_open() then
  return 'UNOPENED'
end

local tickets = {}
for i = 4, #ARGV, 2 do
  tickets[#tickets + 1] = { ARGV[i], tonumber(ARGV[i + 1]) }
end

return report(tickets)
