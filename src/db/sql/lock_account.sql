-- Locks a user's account, making it when it is not there yet, and returns its balance in points.
-- Everything that one user does to money and seats is serialised by this lock.
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
