-- What was answered under this key; null: the key was never used. A key that stood for another intent
-- answers IdempotencyKeyReused.
create or replace function find_idempotency_key(p_user_id uuid, p_key text, p_intent jsonb) returns jsonb
language sql stable as $$
  select case when intent = p_intent then answer else '{"outcome": "IdempotencyKeyReused"}' end
  from idempotency_keys
  where user_id = p_user_id and key = p_key
$$;
