-- Changes the settings of a concert's queue, and adds an entry to the audit log. Null keeps a setting; p_clear_rate removes the
-- rate.
-- The event brings the change to Redis even if the server dies right after the commit.
-- Returns the new settings; null when there is no such concert.
create or replace function update_queue(
  p_concert_id uuid, p_capacity int, p_rate double precision, p_clear_rate boolean, p_paused boolean,
  p_operator_id uuid
) returns jsonb
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_before concerts;
  v_after concerts;
begin
  select * into v_before from concerts where id = p_concert_id for no key update;
  update concerts set
    queue_capacity = coalesce(p_capacity, queue_capacity),
    queue_rate_per_second = case when p_clear_rate then null else coalesce(p_rate, queue_rate_per_second) end,
    queue_paused = coalesce(p_paused, queue_paused),
    queue_version = queue_version + 1
  where id = p_concert_id
  returning * into v_after;
  if not found then
    return null;
  end if;
  insert into outbox (type, subject_id, occurred_at, data)
  values ('queue.updated', p_concert_id, read_clock(), jsonb_build_object('concertId', p_concert_id));
  perform record_audit_entry(p_operator_id, 'updateQueue', p_concert_id, null,
    queue_settings(v_before) - 'version', queue_settings(v_after) - 'version');
  return queue_settings(v_after);
end $$;
