--!include user_state
--!include presence
--!include clock
-- Lets in whoever is next. Every script that can free a slot ends with it, and a tick repeats it: it is
-- atomic, so it may run anywhere at any moment, and needs no leader.

local RECENT_SECONDS = 60
-- Ticks come more often than this, however short the grace period is.
local GAP_MS_MIN = 3000

local function expire_admissions()
  local users = redis.call('ZRANGEBYSCORE', q.keys.admitted, '-inf', int_to_string(q.now), 'LIMIT', 0, WORK_MAX)
  for _, user in ipairs(users) do
    end_admission(user, admission_of(user))
  end
end

-- A token bucket that holds one second's worth. -> whole tokens at hand; without a rate, no limit.
local function refill_tokens(rate, tokens, stamp)
  if not rate then
    return math.huge
  end
  local full = math.max(1, rate)
  if not tokens then
    return full
  end
  return math.min(full, tokens + (q.now - stamp) / 1000 * rate)
end

-- While nobody ran the queue (Redis or all instances away) nobody could be seen either. After such a gap
-- the absent are let in like everybody until each had a grace period to show up. -> may they be skipped?
local function may_skip(ticked_at, skip_from)
  if q.now - ticked_at > math.max(q.grace_ms / 2, GAP_MS_MIN) then
    skip_from = q.now + graces_in_use()[1]
    redis.call('HSET', q.keys.meta, 'skip_from', int_to_string(skip_from))
  end
  if q.now - ticked_at >= TICKED_MS then
    redis.call('HSET', q.keys.meta, 'ticked_at', int_to_string(q.now))
  end
  return q.now >= skip_from
end

local function admit(user, number)
  set_admission(user, number, UNUSED, q.now + q.claim_ms)
end

-- The absent keep their number and are not looked at again before they return, or for a day.
local function skip(user, number)
  local absent, forgotten = count_absent()
  if absent == 0 and forgotten > 0 then
    incr_counter('lapsed', forgotten)
    incr_counter('skipped', -forgotten)
  end
  incr_counter('skipped', 1)
  redis.call('ZADD', q.keys.absent, int_to_string(number), user)
  redis.call('PEXPIRE', q.keys.absent, DAY_MS)
end

local function record_admissions(admitted)
  local second = math.floor(q.now / 1000)
  for _, past in ipairs(redis.call('HKEYS', q.keys.recent)) do
    if tonumber(past) <= second - RECENT_SECONDS or tonumber(past) > second then
      redis.call('HDEL', q.keys.recent, past)
    end
  end
  redis.call('HINCRBY', q.keys.recent, int_to_string(second), admitted)
  redis.call('EXPIRE', q.keys.recent, RECENT_SECONDS)
end

-- Takes up to `slots` from the head of the line. -> how many were admitted.
local function fill_slots(slots, skipping)
  local admitted, skipped = 0, 0
  while admitted < slots and admitted + skipped < WORK_MAX do
    local wanted = math.min(slots - admitted, WORK_MAX - admitted - skipped)
    local head = redis.call('ZRANGE', q.keys.waiting, 0, wanted - 1, 'WITHSCORES')
    if #head == 0 then
      break
    end
    for i = 1, #head, 2 do
      local user, number = head[i], tonumber(head[i + 1])
      pop_head(user, number)
      if skipping and not seen_recently(number) then
        skip(user, number)
        skipped = skipped + 1
      else
        admit(user, number)
        admitted = admitted + 1
      end
    end
  end
  return admitted
end

local function admit_from_head()
  local capacity, rate, paused, recovering_until, tokens, tokens_at, ticked_at, skip_from = unpack(
    redis.call(
      'HMGET',
      q.keys.meta,
      'capacity',
      'rate',
      'paused',
      'recovering_until',
      'tokens',
      'tokens_at',
      'ticked_at',
      'skip_from'
    )
  )
  local skipping = may_skip(tonumber(ticked_at), tonumber(skip_from))
  if paused == '1' or q.now < tonumber(recovering_until) then
    return
  end
  local at_hand = refill_tokens(tonumber(rate), tonumber(tokens), tonumber(tokens_at))
  local slots = math.min(tonumber(capacity) - redis.call('ZCARD', q.keys.admitted), math.floor(at_hand))
  local admitted = fill_slots(slots, skipping)
  if admitted > 0 then
    record_admissions(admitted)
    redis.call('HINCRBY', q.keys.meta, 'admitted_total', admitted)
    if tonumber(rate) then
      redis.call('HSET', q.keys.meta, 'tokens', tostring(at_hand - admitted), 'tokens_at', int_to_string(q.now))
    end
  end
end

-- Call it in an open queue. Publishes what the calling script has changed, too.
local function admit_next()
  correct_clock_skew()
  expire_admissions()
  slot_freed = false
  admit_from_head()
  publish_delta()
end

-- Call it after looking up where somebody stands, if nothing else calls admit_next.
local function fill_freed_slot()
  if slot_freed then
    admit_next()
  end
end
