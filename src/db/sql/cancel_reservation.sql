-- Cancels a hold, which frees its seats at once.
--
-- Returns {outcome, …}
--   and stores it under the key:    Cancelled {reservationId}, HoldExpired {heldUntil}, AlreadyPaid {paymentId}
--   without storing it:             ReservationNotFound (also for another user's), IdempotencyKeyReused
create or replace function cancel_reservation(p_user_id uuid, p_key text, p_reservation_id uuid) returns jsonb
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_intent jsonb := jsonb_build_object('operation', 'cancelReservation', 'reservationId', p_reservation_id);
  v_answer jsonb;
  v_reservation reservations;
  v_now timestamptz;
begin
  if not exists (select from reservations where id = p_reservation_id and user_id = p_user_id) then
    return coalesce(find_idempotency_key(p_user_id, p_key, v_intent), '{"outcome": "ReservationNotFound"}');
  end if;
  v_answer := claim_idempotency_key(p_user_id, p_key, v_intent);
  if v_answer is not null then
    return v_answer;
  end if;
  perform lock_account(p_user_id);
  select * into v_reservation from reservations
  where id = p_reservation_id and user_id = p_user_id for update;
  v_now := read_clock();

  if v_reservation.status in ('PAID', 'REFUNDED') then
    return complete_idempotency_key(p_user_id, p_key, jsonb_build_object('outcome', 'AlreadyPaid', 'paymentId',
      (select id from payments where reservation_id = p_reservation_id)));
  end if;
  -- Cancelling a cancelled hold succeeds.
  if v_reservation.status = 'HELD' and v_reservation.held_until > v_now then
    perform end_hold(v_reservation, 'CANCELLED', v_now);
  elsif v_reservation.status <> 'CANCELLED' then
    return complete_idempotency_key(p_user_id, p_key,
      jsonb_build_object('outcome', 'HoldExpired', 'heldUntil', v_reservation.held_until));
  end if;
  return complete_idempotency_key(p_user_id, p_key,
    jsonb_build_object('outcome', 'Cancelled', 'reservationId', p_reservation_id));
end $$;
