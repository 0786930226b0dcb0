-- Ends holds that have lapsed, with their events. The seats of a lapsed hold are free even before that.
-- Several servers may call it at once. It waits for no lock: a locked hold is left to a later call.
-- Returns how many it ended, p_limit at most.
create or replace function expire_reservations(p_limit int) returns int
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_reservation reservations;
  v_ended int := 0;
  -- A variable, so that the index on held_until can be used: read_clock() is volatile.
  v_now timestamptz := read_clock();
begin
  for v_reservation in
    select * from reservations
    where status = 'HELD' and held_until <= v_now
    order by held_until limit p_limit
    for update skip locked
  loop
    -- Whether the ticket is spent is decided under the account's lock. Locked out of order, so without waiting.
    perform from accounts where user_id = v_reservation.user_id for update skip locked;
    continue when not found;
    perform end_hold(v_reservation, 'EXPIRED', read_clock());
    v_ended := v_ended + 1;
  end loop;
  return v_ended;
end $$;
