-- The time right now, in whole milliseconds, so that what is stored is exactly what a client is shown.
-- clock_timestamp(), not now(): now() is when the statement began, which can be before it got its locks.
create or replace function read_clock() returns timestamptz
language sql volatile as $$
  select date_trunc('milliseconds', clock_timestamp())
$$;
