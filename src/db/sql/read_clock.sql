-- The current time in whole milliseconds, so that a stored time is exactly the one that a client sees.
-- Not now(), which is the start of the transaction, and so before its locks were granted.
create or replace function read_clock() returns timestamptz
language sql volatile as $$
  select date_trunc('milliseconds', clock_timestamp())
$$;
