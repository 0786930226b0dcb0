--!include report
-- The status of many tickets.
-- KEYS[1] root; ARGV[1..3] times, then three for each ticket: user, number, passive (1: does not count as presence)
-- Reply: report, or 'UNOPENED'

if not is_open() then
  return 'UNOPENED'
end

local tickets = {}
for i = 4, #ARGV, 3 do
  tickets[#tickets + 1] = { ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2] == '1' }
end

return report(tickets)
