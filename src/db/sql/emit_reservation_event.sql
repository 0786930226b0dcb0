-- Adds an event about a reservation to the outbox. p_more: further fields of its data, see domain/events.ts.
create or replace function emit_reservation_event(
  p_type text, p_reservation reservations, p_at timestamptz, p_more jsonb default '{}'
) returns void
language plpgsql as $$
begin
  insert into outbox (type, subject_id, occurred_at, data)
  values (
    p_type,
    p_reservation.id,
    p_at,
    jsonb_build_object(
      'reservationId', p_reservation.id,
      'concertId', p_reservation.concert_id,
      'performanceId', p_reservation.performance_id,
      'userId', p_reservation.user_id,
      'seatNumbers', p_reservation.seat_numbers,
      'price', p_reservation.price
    ) || p_more
  );
end $$;
