-- Spends a queue ticket if it has paid for seats and has no live hold. The caller has locked its owner's account.
-- Returns whether the ticket is spent.
create or replace function spend_ticket(p_user_id uuid, p_concert_id uuid, p_number bigint, p_at timestamptz)
returns boolean
language plpgsql as $$
declare
  v_spent boolean;
begin
  -- An aggregate over one user: exists (… and status = 'HELD') may be planned as a scan of all users' holds.
  select coalesce(bool_or(status in ('PAID', 'REFUNDED')), false)
    and not coalesce(bool_or(status = 'HELD' and held_until > p_at), false)
  into v_spent
  from reservations
  where user_id = p_user_id and concert_id = p_concert_id and ticket_number = p_number;
  if v_spent then
    insert into spent_tickets (concert_id, user_id, number, spent_at)
    values (p_concert_id, p_user_id, p_number, p_at)
    on conflict do nothing;
  end if;
  return v_spent;
end $$;
