-- Adds a concert with its dates, all or nothing, and writes down who did. The caller has checked every value.
-- p_performances: [{id, startsAt, seatCount, seatPrice}].
-- Returns {outcome}: Created, or PerformanceInPast when a date is not in the future (nothing is added).
create or replace function create_concert(
  p_concert_id uuid, p_title text, p_queue_capacity int, p_queue_rate double precision, p_performances jsonb,
  p_operator_id uuid
) returns jsonb
language plpgsql as $$
begin
  if exists (
    select from jsonb_to_recordset(p_performances) as p ("startsAt" timestamptz) where p."startsAt" <= read_clock()
  ) then
    return '{"outcome": "PerformanceInPast"}';
  end if;
  insert into concerts (id, title, queue_capacity, queue_rate_per_second)
  values (p_concert_id, p_title, p_queue_capacity, p_queue_rate);
  insert into performances (id, concert_id, starts_at, seat_count, seat_price)
  select p.id, p_concert_id, p."startsAt", p."seatCount", p."seatPrice"
  from jsonb_to_recordset(p_performances)
    as p (id uuid, "startsAt" timestamptz, "seatCount" int, "seatPrice" bigint);
  perform note_operator_action(p_operator_id, 'createConcert', p_concert_id, null, null, jsonb_build_object(
    'title', p_title, 'capacity', p_queue_capacity, 'ratePerSecond', p_queue_rate,
    'dates', jsonb_array_length(p_performances)));
  return '{"outcome": "Created"}';
end $$;
