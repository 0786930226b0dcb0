-- Makes a write that fails on a read-only server, a full disk and a full write-ahead log. TRUNCATE gives the table a new file, so
-- that the row needs a new page: an update in place would succeed on a full disk. Returns true.
create or replace function probe_write() returns boolean
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  begin
    -- pg_dump locks every table while it runs; then the row is added to the existing ones.
    lock table write_probe in access exclusive mode nowait;
    truncate write_probe;
  exception when lock_not_available then
    null;
  end;
  insert into write_probe (at) values (read_clock());
  return true;
end
$$;
