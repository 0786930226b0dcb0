-- Holds all of the seats for a user, or none of them.
--
-- p_seat_numbers: distinct, in ascending order. p_seat_limit: the maximum of live and paid seats of a user for one concert.
-- p_ticket_*: the queue ticket that the client has sent. p_admitted: whether the queue has admitted it; if not, or if the ticket
-- is for another concert, only a stored answer is repeated.
-- p_hold_ms: how long the hold lasts. It ends with the turn at the latest: p_turn_left_ms from now, as the queue says, and
-- p_turn_ms after the first hold with this ticket, even if the queue has lost the start of the turn.
--
-- Returns {outcome, …}
--   and stores it under the key:    Held {reservationId}; the call that makes the reservation also returns its row {reservation}
--                                   SeatTaken {seatNumbers}, SeatNotFound {seatNumbers}, SeatLimitExceeded {limit}, SalesClosed
--   without storing it:             PerformanceNotFound, OtherConcert, NotAdmitted, TicketSpent, TurnOver, IdempotencyKeyReused
create or replace function hold_seats(
  p_user_id uuid, p_key text, p_reservation_id uuid, p_performance_id uuid, p_seat_numbers int[],
  p_ticket_concert_id uuid, p_ticket_number bigint, p_admitted boolean, p_hold_ms bigint,
  p_turn_left_ms bigint, p_turn_ms bigint, p_seat_limit int
) returns jsonb
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_intent jsonb := jsonb_build_object(
    'operation', 'holdSeats', 'performanceId', p_performance_id, 'seatNumbers', p_seat_numbers);
  v_performance performances;
  v_answer jsonb;
  v_conflicts reservations[];
  v_conflict reservations;
  v_taken int[];
  v_seat_count bigint;
  v_first_held_at timestamptz;
  v_is_spent boolean;
  v_turn_end timestamptz;
  v_reservation reservations;
  v_now timestamptz;
begin
  -- Refusals that leave the key unused.
  select * into v_performance from performances where id = p_performance_id;
  if not found then
    return '{"outcome": "PerformanceNotFound"}';
  end if;
  if v_performance.concert_id <> p_ticket_concert_id then
    return coalesce(find_idempotency_key(p_user_id, p_key, v_intent), '{"outcome": "OtherConcert"}');
  end if;
  if not p_admitted then
    return coalesce(find_idempotency_key(p_user_id, p_key, v_intent), '{"outcome": "NotAdmitted"}');
  end if;

  -- Locks: the key, the account, then the reservations that have one of the seats.
  v_answer := claim_idempotency_key(p_user_id, p_key, v_intent);
  if v_answer is not null then
    return v_answer;
  end if;
  perform lock_account(p_user_id);
  if exists (
    select from spent_tickets
    where concert_id = p_ticket_concert_id and user_id = p_user_id and number = p_ticket_number
  ) then
    return release_idempotency_key(p_user_id, p_key, '{"outcome": "TicketSpent"}');
  end if;

  if exists (select from unnest(p_seat_numbers) as wanted where wanted not between 1 and v_performance.seat_count) then
    return complete_idempotency_key(p_user_id, p_key, jsonb_build_object(
      'outcome', 'SeatNotFound',
      'seatNumbers', array(select wanted from unnest(p_seat_numbers) as wanted
                           where wanted not between 1 and v_performance.seat_count)));
  end if;

  -- In the order of ids, against deadlocks. None of these reservations ends or is paid between here and the commit, so the clock
  -- is read after it. One index lookup for each seat: seat_number = any (…) may be planned as a scan of the whole date.
  v_conflicts := array(
    select r from reservations r
    where r.id = any (array(
      select (
        select reservation_id from seat_claims
        where performance_id = p_performance_id and seat_number = wanted and released_at is null
      )
      from unnest(p_seat_numbers) as wanted
    ))
    order by r.id for update
  );
  v_now := read_clock();

  if v_performance.starts_at <= v_now then
    return complete_idempotency_key(p_user_id, p_key, '{"outcome": "SalesClosed"}');
  end if;

  -- The user's seats, and the ticket's turn.
  select
    coalesce(sum(cardinality(seat_numbers)) filter (where status = 'PAID' or (status = 'HELD' and held_until > v_now)), 0),
    min(held_at) filter (where ticket_number = p_ticket_number),
    -- As in spend_ticket: the last hold may have lapsed without having been ended.
    coalesce(bool_or(status in ('PAID', 'REFUNDED')) filter (where ticket_number = p_ticket_number), false)
      and not coalesce(bool_or(status = 'HELD' and held_until > v_now) filter (where ticket_number = p_ticket_number), false)
  into v_seat_count, v_first_held_at, v_is_spent
  from reservations
  where user_id = p_user_id and concert_id = v_performance.concert_id;
  if v_is_spent then
    return release_idempotency_key(p_user_id, p_key, '{"outcome": "TicketSpent"}');
  end if;
  -- The queue's answer is from before the statement, which may have waited for locks.
  v_turn_end := date_trunc('milliseconds', least(
    statement_timestamp() + p_turn_left_ms * interval '1 millisecond',
    coalesce(v_first_held_at, v_now) + p_turn_ms * interval '1 millisecond'));
  if v_turn_end <= v_now then
    return release_idempotency_key(p_user_id, p_key, '{"outcome": "TurnOver"}');
  end if;
  if v_seat_count + cardinality(p_seat_numbers) > p_seat_limit then
    return complete_idempotency_key(p_user_id, p_key, jsonb_build_object('outcome', 'SeatLimitExceeded', 'limit', p_seat_limit));
  end if;

  -- The seats, one by one.
  v_taken := array(
    select wanted from unnest(p_seat_numbers) as wanted
    where exists (
      select from unnest(v_conflicts) as other
      where wanted = any (other.seat_numbers)
        and (other.status = 'PAID' or (other.status = 'HELD' and other.held_until > v_now))
    )
    order by wanted
  );
  if cardinality(v_taken) > 0 then
    return complete_idempotency_key(p_user_id, p_key, jsonb_build_object('outcome', 'SeatTaken', 'seatNumbers', v_taken));
  end if;
  -- The conflicting holds have all lapsed. Only their claims are released here; expire_reservations ends them, under their owners'
  -- locks.
  foreach v_conflict in array v_conflicts loop
    -- The condition is explained in end_hold.
    update seat_claims set released_at = v_now
    where reservation_id = v_conflict.id and coalesce(released_at, 'infinity') = 'infinity';
  end loop;

  -- The unique index on live claims decides between concurrent buyers. In ascending order, against deadlocks.
  insert into seat_claims (performance_id, seat_number, reservation_id)
  select p_performance_id, wanted, p_reservation_id from unnest(p_seat_numbers) as wanted order by wanted
  on conflict (performance_id, seat_number) where released_at is null do nothing;

  v_taken := array(
    select wanted from unnest(p_seat_numbers) as wanted
    except select seat_number from seat_claims where reservation_id = p_reservation_id
    order by wanted
  );
  if cardinality(v_taken) > 0 then
    delete from seat_claims where reservation_id = p_reservation_id;
    return complete_idempotency_key(p_user_id, p_key, jsonb_build_object('outcome', 'SeatTaken', 'seatNumbers', v_taken));
  end if;

  -- Read again: the insert may have waited for another transaction.
  v_now := read_clock();
  insert into reservations
    (id, performance_id, concert_id, user_id, ticket_number, seat_numbers, price, status, held_at, held_until)
  values (
    p_reservation_id, p_performance_id, v_performance.concert_id, p_user_id, p_ticket_number, p_seat_numbers,
    cardinality(p_seat_numbers) * v_performance.seat_price, 'HELD', v_now,
    least(v_now + p_hold_ms * interval '1 millisecond', v_turn_end)
  )
  returning * into v_reservation;
  perform emit_reservation_event('reservation.held', v_reservation, v_now,
    jsonb_build_object('heldUntil', v_reservation.held_until, 'ticketNumber', p_ticket_number));
  return complete_idempotency_key(p_user_id, p_key, jsonb_build_object('outcome', 'Held', 'reservationId', p_reservation_id))
    || jsonb_build_object('reservation', to_jsonb(v_reservation));
end $$;
