-- Pays for a hold from its owner's balance: debit, transfer, payment, status and event in one transaction. A live hold proves
-- that its owner was admitted, so the queue is not asked. A ticket without further live holds is spent (spend_ticket).
-- p_ticket_concert_id: the concert of the queue ticket that the client has sent.
--
-- Returns {outcome, …}
--   and stores it under the key:    Paid {paymentId, spentTicketNumber}: null while the ticket is not spent; the call that makes
--                                     the payment also returns its row {payment}
--                                   HoldExpired {heldUntil}, AlreadyPaid {paymentId}, InsufficientPoints {balance, price}
--   without storing it:             ReservationNotFound (also for another user's), OtherConcert, IdempotencyKeyReused
create or replace function pay_reservation(
  p_user_id uuid, p_key text, p_payment_id uuid, p_reservation_id uuid, p_ticket_concert_id uuid
) returns jsonb
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_intent jsonb := jsonb_build_object('operation', 'payReservation', 'reservationId', p_reservation_id);
  v_answer jsonb;
  v_concert_id uuid;
  v_balance bigint;
  v_reservation reservations;
  v_now timestamptz;
  v_payment payments;
  v_spends boolean;
begin
  select concert_id into v_concert_id from reservations where id = p_reservation_id and user_id = p_user_id;
  if not found then
    return coalesce(find_idempotency_key(p_user_id, p_key, v_intent), '{"outcome": "ReservationNotFound"}');
  end if;
  if v_concert_id <> p_ticket_concert_id then
    return coalesce(find_idempotency_key(p_user_id, p_key, v_intent), '{"outcome": "OtherConcert"}');
  end if;
  v_answer := claim_idempotency_key(p_user_id, p_key, v_intent);
  if v_answer is not null then
    return v_answer;
  end if;
  v_balance := lock_account(p_user_id);
  select * into v_reservation from reservations
  where id = p_reservation_id and user_id = p_user_id for update;
  v_now := read_clock();

  if v_reservation.status in ('PAID', 'REFUNDED') then
    return complete_idempotency_key(p_user_id, p_key, jsonb_build_object('outcome', 'AlreadyPaid', 'paymentId',
      (select id from payments where reservation_id = p_reservation_id)));
  end if;
  -- Released claims: the hold had lapsed and another buyer took its seats, before the clock was set back.
  if v_reservation.status <> 'HELD' or v_reservation.held_until <= v_now
    or exists (select from seat_claims where reservation_id = p_reservation_id and released_at is not null)
  then
    return complete_idempotency_key(p_user_id, p_key,
      jsonb_build_object('outcome', 'HoldExpired', 'heldUntil', v_reservation.held_until));
  end if;
  if v_balance < v_reservation.price then
    return complete_idempotency_key(p_user_id, p_key, jsonb_build_object(
      'outcome', 'InsufficientPoints', 'balance', v_balance, 'price', v_reservation.price));
  end if;

  update accounts set balance = balance - v_reservation.price where user_id = p_user_id;
  insert into payments (id, reservation_id, user_id, amount, paid_at)
  values (p_payment_id, p_reservation_id, p_user_id, v_reservation.price, v_now)
  returning * into v_payment;
  insert into transfers (user_id, amount, payment_id, created_at)
  values (p_user_id, -v_reservation.price, p_payment_id, v_now);
  update reservations set status = 'PAID', decided_at = v_now where id = p_reservation_id;

  v_spends := spend_ticket(p_user_id, v_reservation.concert_id, v_reservation.ticket_number, v_now);
  perform emit_reservation_event('payment.completed', v_reservation, v_now, jsonb_build_object(
    'paymentId', p_payment_id, 'ticketNumber', v_reservation.ticket_number, 'spendsTicket', v_spends));
  return complete_idempotency_key(p_user_id, p_key, jsonb_build_object(
      'outcome', 'Paid', 'paymentId', p_payment_id,
      'spentTicketNumber', case when v_spends then v_reservation.ticket_number end))
    || jsonb_build_object('payment', to_jsonb(v_payment));
end $$;
