-- Deletes a claimed key, so that the same request may be sent again with it. Returns p_answer.
create or replace function release_idempotency_key(p_user_id uuid, p_key text, p_answer jsonb) returns jsonb
language plpgsql as $$
begin
  delete from idempotency_keys where user_id = p_user_id and key = p_key;
  return p_answer;
end $$;
