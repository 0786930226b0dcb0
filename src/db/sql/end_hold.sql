-- Ends a hold without a payment. The caller has the reservation's row lock and has seen that it is HELD.
-- p_status: EXPIRED or CANCELLED. p_at: when that was decided; from then on its seats are free.
create or replace function end_hold(p_reservation reservations, p_status text, p_at timestamptz) returns void
language plpgsql as $$
begin
  update reservations set status = p_status, decided_at = p_at where id = p_reservation.id;
  update seat_claims set released_at = p_at where reservation_id = p_reservation.id and released_at is null;
  perform emit_reservation_event('reservation.' || lower(p_status), p_reservation, p_at);
end $$;
