-- Ends a hold without a payment, frees its seats, and spends its ticket if that is due (spend_ticket).
-- The caller has locked the owner's account and the reservation, and has checked that it is HELD.
-- p_status: EXPIRED or CANCELLED. p_at: when that was decided.
create or replace function end_hold(p_reservation reservations, p_status text, p_at timestamptz) returns void
language plpgsql as $$
begin
  update reservations set status = p_status, decided_at = p_at where id = p_reservation.id;
  -- "released_at is null" would match the partial index on live claims, and may be planned as a scan of all of them.
  update seat_claims set released_at = p_at
  where reservation_id = p_reservation.id and coalesce(released_at, 'infinity') = 'infinity';
  perform emit_reservation_event('reservation.' || lower(p_status), p_reservation, p_at, jsonb_build_object(
    'ticketNumber', p_reservation.ticket_number, 'spendsTicket', spend_ticket(
      p_reservation.user_id, p_reservation.concert_id, p_reservation.ticket_number, p_at)));
end $$;
