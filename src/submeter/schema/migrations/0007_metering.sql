-- Meters, registers, where a meter was installed when, circuits, readings, intervals, monthly usage.

create table submeter.meters (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  serial text not null check (serial ~ '^[^[:space:]]+( [^[:space:]]+)*$'),
  name text,
  hardware text,
  mode text not null default 'active' check (mode in ('active', 'passive')),
  prepay_enabled boolean not null default false,
  status text not null default 'installed' check (status in ('stock', 'installed', 'removed', 'scrapped')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (esco_id, serial)
);
call submeter.describe('submeter.meters', 'A metering device.', '{
  "serial": "Serial number; unique in the ESCO.",
  "name": "Label for staff.",
  "hardware": "Model.",
  "mode": "active: read by jobs; passive: left alone.",
  "prepay_enabled": "Whether the meter itself runs in prepayment mode.",
  "status": "stock, installed, removed or scrapped."}');
call submeter.make_tenant_table('submeter.meters');

create table submeter.registers (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  meter_id uuid not null references submeter.meters (id),
  name text not null default '1' check (name <> ''),
  nature text not null default 'power' check (nature in ('power', 'heat', 'cooling', 'hot_water', 'water', 'gas', 'solar', 'other')),
  direction text not null default 'import' check (direction in ('import', 'export')),
  unit text not null default 'kWh' check (unit in ('kWh', 'kvarh', 'kVAh', 'kW', 'L', 'm3', 'ft3', 'MJ', 'pulse')),
  digits smallint check (digits between 3 and 12),
  status text not null default 'active' check (status in ('active', 'closed')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (meter_id, name)
);
call submeter.describe('submeter.registers', 'One counter or data stream of a meter.', '{
  "meter_id": "The meter.",
  "name": "Element, channel or suffix: A, B, E1, B1, ...; unique in the meter.",
  "nature": "What is measured: power, heat, hot_water, water, gas, solar, ...",
  "direction": "import (from the network) or export (to it).",
  "unit": "Unit of the dial and of intervals.",
  "digits": "Digits before the point; where the dial rolls over.",
  "status": "active or closed."}');
call submeter.make_tenant_table('submeter.registers');
create index on submeter.registers (esco_id, meter_id);

create table submeter.register_multipliers (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  register_id uuid not null references submeter.registers (id),
  multiplier numeric not null check (multiplier > 0),
  from_date date not null,
  to_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (to_date > from_date),
  constraint register_multipliers_one_at_a_time exclude using gist
    (register_id with =, daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.register_multipliers', 'Factor on dial advances and raw pulses (CT x VT x pulse), from a day to a day; never on interval files, whose values are energy already. No row means 1.', '{
  "register_id": "The register.",
  "multiplier": "Advance x multiplier = quantity.",
  "from_date": "First local day.",
  "to_date": "First day no longer; null while it lasts."}');
call submeter.make_tenant_table('submeter.register_multipliers');

create table submeter.meter_installations (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  meter_id uuid not null references submeter.meters (id),
  supply_point_id uuid not null references submeter.supply_points (id),
  installed_at timestamptz not null default '1900-01-01 00:00+00',
  removed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (removed_at > installed_at),
  constraint meter_installations_one_place exclude using gist
    (meter_id with =, tstzrange(installed_at, removed_at) with &&)
);
call submeter.describe('submeter.meter_installations', 'Which meter measures which supply point, from a moment to a moment. A meter is in one place at a time; a supply point may have several meters.', '{
  "meter_id": "The meter.",
  "supply_point_id": "The supply point.",
  "installed_at": "Moment of installation; left out, since the beginning.",
  "removed_at": "Moment of removal; null while it is in place."}');
call submeter.make_tenant_table('submeter.meter_installations');
create index on submeter.meter_installations (esco_id, supply_point_id);
create index on submeter.meter_installations (supply_point_id);
create index on submeter.meter_installations (meter_id, installed_at desc);

create table submeter.circuits (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  type text not null check (type in ('power', 'heat', 'solar')),
  name text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id)
);
call submeter.describe('submeter.circuits', 'One use of energy in a property (power, heat, solar) that outlives the meters measuring it.', '{
  "type": "power, heat or solar.",
  "name": "Label for staff."}');
call submeter.make_tenant_table('submeter.circuits');

create table submeter.circuit_registers (
  circuit_id uuid not null references submeter.circuits (id),
  register_id uuid not null references submeter.registers (id),
  start_at timestamptz not null default '1900-01-01 00:00+00',
  end_at timestamptz,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  notes text,
  created_at timestamptz not null default now(),
  primary key (circuit_id, register_id, start_at),
  check (end_at > start_at),
  constraint circuit_registers_once exclude using gist
    (register_id with =, tstzrange(start_at, end_at) with &&)
);
call submeter.describe('submeter.circuit_registers', 'Which register counts for which circuit, from a moment to a moment. A register counts for one circuit at a time, so that each kWh is counted once.', '{
  "circuit_id": "The circuit.",
  "register_id": "The register.",
  "start_at": "From this moment; left out, since the beginning.",
  "end_at": "Until this moment; null while it lasts.",
  "notes": "Free text for staff."}');
call submeter.make_tenant_table('submeter.circuit_registers');
create index on submeter.circuit_registers (register_id);

create table submeter.readings (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  register_id uuid not null references submeter.registers (id),
  read_at timestamptz not null,
  reading numeric not null constraint readings_not_negative check (reading >= 0),
  status text not null default 'actual' check (status in ('actual', 'customer', 'estimated', 'substituted')),
  kind text not null default 'periodic' check (kind in ('periodic', 'opening', 'closing', 'special')),
  replaces_id uuid references submeter.readings (id),
  source text,
  notes text,
  created_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (register_id, id),
  -- One reading replaces another of the same register, and each is replaced at most once: a chain, never a tree.
  constraint readings_replaces_once unique (replaces_id),
  constraint readings_replaces_same_register foreign key (register_id, replaces_id) references submeter.readings (register_id, id),
  check (replaces_id <> id)
);
call submeter.describe('submeter.readings', 'Value of a register''s dial at a moment. Append-only: a correction is a new row naming the old one.', '{
  "register_id": "The register.",
  "read_at": "Moment of the reading.",
  "reading": "What the dial showed, in the register''s unit before any multiplier.",
  "status": "actual, customer (read by the customer), estimated or substituted.",
  "kind": "periodic, opening, closing or special.",
  "replaces_id": "The reading that this one corrects.",
  "source": "Where it came from: a file, a job, a person.",
  "notes": "Free text."}');
call submeter.make_tenant_table('submeter.readings', 'select, insert');
call submeter.make_append_only('submeter.readings');
-- Corrections may stand at the same moment as what they replace; first readings may not.
create unique index readings_once on submeter.readings (register_id, read_at) where replaces_id is null;
create index on submeter.readings (register_id, read_at);

create function submeter.sum_of(amounts_in integer[], decimals_in smallint) returns numeric
language sql immutable parallel safe set search_path = '' as $$
  select coalesce(sum(a), 0) * ('{1,0.1,0.01,0.001,0.0001,0.00001,0.000001,0.0000001,0.00000001,0.000000001}'::numeric[])[decimals_in + 1]
  from unnest(amounts_in) a
$$;
comment on function submeter.sum_of(integer[], smallint) is 'Exact sum of a day''s intervals in the register''s unit; missing intervals count nothing.';
grant execute on function submeter.sum_of(integer[], smallint) to operator, service_role;

-- A day of one register is one row: 48 half-hours take about 280 bytes instead of some 4 kB as rows of their own.
-- Amounts are whole numbers of 10^-decimals of the register's unit. That is exact (a file's decimals are kept as they
-- are, no binary fraction ever), sums are integer sums, and integer arrays pass to and from NumPy without parsing.
-- starts_at is stored because the clock is the source's: from it every interval's instant follows by adding minutes,
-- also on local days of 46 or 50 half-hours.
create table submeter.register_intervals (
  register_id uuid not null references submeter.registers (id),
  day date not null,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  starts_at timestamptz not null,
  clock text not null default 'UTC',
  minutes smallint not null default 30 check (minutes in (1, 5, 10, 15, 30, 60)),
  decimals smallint not null default 3 check (decimals between 0 and 9),
  amounts integer[] not null,
  quality text not null default 'A' check (quality ~ '^[A-Z]$'),
  qualities text check (qualities ~ '^[A-Z]+$'),
  version_at timestamptz not null default now(),
  source text,
  total numeric not null generated always as (submeter.sum_of(amounts, decimals)) stored,
  created_at timestamptz not null default now(),
  primary key (register_id, day),
  check (array_ndims(amounts) = 1 and array_lower(amounts, 1) = 1),
  -- 23, 24 or 25 hours: a local day may be one hour short or long.
  check (cardinality(amounts) * minutes in (1380, 1440, 1500) or (clock <> 'UTC' and cardinality(amounts) * minutes in (1410, 1470))),
  check (qualities is null or length(qualities) = cardinality(amounts))
);
call submeter.describe('submeter.register_intervals', 'A day of intervals of one register: the current version. Older versions stand in register_interval_versions.', '{
  "register_id": "The register.",
  "day": "Day in the source''s own clock.",
  "starts_at": "Instant at which the day begins; interval n runs from starts_at + (n-1) x minutes.",
  "clock": "The source''s clock as a time zone: UTC, Etc/GMT-10, Europe/London, ...",
  "minutes": "Length of an interval.",
  "decimals": "Amounts are whole numbers of 10^-decimals of the register''s unit.",
  "amounts": "One whole number for each interval; null = missing, which is not zero.",
  "quality": "Quality of the day: A actual, E estimated, F final substitute, S substitute, V variable, N null.",
  "qualities": "One letter for each interval where quality is V.",
  "version_at": "Update time by the source; the newest version of a day is the current one.",
  "source": "File or job that it came from.",
  "total": "Exact sum of the amounts in the register''s unit."}');
call submeter.make_tenant_table('submeter.register_intervals');
create index on submeter.register_intervals (esco_id, day);

create table submeter.register_interval_versions (
  id bigint generated always as identity primary key,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  register_id uuid not null references submeter.registers (id),
  day date not null,
  starts_at timestamptz not null,
  clock text not null,
  minutes smallint not null,
  decimals smallint not null,
  amounts integer[] not null,
  quality text not null,
  qualities text,
  version_at timestamptz not null,
  source text,
  created_at timestamptz not null default now()
);
call submeter.describe('submeter.register_interval_versions', 'Versions of interval days that are not current: kept for ever, never changed.', '{
  "register_id": "The register.",
  "day": "Day in the source''s own clock.",
  "starts_at": "Instant at which the day begins.",
  "clock": "The source''s clock as a time zone.",
  "minutes": "Length of an interval.",
  "decimals": "Amounts are whole numbers of 10^-decimals of the unit.",
  "amounts": "One whole number for each interval.",
  "quality": "Quality of the day.",
  "qualities": "One letter for each interval where quality is V.",
  "version_at": "Update time by the source.",
  "source": "File or job that it came from."}');
call submeter.make_tenant_table('submeter.register_interval_versions', 'select, insert');
call submeter.make_append_only('submeter.register_interval_versions');
create index on submeter.register_interval_versions (register_id, day);

create function submeter.keep_interval_version() returns trigger
language plpgsql set search_path = '' as $$
begin
  if (old.amounts, old.decimals, old.minutes, old.starts_at, old.quality, old.qualities)
     is distinct from (new.amounts, new.decimals, new.minutes, new.starts_at, new.quality, new.qualities) then
    insert into submeter.register_interval_versions
      (esco_id, register_id, day, starts_at, clock, minutes, decimals, amounts, quality, qualities, version_at, source, created_at)
    values (old.esco_id, old.register_id, old.day, old.starts_at, old.clock, old.minutes, old.decimals, old.amounts,
      old.quality, old.qualities, old.version_at, old.source, old.created_at);
  end if;
  return new;
end $$;
comment on function submeter.keep_interval_version() is 'Trigger: what a newer version of a day replaces is kept.';
create trigger keep_version before update on submeter.register_intervals
  for each row execute function submeter.keep_interval_version();
create trigger no_delete before delete on submeter.register_intervals
  for each row execute function submeter.refuse_change();
create trigger no_truncate before truncate on submeter.register_intervals
  for each statement execute function submeter.refuse_change();

create table submeter.monthly_usage (
  circuit_id uuid not null references submeter.circuits (id),
  month date not null check (extract(day from month) = 1),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  kwh numeric not null,
  source text not null default 'given' check (source in ('given', 'intervals')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (circuit_id, month)
);
call submeter.describe('submeter.monthly_usage', 'Energy of a circuit in a local calendar month.', '{
  "circuit_id": "The circuit.",
  "month": "First day of the month.",
  "kwh": "Energy in kWh.",
  "source": "given: written by a client or an import; intervals: summed from intervals by monthly_usage_compute."}');
call submeter.make_tenant_table('submeter.monthly_usage');
create index on submeter.monthly_usage (esco_id, month);

create table submeter.meter_shadows (
  meter_id uuid primary key references submeter.meters (id),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  tariffs_active jsonb check (jsonb_typeof(tariffs_active) = 'object'),
  tariffs_future jsonb check (jsonb_typeof(tariffs_future) = 'object'),
  synced_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
call submeter.describe('submeter.meter_shadows', 'What a prepayment meter itself says: its present and its next tariff.', '{
  "meter_id": "The meter.",
  "tariffs_active": "Tariff on the meter now: standing_charge, unit_rate_element_a, unit_rate_element_b, ... as numbers or text.",
  "tariffs_future": "Tariff stored for later, with activation_datetime (ISO 8601).",
  "synced_at": "When it was last read from the meter."}');
call submeter.make_tenant_table('submeter.meter_shadows');
