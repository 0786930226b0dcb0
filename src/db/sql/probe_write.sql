-- Writes in a way that a read-only server, a full disk and a full write-ahead log refuse. TRUNCATE gives the table a new
-- file, so that the row needs a page that is not there yet: an update in place would succeed on a full disk.
-- Returns true.
create or replace function probe_write() returns boolean
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  begin
    -- pg_dump locks every table for as long as it runs: the row is then added to those that are there.
    lock table write_probe in access exclusive mode nowait;
    truncate write_probe;
  exception when lock_not_available then
    null;
  end;
  insert into write_probe (at) values (read_clock());
  return true;
end
$$;
