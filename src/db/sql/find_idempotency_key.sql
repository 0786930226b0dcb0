-- Returns the answer stored under a key; IdempotencyKeyReused when it was for another request; null when the key is unused.
create or replace function find_idempotency_key(p_user_id uuid, p_key text, p_intent jsonb) returns jsonb
language sql stable as $$
  select case when intent = p_intent then answer else '{"outcome": "IdempotencyKeyReused"}' end
  from idempotency_keys
  where user_id = p_user_id and key = p_key
$$;
