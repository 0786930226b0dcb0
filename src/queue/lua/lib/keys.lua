-- The keys of one concert, derived from its root. The root contains the hash tag, which keeps all of them on one shard
-- of a cluster. src/redis/keys.ts builds the root and the keys that belong to no concert.

local function keys_of(root)
  return {
    meta = root .. ':meta', -- hash: block of numbers, settings, token bucket, counters, recovery
    waiting = root .. ':waiting', -- zset: user -> number
    absent = root .. ':absent', -- zset: user -> number, of skipped users
    admitted = root .. ':admitted', -- zset: user -> end of the admission, ms
    admissions = root .. ':admissions', -- hash: user -> '<number> <use: see admission.lua>'
    turns = root .. ':turns', -- hash: user -> '<number> <first use, ms> <latest end, ms>'
    recent = root .. ':recent', -- hash: second -> admissions in it
    present = root .. ':present:', -- + bucket, bitmap by number: tickets seen in that bucket
    graces = root .. ':graces', -- zset: grace period, ms -> when it was last used, ms
    ended = root .. ':ended:', -- + number, string: '<how> <when, ms>'
    deltas = root .. ':deltas', -- channel
  }
end
