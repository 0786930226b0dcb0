-- Keeps the answer under the key that claim_idempotency_key took, refusals included, and returns it.
-- PL/pgSQL, as everything that changes something: it keeps its plans, and a function in SQL is planned anew at each call.
create or replace function complete_idempotency_key(p_user_id uuid, p_key text, p_answer jsonb) returns jsonb
language plpgsql as $$
begin
  update idempotency_keys set answer = p_answer where user_id = p_user_id and key = p_key;
  return p_answer;
end $$;
