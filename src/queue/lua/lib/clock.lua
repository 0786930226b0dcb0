--!include user_state
-- Redis's clock may be set back, or another Redis with a slower clock take over. What was stamped while it was ahead would
-- count for as long as it was ahead: turns would not end, and nobody would be let in or skipped.
-- A clock that is set forward is believed: what has run out by it has run out.

-- What one run does at most, of each kind; the rest waits for the next tick, so that Redis is never held up.
local WORK_MAX = 1000
-- How exactly it is known when the queue was run last.
local TICKED_MS = 1000

-- Shortens admissions that last longer than any may from now on. -> are there more?
local function shorten_admissions()
  local far = q.now + math.max(q.admission_ms, q.claim_ms)
  local admitted = redis.call(
    'ZREVRANGEBYSCORE', q.keys.admitted, '+inf', '(' .. int_to_string(far), 'WITHSCORES', 'LIMIT', 0, WORK_MAX
  )
  local shortened = 0
  for i = 1, #admitted, 2 do
    local user = admitted[i]
    local number, use = admission_of(user)
    local latest = q.now + q.claim_ms
    if use ~= UNUSED then
      latest = turn_end(user, number) or q.now + q.admission_ms
    end
    if latest < tonumber(admitted[i + 1]) then
      set_admission(user, number, use, latest)
      mark_changed(number)
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
  for field, time in pairs(latest) do
    local stamped = redis.call('HGET', q.keys.meta, field)
    if stamped and tonumber(stamped) > time then
      redis.call('HSET', q.keys.meta, field, int_to_string(time))
    end
  end
end
