-- The settings of a concert's queue, as QueueSettings in domain/queue.ts.
create or replace function queue_settings(p_concert concerts) returns jsonb
language sql stable as $$
  select jsonb_build_object(
    'capacity', p_concert.queue_capacity, 'ratePerSecond', p_concert.queue_rate_per_second,
    'paused', p_concert.queue_paused, 'version', p_concert.queue_version)
$$;
