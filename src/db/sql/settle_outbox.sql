-- Forgets events that have been delivered.
create or replace function settle_outbox(p_ids bigint[]) returns void
language sql volatile as $$
  delete from outbox where id = any (p_ids)
$$;
