-- name: esco_of_caller
-- The token's, else the configured one, else the only one there is.
select coalesce(submeter.claimed_esco(),
  (select id from submeter.escos where code = nullif(current_setting('app.settings.default_esco', true), '')),
  (select min(id::text)::uuid from submeter.escos having count(*) = 1))

-- name: begin_file
insert into submeter.import_files (esco_id, name, sha256, size, format, made_at, received_by)
values (%(esco_id)s, %(name)s, %(sha256)s, %(size)s, %(format)s, %(made_at)s, %(received_by)s)
on conflict (esco_id, sha256) do nothing

-- name: get_file
select id, esco_id, status, items_done, made_at, counts
from submeter.import_files
where esco_id = %(esco_id)s and sha256 = %(sha256)s
for update

-- name: advance_file
update submeter.import_files
set items_done = %(items_done)s, counts = %(counts)s, status = %(status)s, format = %(format)s,
  clocks = array(select distinct c from unnest(clocks || %(clocks)s::text[]) c order by c),
  finished_at = case %(status)s when 'loading' then null else now() end
where id = %(id)s and items_done = %(items_before)s

-- name: add_year
insert into submeter.interval_years (year) values (%(year)s) on conflict do nothing

-- name: list_years
select year from submeter.interval_years

-- name: resolve_streams
-- Of a whole batch at once.
select number, register_id, unit, nullif(from_at, '-infinity'), nullif(to_at, 'infinity')
from submeter.resolve_streams(%(esco_id)s, %(streams)s)

-- name: place_intervals
select outcome, line, day, number from submeter.place_intervals(%(esco_id)s)

-- name: add_waiting
insert into submeter.import_waiting (esco_id, reason, scheme, identifier, register, serial, unit, direction, day, starts_at, ends_at,
  clock, minutes, decimals, missing, standing, total, amounts, quality, ranges, version_at, file_at, file_id, line)
values (%(esco_id)s, 'unknown', %(scheme)s, %(identifier)s, %(register)s, %(serial)s, %(unit)s, %(direction)s, %(day)s, %(starts_at)s,
  %(ends_at)s, %(clock)s, %(minutes)s, %(decimals)s, %(missing)s, %(standing)s, %(total)s, %(amounts)s, %(quality)s, %(ranges)s::jsonb,
  coalesce(%(version_at)s::timestamptz, '-infinity'), %(file_at)s, %(file_id)s, %(line)s)
on conflict do nothing

-- name: add_finding
insert into submeter.import_findings (file_id, number, esco_id, line, field, value, code, title, detail, hint)
values (%(file_id)s, %(number)s, %(esco_id)s, %(line)s, %(field)s, %(value)s, %(code)s, %(title)s, %(detail)s, %(hint)s)
on conflict do nothing

-- name: retry_waiting
select submeter.retry_waiting(%(esco_id)s)

-- name: decide_waiting
select submeter.decide_waiting(%(id)s, %(accept)s)

-- name: list_waiting
select w.id, w.reason, coalesce(w.identifier, m.serial), coalesce(w.register, g.name), w.day, f.name, w.line
from submeter.import_waiting w
left join submeter.registers g on g.id = w.register_id
left join submeter.meters m on m.id = g.meter_id
left join submeter.import_files f on f.id = w.file_id
order by w.id
limit %(limit)s

-- name: find_reading
select r.reading from submeter.readings r
where r.register_id = %(register_id)s and r.read_at = %(read_at)s
  and not exists (select from submeter.readings n where n.replaces_id = r.id)

-- name: add_reading
insert into submeter.readings (esco_id, register_id, read_at, reading, status, kind, source, notes)
values (%(esco_id)s, %(register_id)s, %(read_at)s, %(reading)s, %(status)s, %(kind)s, %(source)s, %(notes)s)

-- name: local_midnight
-- A reading without a time stands at the end of its local day, one that opens at its start.
select (%(day)s::date)::timestamp at time zone coalesce((
  select s.day_time_zone
  from submeter.registers g
  join submeter.meter_installations i on i.meter_id = g.meter_id
  join submeter.supply_points p on p.id = i.supply_point_id
  join submeter.properties h on h.id = p.property_id
  join submeter.sites s on s.id = h.site_id
  where g.id = %(register_id)s
  order by i.installed_at desc limit 1), 'UTC')

-- name: digits
select digits from submeter.registers where id = %(register_id)s

-- name: export_days
select register_id, starts_at, minutes, decimals, amounts
from submeter.register_intervals
where day >= %(first)s and day < %(end)s

-- name: list_registers
-- Where each is, or was last, and what its supply point is called: a market's identifier before the operator's own.
select g.id, m.id, m.serial, g.name, g.nature, g.unit, g.direction, g.status, s.name, s.day_time_zone, h.name,
  x.scheme, x.identifier, f.day, l.day
from submeter.registers g
join submeter.meters m on m.id = g.meter_id
left join lateral (
  select i.supply_point_id from submeter.meter_installations i where i.meter_id = m.id order by i.installed_at desc limit 1) i on true
left join submeter.supply_points p on p.id = i.supply_point_id
left join submeter.properties h on h.id = p.property_id
left join submeter.sites s on s.id = h.site_id
left join lateral (
  select x.scheme, x.identifier from submeter.supply_point_identifiers x where x.supply_point_id = p.id
  order by x.to_date desc nulls first, x.scheme = 'own', x.scheme limit 1) x on true
left join lateral (
  select v.day from submeter.register_intervals v where v.register_id = g.id order by v.day limit 1) f on true
left join lateral (
  select v.day from submeter.register_intervals v where v.register_id = g.id order by v.day desc limit 1) l on true
where (%(site)s::text is null or %(site)s in (s.id::text, s.code, s.name))
  and (%(name)s::text is null or lower(%(name)s) in (g.id::text, m.id::text, lower(m.serial), lower(m.serial || '/' || g.name))
    or exists (
      select from submeter.meter_installations k
      join submeter.supply_point_identifiers y on y.supply_point_id = k.supply_point_id
      where k.meter_id = m.id and lower(%(name)s) in (lower(y.identifier), lower(y.identifier || '/' || g.name))))
order by s.name, h.name, m.serial, g.name, g.id

-- name: list_names
select m.serial from submeter.meters m
union select x.identifier from submeter.supply_point_identifiers x
union select coalesce(s.code, s.name) from submeter.sites s

-- name: list_places
-- What a register was called, and when: by the supply points that its meter was installed at.
select x.scheme, x.identifier, greatest(i.installed_at, x.from_date::timestamp at time zone s.day_time_zone),
  least(i.removed_at, x.to_date::timestamp at time zone s.day_time_zone)
from submeter.registers g
join submeter.meter_installations i on i.meter_id = g.meter_id
join submeter.supply_point_identifiers x on x.supply_point_id = i.supply_point_id
join submeter.supply_points p on p.id = i.supply_point_id
join submeter.properties h on h.id = p.property_id
join submeter.sites s on s.id = h.site_id
where g.id = %(register_id)s
order by x.scheme = 'own', x.scheme, 3

-- name: list_days
select day, clock, minutes, decimals, amounts, quality, ranges, nullif(version_at, '-infinity'), coalesce(line, 0), starts_at
from submeter.register_intervals
where register_id = %(register_id)s and day >= %(first)s and day < %(end)s
order by day
