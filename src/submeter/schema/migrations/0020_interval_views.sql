-- Intervals as readers want them: what is missing, circuits by half-hour, day and month, files and where a day came from.

-- Of each half-hour the one row by UTC. (Half-hours that begin at :15 and :45, on the Chatham Islands and in Nepal, are
-- not looked for.)
create view submeter.every_gap as
  select r.register_id, r.esco_id, h.at as "timestamp"
  from submeter.interval_registers r
  cross join lateral (
    select i.starts_at from submeter.register_intervals i where i.register_id = r.register_id order by i.day limit 1) f
  cross join lateral (
    select i.ends_at from submeter.register_intervals i where i.register_id = r.register_id order by i.day desc limit 1) l
  join submeter.half_hours h on h.at >= f.starts_at and h.at < l.ends_at
    and h.starts_at = date_trunc('day', h.at at time zone 'UTC') at time zone 'UTC'
  where date_part('epoch', h.at - f.starts_at)::int % 1800 = 0
    and not exists (
      select from submeter.half_hours k
      join submeter.register_intervals i on i.starts_at = k.starts_at
      where k.at = h.at and i.register_id = r.register_id and h.at < i.ends_at
        and (i.missing = 0 or (
          select bool_and(substr(i.amounts, 4 * part + 1, 4) <> '\x00000080')
          from (values (date_part('epoch', h.at - i.starts_at)::int / 60)) t (since)
          cross join generate_series(t.since / i.minutes, greatest((t.since + 30) / i.minutes - 1, t.since / i.minutes)) part)));
call submeter.describe('submeter.every_gap', 'Half-hours without a value, of everybody. For other views; nobody may read it.', '{
  "register_id": "The register.",
  "timestamp": "Start of the half-hour."}');

create view submeter.interval_gaps with (security_barrier) as
  select g.esco_id, g.register_id, g."timestamp"
  from submeter.every_gap g
  where case (select submeter.sight())
      when 'all' then 1
      when 'esco' then (g.esco_id = (select submeter.claimed_esco()))::int
      when 'customer' then (g.register_id = any ((select submeter.my_registers())::uuid[]))::int
      else 0 end = 1
    and case (select submeter.sight())
      when 'customer' then exists (
        select from submeter.my_register_spans() s where s.register_id = g.register_id and s.instants @> g."timestamp")
      else true end;
call submeter.describe('submeter.interval_gaps', 'Half-hours without a value between the first and the last day of a register; each role sees its own part.', '{
  "register_id": "The register.",
  "timestamp": "Start of the half-hour."}');

create view submeter.circuit_values with (security_barrier) as
  select k.circuit_id, c.esco_id, v."timestamp",
    case when g.direction = 'export' and c.type <> 'solar' then -v.quantity else v.quantity end as kwh
  from submeter.every_interval v
  join submeter.registers g on g.id = v.register_id and g.unit = 'kWh'
  join submeter.circuit_registers k on k.register_id = v.register_id
    and v."timestamp" >= k.start_at and (k.end_at is null or v."timestamp" < k.end_at)
  join submeter.circuits c on c.id = k.circuit_id
  join submeter.meter_installations i on i.meter_id = g.meter_id
    and v."timestamp" >= i.installed_at and (i.removed_at is null or v."timestamp" < i.removed_at)
  where case (select submeter.sight())
      when 'all' then 1
      when 'esco' then (c.esco_id = (select submeter.claimed_esco()))::int
      when 'customer' then (c.id = any ((select submeter.my_circuits())::uuid[]))::int
      else 0 end = 1
    and case (select submeter.sight())
      when 'customer' then exists (
        select from submeter.my_register_spans() s where s.register_id = v.register_id and s.instants @> v."timestamp")
      else true end;
call submeter.describe('submeter.circuit_values', 'Half-hours of circuits, register by register; each role sees its own part.', '{
  "circuit_id": "The circuit.",
  "timestamp": "Start of the half-hour.",
  "kwh": "Energy in kWh, exact; export negative, except on a solar circuit."}');

create view submeter.circuit_gaps with (security_barrier) as
  select k.circuit_id, c.esco_id, m."timestamp"
  from submeter.every_gap m
  join submeter.registers g on g.id = m.register_id
  join submeter.circuit_registers k on k.register_id = m.register_id
    and m."timestamp" >= k.start_at and (k.end_at is null or m."timestamp" < k.end_at)
  join submeter.circuits c on c.id = k.circuit_id
  join submeter.meter_installations i on i.meter_id = g.meter_id
    and m."timestamp" >= i.installed_at and (i.removed_at is null or m."timestamp" < i.removed_at)
  where case (select submeter.sight())
      when 'all' then 1
      when 'esco' then (c.esco_id = (select submeter.claimed_esco()))::int
      when 'customer' then (c.id = any ((select submeter.my_circuits())::uuid[]))::int
      else 0 end = 1
    and case (select submeter.sight())
      when 'customer' then exists (
        select from submeter.my_register_spans() s where s.register_id = m.register_id and s.instants @> m."timestamp")
      else true end;
call submeter.describe('submeter.circuit_gaps', 'Half-hours in which a register of a circuit has no value; each role sees its own part.', '{
  "circuit_id": "The circuit.",
  "timestamp": "Start of the half-hour."}');
grant select on submeter.interval_gaps, submeter.circuit_values, submeter.circuit_gaps to authenticated, operator, service_role;

create view public.register_interval_missing with (security_invoker) as
  select register_id, "timestamp" from submeter.interval_gaps;

create view public.circuit_interval_hh with (security_invoker) as
  select circuit_id, "timestamp", sum(kwh) as kwh from submeter.circuit_values group by circuit_id, "timestamp";

create view public.circuit_interval_missing with (security_invoker) as
  select distinct circuit_id, "timestamp" from submeter.circuit_gaps;

create view public.circuit_interval_daily with (security_invoker) as
  select circuit_id, day, sum(kwh) as kwh from submeter.circuit_pieces group by circuit_id, day;

create view public.circuit_interval_monthly with (security_invoker) as
  select circuit_id, month, sum(kwh) as kwh from submeter.circuit_pieces group by circuit_id, month;

create view public.import_files with (security_invoker) as
  select id, esco_id, name, sha256, size, format, clocks, made_at, received_at, received_by, status, items_done, counts, finished_at
  from submeter.import_files;

create view public.import_findings with (security_invoker) as
  select file_id, number, esco_id, line, field, value, code, title, detail, hint from submeter.import_findings;

create view public.import_waiting with (security_invoker) as
  select id, esco_id, reason, scheme, identifier, register, serial, unit, direction, register_id, day, clock, minutes, quality,
    nullif(version_at, '-infinity') as version_at, file_id, line, waits_since
  from submeter.import_waiting;

-- Where a number comes from.
create view public.register_interval_history with (security_invoker) as
  select register_id, day, 0::bigint as version, esco_id, clock, minutes, quality, ranges, missing, total * 10::numeric ^ -decimals as total,
    nullif(version_at, '-infinity') as version_at, file_at, file_id, line, source, edited_by, null::timestamptz as replaced_at
  from submeter.register_intervals
  union all
  select register_id, day, id, esco_id, clock, minutes, quality, ranges, missing, total * 10::numeric ^ -decimals,
    nullif(version_at, '-infinity'), file_at, file_id, line, source, edited_by, replaced_at
  from submeter.register_interval_versions;

comment on view public.register_interval_missing is 'Half-hours without a value between the first and the last day of a register.';
comment on view public.circuit_interval_hh is 'Half-hourly energy of circuits, summed over the registers that counted for them at the time. Export counts against import, except on a solar circuit.';
comment on view public.circuit_interval_daily is 'Energy of circuits by billing day of the site: 46 to 50 half-hours where clocks change.';
comment on view public.circuit_interval_monthly is 'Energy of circuits by month of the site''s billing days. Always the sum of what is there, also of what came late.';
comment on view public.circuit_interval_missing is 'Half-hours in which a register that counts for a circuit has no value.';
comment on view public.register_interval_history is 'Every version of every day: from which file and line, of what quality, current (version 0) or replaced.';
comment on column public.circuit_interval_hh.circuit_id is 'The circuit.';
comment on column public.circuit_interval_hh."timestamp" is 'Start of the half-hour.';
comment on column public.circuit_interval_hh.kwh is 'Energy in kWh, exact.';
comment on column public.circuit_interval_daily.kwh is 'Energy in kWh, exact.';
comment on column public.circuit_interval_monthly.kwh is 'Energy in kWh, exact.';
comment on column public.circuit_interval_missing.circuit_id is 'The circuit.';
comment on column public.circuit_interval_missing."timestamp" is 'Start of the half-hour.';
comment on column public.register_interval_history.version is '0 is the current one; the others count up as they were replaced.';
comment on column public.register_interval_history.total is 'Sum of the day in the register''s unit.';

create or replace function submeter.intervals_refuse() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception 'intervals are not written here'
    using errcode = '42501', detail = format('%s on %s was refused.', tg_op, tg_table_name),
          hint = 'Import a meter file; it brings validation and versions with it.';
end $$;
do $$
declare
  view_name text;
begin
  foreach view_name in array array['register_interval_missing', 'circuit_interval_hh', 'circuit_interval_daily',
    'circuit_interval_monthly', 'circuit_interval_missing', 'register_interval_history'] loop
    execute format('create trigger refuse_change instead of insert or update or delete on public.%I
      for each row execute function submeter.intervals_refuse()', view_name);
  end loop;
end $$;

grant select on public.register_interval_missing, public.circuit_interval_hh, public.circuit_interval_daily,
  public.circuit_interval_monthly, public.circuit_interval_missing to authenticated, operator, service_role;
grant select on public.import_files, public.import_findings, public.import_waiting, public.register_interval_history
  to operator, service_role;

-- Served by the application ---------------------------------------------------------------------------------------------

create function public.import_meter_data(name text, content text default null, content_base64 text default null,
  format text default null, all_or_nothing boolean default false, dry_run boolean default false)
returns table (file_id bigint, file_name text, status text, read_as text, counts jsonb, codes jsonb, findings jsonb)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Files of meter data are read by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.import_meter_data(text, text, text, text, boolean, boolean) is
  'Loads a file of meter data: its text as content, or its bytes (zip and gzip too) as content_base64. Returns the report: what became of its rows, and what was wrong. Served by the application.';
create function public.decide_import_waiting(id bigint, accept boolean) returns table (outcome text)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Decisions about meter data are taken by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.decide_import_waiting(id bigint, accept boolean) is
  'Accepts or turns down a day of import_waiting. Returns what became of it: replaced, older, turned down. Served by the application.';
grant execute on function public.import_meter_data(text, text, text, text, boolean, boolean),
  public.decide_import_waiting(bigint, boolean) to operator, service_role;

call submeter.describe_views();
