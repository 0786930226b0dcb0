-- Stores an answer, refusals included, under a claimed key, and returns it.
-- PL/pgSQL keeps the plan; a function in SQL would be planned at each call.
create or replace function complete_idempotency_key(p_user_id uuid, p_key text, p_answer jsonb) returns jsonb
language plpgsql as $$
begin
  update idempotency_keys set answer = p_answer where user_id = p_user_id and key = p_key;
  return p_answer;
end $$;
