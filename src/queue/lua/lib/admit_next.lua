--!include user_state
--!include presence
--!include clock
--!include rate
-- Admission. Every script that can free a slot ends with it, and a tick repeats it. A script is atomic, so this may run
-- on any server at any time, and needs no leader.

-- Ticks come more often than this, however short the grace period is.
local GAP_MS_MIN = 3000

local function expire_admissions()
  local expired = redis.call('ZRANGEBYSCORE', q.keys.admitted, '-inf', int_to_string(q.now), 'LIMIT', 0, WORK_MAX)
  for _, user in ipairs(expired) do
    end_admission(user, admission_of(user))
  end
end

-- Returns whether absent tickets may be skipped. While Redis or all servers were away, no ticket could be seen. After
-- such a gap absent tickets are admitted like others until each of them has had one grace period to return.
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

-- A skipped ticket keeps its number until it returns, or for a day.
local function skip(user, number)
  local absent, expired = count_absent()
  if absent == 0 and expired > 0 then
    incr_counter('lapsed', expired)
    incr_counter('skipped', -expired)
  end
  incr_counter('skipped', 1)
  redis.call('ZADD', q.keys.absent, int_to_string(number), user)
  redis.call('PEXPIRE', q.keys.absent, DAY_MS)
end

-- Fills up to `slots` from the head of the queue. Returns how many were admitted.
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
        set_admission(user, number, UNUSED, q.now + q.claim_ms)
        admitted = admitted + 1
      end
    end
  end
  return admitted
end

local function admit_from_head()
  local capacity, rate, paused, recovering_until, tokens, tokens_at, ticked_at, skip_from = unpack(redis.call(
    'HMGET', q.keys.meta,
    'capacity', 'rate', 'paused', 'recovering_until', 'tokens', 'tokens_at', 'ticked_at', 'skip_from'
  ))
  local skipping = may_skip(tonumber(ticked_at), tonumber(skip_from))
  if paused == '1' or q.now < tonumber(recovering_until) then
    return
  end
  local available = refill_tokens(tonumber(rate), tonumber(tokens), tonumber(tokens_at))
  local slots = math.min(tonumber(capacity) - redis.call('ZCARD', q.keys.admitted), math.floor(available))
  local admitted = fill_slots(slots, skipping)
  if admitted == 0 then
    return
  end
  record_admissions(admitted)
  if tonumber(rate) then
    redis.call('HSET', q.keys.meta, 'tokens', tostring(available - admitted), 'tokens_at', int_to_string(q.now))
  end
end

-- Requires an open queue. Publishes everything that the calling script has changed.
local function admit_next()
  correct_clock_skew()
  expire_admissions()
  slot_freed = false
  admit_from_head()
  publish_delta()
end

-- For scripts that call state_of and then would end without admit_next.
local function fill_freed_slot()
  if slot_freed then
    admit_next()
  end
end
