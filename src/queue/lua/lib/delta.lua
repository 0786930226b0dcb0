--!include queue
-- Tells every instance what this script has changed, so that it knows every place in line without asking again.
--   version          one more than the last, so that a listener sees that it missed some
--   at               when, ms, by the clock of Redis
--   paused           1: nobody is let in
--   taken, through   how many were taken from the head of the line, and the last of their numbers
--   left, returned   numbers that left the line, and that went back in, anywhere
--   about            numbers of tickets that changed without being in line
--   unclear          1: there is more than a message should say; everybody is to be read again

local NUMBERS_MAX = 500

-- nil: nothing has changed since the last wake-up.
local news

local function changed()
  news = news or { taken = 0, through = 0, left = {}, returned = {}, about = {} }
  return news
end

local function changed_about(number)
  table.insert(changed().about, whole(number))
end

-- Every script that changes something ends with it, before it says which version its answer is of.
local function publish_wake()
  if not news then
    return
  end
  if #news.left + #news.returned + #news.about > NUMBERS_MAX then
    news = { taken = 0, through = 0, left = {}, returned = {}, about = {}, unclear = true }
  end
  local version = redis.call('HINCRBY', q.keys.meta, 'wake_version', 1)
  local paused = tonumber(redis.call('HGET', q.keys.meta, 'paused') or 0)
  local message = '{"version":%.0f,"at":%.0f,"paused":%d,"taken":%d,"through":%.0f,"unclear":%d,'
    .. '"left":[%s],"returned":[%s],"about":[%s]}'
  redis.call(
    'PUBLISH',
    q.keys.wake,
    string.format(
      message,
      version,
      q.now,
      paused,
      news.taken,
      news.through,
      news.unclear and 1 or 0,
      table.concat(news.left, ','),
      table.concat(news.returned, ','),
      table.concat(news.about, ',')
    )
  )
  news = nil
end
