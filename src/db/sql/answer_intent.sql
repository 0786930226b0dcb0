-- Keeps the answer under the key that begin_intent took, refusals included, and returns it.
create or replace function answer_intent(p_user_id uuid, p_key text, p_answer jsonb) returns jsonb
language sql volatile as $$
  update idempotency_keys set answer = p_answer where user_id = p_user_id and key = p_key
  returning answer
$$;
