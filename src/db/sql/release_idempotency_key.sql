-- Gives back the key that claim_idempotency_key took: the request was turned away at the door and may come again.
-- Returns the answer it was handed.
create or replace function release_idempotency_key(p_user_id uuid, p_key text, p_answer jsonb) returns jsonb
language plpgsql as $$
begin
  delete from idempotency_keys where user_id = p_user_id and key = p_key;
  return p_answer;
end $$;
