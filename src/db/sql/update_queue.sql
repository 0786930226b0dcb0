-- Changes how a concert lets people in. A null leaves that setting as it is; p_clear_rate takes the rate away.
-- The event brings it to Redis even if the server dies right after the commit.
-- Returns the concert's new settings; null: there is no such concert.
create or replace function update_queue(
  p_concert_id uuid, p_capacity int, p_rate double precision, p_clear_rate boolean, p_paused boolean
) returns jsonb
language plpgsql as $$
declare
  v_concert concerts;
begin
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
  return jsonb_build_object(
    'capacity', v_concert.queue_capacity, 'ratePerSecond', v_concert.queue_rate_per_second,
    'paused', v_concert.queue_paused, 'version', v_concert.queue_version);
end $$;
