-- name: esco_of_caller
-- The token's, else the configured one, else the only one there is.
select coalesce(submeter.claimed_esco(),
  (select id from submeter.escos where code = nullif(current_setting('app.settings.default_esco', true), '')),
  (select min(id::text)::uuid from submeter.escos having count(*) = 1))

-- name: refresh_statistics
select submeter.refresh_statistics()

-- name: begin_file
-- The same bytes read in another way are a correction: they are no older than what they were read as before.
insert into submeter.import_files (esco_id, name, sha256, size, format, made_at, received_by, read_with)
values (%(esco_id)s, %(name)s, %(sha256)s, %(size)s, %(format)s,
  greatest(%(made_at)s, (select max(f.made_at) from submeter.import_files f where f.esco_id = %(esco_id)s and f.sha256 = %(sha256)s)),
  %(received_by)s, %(read_with)s::jsonb)
on conflict (esco_id, sha256, md5(read_with::text)) do nothing

-- name: get_file
select id, esco_id, status, items_done, made_at, counts
from submeter.import_files
where esco_id = %(esco_id)s and sha256 = %(sha256)s and md5(read_with::text) = md5((%(read_with)s::jsonb)::text)
-- Not against those whose rows name the file: an import that overtakes a day of it while it is being loaded.
for no key update

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

-- name: add_finding_again
-- The number is taken: the same bytes were read before. What is found again is there; what is new comes behind it.
insert into submeter.import_findings (file_id, number, esco_id, line, field, value, code, title, detail, hint)
select %(file_id)s, max(f.number) + 1, %(esco_id)s, %(line)s, %(field)s, %(value)s, %(code)s, %(title)s, %(detail)s, %(hint)s
from submeter.import_findings f
where f.file_id = %(file_id)s
having not bool_or((f.line, f.field, f.code, f.detail) = (%(line)s, %(field)s, %(code)s, %(detail)s))

-- name: retry_waiting
select submeter.retry_waiting(%(esco_id)s)

-- name: lock_waiting
select submeter.lock_waiting(%(id)s)

-- name: decide_waiting
select submeter.decide_waiting(%(id)s, %(accept)s, %(reason)s)

-- name: list_waiting
select w.id, w.reason, coalesce(w.identifier, m.serial), coalesce(w.register, g.name), w.day, f.name, w.line
from submeter.import_waiting w
left join submeter.registers g on g.id = w.register_id
left join submeter.meters m on m.id = g.meter_id
left join submeter.import_files f on f.id = w.file_id
order by w.id
limit %(limit)s

-- name: begin_arrays
-- Days are few and rows many: to sort the rows first would be most of the work, and for nothing. The days of 20,000 registers
-- are 140 MB, which would go to disk and back; and to compile a query that calls little but memcpy takes longer than it saves.
set local enable_sort = off; set local work_mem = '128MB'; set local jit = off

-- name: end_arrays
set local enable_sort to default; set local work_mem to default; set local jit to default

-- name: list_arrays
-- The days of all registers as a few long values: to fetch a row for each would take longer than to find it.
select day, minutes::int, length(amounts) / 4, string_agg(uuid_send(register_id), ''), string_agg(int2send(decimals), ''),
  string_agg(amounts, '')
from submeter.register_intervals
where day >= %(first)s and day < %(end)s
group by day, minutes, length(amounts)

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

-- name: find_register
-- By id, by serial number (and register), by an identifier of the supply point (and register).
select distinct g.id, m.serial || '/' || g.name as said
from submeter.registers g
join submeter.meters m on m.id = g.meter_id
where case when %(id)s::uuid is not null then g.id = %(id)s
  else (lower(m.serial) = lower(%(whole)s) or lower(m.serial) = lower(%(place)s) and upper(g.name) = upper(%(register)s)
    or exists (
      select from submeter.meter_installations i
      join submeter.supply_point_identifiers p on p.supply_point_id = i.supply_point_id
      cross join lateral (select case p.scheme when 'NMI' then 10 else 40 end as size) s
      where i.meter_id = m.id and (
        left(upper(p.identifier), s.size) = left(upper(%(whole)s), s.size)
        or left(upper(p.identifier), s.size) = left(upper(%(place)s), s.size) and upper(g.name) = upper(%(register)s)))) end
order by 2

-- name: find_site
select s.id from submeter.sites s
where case when %(id)s::uuid is not null then s.id = %(id)s else s.code = %(name)s or s.name = %(name)s end

-- name: list_interval_registers
select r.register_id
from submeter.interval_registers r
where %(site)s::uuid is null or exists (
  select from submeter.registers g
  join submeter.meter_installations i on i.meter_id = g.meter_id
  join submeter.supply_points p on p.id = i.supply_point_id
  join submeter.properties h on h.id = p.property_id
  where g.id = r.register_id and h.site_id = %(site)s)
order by 1

-- name: get_interval_registers
select register_id, esco_id, name, serial, unit, direction, zone, may_export, settings,
  array(select array[coalesce(floor(extract(epoch from lower(s)) / 60)::bigint, -4000000000),
                     coalesce(ceil(extract(epoch from upper(s)) / 60)::bigint, 4000000000)] from unnest(spans) s)
from submeter.interval_registers_for(%(registers)s)

-- name: list_due_checks
select register_id, first_day, last_day from submeter.interval_checks_due
where %(only)s::uuid[] is null or register_id = any (%(only)s)
order by register_id limit %(limit)s

-- name: take_due_checks
delete from submeter.interval_checks_due d
using (
  select register_id, esco_id from submeter.interval_checks_due
  where %(only)s::uuid[] is null or register_id = any (%(only)s)
  order by register_id limit %(limit)s for update skip locked) t
where d.register_id = t.register_id and d.esco_id = t.esco_id
returning d.register_id, d.first_day, d.last_day

-- name: days_of_registers
select x.register_id,
  (select min(i.day) from submeter.register_intervals i where i.register_id = x.register_id),
  (select max(i.day) from submeter.register_intervals i where i.register_id = x.register_id)
from unnest(%(registers)s::uuid[]) x (register_id)

-- name: days_around
-- The days beside, and the last and first ones beside on which something was used.
select x.register_id, x.first, x.last,
  (select max(i.day) from submeter.register_intervals i where i.register_id = x.register_id and i.day < x.first) as before,
  (select min(i.day) from submeter.register_intervals i where i.register_id = x.register_id and i.day > x.last) as after,
  coalesce(
    (select max(i.day) from submeter.register_intervals i
     where i.register_id = x.register_id and i.day < x.first and (i.total <> 0 or i.missing > 0)),
    (select min(i.day) from submeter.register_intervals i where i.register_id = x.register_id and i.day < x.first)) as busy_before,
  coalesce(
    (select min(i.day) from submeter.register_intervals i
     where i.register_id = x.register_id and i.day > x.last and (i.total <> 0 or i.missing > 0)),
    (select max(i.day) from submeter.register_intervals i where i.register_id = x.register_id and i.day > x.last)) as busy_after
from unnest(%(registers)s::uuid[], %(firsts)s::date[], %(lasts)s::date[]) as x (register_id, first, last)

-- name: load_days
select i.register_id, i.day, i.clock, i.minutes, i.decimals, i.amounts, i.quality, i.ranges, nullif(i.version_at, '-infinity'),
  nullif(i.file_at, '-infinity'), i.standing, i.file_id, coalesce(i.line, 0), i.source, i.edited_by
from unnest(%(registers)s::uuid[], %(firsts)s::date[], %(lasts)s::date[]) as x (register_id, first, last)
join submeter.register_intervals i on i.register_id = x.register_id and i.day between x.first and x.last
order by i.register_id, i.day

-- name: list_day_columns
-- As few long values, like list_arrays; registers by their number among those that are asked for.
select i.clock, i.minutes::int, length(i.amounts) / 4, string_agg(int4send(x.number::int - 1), ''), string_agg(date_send(i.day), ''),
  string_agg(int4send(coalesce(i.line, 0)), ''), string_agg(int2send(i.decimals), ''), string_agg(i.amounts, '')
from unnest(%(registers)s::uuid[], %(firsts)s::date[], %(lasts)s::date[]) with ordinality as x (register_id, first, last, number)
-- By their key, whatever the planner thinks of a partition that was filled a moment ago: it would look through all of it.
cross join lateral (
  select i.clock, i.minutes, i.amounts, i.day, i.line, i.decimals
  from submeter.register_intervals i
  where i.register_id = x.register_id and i.day between x.first and x.last
  offset 0) i
group by i.clock, i.minutes, length(i.amounts)

-- name: list_advances
-- Between measured readings that follow each other; times the multiplier, where it did not change between them. Days are
-- the site's, as those of multipliers are.
select a.register_id, extract(epoch from a.from_at)::bigint / 60, extract(epoch from a.to_at)::bigint / 60,
  (case when a.moved < 0 and g.digits is not null then a.moved + 10::numeric ^ g.digits else a.moved end) * f.multiplier
from (
  select r.register_id, lag(r.read_at) over one as from_at, r.read_at as to_at, r.reading - lag(r.reading) over one as moved
  from submeter.readings r
  where r.register_id = any (%(registers)s::uuid[]) and r.status in ('actual', 'customer')
    and not exists (select from submeter.readings n where n.replaces_id = r.id)
  window one as (partition by r.register_id order by r.read_at)) a
join unnest(%(registers)s::uuid[], %(firsts)s::date[], %(lasts)s::date[]) as x (register_id, first, last) on x.register_id = a.register_id
join submeter.registers g on g.id = a.register_id
cross join lateral (
  select coalesce(max(s.day_time_zone), 'UTC') as zone
  from (
    select s.day_time_zone
    from submeter.meter_installations i
    join submeter.supply_points p on p.id = i.supply_point_id
    join submeter.properties h on h.id = p.property_id
    join submeter.sites s on s.id = h.site_id
    where i.meter_id = g.meter_id and i.installed_at < a.to_at
    order by i.installed_at desc limit 1) s) z
cross join lateral (
  select daterange((a.from_at at time zone z.zone)::date, ((a.to_at - interval '1 microsecond') at time zone z.zone)::date, '[]') as days) d
cross join lateral (
  select case count(*) when 0 then 1 when 1 then max(m.multiplier) filter (where daterange(m.from_date, m.to_date) @> d.days) end as multiplier
  from submeter.register_multipliers m
  where m.register_id = a.register_id and daterange(m.from_date, m.to_date) && d.days) f
where a.from_at is not null and f.multiplier is not null
  and a.from_at < (x.last + 2)::timestamp at time zone 'UTC' and a.to_at > (x.first - 1)::timestamp at time zone 'UTC'

-- name: list_open
select f.id, f.register_id, f.code, f.day, f.first, f.last
from submeter.interval_findings f
where f.register_id = any (%(registers)s::uuid[]) and f.status = 'open'

-- name: resolve_findings
update submeter.interval_findings f set status = 'resolved', changed_at = now() where f.id = any (%(ids)s) and f.status = 'open'

-- name: add_interval_findings
-- What a person dismissed stays so while it is as it was. A time without use may go on.
insert into submeter.interval_findings as f
  (esco_id, register_id, code, severity, day, first, last, starts_at, ends_at, title, detail, hint)
select * from unnest(%(esco_id)s::uuid[], %(register_id)s::uuid[], %(code)s::text[], %(severity)s::text[], %(day)s::date[],
  %(first)s::smallint[], %(last)s::smallint[], %(starts_at)s::timestamptz[], %(ends_at)s::timestamptz[], %(title)s::text[],
  %(detail)s::text[], %(hint)s::text[])
on conflict (register_id, day, code, first, last) do update
set status = 'open', reason = null, decided_by = null, changed_at = now(), severity = excluded.severity, title = excluded.title,
  detail = excluded.detail, hint = excluded.hint, starts_at = excluded.starts_at, ends_at = excluded.ends_at
where f.status = 'resolved' or f.detail <> excluded.detail and (f.status = 'open' or f.code <> 'MTR357')

-- name: list_findings
select f.id, f.register_id, m.serial || '/' || g.name, f.code, f.severity, f.day, f.first, f.last, f.starts_at, f.ends_at, f.title,
  f.detail, f.hint, f.status, f.reason
from submeter.interval_findings f
join submeter.registers g on g.id = f.register_id
join submeter.meters m on m.id = g.meter_id
where (%(registers)s::uuid[] is null or f.register_id = any (%(registers)s)) and f.status = any (%(statuses)s)
  and (%(first)s::date is null or f.day >= %(first)s) and (%(last)s::date is null or f.day <= %(last)s)
order by m.serial, g.name, f.day, f.first, f.code
limit %(limit)s

-- name: dismiss_findings
update submeter.interval_findings f
set status = 'dismissed', reason = %(reason)s, decided_by = %(decided_by)s, changed_at = now()
where f.id = any (%(ids)s) and f.status = 'open'
returning f.id

-- name: lock_intervals
call submeter.lock_intervals(%(esco_id)s)

-- name: billed_days
select x.register_id, x.day
from unnest(%(registers)s::uuid[], %(days)s::date[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) as x (register_id, day, starts_at, ends_at)
where submeter.is_billed(x.register_id, tstzrange(x.starts_at, x.ends_at))

-- name: lost_estimates
-- Days that were estimated here until they came with gaps, by the code of the reason, and whether supply was said to be cut.
select distinct on (v.register_id, v.day) v.register_id, v.day, p.part ->> 4, p.part ->> 3 in ('19', '58', '68')
from unnest(%(registers)s::uuid[], %(firsts)s::date[], %(lasts)s::date[]) as x (register_id, first, last)
cross join lateral (
  select i.register_id, i.day, i.created_at
  from submeter.register_intervals i
  where i.register_id = x.register_id and i.day between x.first and x.last
    and i.missing > 0 and i.source is null and i.edited_by is null
  offset 0) i
join submeter.register_interval_versions v on v.register_id = i.register_id and v.day = i.day and v.source like 'estimated by %%'
  and v.replaced_at >= i.created_at
cross join lateral jsonb_array_elements(v.ranges) p (part)
where p.part ->> 5 like 'Submeter: %%'
order by v.register_id, v.day, v.id desc

-- name: add_starts
insert into submeter.interval_starts (starts_at) select distinct unnest(%(starts)s::timestamptz[]) on conflict do nothing

-- name: write_days
insert into submeter.register_intervals as i (register_id, day, esco_id, starts_at, ends_at, clock, minutes, decimals, missing, standing,
  total, amounts, quality, ranges, version_at, file_at, file_id, line, source, edited_by)
select x.register_id, x.day, x.esco_id, x.starts_at, x.ends_at, x.clock, x.minutes, x.decimals, x.missing, x.standing, x.total, x.amounts,
  x.quality, x.ranges, coalesce(x.version_at, '-infinity'), coalesce(x.file_at, '-infinity'), x.file_id, nullif(x.line, 0), x.source, x.edited_by
from unnest(%(register_id)s::uuid[], %(day)s::date[], %(esco_id)s::uuid[], %(starts_at)s::timestamptz[], %(ends_at)s::timestamptz[],
  %(clock)s::text[], %(minutes)s::smallint[], %(decimals)s::smallint[], %(missing)s::smallint[], %(standing)s::smallint[],
  %(total)s::bigint[], %(amounts)s::bytea[], %(quality)s::text[], %(ranges)s::jsonb[], %(version_at)s::timestamptz[],
  %(file_at)s::timestamptz[], %(file_id)s::bigint[], %(line)s::integer[], %(source)s::text[], %(edited_by)s::text[])
  as x (register_id, day, esco_id, starts_at, ends_at, clock, minutes, decimals, missing, standing, total, amounts, quality, ranges,
    version_at, file_at, file_id, line, source, edited_by)
on conflict (register_id, day) do update
set starts_at = excluded.starts_at, ends_at = excluded.ends_at, clock = excluded.clock, minutes = excluded.minutes,
  decimals = excluded.decimals, missing = excluded.missing, standing = excluded.standing, total = excluded.total,
  amounts = excluded.amounts, quality = excluded.quality, ranges = excluded.ranges, version_at = excluded.version_at,
  file_at = excluded.file_at, file_id = excluded.file_id, line = excluded.line, source = excluded.source, edited_by = excluded.edited_by,
  created_at = now()

-- name: add_change
insert into submeter.interval_changes (esco_id, register_id, day, first, last, kind, quality, method, reason_code, reason, total_before,
  total_after, made_by)
values (%(esco_id)s, %(register_id)s, %(day)s, %(first)s, %(last)s, %(kind)s, %(quality)s, %(method)s, %(reason_code)s, %(reason)s,
  %(total_before)s, %(total_after)s, %(made_by)s)

-- name: list_changes
select day, first, last, kind, quality, method, reason, made_by, made_at
from submeter.interval_changes
where register_id = %(register_id)s and day between %(first)s and %(last)s
order by id desc

-- name: versions_at
with version as (
  select 'stands' as status, 0 as rank, null::bigint as id, i.day, i.starts_at, i.ends_at, i.clock, i.minutes, i.decimals, i.amounts,
    i.quality, i.ranges, i.version_at, i.file_at, i.file_id, i.line, i.source, i.edited_by, i.created_at as stored_at,
    null::timestamptz as replaced_at
  from submeter.register_intervals i
  where i.register_id = %(register_id)s and i.day between %(first)s and %(last)s
  union all
  select 'replaced', 2, v.id, v.day, v.starts_at, v.ends_at, v.clock, v.minutes, v.decimals, v.amounts, v.quality, v.ranges, v.version_at,
    v.file_at, v.file_id, v.line, v.source, v.edited_by, v.created_at, v.replaced_at
  from submeter.register_interval_versions v
  where v.register_id = %(register_id)s and v.day between %(first)s and %(last)s
  union all
  select 'waits', 1, w.id, w.day, w.starts_at, w.ends_at, w.clock, w.minutes, w.decimals, w.amounts, w.quality, w.ranges, w.version_at,
    w.file_at, w.file_id, w.line, w.reason, null, w.waits_since, null
  from submeter.import_waiting w
  where w.register_id = %(register_id)s and w.day between %(first)s and %(last)s
)
select v.status, v.day, v.starts_at, v.clock, v.minutes, v.decimals, v.amounts, v.quality, v.ranges, nullif(v.version_at, '-infinity'),
  nullif(v.file_at, '-infinity'), v.file_id, f.name, v.line, v.source, v.edited_by, v.stored_at, v.replaced_at
from version v
left join submeter.import_files f on f.id = v.file_id
where v.starts_at <= %(at)s and v.ends_at > %(at)s
order by v.rank, v.id desc
