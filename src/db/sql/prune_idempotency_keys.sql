-- Deletes keys older than p_keep_ms, p_limit at most, so that no call takes long. Returns how many it deleted.
create or replace function prune_idempotency_keys(p_keep_ms bigint, p_limit int) returns int
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_pruned int;
  -- A variable, so that the index on created_at can be used: clock_timestamp() is volatile.
  v_before timestamptz := clock_timestamp() - p_keep_ms * interval '1 millisecond';
begin
  delete from idempotency_keys where ctid = any (array(
    select ctid from idempotency_keys
    where created_at < v_before
    order by created_at limit p_limit
    for update skip locked
  ));
  get diagnostics v_pruned = row_count;
  return v_pruned;
end $$;
