-- Forgets keys that are older than p_keep_ms; p_limit at the most, so that no call takes long.
-- Returns how many it forgot.
create or replace function prune_idempotency_keys(p_keep_ms bigint, p_limit int) returns int
language plpgsql as $$
declare
  v_pruned int;
begin
  with old as materialized (
    select user_id, key from idempotency_keys
    where created_at < clock_timestamp() - p_keep_ms * interval '1 millisecond'
    order by created_at limit p_limit
    for update skip locked
  )
  delete from idempotency_keys using old
  where idempotency_keys.user_id = old.user_id and idempotency_keys.key = old.key;
  get diagnostics v_pruned = row_count;
  return v_pruned;
end $$;
