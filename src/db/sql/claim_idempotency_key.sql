-- Claims a client's idempotency key: the first lock of every function that changes money or seats.
-- A second transaction with the same key waits here until the first has ended.
--
-- Returns null when the key is new: the caller goes on, and ends with complete_idempotency_key or release_idempotency_key.
-- Otherwise returns the stored answer, or IdempotencyKeyReused when the key was used for another request (p_intent).
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
    -- Pruned between the two statements: try again.
  end loop;
end $$;
