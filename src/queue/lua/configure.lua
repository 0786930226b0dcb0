--!include admit_next
--!include settings
-- Takes newer settings over. Before the queue opens too: open.lua might come with an older copy.
-- KEYS[1] root; ARGV[1..3] times, [4] capacity, [5] rate or '', [6] paused, [7] version
-- -> 'OK'

if take_settings(4) and is_open() then
  -- Everybody sees whether the queue is paused, so there is something to tell even if nobody moves.
  current_delta()
  admit_next()
end

return 'OK'
