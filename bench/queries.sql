-- name: esco
with e as (
  insert into submeter.escos (code, name, region) values ('bench', 'Bench', (select min(code) from submeter.regions)) returning id),
s as (insert into submeter.sellers (esco_id, name) select id, 'Bench' from e)
insert into submeter.sites (esco_id, name, time_zone) select id, 'Estate', 'Australia/Melbourne' from e returning esco_id

-- name: registers
-- Two for each supply point, whose NMI is as bench/nem12_files has it.
with site as (select id, esco_id from submeter.sites),
p as (
  insert into submeter.properties (esco_id, site_id, name)
  select esco_id, id, 'home ' || n from site, generate_series(0, %(points)s - 1) n
  returning id, esco_id, name),
s as (
  insert into submeter.supply_points (esco_id, property_id, product) select esco_id, id, 'power' from p returning id, property_id),
i as (
  insert into submeter.supply_point_identifiers (esco_id, supply_point_id, scheme, identifier)
  select p.esco_id, s.id, 'NMI', '61' || lpad(split_part(p.name, ' ', 2), 8, '0') from s join p on p.id = s.property_id),
m as (insert into submeter.meters (esco_id, serial) select esco_id, name from p returning id, serial, esco_id),
mi as (
  insert into submeter.meter_installations (esco_id, meter_id, supply_point_id, installed_at)
  select m.esco_id, m.id, s.id, '1980-01-01' from m join p on p.name = m.serial join s on s.property_id = p.id)
insert into submeter.registers (esco_id, meter_id, name) select esco_id, id, r from m, unnest(array['E1', 'B1']) r

-- name: raw
create temporary table raw (
  round int2, accepted bool, register_id uuid, day date, starts_at timestamptz, ends_at timestamptz, minutes int2, decimals int2,
  missing int2, standing int2, total int8, version_at timestamptz, file_at timestamptz, file_id int8, line int4, amounts bytea,
  clock text, quality text, ranges jsonb)

-- name: rows
create temporary table rows as
select register_id, day, %(esco_id)s::uuid as esco_id, starts_at, ends_at, clock, minutes, decimals, missing, standing, total, amounts, quality,
  ranges, version_at, file_at, file_id, line, null::text as source, null::text as edited_by,
  now() as created_at
from raw

-- name: month
insert into submeter.register_intervals (register_id, day, esco_id, starts_at, ends_at, clock, minutes, decimals, missing, standing,
  total, amounts, quality, ranges, version_at, file_at, file_id, line)
select r.id, d::date, r.esco_id, d::timestamp at time zone %(clock)s, (d + interval '1 day')::timestamp at time zone %(clock)s,
  %(clock)s, 30, 3, 0, 2, 1, decode(repeat(md5(r.id::text || d), 12), 'hex'), 'A', null, now(), now(), 1, 1
from generate_series(%(first)s::date, %(first)s::date + 29, interval '1 day') d,
  (select id, esco_id from submeter.registers order by id limit %(registers)s) r
