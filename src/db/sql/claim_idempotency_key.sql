-- Takes a client's idempotency key: the first lock of every function that changes money or seats.
-- A second transaction with the same key waits here for the first one's answer.
--
-- Returns null: the key is new, go on, and end with complete_idempotency_key or release_idempotency_key.
-- Returns an answer: this was already decided; it says IdempotencyKeyReused if the intent is another one.
create or replace function claim_idempotency_key(p_user_id uuid, p_key text, p_intent jsonb) returns jsonb
language plpgsql as $$
declare
  v_answer jsonb;
begin
  loop
    insert into idempotency_keys (user_id, key, intent, created_at)
    values (p_user_id, p_key, p_intent, clock_timestamp())
    on conflict do nothing;
    if found then
      return null;
    end if;
    v_answer := find_idempotency_key(p_user_id, p_key, p_intent);
    if v_answer is not null then
      return v_answer;
    end if;
    -- The key was pruned between the two: it is free after all.
  end loop;
end $$;
