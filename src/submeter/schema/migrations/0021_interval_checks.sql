-- Intervals that look wrong, what people and estimates made of them, and their sums by register and site.

-- How intervals are checked and estimated ------------------------------------------------------------------------------
-- The most specific row that says something wins, column by column: a register, a kind of register at a site, a site, a
-- kind of register, the whole ESCO; then what the program has.

create table submeter.interval_settings (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  site_id uuid references submeter.sites (id),
  nature text check (nature in ('power', 'heat', 'cooling', 'hot_water', 'water', 'gas', 'solar', 'other')),
  register_id uuid references submeter.registers (id),
  spike_percent integer check (spike_percent >= 0),
  spike_floor numeric check (spike_floor >= 0),
  zero_hours integer check (zero_hours > 24),
  sum_difference numeric check (sum_difference >= 0),
  sum_percent numeric check (sum_percent >= 0),
  export_floor numeric check (export_floor >= 0),
  may_export boolean,
  installation text check (installation in ('remote', 'manual')),
  linear_minutes integer check (linear_minutes >= 0),
  like_days_least smallint check (like_days_least between 1 and 28),
  like_days_most smallint check (like_days_most between 1 and 28),
  reach_days smallint check (reach_days between 1 and 366),
  cap_days smallint check (cap_days >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (register_id is null or site_id is null and nature is null),
  check (like_days_least <= like_days_most),
  constraint interval_settings_once unique nulls not distinct (esco_id, site_id, nature, register_id)
);
call submeter.describe('submeter.interval_settings', 'How intervals are checked and estimated, where it is not as the program has it. The most specific row that says something wins, column by column: a register, a kind of register at a site, a site, a kind of register, all.', '{
  "site_id": "For registers of this site alone.",
  "nature": "For registers that measure this alone: power, heat, water, ...",
  "register_id": "For this register alone; then without site_id and nature.",
  "spike_percent": "By how much the peak of a day may be above its third peak (180).",
  "spike_floor": "Peaks that exceed the third by no more than this, in the register''s unit, are no spikes (0.5).",
  "zero_hours": "So many hours in a row without use are usual (72); more than 24.",
  "sum_difference": "What intervals and dial may differ by, in the register''s unit (1).",
  "sum_percent": "The same as a percentage of the dial''s advance, where that is more (0).",
  "export_floor": "What an interval of export may have where nothing generates (0).",
  "may_export": "Whether something generates behind the register; left out, there is where a solar supply point or circuit is.",
  "installation": "remote (read over a network: market types 1 to 4) or manual (type 5): which methods are allowed (remote).",
  "linear_minutes": "Gaps up to so long are filled by a straight line (120).",
  "like_days_least": "So many like days are needed for an average (3).",
  "like_days_most": "So many are taken at the most (4).",
  "reach_days": "How far from the gap a like day may lie (28).",
  "cap_days": "So many days in a row may be estimated (30)."}');
call submeter.make_tenant_table('submeter.interval_settings');
call submeter.make_audited('submeter.interval_settings');
create index on submeter.interval_settings (register_id);
create index on submeter.interval_settings (site_id);

create function submeter.interval_registers_for(registers_in uuid[])
returns table (register_id uuid, esco_id uuid, name text, serial text, unit text, direction text, zone text, may_export boolean,
  spans tstzmultirange, settings jsonb)
language sql stable set search_path = '' as $$
  select g.id, g.esco_id, g.name, m.serial, g.unit, g.direction, coalesce(p.zone, 'UTC'),
    coalesce((t.settings ->> 'may_export')::boolean, coalesce(p.generates, false) or c.solar),
    coalesce(p.spans, '{[,]}'), coalesce(t.settings, '{}')
  from submeter.registers g
  join submeter.meters m on m.id = g.meter_id
  left join lateral (
    select (array_agg(s.day_time_zone order by i.installed_at desc))[1] as zone, (array_agg(s.id order by i.installed_at desc))[1] as site_id,
      range_agg(tstzrange(i.installed_at, i.removed_at)) as spans,
      bool_or(exists (select from submeter.supply_points q where q.property_id = h.id and q.product = 'solar')) as generates
    from submeter.meter_installations i
    join submeter.supply_points p on p.id = i.supply_point_id
    join submeter.properties h on h.id = p.property_id
    join submeter.sites s on s.id = h.site_id
    where i.meter_id = g.meter_id) p on true
  cross join lateral (
    select exists (select from submeter.circuit_registers k join submeter.circuits c on c.id = k.circuit_id
                   where k.register_id = g.id and c.type = 'solar') as solar) c
  left join lateral (
    -- The last of equal names stands: the most specific one.
    select jsonb_object_agg(v.key, v.value order by (n.register_id is not null)::int, (n.site_id is not null)::int, (n.nature is not null)::int)
      as settings
    from submeter.interval_settings n
    cross join lateral jsonb_each(jsonb_strip_nulls(to_jsonb(n))) v
    where n.esco_id = g.esco_id and (n.register_id is null or n.register_id = g.id)
      and (n.site_id is null or n.site_id = p.site_id) and (n.nature is null or n.nature = g.nature)) t on true
  where g.id = any (registers_in)
$$;
comment on function submeter.interval_registers_for(uuid[]) is
  'What checks and estimates need to know of registers: whose clock, when their meter was in place, whether something may be exported, and the settings that hold for them.';
grant execute on function submeter.interval_registers_for(uuid[]) to operator, service_role;

-- What is to be checked --------------------------------------------------------------------------------------------------
-- Noted by the statement that stores, in the transaction of the storing: whoever breaks off after it, the check is due.

-- Without foreign keys, which interval_registers has for it: written with every statement that stores.
create table submeter.interval_checks_due (
  register_id uuid not null,
  esco_id uuid not null default submeter.default_esco(),
  first_day date not null,
  last_day date not null,
  primary key (register_id, esco_id),
  check (first_day <= last_day)
);
call submeter.describe('submeter.interval_checks_due', 'Registers whose intervals have changed since they were last checked. Added by trigger, taken away by the check.', '{
  "register_id": "The register.",
  "first_day": "From this day on.",
  "last_day": "Up to this day."}');
call submeter.make_tenant_table('submeter.interval_checks_due');

create or replace function submeter.tie_intervals() returns trigger
language plpgsql set search_path = '' as $$
begin
  -- Once over what was added, for both.
  with changed as materialized (
    select a.register_id, a.esco_id, min(a.day) as first_day, max(a.day) as last_day from added a group by a.register_id, a.esco_id
  ), tied as (
    insert into submeter.interval_registers (register_id, esco_id)
    select c.register_id, c.esco_id from changed c
    on conflict do nothing
  )
  insert into submeter.interval_checks_due as d (register_id, esco_id, first_day, last_day)
  -- In one order, so that two who store at once do not wait for each other in a circle.
  select c.register_id, c.esco_id, c.first_day, c.last_day from changed c order by 1, 2
  on conflict (register_id, esco_id) do update
  set first_day = least(d.first_day, excluded.first_day), last_day = greatest(d.last_day, excluded.last_day);
  return null;
end $$;
comment on function submeter.tie_intervals() is
  'Trigger: what a foreign key to registers would do, once for a statement; and the note that a check is due.';

-- Findings -----------------------------------------------------------------------------------------------------------------

create table submeter.interval_findings (
  id bigint generated always as identity primary key,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  register_id uuid not null references submeter.registers (id),
  code text not null check (code ~ '^[A-Z]{3}[0-9]{3}$'),
  severity text not null check (severity in ('exception', 'warning')),
  day date not null,
  first smallint not null check (first >= 1),
  last smallint not null check (last >= first),
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  title text not null,
  detail text not null default '',
  hint text not null default '',
  status text not null default 'open' check (status in ('open', 'resolved', 'dismissed')),
  reason text check (reason <> ''),
  decided_by text,
  found_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  unique (esco_id, id),
  -- The same thing is found once, however often it is looked for.
  constraint interval_findings_once unique (register_id, day, code, first, last),
  check ((status = 'dismissed') = (reason is not null)),
  check ((status = 'dismissed') = (decided_by is not null))
);
call submeter.describe('submeter.interval_findings', 'Intervals that look wrong. Open until newer data resolve it or a person dismisses it, with a reason.', '{
  "id": "Number, to decide by.",
  "register_id": "The register.",
  "code": "Kind of finding; docs/reference/errors.md lists them.",
  "severity": "exception, or warning: it may well be so.",
  "day": "Day in the source''s own clock.",
  "first": "First interval of the day that it is about, counted from 1.",
  "last": "Last one.",
  "starts_at": "When the first begins.",
  "ends_at": "When the last ends.",
  "title": "The kind in words.",
  "detail": "This case.",
  "hint": "What to do.",
  "status": "open; resolved: newer data do not have it; dismissed: a person says that it is right as it is.",
  "reason": "Why it was dismissed.",
  "decided_by": "Who dismissed it.",
  "found_at": "When it was found first.",
  "changed_at": "When status or detail last changed."}');
call submeter.make_tenant_table('submeter.interval_findings', 'select, insert, update');
create trigger no_delete before delete on submeter.interval_findings for each row execute function submeter.refuse_change();
create trigger audit after update on submeter.interval_findings for each row
  when (old.status <> new.status and 'dismissed' in (old.status, new.status)) execute function submeter.audit_change();
create index on submeter.interval_findings (esco_id, day) where status = 'open';

-- What people and estimates made of intervals -------------------------------------------------------------------------

create table submeter.interval_changes (
  id bigint generated always as identity primary key,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  register_id uuid not null references submeter.registers (id),
  day date not null,
  first smallint not null check (first >= 1),
  last smallint not null check (last >= first),
  kind text not null check (kind in ('estimate', 'substitute', 'edit')),
  quality text not null check (quality in ('A', 'E', 'F', 'S', 'N')),
  method text not null default '',
  reason_code smallint,
  reason text not null default '',
  total_before numeric,
  total_after numeric,
  made_by text not null,
  made_at timestamptz not null default now(),
  unique (esco_id, id),
  check (kind = 'estimate' or reason <> '')
);
call submeter.describe('submeter.interval_changes', 'Intervals that were estimated, or changed by a person. What stood before is in register_interval_versions.', '{
  "register_id": "The register.",
  "day": "Day in the source''s own clock.",
  "first": "First interval that was changed, counted from 1.",
  "last": "Last one.",
  "kind": "estimate (of what was missing; the next actual replaces it by itself), substitute (instead of what was measured), edit (values that a person gave).",
  "quality": "Quality of the new values.",
  "method": "AEMO''s code of the method, where there is one.",
  "reason_code": "AEMO''s code of the reason; 0 is free text.",
  "reason": "The reason in words.",
  "total_before": "Sum of these intervals as it was, as far as known; null: nothing was known.",
  "total_after": "Sum of these intervals now.",
  "made_by": "Who: role and key of the token.",
  "made_at": "When."}');
call submeter.make_tenant_table('submeter.interval_changes', 'select, insert');
call submeter.make_append_only('submeter.interval_changes');
create trigger audit after insert on submeter.interval_changes for each row
  when (new.kind <> 'estimate') execute function submeter.audit_change();
create index on submeter.interval_changes (register_id, day);

create function submeter.is_billed(register_in uuid, instants_in tstzrange) returns boolean
language sql stable set search_path = '' as $$
  select exists (
    select from submeter.registers g
    join submeter.meter_installations i on i.meter_id = g.meter_id
    join submeter.agreements a on a.supply_point_id = i.supply_point_id and a.billed_to_date > a.from_date
    join submeter.supply_points p on p.id = a.supply_point_id
    join submeter.properties h on h.id = p.property_id
    join submeter.sites z on z.id = h.site_id
    where g.id = register_in
      and instants_in && (tstzrange(i.installed_at, i.removed_at)
        * tstzrange(a.from_date::timestamp at time zone z.day_time_zone, a.billed_to_date::timestamp at time zone z.day_time_zone)))
$$;
comment on function submeter.is_billed(uuid, tstzrange) is 'Whether some of a time is billed to who was supplied through the register.';

create procedure submeter.lock_intervals(esco_in uuid)
language plpgsql set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('submeter.place_intervals ' || esco_in, 0));
end $$;
comment on procedure submeter.lock_intervals(uuid) is 'What is there of an ESCO''s intervals stays so until the transaction ends: the lock of place_intervals.';
grant execute on function submeter.is_billed(uuid, tstzrange) to operator, service_role;
grant execute on procedure submeter.lock_intervals(uuid) to operator, service_role;

-- Intervals with their quality ---------------------------------------------------------------------------------------------

create or replace view submeter.every_interval as
  select r.esco_id, r.register_id, g.unit, h.at as "timestamp", greatest(i.minutes, 30)::int as minutes,
    v.amount * ('{1,0.1,0.01,0.001,0.0001,0.00001,0.000001,0.0000001,0.00000001,0.000000001}'::numeric[])[i.decimals + 1] as quantity,
    case when i.ranges is null then i.quality else (
      select case when min(p.part ->> 2) = max(p.part ->> 2) then min(p.part ->> 2) else 'V' end
      from jsonb_array_elements(i.ranges) p (part)
      where (p.part ->> 0)::int <= (t.since + greatest(i.minutes, 30)) / i.minutes and (p.part ->> 1)::int > t.since / i.minutes) end as quality
  from submeter.half_hours h
  join submeter.register_intervals i on i.starts_at = h.starts_at
  join submeter.interval_registers r on r.register_id = i.register_id and r.esco_id = i.esco_id
  join submeter.registers g on g.id = r.register_id
  cross join lateral (select date_part('epoch', h.at - i.starts_at)::int / 60 as since) t
  cross join lateral (
    select case when i.minutes = 30 then
        nullif(get_byte(i.amounts, t.since / 30 * 4) | (get_byte(i.amounts, t.since / 30 * 4 + 1) << 8)
          | (get_byte(i.amounts, t.since / 30 * 4 + 2) << 16) | (get_byte(i.amounts, t.since / 30 * 4 + 3) << 24), -2147483648)::bigint
      -- Hours are shown as hours. What is shorter is summed; a half-hour with a missing part is missing.
      else (
        select case when count(a) * i.minutes = greatest(i.minutes, 30) then sum(a) end
        from generate_series(t.since / i.minutes * 4, (t.since + greatest(i.minutes, 30)) / i.minutes * 4 - 4, 4) o
        cross join lateral (select nullif(get_byte(i.amounts, o) | (get_byte(i.amounts, o + 1) << 8)
          | (get_byte(i.amounts, o + 2) << 16) | (get_byte(i.amounts, o + 3) << 24), -2147483648)::bigint as a) d
        where t.since % greatest(i.minutes, 30) = 0)
      end as amount offset 0) v
  where h.at < i.ends_at and v.amount is not null;
comment on column submeter.every_interval.quality is 'A measured, E estimated, S substituted, F finally substituted; V where its parts differ.';

create or replace view submeter.interval_values with (security_barrier) as
  select v.esco_id, v.register_id, v.unit, v."timestamp", v.minutes, v.quantity, v.quality
  from submeter.every_interval v
  -- First which registers. Written as a number compared with 1, because the planner then expects few of them and goes
  -- register by register through the index; for a customer with two registers that is the difference between
  -- milliseconds and reading everybody's intervals.
  where case (select submeter.sight())
      when 'all' then 1
      when 'esco' then (v.esco_id = (select submeter.claimed_esco()))::int
      when 'customer' then (v.register_id = any ((select submeter.my_registers())::uuid[]))::int
      else 0 end = 1
    -- Then, for a customer, which of their intervals.
    and case (select submeter.sight())
      when 'customer' then exists (
        select from submeter.my_register_spans() s where s.register_id = v.register_id and s.instants @> v."timestamp")
      else true end;
comment on column submeter.interval_values.quality is 'A measured, E estimated, S substituted, F finally substituted; V where its parts differ.';

create or replace view public.register_interval_hh with (security_invoker) as
  select register_id, "timestamp", quantity as kwh, quality
  from submeter.interval_values
  where unit = 'kWh';

-- By register and site, in billing days ------------------------------------------------------------------------------------
-- As circuit_pieces has it for circuits: a source's day falls into one or two billing days.

create view submeter.register_pieces with (security_barrier) as
  select r.esco_id, r.register_id, g.unit, g.direction, d.day, d.month, s.id as site_id,
    q.amount * ('{1,0.1,0.01,0.001,0.0001,0.00001,0.000001,0.0000001,0.00000001,0.000000001}'::numeric[])[r.decimals + 1] as quantity
  from submeter.billing_days d
  join submeter.register_intervals r on r.day between d.day - 1 and d.day + 1
  join submeter.registers g on g.id = r.register_id
  join submeter.meter_installations i on i.meter_id = g.meter_id
  join submeter.supply_points p on p.id = i.supply_point_id
  join submeter.properties h on h.id = p.property_id
  join submeter.sites s on s.id = h.site_id
  cross join lateral (
    select m.instants from submeter.my_register_spans() m
    where (select submeter.sight()) = 'customer' and m.register_id = g.id and m.installation_id = i.id
    union all
    select tstzrange(null, null) where (select submeter.sight()) in ('all', 'esco')) sight
  cross join lateral (
    select greatest(r.starts_at, d.day::timestamp at time zone s.day_time_zone, i.installed_at, lower(sight.instants)) as from_at,
      least(r.ends_at, (d.day + 1)::timestamp at time zone s.day_time_zone, i.removed_at, upper(sight.instants)) as to_at) w
  cross join lateral (
    select case when w.from_at = r.starts_at and w.to_at = r.ends_at
      then case when r.missing * 4 < length(r.amounts) then r.total end
      else (
        select sum(nullif(get_byte(r.amounts, o) | (get_byte(r.amounts, o + 1) << 8)
          | (get_byte(r.amounts, o + 2) << 16) | (get_byte(r.amounts, o + 3) << 24), -2147483648)::bigint)
        from generate_series(
          ceil(date_part('epoch', w.from_at - r.starts_at) / (60 * r.minutes))::int * 4,
          ceil(date_part('epoch', w.to_at - r.starts_at) / (60 * r.minutes))::int * 4 - 4, 4) o)
      end as amount) q
  where w.from_at < w.to_at and q.amount is not null
    and case (select submeter.sight())
      when 'all' then 1
      when 'esco' then (r.esco_id = (select submeter.claimed_esco()))::int
      when 'customer' then (r.register_id = any ((select submeter.my_registers())::uuid[]))::int
      else 0 end = 1;
call submeter.describe('submeter.register_pieces', 'Quantities by billing day of the site, while the meter was in place, source day by source day; each role sees its own part, customers to the interval.', '{
  "register_id": "The register.",
  "unit": "Unit of the register.",
  "direction": "import or export.",
  "day": "Billing day of the site.",
  "month": "First day of its month.",
  "site_id": "Site that the meter was installed in.",
  "quantity": "What is known of it, exact."}');

create view submeter.site_values with (security_barrier) as
  select v.esco_id, h.site_id, v."timestamp", g.direction, v.quantity as kwh
  from submeter.every_interval v
  join submeter.registers g on g.id = v.register_id and g.unit = 'kWh'
  join submeter.meter_installations i on i.meter_id = g.meter_id
    and v."timestamp" >= i.installed_at and (i.removed_at is null or v."timestamp" < i.removed_at)
  join submeter.supply_points p on p.id = i.supply_point_id
  join submeter.properties h on h.id = p.property_id
  where case (select submeter.sight())
      when 'all' then 1
      when 'esco' then (v.esco_id = (select submeter.claimed_esco()))::int
      else 0 end = 1;
call submeter.describe('submeter.site_values', 'Half-hours of the registers of a site; for staff alone, each their own.', '{
  "site_id": "The site.",
  "timestamp": "Start of the half-hour.",
  "direction": "import or export.",
  "kwh": "Energy in kWh, exact."}');
grant select on submeter.register_pieces to authenticated, operator, service_role;
grant select on submeter.site_values to operator, service_role;

create view public.register_interval_daily with (security_invoker) as
  select register_id, day, unit, sum(quantity) as quantity from submeter.register_pieces group by register_id, day, unit;
create view public.register_interval_monthly with (security_invoker) as
  select register_id, month, unit, sum(quantity) as quantity from submeter.register_pieces group by register_id, month, unit;

create view public.site_interval_hh with (security_invoker) as
  select site_id, "timestamp", coalesce(sum(kwh) filter (where direction = 'import'), 0) as import_kwh,
    coalesce(sum(kwh) filter (where direction = 'export'), 0) as export_kwh
  from submeter.site_values group by site_id, "timestamp";
create view public.site_interval_daily with (security_invoker) as
  select site_id, day, coalesce(sum(quantity) filter (where direction = 'import'), 0) as import_kwh,
    coalesce(sum(quantity) filter (where direction = 'export'), 0) as export_kwh
  from submeter.register_pieces where unit = 'kWh' group by site_id, day;
create view public.site_interval_monthly with (security_invoker) as
  select site_id, month, coalesce(sum(quantity) filter (where direction = 'import'), 0) as import_kwh,
    coalesce(sum(quantity) filter (where direction = 'export'), 0) as export_kwh
  from submeter.register_pieces where unit = 'kWh' group by site_id, month;

create view public.interval_settings with (security_invoker) as
  select id, esco_id, site_id, nature, register_id, spike_percent, spike_floor, zero_hours, sum_difference, sum_percent, export_floor,
    may_export, installation, linear_minutes, like_days_least, like_days_most, reach_days, cap_days, created_at, updated_at
  from submeter.interval_settings;
create view public.interval_findings with (security_invoker) as
  select id, esco_id, register_id, code, severity, day, first, last, starts_at, ends_at, title, detail, hint, status, reason, decided_by,
    found_at, changed_at
  from submeter.interval_findings;
create view public.interval_changes with (security_invoker) as
  select id, esco_id, register_id, day, first, last, kind, quality, method, reason_code, reason, total_before, total_after, made_by, made_at
  from submeter.interval_changes;

-- An estimate of a day that no file had comes before every file.
create or replace view public.register_interval_history with (security_invoker) as
  select register_id, day, 0::bigint as version, esco_id, clock, minutes, quality, ranges, missing, total * 10::numeric ^ -decimals as total,
    nullif(version_at, '-infinity') as version_at, nullif(file_at, '-infinity') as file_at, file_id, line, source, edited_by,
    null::timestamptz as replaced_at
  from submeter.register_intervals
  union all
  select register_id, day, id, esco_id, clock, minutes, quality, ranges, missing, total * 10::numeric ^ -decimals,
    nullif(version_at, '-infinity'), nullif(file_at, '-infinity'), file_id, line, source, edited_by, replaced_at
  from submeter.register_interval_versions;

comment on view public.register_interval_daily is 'Quantities of registers by billing day of the site: 46 to 50 half-hours where clocks change.';
comment on view public.register_interval_monthly is 'Quantities of registers by month of the site''s billing days. Always the sum of what is there, also of what came late.';
comment on view public.site_interval_hh is 'Half-hourly energy of all registers of a site, taken from the network and put into it.';
comment on view public.site_interval_daily is 'Energy of all registers of a site by its billing day.';
comment on view public.site_interval_monthly is 'Energy of all registers of a site by month of its billing days.';
comment on column public.register_interval_daily.quantity is 'What is known of the day, in the register''s unit, exact.';
comment on column public.register_interval_monthly.quantity is 'What is known of the month, in the register''s unit, exact.';
do $$
declare
  name text;
begin
  foreach name in array array['register_interval_daily', 'register_interval_monthly', 'site_interval_hh', 'site_interval_daily',
    'site_interval_monthly'] loop
    execute format('create trigger refuse_change instead of insert or update or delete on public.%I
      for each row execute function submeter.intervals_refuse()', name);
    if name like 'site%' then
      execute format('comment on column public.%I.import_kwh is %L', name, 'Energy taken from the network, in kWh, exact.');
      execute format('comment on column public.%I.export_kwh is %L', name, 'Energy put into the network, in kWh, exact.');
    end if;
  end loop;
end $$;

grant select on public.register_interval_daily, public.register_interval_monthly to authenticated, operator, service_role;
grant select on public.site_interval_hh, public.site_interval_daily, public.site_interval_monthly, public.interval_findings,
  public.interval_changes to operator, service_role;
grant select, insert, update, delete on public.interval_settings to operator, service_role;

-- In any clock ---------------------------------------------------------------------------------------------------------------

create function public.interval_totals(from_date date, to_date date, register uuid default null, circuit uuid default null,
  site uuid default null, step text default 'day', clock text default 'market')
returns table (starts_on date, kwh numeric, half_hours bigint)
language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  place submeter.sites;
  zone text := interval_totals.clock;
  width constant text := interval_totals.step;
begin
  if num_nonnulls(interval_totals.register, interval_totals.circuit, interval_totals.site) <> 1 then
    raise exception 'totals of what?' using errcode = '22023', detail = 'One of register, circuit and site is needed.',
      hint = 'Send exactly one of them.';
  elsif width not in ('day', 'month') then
    raise exception 'no such step: %', width using errcode = '22023', detail = 'Totals are by day or by month.',
      hint = 'Send step as day or month.';
  end if;
  select s.* into place
  from submeter.sites s
  where s.id = interval_totals.site or s.id in (
    select h.site_id
    from submeter.registers g
    join submeter.meter_installations i on i.meter_id = g.meter_id
    join submeter.supply_points p on p.id = i.supply_point_id
    join submeter.properties h on h.id = p.property_id
    where g.id = interval_totals.register
      or g.id in (select k.register_id from submeter.circuit_registers k where k.circuit_id = interval_totals.circuit))
  limit 1;
  if zone = 'billing' then
    zone := coalesce(place.day_time_zone, 'UTC');
  elsif zone = 'market' then
    if place.id is not null and place.market_time_zone is null then
      raise exception 'the site has no market clock' using errcode = '22023', detail = format('Site %s has no market_time_zone.', place.name),
        hint = 'Set market_time_zone of the site, or name a clock: billing, UTC, Etc/GMT-10, ...';
    end if;
    zone := coalesce(place.market_time_zone, 'UTC');
  elsif not submeter.is_time_zone(zone) then
    raise exception 'no such clock: %', zone using errcode = '22023', detail = 'It is no time zone.',
      hint = 'Send clock as billing, market, or a time zone such as UTC or Etc/GMT-10.';
  end if;
  return query
  select date_trunc(width, v.at at time zone zone)::date, sum(v.kwh), count(distinct v.at)
  from (
    select r."timestamp", r.kwh from public.register_interval_hh r where r.register_id = interval_totals.register
      and r."timestamp" >= from_date::timestamp at time zone zone and r."timestamp" < to_date::timestamp at time zone zone
    union all
    select c."timestamp", c.kwh from public.circuit_interval_hh c where c.circuit_id = interval_totals.circuit
      and c."timestamp" >= from_date::timestamp at time zone zone and c."timestamp" < to_date::timestamp at time zone zone
    union all
    select s."timestamp", s.import_kwh - s.export_kwh from public.site_interval_hh s where s.site_id = interval_totals.site
      and s."timestamp" >= from_date::timestamp at time zone zone and s."timestamp" < to_date::timestamp at time zone zone) v (at, kwh)
  group by 1 order by 1;
end $$;
comment on function public.interval_totals(date, date, uuid, uuid, uuid, text, text) is
  'Energy of a register, a circuit or a site (import less export) by day or month of a clock: market, billing, or any time zone; from a day up to another, which is not in it. half_hours says how many there are.';
grant execute on function public.interval_totals(date, date, uuid, uuid, uuid, text, text) to operator, service_role;

-- Served by the application ------------------------------------------------------------------------------------------------

create function public.check_intervals(register uuid default null, site uuid default null, from_date date default null, to_date date default null)
returns table (id bigint, register_id uuid, code text, severity text, day date, first smallint, last smallint, starts_at timestamptz,
  ends_at timestamptz, title text, detail text, hint text, status text)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Intervals are checked by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.check_intervals(uuid, uuid, date, date) is
  'Checks the intervals of a register, a site or all, from a day up to another, which is not in it. Gives back what is open of them in interval_findings. Served by the application.';

create function public.dismiss_interval_findings(ids bigint[], reason text)
returns table (id bigint, status text)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Decisions about meter data are taken by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.dismiss_interval_findings(bigint[], text) is
  'Says of findings, by number, that the intervals are right as they are, and why. Audited. Served by the application.';

create function public.estimate_intervals(register uuid default null, site uuid default null, from_date date default null, to_date date default null,
  method text default null, reason_code integer default 0, reason text default null, replace_measured boolean default false, include_billed boolean default false, dry_run boolean default false)
returns table (register_id uuid, day date, first smallint, last smallint, outcome text, quality text, method_code text, method_name text, inputs date[],
  quantity numeric, code text, title text, detail text, hint text)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Intervals are estimated by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.estimate_intervals(uuid, uuid, date, date, text, integer, text, boolean, boolean, boolean) is
  'Fills what is missing of a register, a site or all, from a day up to another, which is not in it, by the methods of the market. What was measured stays, unless replace_measured says otherwise, with a reason. Served by the application.';

create function public.edit_intervals(register uuid, at timestamptz, quantities numeric[], reason text, reason_code integer default 0,
  method text default null, quality text default 'S', include_billed boolean default false)
returns table (register_id uuid, day date, first smallint, last smallint, total_before numeric, total_after numeric)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Intervals are changed by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.edit_intervals(uuid, timestamptz, numeric[], text, integer, text, text, boolean) is
  'Puts quantities in the place of the intervals from a moment on, one for each, null for unknown, with a reason. What stood before is kept; a file that comes later waits for a decision. Audited. Served by the application.';

create function public.explain_interval(register uuid, at timestamptz)
returns table (status text, starts_at timestamptz, ends_at timestamptz, quantity numeric, unit text, quality text, method_code text, method_name text,
  reason_code text, note text, file_id bigint, file_name text, line integer, version_at timestamptz, file_at timestamptz, made_by text,
  stored_at timestamptz, replaced_at timestamptz, told text)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Where a value comes from is told by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.explain_interval(uuid, timestamptz) is
  'Where the value of a register at a moment comes from: the version that stands and all others, with file, line, time, method and who. Served by the application.';

grant execute on function
  public.check_intervals(uuid, uuid, date, date),
  public.dismiss_interval_findings(bigint[], text),
  public.estimate_intervals(uuid, uuid, date, date, text, integer, text, boolean, boolean, boolean),
  public.edit_intervals(uuid, timestamptz, numeric[], text, integer, text, text, boolean),
  public.explain_interval(uuid, timestamptz)
  to operator, service_role;

call submeter.describe_views();
call submeter.tie_to_esco();
