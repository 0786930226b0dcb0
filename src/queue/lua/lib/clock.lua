--!include user_state
-- Correction after the clock was set back, or after a failover to a Redis with a slower clock. Timestamps in the future
-- would keep admissions open, and stop admitting and skipping, until the clock reaches them.
-- A clock that is set forward is trusted: what expires by it has expired.

-- The most that one script does of each kind. The rest waits for the next tick, so that Redis is never blocked for long.
local WORK_MAX = 1000
-- The precision of `ticked_at`.
local TICKED_MS = 1000

-- Shortens admissions that are longer than any new one may be. Returns whether there may be more.
local function shorten_admissions()
  local longest_till = q.now + math.max(q.admission_ms, q.claim_ms)
  local admitted = redis.call(
    'ZREVRANGEBYSCORE', q.keys.admitted, '+inf', '(' .. int_to_string(longest_till), 'WITHSCORES', 'LIMIT', 0, WORK_MAX
  )
  local shortened = 0
  for i = 1, #admitted, 2 do
    local user, till = admitted[i], tonumber(admitted[i + 1])
    local number, use = admission_of(user)
    local latest = q.now + q.claim_ms
    if use ~= UNUSED then
      latest = turn_end(user, number) or q.now + q.admission_ms
    end
    if latest < till then
      set_admission(user, number, use, latest)
      shortened = shortened + 1
    end
  end
  return shortened == WORK_MAX
end

local function correct_clock_skew()
  local ticked_at = tonumber(redis.call('HGET', q.keys.meta, 'ticked_at'))
  if q.now >= ticked_at - TICKED_MS or shorten_admissions() then
    return
  end
  local latest = {
    ticked_at = q.now,
    tokens_at = q.now,
    skip_from = q.now + q.grace_ms,
    recovering_until = q.now + q.grace_ms,
    restorable_until = q.now + DAY_MS,
  }
  for field, latest_time in pairs(latest) do
    local stored = redis.call('HGET', q.keys.meta, field)
    if stored and tonumber(stored) > latest_time then
      redis.call('HSET', q.keys.meta, field, int_to_string(latest_time))
    end
  end
end
