/** Bugs in the SQL functions, and in how they are called. */
import type { Edit, Mutant } from './types.ts'

const sql = (name: string, find: string, replace: string): Edit => ({
  file: `src/db/sql/${name}.sql`,
  find,
  replace,
})

/** The constraint that stands behind a rule, taken away: the checker has to notice without its help. */
const without = (find: string, replace: string): Edit => ({ file: 'drizzle/0000_tables.sql', find, replace })

const PAID_IN_TIME = `("reservations"."status" <> 'PAID' or "reservations"."decided_at" < "reservations"."held_until")`
const EXPIRED_IN_TIME = `("reservations"."status" <> 'EXPIRED' or "reservations"."decided_at" >= "reservations"."held_until")`

export const databaseMutants: readonly Mutant[] = [
  {
    name: 'holds without locking its rivals',
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
    name: 'looks whether a seat is free, then takes it',
    edits: [
      sql(
        'hold_seats',
        'as wanted order by wanted\n  on conflict (performance_id, seat_number) where released_at is null do nothing;',
        'as wanted order by wanted;',
      ),
      without(
        'CREATE UNIQUE INDEX "seat_claims_one_live_per_seat"',
        'CREATE INDEX "seat_claims_one_live_per_seat"',
      ),
    ],
    expect: [1],
    seconds: 25,
  },
  {
    name: 'a key that is checked and not stored',
    edits: [
      sql(
        'claim_idempotency_key',
        'begin\n  loop',
        'begin\n  return find_idempotency_key(p_user_id, p_key, p_intent);\n  loop',
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
    name: "the answer to another user's key",
    edits: [
      sql('find_idempotency_key', 'where user_id = p_user_id and key = p_key', 'where key = p_key limit 1'),
      sql(
        'claim_idempotency_key',
        'begin\n  loop',
        'begin\n  v_answer := find_idempotency_key(p_user_id, p_key, p_intent);\n  if v_answer is not null then return v_answer; end if;\n  loop',
      ),
    ],
    expect: [11, 15],
  },
  {
    name: 'a refusal that is forgotten',
    edits: [
      sql(
        'pay_reservation',
        "return complete_idempotency_key(p_user_id, p_key, jsonb_build_object(\n      'outcome', 'InsufficientPoints'",
        "return release_idempotency_key(p_user_id, p_key, jsonb_build_object(\n      'outcome', 'InsufficientPoints'",
      ),
    ],
    expect: [3, 11],
  },
  {
    name: 'a balance that is read without its lock',
    edits: [sql('lock_account', 'where user_id = p_user_id for update', 'where user_id = p_user_id')],
    expect: [2, 10, 11, 16],
  },
  {
    name: 'a spent ticket still holds seats',
    edits: [sql('hold_seats', 'and number = p_ticket_number\n', 'and number = p_ticket_number and false\n')],
    expect: [12],
    faults: ['sweeper and relay off'],
    seconds: 25,
  },
  {
    name: 'leaving the queue keeps the seats',
    edits: [sql('leave_queue', 'and v_hold.held_until > v_at then', 'and false then')],
    expect: [25],
    seconds: 25,
  },
  {
    name: 'pays for a hold that has run out',
    edits: [
      sql('pay_reservation', ' or v_reservation.held_until <= v_at', ''),
      without(PAID_IN_TIME, 'true'),
    ],
    expect: [1, 10],
  },
  {
    name: "pays for somebody else's seats",
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
    name: 'a payment that leaves no transfer',
    edits: [
      sql(
        'pay_reservation',
        'values (p_user_id, -v_reservation.price, p_payment_id, v_at);',
        'select p_user_id, -v_reservation.price, p_payment_id, v_at where false;',
      ),
    ],
    expect: [2, 9],
  },
  {
    name: 'a sweeper that is early',
    edits: [
      sql('expire_reservations', 'held_until <= v_now', "held_until <= v_now + interval '1 second'"),
      without(EXPIRED_IN_TIME, 'true'),
    ],
    expect: [10],
  },
  {
    name: 'lapsed holds are shown as held',
    edits: [
      {
        file: 'src/db/catalog.ts',
        find: "= 'HELD' and held_until > read_clock() then",
        replace: "= 'HELD' then",
      },
    ],
    expect: [13],
  },
  {
    name: 'answers before it is on the disk',
    edits: [
      {
        file: 'src/db/connection.ts',
        find: "application_name: 'stagedoor',",
        replace: "application_name: 'stagedoor', synchronous_commit: 'off',",
      },
    ],
    expect: [11],
    faults: ['PostgreSQL stopped at once'],
    seconds: 30,
  },
  {
    name: "an operator's change is not written down",
    edits: [
      sql(
        'update_queue',
        "perform record_audit_entry(p_operator_id, 'updateQueue', p_concert_id, null,\n    queue_settings(v_before) - 'version', queue_settings(v_concert) - 'version');",
        '',
      ),
    ],
    expect: [11],
  },
]
