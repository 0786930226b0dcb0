/** Bugs in the SQL functions, and in how they are called. */
import type { Edit } from './edit.ts'
import type { Mutant } from './types.ts'

const sql = (name: string, find: string, replace: string): Edit => ({ file: `/${name}.sql`, find, replace })

/** Removes the constraint that enforces the same rule, so that only the checker can notice. */
const constraint = (find: string, replace: string): Edit => sql('0000_tables', find, replace)

const PAID_IN_TIME = `("reservations"."status" <> 'PAID' or "reservations"."decided_at" < "reservations"."held_until")`
const EXPIRED_IN_TIME = `("reservations"."status" <> 'EXPIRED' or "reservations"."decided_at" >= "reservations"."held_until")`

export const databaseMutants: readonly Mutant[] = [
  {
    name: 'holds without locking conflicting reservations',
    edits: [sql('hold_seats', 'order by r.id for update', 'order by r.id')],
    expect: [1, 8, 16],
    faults: ['sweeper and relay off'],
    seconds: 40,
  },
  {
    name: 'now() for clock_timestamp()',
    edits: [
      sql('read_clock', "date_trunc('milliseconds', clock_timestamp())", "date_trunc('milliseconds', now())"),
    ],
    expect: [1, 10],
  },
  {
    name: 'a seat is checked, then taken, without a constraint',
    edits: [
      sql(
        'hold_seats',
        'on conflict (performance_id, seat_number) where released_at is null do nothing;',
        ';',
      ),
      constraint(
        'CREATE UNIQUE INDEX "seat_claims_one_live_per_seat"',
        'CREATE INDEX "seat_claims_one_live_per_seat"',
      ),
    ],
    expect: [1],
    seconds: 25,
  },
  {
    name: 'an idempotency key is checked and not stored',
    edits: [
      sql(
        'claim_idempotency_key',
        'begin loop',
        'begin return find_idempotency_key(p_user_id, p_key, p_intent); loop',
      ),
      sql(
        'complete_idempotency_key',
        'update idempotency_keys set answer = p_answer where user_id = p_user_id and key = p_key;',
        '',
      ),
    ],
    expect: [3],
  },
  {
    name: "the response to another user's idempotency key",
    edits: [
      sql('find_idempotency_key', 'where user_id = p_user_id and key = p_key', 'where key = p_key limit 1'),
      sql(
        'claim_idempotency_key',
        'begin loop',
        'begin v_answer := find_idempotency_key(p_user_id, p_key, p_intent); if v_answer is not null then return v_answer; end if; loop',
      ),
    ],
    expect: [11, 15],
  },
  {
    name: 'a refusal is not stored under its key',
    edits: [
      sql(
        'pay_reservation',
        "complete_idempotency_key(p_user_id, p_key, jsonb_build_object('outcome', 'InsufficientPoints'",
        "release_idempotency_key(p_user_id, p_key, jsonb_build_object('outcome', 'InsufficientPoints'",
      ),
    ],
    expect: [3, 11],
  },
  {
    name: 'a balance is read without its lock',
    edits: [sql('lock_account', 'where user_id = p_user_id for update', 'where user_id = p_user_id')],
    expect: [2, 10, 11, 16],
  },
  {
    name: 'a spent ticket still holds seats',
    edits: [sql('hold_seats', 'and number = p_ticket_number', 'and number = p_ticket_number and false')],
    expect: [12],
    faults: ['sweeper and relay off'],
    seconds: 25,
  },
  {
    name: 'leaving the queue keeps the seats',
    edits: [sql('leave_queue', 'and $hold.held_until > $now then', 'and false then')],
    expect: [25],
    seconds: 25,
  },
  {
    name: 'a lapsed hold is paid',
    edits: [
      sql('pay_reservation', 'or $reservation.held_until <= $now', ''),
      constraint(PAID_IN_TIME, 'true'),
    ],
    expect: [1, 10],
  },
  {
    name: "another user's reservation is paid",
    edits: [
      sql(
        'pay_reservation',
        'where id = p_reservation_id and user_id = p_user_id for update',
        'where id = p_reservation_id for update',
      ),
    ],
    expect: [9, 15],
  },
  {
    name: 'a payment makes no transfer',
    edits: [
      sql(
        'pay_reservation',
        'values (p_user_id, -$price, p_payment_id, $now);',
        'select p_user_id, -$price, p_payment_id, $now where false;',
      ),
    ],
    expect: [2, 9],
  },
  {
    name: 'the sweeper expires holds early',
    edits: [
      sql('expire_reservations', 'held_until <= $now', "held_until <= $now + interval '1 second'"),
      constraint(EXPIRED_IN_TIME, 'true'),
    ],
    expect: [10],
  },
  {
    name: 'lapsed holds are shown as held',
    edits: [
      {
        file: '/claim-status.ts',
        find: "$status = 'HELD' and held_until > read_clock() then 'HELD'",
        replace: "$status = 'HELD' then 'HELD'",
      },
    ],
    expect: [13],
  },
  {
    name: 'commits are acknowledged before they are durable',
    edits: [
      {
        find: "application_name: 'stagedoor',",
        replace: "application_name: 'stagedoor', synchronous_commit: 'off',",
      },
    ],
    expect: [11],
    faults: ['PostgreSQL stopped at once'],
    seconds: 30,
  },
  {
    name: "an operator's change is not in the audit log",
    edits: [
      sql(
        'update_queue',
        "perform record_audit_entry(p_operator_id, 'updateQueue', p_concert_id, null, queue_settings($before) - 'version', queue_settings($after) - 'version');",
        '',
      ),
    ],
    expect: [11],
  },
]
