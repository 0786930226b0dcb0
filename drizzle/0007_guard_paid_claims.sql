-- A reservation moves HELD -> PAID, EXPIRED or CANCELLED, and PAID -> REFUNDED. Nothing else about it changes.
-- What is paid for keeps its seats: a hold whose seats were given to another buyer is never paid, whatever the clock says.
CREATE OR REPLACE FUNCTION guard_reservation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (
    (OLD.status = 'HELD' AND NEW.status IN ('PAID', 'EXPIRED', 'CANCELLED'))
    OR (OLD.status = 'PAID' AND NEW.status = 'REFUNDED')
  ) THEN
    RAISE EXCEPTION 'a reservation does not move from % to %', OLD.status, NEW.status;
  END IF;
  IF NEW.status = 'PAID' AND EXISTS (SELECT FROM seat_claims WHERE reservation_id = NEW.id AND released_at IS NOT NULL) THEN
    RAISE EXCEPTION 'a reservation without its seats is not paid';
  END IF;
  IF (OLD.id, OLD.performance_id, OLD.concert_id, OLD.user_id, OLD.ticket_number, OLD.seat_numbers, OLD.price, OLD.held_at, OLD.held_until)
    IS DISTINCT FROM (NEW.id, NEW.performance_id, NEW.concert_id, NEW.user_id, NEW.ticket_number, NEW.seat_numbers, NEW.price, NEW.held_at, NEW.held_until)
  THEN
    RAISE EXCEPTION 'only the status of a reservation changes';
  END IF;
  RETURN NEW;
END $$;
