-- Ends holds that have lapsed, and makes their events. A lapsed hold keeps nobody out of its seats before that. Any
-- number of instances may run it at once. It never waits: what somebody is busy with is ended by a later run.
-- Returns how many it ended, p_limit at the most.
create or replace function expire_reservations(p_limit int) returns int
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_reservation reservations;
  v_ended int := 0;
  -- Once, so that the index on the deadlines can be asked for what has lapsed.
  v_now timestamptz := read_clock();
begin
  for v_reservation in
    select * from reservations
    where status = 'HELD' and held_until <= v_now
    order by held_until limit p_limit
    for update skip locked
  loop
    -- Ending a hold may spend the ticket, which is decided under this lock; taken out of order, so without waiting.
    perform from accounts where user_id = v_reservation.user_id for update skip locked;
    continue when not found;
    perform end_hold(v_reservation, 'EXPIRED', read_clock());
    v_ended := v_ended + 1;
  end loop;
  return v_ended;
end $$;
