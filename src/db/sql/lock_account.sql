-- Locks a user's account, creates it if necessary, and returns its balance in points.
-- This lock serialises all that one user does to money and seats.
create or replace function lock_account(p_user_id uuid) returns bigint
language plpgsql as $$
declare
  v_balance bigint;
begin
  loop
    select balance into v_balance from accounts where user_id = p_user_id for update;
    if found then
      return v_balance;
    end if;
    insert into accounts (user_id) values (p_user_id) on conflict do nothing;
  end loop;
end $$;
