-- Adds points to a user's balance. p_amount: above zero, at most p_balance_max.
-- p_actor_id: the caller, who owns the key: the user, an operator or a cashier.
-- The transfer stores the key too. After the key has been pruned from idempotency_keys, a retry is answered from the transfer.
--
-- Returns {outcome, …}
--   and stores it under the key:    Charged {balance}: right after this charge; BalanceLimitExceeded {limit}
--   without storing it:             IdempotencyKeyReused
create or replace function charge_points(
  p_actor_id uuid, p_key text, p_user_id uuid, p_amount bigint, p_balance_max bigint
) returns jsonb
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_answer jsonb;
  v_balance bigint;
  v_earlier transfers;
begin
  v_answer := claim_idempotency_key(p_actor_id, p_key,
    jsonb_build_object('operation', 'chargePoints', 'userId', p_user_id, 'amount', p_amount));
  if v_answer is not null then
    return v_answer;
  end if;
  select * into v_earlier from transfers where charged_by = p_actor_id and idempotency_key = p_key;
  if found then
    return release_idempotency_key(p_actor_id, p_key,
      case when v_earlier.user_id = p_user_id and v_earlier.amount = p_amount
        then jsonb_build_object('outcome', 'Charged', 'balance',
          (select sum(amount) from transfers where user_id = p_user_id and id <= v_earlier.id))
        else '{"outcome": "IdempotencyKeyReused"}'
      end);
  end if;
  v_balance := lock_account(p_user_id);
  if p_amount > p_balance_max - v_balance then
    return complete_idempotency_key(p_actor_id, p_key,
      jsonb_build_object('outcome', 'BalanceLimitExceeded', 'limit', p_balance_max));
  end if;

  update accounts set balance = balance + p_amount where user_id = p_user_id;
  insert into transfers (user_id, amount, charged_by, idempotency_key, created_at)
  values (p_user_id, p_amount, p_actor_id, p_key, read_clock());
  if p_actor_id <> p_user_id then
    perform record_audit_entry(p_actor_id, 'chargePoints', null, p_user_id,
      jsonb_build_object('balance', v_balance), jsonb_build_object('balance', v_balance + p_amount));
  end if;
  return complete_idempotency_key(p_actor_id, p_key,
    jsonb_build_object('outcome', 'Charged', 'balance', v_balance + p_amount));
end $$;
