-- Adds a concert with its dates, all or nothing, and an entry in the audit log. The caller has validated every value.
-- p_performances: [{id, startsAt, seatCount, seatPrice}]; each attempt has new ids, so they are not part of the request.
-- p_key: null without a key; then every call adds a concert. The concert stores the key too. After the key has been pruned from
-- idempotency_keys, a retry is answered from the concert, whose queue settings may have changed since.
--
-- Returns {outcome, …}
--   and stores it under the key:    Created {concertId}, PerformanceInPast: a date is not in the future
--   without storing it:             IdempotencyKeyReused
create or replace function create_concert(
  p_concert_id uuid, p_title text, p_queue_capacity int, p_queue_rate double precision, p_performances jsonb,
  p_operator_id uuid, p_key text
) returns jsonb
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_answer jsonb;
  v_earlier concerts;
begin
  if p_key is not null then
    v_answer := claim_idempotency_key(p_operator_id, p_key, jsonb_build_object('operation', 'createConcert',
      'title', p_title, 'capacity', p_queue_capacity, 'ratePerSecond', p_queue_rate,
      'dates', (select jsonb_agg(p.date - 'id') from jsonb_array_elements(p_performances) as p (date))));
    if v_answer is not null then
      return v_answer;
    end if;
    select * into v_earlier from concerts where created_by = p_operator_id and idempotency_key = p_key;
    if found then
      return release_idempotency_key(p_operator_id, p_key, case when v_earlier.title = p_title and not exists (
          select from (
            (select "startsAt", "seatCount", "seatPrice" from jsonb_to_recordset(p_performances)
              as p ("startsAt" timestamptz, "seatCount" int, "seatPrice" bigint))
            except all
            (select starts_at, seat_count, seat_price from performances where concert_id = v_earlier.id)
          ) as other
        ) and jsonb_array_length(p_performances) = (select count(*) from performances where concert_id = v_earlier.id)
        then jsonb_build_object('outcome', 'Created', 'concertId', v_earlier.id)
        else '{"outcome": "IdempotencyKeyReused"}'
      end);
    end if;
  end if;

  if exists (
    select from jsonb_to_recordset(p_performances) as p ("startsAt" timestamptz) where p."startsAt" <= read_clock()
  ) then
    v_answer := '{"outcome": "PerformanceInPast"}';
  else
    insert into concerts (id, title, queue_capacity, queue_rate_per_second, created_by, idempotency_key)
    values (p_concert_id, p_title, p_queue_capacity, p_queue_rate,
      case when p_key is not null then p_operator_id end, p_key);
    insert into performances (id, concert_id, starts_at, seat_count, seat_price)
    select p.id, p_concert_id, p."startsAt", p."seatCount", p."seatPrice"
    from jsonb_to_recordset(p_performances)
      as p (id uuid, "startsAt" timestamptz, "seatCount" int, "seatPrice" bigint);
    perform record_audit_entry(p_operator_id, 'createConcert', p_concert_id, null, null, jsonb_build_object(
      'title', p_title, 'capacity', p_queue_capacity, 'ratePerSecond', p_queue_rate,
      'dates', jsonb_array_length(p_performances)));
    v_answer := jsonb_build_object('outcome', 'Created', 'concertId', p_concert_id);
  end if;
  return case when p_key is null then v_answer else complete_idempotency_key(p_operator_id, p_key, v_answer) end;
end $$;
