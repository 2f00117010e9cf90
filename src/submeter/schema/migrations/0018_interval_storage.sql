-- Days of intervals as bytes, in partitions of a year: four bytes an interval, out of the database and into NumPy without
-- a conversion. Figures, and what else was tried, are in docs/decisions/0008-meter-data.md.

-- Partitions live apart: nobody but the owner may enter, so that no way leads around the policies of their tables.
create schema submeter_partitions;
comment on schema submeter_partitions is 'Partitions of tables of schema submeter, a year each. Entered by nobody, read through their tables.';

alter table submeter.register_intervals rename to register_intervals_as_arrays;
alter table submeter.register_interval_versions rename to register_interval_versions_as_arrays;

-- Amounts ------------------------------------------------------------------------------------------------------
-- Little-endian int32, -2^31 where a value is missing. Queries over many rows decode in place with get_byte: a function
-- with a fixed search_path is not inlined, and costs more than what it does.

create function submeter.encode_amounts(amounts_in integer[]) returns bytea
language sql immutable parallel safe set search_path = '' as $$
  select coalesce(string_agg(substr(b, 4, 1) || substr(b, 3, 1) || substr(b, 2, 1) || substr(b, 1, 1), '' order by n), '')
  from unnest(amounts_in) with ordinality as a (amount, n)
  cross join lateral int4send(coalesce(amount, -2147483648)) b
$$;
comment on function submeter.encode_amounts(integer[]) is 'Whole numbers as register_intervals keeps them; null is missing.';

create function submeter.decode_amounts(amounts_in bytea) returns integer[]
language sql immutable parallel safe set search_path = '' as $$
  select array_agg(nullif(get_byte(amounts_in, 4 * i) | (get_byte(amounts_in, 4 * i + 1) << 8)
    | (get_byte(amounts_in, 4 * i + 2) << 16) | (get_byte(amounts_in, 4 * i + 3) << 24), -2147483648) order by i)
  from generate_series(0, length(amounts_in) / 4 - 1) i
$$;
comment on function submeter.decode_amounts(bytea) is 'The whole numbers of a day; null is missing.';
grant execute on function submeter.encode_amounts(integer[]), submeter.decode_amounts(bytea) to operator, service_role;

-- The current version of each day -----------------------------------------------------------------------------------

-- Foreign keys on the days themselves would be three quarters of the cost of storing them. So the days of a statement
-- are tied all at once: each register among them has a row here, and that has the keys.
create table submeter.interval_registers (
  register_id uuid not null references submeter.registers (id),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  created_at timestamptz not null default now(),
  primary key (register_id, esco_id)
);
call submeter.describe('submeter.interval_registers', 'Registers that have intervals. Added by trigger; a register that stands here cannot be deleted, nor change its ESCO.', '{
  "register_id": "The register."}');
call submeter.make_tenant_table('submeter.interval_registers', 'select, insert');
call submeter.make_append_only('submeter.interval_registers');

create table submeter.register_intervals (
  register_id uuid not null,
  day date not null,
  esco_id uuid not null default submeter.default_esco(),
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  clock text not null default 'UTC',
  minutes smallint not null default 30 check (minutes in (1, 5, 10, 15, 30, 60)),
  decimals smallint not null default 3 check (decimals between 0 and 9),
  missing smallint not null,
  standing smallint not null check (standing between 0 and 2),
  total bigint not null,
  amounts bytea not null,
  quality text not null default 'A' check (quality ~ '^[A-Z]$'),
  ranges jsonb check (jsonb_typeof(ranges) = 'array'),
  version_at timestamptz not null default '-infinity',
  file_at timestamptz not null default now(),
  file_id bigint,
  line integer,
  source text,
  edited_by text,
  created_at timestamptz not null default now(),
  constraint register_intervals_of_day primary key (register_id, day),
  -- 23, 24 or 25 hours: a local day may be one hour short or long, or half an hour on Lord Howe Island.
  constraint register_intervals_whole check (
    length(amounts) / 4 * minutes in (1380, 1440, 1500) and length(amounts) % 4 = 0
    or clock <> 'UTC' and length(amounts) / 4 * minutes in (1410, 1470)),
  constraint register_intervals_span check (ends_at = starts_at + length(amounts) / 4 * minutes * interval '1 minute')
) partition by range (day);
call submeter.describe('submeter.register_intervals', 'A day of intervals of one register: the current version. What it replaced stands in register_interval_versions.', '{
  "register_id": "The register.",
  "day": "Day in the source''s own clock.",
  "starts_at": "Instant at which the day begins; interval n runs from starts_at + (n-1) x minutes.",
  "ends_at": "Instant at which it ends: 23 to 25 hours later.",
  "clock": "The source''s clock as a time zone: UTC, Etc/GMT-10, Europe/London, ...",
  "minutes": "Length of an interval.",
  "decimals": "Amounts are whole numbers of 10^-decimals of the register''s unit.",
  "missing": "How many intervals the source does not know.",
  "standing": "2 measured throughout or accepted by a person, 1 in part, 0 not. Measured goes before estimated, then the newer before the older.",
  "total": "Sum of the amounts that are there, in 10^-decimals of the unit.",
  "amounts": "One int32 for each interval, little-endian; -2^31 = missing, which is not zero.",
  "quality": "Quality of the day: A actual, E estimated, F final substitute, S substitute, V variable, N null.",
  "ranges": "Quality of parts: [first, last, quality, method, reason, text], intervals counted from 1; null where the day is of one kind.",
  "version_at": "Update time by the source; -infinity where it gives none.",
  "file_at": "When the file that it came from was made.",
  "file_id": "File that it came from (import_files).",
  "line": "Line of the file.",
  "source": "What else it came from: a job, a person.",
  "edited_by": "Who edited it; null for what a source said."}');
call submeter.make_tenant_table('submeter.register_intervals', 'select, insert, update');
create index register_intervals_by_start on submeter.register_intervals (starts_at, register_id);

-- What was replaced, or came later than a newer one ------------------------------------------------------------------

create sequence submeter.register_interval_version_seq;
grant usage on sequence submeter.register_interval_version_seq to operator, service_role;

create table submeter.register_interval_versions (
  id bigint not null default nextval('submeter.register_interval_version_seq'),
  like submeter.register_intervals including defaults,
  replaced_at timestamptz not null default now(),
  constraint register_interval_versions_of_day primary key (register_id, day, id)
) partition by range (day);
call submeter.describe('submeter.register_interval_versions', 'Versions of interval days that are not current: kept for ever, never changed. Columns as in register_intervals.', '{
  "id": "Order of arrival here.",
  "register_id": "The register.",
  "day": "Day in the source''s own clock.",
  "starts_at": "Instant at which the day begins.",
  "ends_at": "Instant at which it ends.",
  "clock": "The source''s clock as a time zone.",
  "minutes": "Length of an interval.",
  "decimals": "Amounts are whole numbers of 10^-decimals of the unit.",
  "missing": "How many intervals the source does not know.",
  "standing": "2 measured throughout or accepted by a person, 1 in part, 0 not.",
  "total": "Sum of the amounts that are there, in 10^-decimals of the unit.",
  "amounts": "One int32 for each interval, little-endian; -2^31 = missing.",
  "quality": "Quality of the day.",
  "ranges": "Quality of parts.",
  "version_at": "Update time by the source.",
  "file_at": "When the file that it came from was made.",
  "file_id": "File that it came from.",
  "line": "Line of the file.",
  "source": "What else it came from.",
  "edited_by": "Who edited it.",
  "replaced_at": "When it stopped to be current, or came and was not."}');
call submeter.make_tenant_table('submeter.register_interval_versions', 'select, insert');
call submeter.make_append_only('submeter.register_interval_versions');

create function submeter.tie_intervals() returns trigger
language plpgsql set search_path = '' as $$
begin
  insert into submeter.interval_registers (register_id, esco_id)
  select distinct a.register_id, a.esco_id from added a
  on conflict do nothing;
  return null;
end $$;
comment on function submeter.tie_intervals() is 'Trigger: what a foreign key to registers would do, once for a statement.';
create trigger tie_intervals after insert on submeter.register_intervals referencing new table as added
  for each statement execute function submeter.tie_intervals();
create trigger tie_changed_intervals after update on submeter.register_intervals referencing new table as added
  for each statement execute function submeter.tie_intervals();

create function submeter.complete_day() returns trigger
language plpgsql set search_path = '' as $$
begin
  select coalesce(sum(a) filter (where a is not null), 0), count(*) filter (where a is null),
    new.starts_at + count(*) * new.minutes * interval '1 minute'
  into new.total, new.missing, new.ends_at
  from unnest(submeter.decode_amounts(new.amounts)) a;
  new.standing := coalesce(new.standing, case when new.quality = 'A' and new.missing = 0 then 2
    when new.quality in ('A', 'V') and new.missing < length(new.amounts) / 4 then 1 else 0 end);
  insert into submeter.interval_starts (starts_at) values (new.starts_at) on conflict do nothing;
  return new;
end $$;
comment on function submeter.complete_day() is 'Trigger: what follows from the amounts of a day, for those who write one without it. Imports bring it along.';
create trigger complete_day before insert on submeter.register_intervals
  for each row when (new.total is null or new.missing is null or new.ends_at is null or new.standing is null)
  execute function submeter.complete_day();
create trigger complete_changed_day before update on submeter.register_intervals
  for each row when (old.amounts <> new.amounts and old.total = new.total) execute function submeter.complete_day();

drop function submeter.keep_interval_version() cascade;
create function submeter.keep_interval_versions() returns trigger
language plpgsql set search_path = '' as $$
begin
  insert into submeter.register_interval_versions
    (register_id, day, esco_id, starts_at, ends_at, clock, minutes, decimals, missing, standing, total, amounts, quality, ranges,
     version_at, file_at, file_id, line, source, edited_by, created_at)
  select b.register_id, b.day, b.esco_id, b.starts_at, b.ends_at, b.clock, b.minutes, b.decimals, b.missing, b.standing, b.total,
    b.amounts, b.quality, b.ranges, b.version_at, b.file_at, b.file_id, b.line, b.source, b.edited_by, b.created_at
  from before b
  left join added a on a.register_id = b.register_id and a.day = b.day
  where (b.amounts, b.decimals, b.minutes, b.starts_at, b.quality, b.ranges, b.edited_by)
    is distinct from (a.amounts, a.decimals, a.minutes, a.starts_at, a.quality, a.ranges, a.edited_by);
  return null;
end $$;
comment on function submeter.keep_interval_versions() is 'Trigger: what a newer version of a day replaces is kept, all days of a statement at once.';
create trigger keep_versions after update on submeter.register_intervals referencing old table as before new table as added
  for each statement execute function submeter.keep_interval_versions();
create trigger no_delete before delete on submeter.register_intervals
  for each row execute function submeter.refuse_change();
create trigger no_truncate before truncate on submeter.register_intervals
  for each statement execute function submeter.refuse_change();

-- Years --------------------------------------------------------------------------------------------------------------
-- A year is made before its first day is stored, here or by an import, and never inside the transaction that stores:
-- there is no default partition that could fill unseen.

create table submeter.interval_years (
  year smallint primary key check (year between 1970 and 2199),
  created_at timestamptz not null default now()
);
call submeter.describe('submeter.interval_years', 'The years that intervals can be stored for. Adding one makes its partitions.', '{
  "year": "The year, of days in the source''s clock."}');
alter table submeter.interval_years enable row level security;
alter table submeter.interval_years force row level security;
create policy everybody on submeter.interval_years to operator, service_role using (true)
  -- Two years ahead is a wrong date, and whoever may import may not fill the catalog.
  with check (year between 1990 and extract(year from now())::int + 1);
grant select, insert (year) on submeter.interval_years to operator, service_role;

create function submeter.make_interval_year() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  relation_name text;
  partition_name text;
begin
  foreach relation_name in array array['register_intervals', 'register_interval_versions'] loop
    partition_name := format('%s_%s', relation_name, new.year);
    -- Made beside and then attached: other sessions read and write on meanwhile.
    execute format('create table submeter_partitions.%I (like submeter.%I including defaults including constraints)', partition_name, relation_name);
    execute format('alter table submeter_partitions.%I enable row level security, force row level security', partition_name);
    execute format('alter table submeter.%I attach partition submeter_partitions.%I for values from (%L) to (%L)',
      relation_name, partition_name, make_date(new.year, 1, 1), make_date(new.year + 1, 1, 1));
  end loop;
  return null;
end $$;
comment on function submeter.make_interval_year() is 'Trigger: the partitions of a year.';
create trigger make_year after insert on submeter.interval_years
  for each row execute function submeter.make_interval_year();

insert into submeter.interval_years (year)
select year from generate_series(2024, extract(year from now())::int + 1) year
union
select extract(year from day) from submeter.register_intervals_as_arrays
union
select extract(year from day) from submeter.register_interval_versions_as_arrays;

-- Moments ------------------------------------------------------------------------------------------------------------
-- The time of an interval follows from its place in the row, which no index can search. So each moment at which some
-- source's day begins has its half-hours here as rows: joined to them by that moment, the time is a plain column, and a
-- filter on it finds the days that it lies in. Some ten thousand rows a year, however many registers there are.
-- Between the first and the last of them every day of UTC has its half-hours as well: what is missing must be found.

create table submeter.half_hours (
  at timestamptz not null,
  starts_at timestamptz not null,
  primary key (at, starts_at)
);
call submeter.describe('submeter.half_hours', 'The half-hours of the days that there are, by the moment at which a day begins, in UTC or by some source.', '{
  "at": "Start of the half-hour.",
  "starts_at": "Moment at which a source''s day begins, 25 hours before at the most."}');
alter table submeter.half_hours enable row level security;
create index on submeter.half_hours (starts_at, at);

create table submeter.billing_days (
  day date primary key,
  month date not null
);
call submeter.describe('submeter.billing_days', 'The days that there may be intervals of, in whatever clock, without a gap.', '{
  "day": "The day.",
  "month": "First day of its month."}');
alter table submeter.billing_days enable row level security;
create index on submeter.billing_days (month);

create table submeter.interval_starts (
  starts_at timestamptz primary key check (extract(epoch from starts_at)::bigint % 900 = 0)
);
call submeter.describe('submeter.interval_starts', 'The moments at which the day of some source begins. Adding one makes its half-hours.', '{
  "starts_at": "Midnight by some clock: on the quarter of an hour."}');
alter table submeter.interval_starts enable row level security;
alter table submeter.interval_starts force row level security;
create policy everybody on submeter.interval_starts to operator, service_role using (true)
  with check (starts_at between '1989-12-30' and now() + interval '2 years');
grant select, insert on submeter.interval_starts to operator, service_role;

create function submeter.make_half_hours() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  first_day constant date := (new.starts_at at time zone 'UTC')::date - 1;
  known record;
begin
  insert into submeter.half_hours (at, starts_at)
  select new.starts_at + slot * interval '30 minutes', new.starts_at from generate_series(0, 49) slot
  on conflict do nothing;
  select coalesce(min(day), first_day) as first, coalesce(max(day), first_day - 1) as last into known from submeter.billing_days;
  with added as (
    insert into submeter.billing_days (day, month)
    select d::date, date_trunc('month', d)::date
    from (select generate_series(first_day, known.first - 1, interval '1 day')
          union select generate_series(known.last + 1, first_day + 3, interval '1 day')) x (d)
    on conflict do nothing
    returning day
  )
  insert into submeter.half_hours (at, starts_at)
  select m.midnight + slot * interval '30 minutes', m.midnight
  from added a
  cross join lateral (select a.day::timestamp at time zone 'UTC' as midnight) m
  cross join generate_series(0, 47) slot
  on conflict do nothing;
  return null;
end $$;
comment on function submeter.make_half_hours() is 'Trigger: half-hours and days of a moment at which a day begins.';
create trigger make_half_hours after insert on submeter.interval_starts
  for each row execute function submeter.make_half_hours();

-- What was there -------------------------------------------------------------------------------------------------------

create function pg_temp.ranges_of(qualities_in text) returns jsonb language sql as $$
  select jsonb_agg(jsonb_build_array(first, last, quality, '', '', '') order by first)
  from (select min(n) as first, max(n) as last, quality
        from (select n, quality, n - row_number() over (partition by quality order by n) as run
              from string_to_table(qualities_in, null) with ordinality as q (quality, n)) r
        group by quality, run) x
$$;

insert into submeter.register_intervals (register_id, day, esco_id, starts_at, clock, minutes, decimals, amounts, quality, ranges,
  version_at, file_at, source, created_at)
select register_id, day, esco_id, starts_at, clock, minutes, decimals, submeter.encode_amounts(amounts), quality,
  pg_temp.ranges_of(qualities), version_at, created_at, source, created_at
from submeter.register_intervals_as_arrays;

insert into submeter.register_interval_versions (register_id, day, esco_id, starts_at, ends_at, clock, minutes, decimals, missing,
  standing, total, amounts, quality, ranges, version_at, file_at, source, created_at)
select register_id, day, esco_id, starts_at, starts_at + cardinality(amounts) * minutes * interval '1 minute', clock, minutes, decimals,
  cardinality(array_positions(amounts, null)), case when quality = 'A' and array_position(amounts, null) is null then 2 else 0 end,
  coalesce((select sum(a) from unnest(amounts) a), 0), submeter.encode_amounts(amounts), quality,
  pg_temp.ranges_of(qualities), version_at, created_at, source, created_at
from submeter.register_interval_versions_as_arrays
order by id;

-- What read the arrays -------------------------------------------------------------------------------------------------

-- For the views below alone, which show each role its part. A view that guards itself is closed: nothing from outside can
-- be looked up in it, so each of them starts from here.
create view submeter.every_interval as
  select r.esco_id, r.register_id, g.unit, h.at as "timestamp", greatest(i.minutes, 30)::int as minutes,
    v.amount * ('{1,0.1,0.01,0.001,0.0001,0.00001,0.000001,0.0000001,0.00000001,0.000000001}'::numeric[])[i.decimals + 1] as quantity
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
call submeter.describe('submeter.every_interval', 'Intervals one by one, of everybody. For other views; nobody may read it.', '{
  "register_id": "The register.",
  "unit": "Unit of the register.",
  "timestamp": "Start of the interval.",
  "minutes": "Length: 30, or 60 where the source has hours.",
  "quantity": "Quantity in the register''s unit, exact."}');

create or replace view submeter.interval_values with (security_barrier) as
  select v.esco_id, v.register_id, v.unit, v."timestamp", v.minutes, v.quantity
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

-- Energy by billing day, the pieces that it is the sum of. A source's day falls into one or two billing days; where it
-- falls into one, its sum is stored, else the intervals of the piece are added up. Export counts against import on power
-- and heat; on a solar circuit what is exported is what was made.
create view submeter.circuit_pieces with (security_barrier) as
  select k.circuit_id, c.esco_id, r.register_id, d.day, d.month, s.id as site_id,
    case when g.direction = 'export' and c.type <> 'solar' then -q.amount else q.amount end
      * ('{1,0.1,0.01,0.001,0.0001,0.00001,0.000001,0.0000001,0.00000001,0.000000001}'::numeric[])[r.decimals + 1] as kwh
  from submeter.billing_days d
  join submeter.register_intervals r on r.day between d.day - 1 and d.day + 1
  join submeter.registers g on g.id = r.register_id and g.unit = 'kWh'
  join submeter.circuit_registers k on k.register_id = g.id
  join submeter.circuits c on c.id = k.circuit_id
  join submeter.meter_installations i on i.meter_id = g.meter_id
  join submeter.supply_points p on p.id = i.supply_point_id
  join submeter.properties h on h.id = p.property_id
  join submeter.sites s on s.id = h.site_id
  cross join lateral (
    select m.instants from submeter.my_register_spans() m
    where (select submeter.sight()) = 'customer' and m.register_id = g.id
    union all
    select tstzrange(null, null) where (select submeter.sight()) in ('all', 'esco')) sight
  cross join lateral (
    select greatest(r.starts_at, d.day::timestamp at time zone s.day_time_zone, k.start_at, i.installed_at, lower(sight.instants)) as from_at,
      least(r.ends_at, (d.day + 1)::timestamp at time zone s.day_time_zone, k.end_at, i.removed_at, upper(sight.instants)) as to_at) w
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
      when 'esco' then (c.esco_id = (select submeter.claimed_esco()))::int
      when 'customer' then (c.id = any ((select submeter.my_circuits())::uuid[]))::int
      else 0 end = 1;
call submeter.describe('submeter.circuit_pieces', 'Energy of circuits by billing day of the site, register by register and source day by source day; each role sees its own part, customers to the interval.', '{
  "circuit_id": "The circuit.",
  "register_id": "A register that counted for it.",
  "day": "Billing day of the site.",
  "month": "First day of its month.",
  "site_id": "Site that the meter was installed in.",
  "kwh": "Energy in kWh, exact; export negative, except on a solar circuit."}');
grant execute on function submeter.my_circuits() to operator, service_role;
grant select on submeter.circuit_pieces to authenticated, operator, service_role;

create or replace function submeter.circuit_days(from_in date, to_in date)
returns table (circuit_id uuid, esco_id uuid, day date, kwh numeric)
language sql stable set search_path = '' as $$
  select p.circuit_id, p.esco_id, p.day, sum(p.kwh)
  from submeter.circuit_pieces p
  where p.day >= from_in and p.day < to_in
  group by p.circuit_id, p.esco_id, p.day
$$;

drop table submeter.register_intervals_as_arrays;
drop table submeter.register_interval_versions_as_arrays;
drop function submeter.sum_of(integer[], smallint);

call submeter.tie_to_esco();
