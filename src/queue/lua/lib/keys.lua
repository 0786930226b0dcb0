-- Every key of one concert, made from its root. The root carries the hash tag, so that all of them live on
-- one shard of a cluster. keys.ts makes the root, and the keys that belong to no concert.

local function keys_of(root)
  return {
    meta = root .. ':meta', -- hash: the block of numbers, the settings, the rate, the recovery
    waiting = root .. ':waiting', -- zset: user -> number
    admitted = root .. ':admitted', -- zset: user -> deadline, ms
    admissions = root .. ':admissions', -- hash: user -> '<number> <use: see user_state.lua>'
    turns = root .. ':turns', -- hash: user -> '<number> <first use, ms> <latest end, ms>'
    absent = root .. ':absent', -- zset: user -> number, of those who were skipped
    recent = root .. ':recent', -- hash: second -> admissions in it
    present = root .. ':present:', -- + bucket, bitmap by number: who was seen in it
    graces = root .. ':graces', -- zset: grace period, ms -> when it was last gone by, ms
    ended = root .. ':ended:', -- + number, string: '<how> <when, ms>'
    deltas = root .. ':deltas', -- channel
  }
end
