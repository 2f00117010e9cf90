-- Days of which nothing is there yet, as nearly all are, are stored without looking for each one's older version: to insert
-- "on conflict do nothing" looks twice into the index and writes one record more to the log; and what was staged is
-- analyzed only where it is joined to something.

create function submeter.place_new(esco_in uuid) returns boolean
language plpgsql set search_path = '' as $$
begin
  if exists (
      select from (
        select s.register_id, min(s.day) as first, max(s.day) as last
        from pg_temp.staged_intervals s where s.round = 0 group by s.register_id offset 0) n
      cross join lateral (
        select from submeter.register_intervals i
        where i.register_id = n.register_id and i.day between n.first and n.last limit 1) there) then
    return false;
  end if;
  insert into submeter.register_intervals (register_id, day, esco_id, starts_at, ends_at, clock, minutes, decimals, missing, standing,
    total, amounts, quality, ranges, version_at, file_at, file_id, line)
  select s.register_id, s.day, esco_in, s.starts_at, s.ends_at, s.clock, s.minutes, s.decimals, s.missing, s.standing,
    s.total, s.amounts, s.quality, s.ranges, s.version_at, s.file_at, s.file_id, s.line
  from pg_temp.staged_intervals s where s.round = 0;
  return true;
exception when unique_violation then
  -- Somebody has stored one of them meanwhile, past the lock: day by day, then.
  return false;
end $$;
comment on function submeter.place_new(uuid) is
  'The part of place_intervals for a first round of days of which none is there, nor any between those of the same register: stores them all, or says that it is not so.';

create or replace function submeter.place_intervals(esco_in uuid)
returns table (outcome text, line integer, day date, number bigint)
language plpgsql set search_path = '' as $$
declare
  n bigint;
  new_rows bigint;
  turn smallint := 0;
begin
  -- One import of an ESCO at a time: what is there must not change between looking and writing.
  perform pg_advisory_xact_lock(hashtextextended('submeter.place_intervals ' || esco_in, 0));
  insert into submeter.interval_starts (starts_at) select distinct s.starts_at from pg_temp.staged_intervals s on conflict do nothing;
  if submeter.place_new(esco_in) then
    select 'stored', null, null, count(*) into outcome, line, day, number from pg_temp.staged_intervals s where s.round = 0;
    if number > 0 then
      return next;
    end if;
    turn := 1;
  end if;
  -- Nobody else knows what is in a temporary table; the planner must.
  if exists (select from pg_temp.staged_intervals s where s.round = turn) then
    analyze pg_temp.staged_intervals;
  end if;
  loop
    select count(*) into n from pg_temp.staged_intervals s where s.round = turn;
    exit when n = 0;
    with new as (
      insert into submeter.register_intervals (register_id, day, esco_id, starts_at, ends_at, clock, minutes, decimals, missing, standing,
        total, amounts, quality, ranges, version_at, file_at, file_id, line)
      select s.register_id, s.day, esco_in, s.starts_at, s.ends_at, s.clock, s.minutes, s.decimals, s.missing, s.standing,
        s.total, s.amounts, s.quality, s.ranges, s.version_at, s.file_at, s.file_id, s.line
      from pg_temp.staged_intervals s where s.round = turn
      on conflict do nothing
      returning register_intervals.register_id, register_intervals.day
    )
    insert into pg_temp.placed_intervals select * from new;
    get diagnostics new_rows = row_count;
    if new_rows > 0 then
      outcome := 'stored'; line := null; day := null; number := new_rows;
      return next;
    end if;
    if new_rows < n then
      analyze pg_temp.placed_intervals;
      return query select * from submeter.place_over(esco_in, turn);
    end if;
    delete from pg_temp.placed_intervals;
    turn := turn + 1;
  end loop;
  delete from pg_temp.staged_intervals;
end $$;
grant execute on function submeter.place_new(uuid) to operator, service_role;
