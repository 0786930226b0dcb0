--!include report
-- Says how tickets stand, for many at once.
-- KEYS[1] root; ARGV[1..3] times, then user, number and 1 or 0 of each ticket: does this count as presence?
-- -> report, or 'UNOPENED'

if not is_open() then
  return 'UNOPENED'
end

local tickets = {}
for i = 4, #ARGV, 3 do
  tickets[#tickets + 1] = { ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2] == '0' }
end

return report(tickets)
