--!include admit_next
--!include settings
-- Stores newer settings, and admits by them. Also before the queue opens, since open.lua may bring an older copy.
-- KEYS[1] root; ARGV[1..3] times, [4] capacity, [5] rate per second or '', [6] paused (0 or 1), [7] version
-- Reply: 'OK'

if take_settings(4) and is_open() then
  -- Every status says whether the queue is paused, so there is a delta even if nothing moves.
  current_delta()
  admit_next()
end

return 'OK'
