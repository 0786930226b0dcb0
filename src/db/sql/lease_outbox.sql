-- Forgets the events that were delivered (p_delivered), and takes the next ones to deliver: nobody else is handed them
-- until p_lease_ms have passed. Only the oldest undelivered event of each subject is handed out, so that those of one
-- reservation go out in order. p_limit: how many at the most.
create or replace function lease_outbox(p_delivered bigint[], p_limit int, p_lease_ms bigint) returns setof outbox
language plpgsql as $$
begin
  -- This need not be on the disk when it is answered: an event that comes back after a crash is delivered again.
  perform set_config('synchronous_commit', 'off', true);
  delete from outbox where id = any (p_delivered);
  return query
    -- Materialized, or a plan for a nearly empty table may look for the next ones again and again, past the limit.
    with next as materialized (
      select o.id from outbox o
      where (o.leased_until is null or o.leased_until <= clock_timestamp())
        and not exists (select from outbox earlier where earlier.subject_id = o.subject_id and earlier.id < o.id)
      order by o.id limit p_limit
      for update skip locked
    )
    update outbox set leased_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
    from next where outbox.id = next.id
    returning outbox.*;
end $$;
