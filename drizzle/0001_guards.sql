-- What drizzle's table definitions cannot say.

-- The claims on the seats decide whether there will be a reservation, so they are written before it.
ALTER TABLE seat_claims ADD CONSTRAINT seat_claims_reservation_id_fk
  FOREIGN KEY (reservation_id) REFERENCES reservations (id) DEFERRABLE INITIALLY DEFERRED;
--> statement-breakpoint
-- A reservation moves HELD -> PAID, EXPIRED or CANCELLED, and PAID -> REFUNDED. Nothing else about it changes.
CREATE FUNCTION guard_reservation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (
    (OLD.status = 'HELD' AND NEW.status IN ('PAID', 'EXPIRED', 'CANCELLED'))
    OR (OLD.status = 'PAID' AND NEW.status = 'REFUNDED')
  ) THEN
    RAISE EXCEPTION 'a reservation does not move from % to %', OLD.status, NEW.status;
  END IF;
  IF (OLD.id, OLD.performance_id, OLD.concert_id, OLD.user_id, OLD.ticket_number, OLD.seat_numbers, OLD.price, OLD.held_at, OLD.held_until)
    IS DISTINCT FROM (NEW.id, NEW.performance_id, NEW.concert_id, NEW.user_id, NEW.ticket_number, NEW.seat_numbers, NEW.price, NEW.held_at, NEW.held_until)
  THEN
    RAISE EXCEPTION 'only the status of a reservation changes';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER guard_reservation BEFORE UPDATE ON reservations FOR EACH ROW EXECUTE FUNCTION guard_reservation();
--> statement-breakpoint
CREATE FUNCTION guard_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are history: they are neither updated nor deleted', TG_TABLE_NAME;
END $$;
--> statement-breakpoint
CREATE TRIGGER guard_history BEFORE UPDATE OR DELETE ON transfers FOR EACH ROW EXECUTE FUNCTION guard_history();
--> statement-breakpoint
CREATE TRIGGER guard_history BEFORE UPDATE OR DELETE ON payments FOR EACH ROW EXECUTE FUNCTION guard_history();
--> statement-breakpoint
CREATE TRIGGER guard_history BEFORE UPDATE OR DELETE ON spent_tickets FOR EACH ROW EXECUTE FUNCTION guard_history();
--> statement-breakpoint
-- A claim that was given up stays given up: whoever wants the seat again makes a new one.
CREATE FUNCTION guard_seat_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.released_at IS NOT NULL THEN
    RAISE EXCEPTION 'a released claim is history';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER guard_seat_claim BEFORE UPDATE ON seat_claims FOR EACH ROW EXECUTE FUNCTION guard_seat_claim();
