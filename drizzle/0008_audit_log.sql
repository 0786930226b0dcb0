-- Renames the audit log and the triggers. Rows stay; the functions in src/db/sql, replaced in the same transaction, write to the new name.
alter table operator_actions rename to audit_log;
alter index operator_actions_pkey rename to audit_log_pkey;
alter index operator_actions_by_concert rename to audit_log_by_concert;
alter table audit_log rename constraint operator_actions_concert_id_concerts_id_fk to audit_log_concert_id_concerts_id_fk;
--> statement-breakpoint
alter trigger guard_history on audit_log rename to append_only;
alter trigger guard_history on transfers rename to append_only;
alter trigger guard_history on payments rename to append_only;
alter trigger guard_history on spent_tickets rename to append_only;
alter function guard_history() rename to refuse_change;
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are append-only: they are neither updated nor deleted', tg_table_name;
end $$;
--> statement-breakpoint
alter trigger guard_reservation on reservations rename to check_reservation_change;
alter function guard_reservation() rename to check_reservation_change;
--> statement-breakpoint
alter trigger guard_seat_claim on seat_claims rename to check_seat_claim_change;
alter function guard_seat_claim() rename to check_seat_claim_change;
create or replace function check_seat_claim_change() returns trigger language plpgsql as $$
begin
  if old.released_at is not null then
    raise exception 'a released claim does not change: claiming the seat again takes a new row';
  end if;
  return new;
end $$;
--> statement-breakpoint
-- Functions that have new names, or new parameters.
drop function if exists begin_intent(uuid, text, jsonb);
drop function if exists recall_intent(uuid, text, jsonb);
drop function if exists answer_intent(uuid, text, jsonb);
drop function if exists forget_intent(uuid, text, jsonb);
drop function if exists note_operator_action(uuid, text, uuid, uuid, jsonb, jsonb);
drop function if exists settle_outbox(bigint[]);
drop function if exists lease_outbox(int, bigint);
drop function if exists create_concert(uuid, text, int, double precision, jsonb);
drop function if exists create_concert(uuid, text, int, double precision, jsonb, uuid);
drop function if exists update_queue(uuid, int, double precision, boolean, boolean);
drop function if exists hold_seats(uuid, text, uuid, uuid, int[], uuid, bigint, boolean, bigint, int);
