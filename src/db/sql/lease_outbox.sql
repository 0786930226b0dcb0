-- Deletes delivered events (p_delivered), and leases the next ones, p_limit at most. A leased event is not handed out again until
-- p_lease_ms have passed. Only the oldest undelivered event of a subject is leased, so that each subject's are delivered in order.
create or replace function lease_outbox(p_delivered bigint[], p_limit int, p_lease_ms bigint) returns setof outbox
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_next bigint[];
begin
  -- A crash may lose this commit: the events are then delivered again.
  perform set_config('synchronous_commit', 'off', true);
  delete from outbox where id = any (p_delivered);
  -- An aggregate over one subject: not exists (… and id < o.id) may be planned as a scan of all events.
  v_next := array(
    select o.id from outbox o
    where (o.leased_until is null or o.leased_until <= clock_timestamp())
      and (select bool_or(earlier.id < o.id) from outbox earlier where earlier.subject_id = o.subject_id) is not true
    order by o.id limit p_limit
    for update skip locked
  );
  return query
    update outbox set leased_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
    where id = any (v_next)
    returning outbox.*;
end $$;
