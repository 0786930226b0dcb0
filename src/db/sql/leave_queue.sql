-- Ends a queue ticket at its owner's request: cancels its holds, and adds it to spent_tickets. hold_seats reads that table under
-- the same lock, so a concurrent hold is either cancelled or refused. Idempotent.
-- The event reaches the queue even if the server dies right after the commit.
--
-- Returns why the ticket has ended: 'LEFT', or 'PAID' if it had paid for seats.
create or replace function leave_queue(p_user_id uuid, p_concert_id uuid, p_number bigint) returns text
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_hold reservations;
  v_now timestamptz;
  v_reason text;
begin
  perform lock_account(p_user_id);
  for v_hold in
    -- Without "status = 'HELD'", which may be planned as a scan of all users' holds.
    select * from reservations
    where id = any (array(
      select id from reservations
      where user_id = p_user_id and concert_id = p_concert_id and ticket_number = p_number
    ))
    order by id for update
  loop
    v_now := read_clock();
    -- A lapsed hold is left to expire_reservations.
    if v_hold.status = 'HELD' and v_hold.held_until > v_now then
      perform end_hold(v_hold, 'CANCELLED', v_now);
    end if;
  end loop;

  v_now := read_clock();
  if not spend_ticket(p_user_id, p_concert_id, p_number, v_now) then
    insert into spent_tickets (concert_id, user_id, number, spent_at, reason)
    values (p_concert_id, p_user_id, p_number, v_now, 'LEFT')
    on conflict do nothing;
    if found then
      insert into outbox (type, subject_id, occurred_at, data)
      values ('queue.left', p_user_id, v_now,
        jsonb_build_object('userId', p_user_id, 'concertId', p_concert_id, 'ticketNumber', p_number));
    end if;
  end if;
  select reason into v_reason from spent_tickets
  where concert_id = p_concert_id and user_id = p_user_id and number = p_number;
  return v_reason;
end $$;
