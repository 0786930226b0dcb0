-- Adds an entry to the audit log, in the transaction of the change. p_before: null when there was nothing.
-- The id is a UUIDv7 (RFC 9562, section 5.7) with the fraction of its millisecond in rand_a (section 6.2, method 3), so that
-- entries sort by time even within a millisecond.
create or replace function record_audit_entry(
  p_operator_id uuid, p_action text, p_concert_id uuid, p_user_id uuid, p_before jsonb, p_after jsonb
) returns void
language sql volatile as $$
  insert into audit_log (id, operator_id, action, concert_id, user_id, at, before, after)
  select
    encode(overlay(uuid_send(gen_random_uuid())
      placing substring(int8send(floor(clock.ms)::bigint) from 3)
        || substring(int4send((7 << 12) | floor((clock.ms - floor(clock.ms)) * 4096)::int) from 3)
      from 1 for 8), 'hex')::uuid,
    p_operator_id, p_action, p_concert_id, p_user_id, read_clock(), p_before, p_after
  from (select extract(epoch from clock_timestamp()) * 1000 as ms) clock
$$;
