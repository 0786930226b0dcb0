-- Changes how a concert lets people in. A null leaves that setting as it is; p_clear_rate takes the rate away.
-- Who changed what is written down. The event brings it to Redis even if the server dies right after the commit.
-- Returns the concert's new settings; null: there is no such concert.
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
  v_concert concerts;
begin
  select * into v_before from concerts where id = p_concert_id for no key update;
  update concerts set
    queue_capacity = coalesce(p_capacity, queue_capacity),
    queue_rate_per_second = case when p_clear_rate then null else coalesce(p_rate, queue_rate_per_second) end,
    queue_paused = coalesce(p_paused, queue_paused),
    queue_version = queue_version + 1
  where id = p_concert_id
  returning * into v_concert;
  if not found then
    return null;
  end if;
  insert into outbox (type, subject_id, occurred_at, data)
  values ('queue.updated', p_concert_id, read_clock(), jsonb_build_object('concertId', p_concert_id));
  perform record_audit_entry(p_operator_id, 'updateQueue', p_concert_id, null,
    queue_settings(v_before) - 'version', queue_settings(v_concert) - 'version');
  return queue_settings(v_concert);
end $$;
