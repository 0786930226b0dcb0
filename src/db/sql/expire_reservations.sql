-- Tidies up holds that have lapsed, and makes their events. Nothing depends on it: a lapsed hold keeps nobody
-- out. Any number of instances may run it at once. Returns how many it ended, p_limit at the most.
create or replace function expire_reservations(p_limit int) returns int
language plpgsql as $$
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
    perform end_hold(v_reservation, 'EXPIRED', read_clock());
    v_ended := v_ended + 1;
  end loop;
  return v_ended;
end $$;
