-- name: offered
select id::text, esco_id::text, register_id::text, "timestamp", reading, sub_type, status, kind, add_factor,
  temperature_factor, heating_value, next_read_on, replaces_id::text, source, notes, on_failure
from submeter.offered_readings(%(rows)s)

-- name: lock
call submeter.lock_register_readings(%(registers)s)

-- name: facts
select register_id::text, facts from submeter.reading_facts(%(registers)s)

-- name: my_facts
select register_id::text, facts from submeter.my_reading_facts()

-- name: place
-- A misread counts for nothing, so nothing is in its way; but once is enough.
insert into submeter.readings (id, esco_id, register_id, read_at, reading, status, kind, replaces_id, source, notes,
  add_factor, temperature_factor, heating_value, next_read_on, findings)
select %(id)s::uuid, %(esco_id)s::uuid, %(register_id)s::uuid, %(read_at)s::timestamptz, %(reading)s::numeric, %(status)s, %(kind)s,
  %(replaces_id)s::uuid, %(source)s, %(notes)s, %(add_factor)s::numeric, %(temperature_factor)s::numeric, %(heating_value)s::numeric,
  %(next_read_on)s::date, %(findings)s::jsonb
where %(status)s <> 'misread' or %(replaces_id)s::uuid is not null or not exists (
  select from submeter.readings r
  where r.register_id = %(register_id)s::uuid and r.read_at = %(read_at)s::timestamptz and r.status = 'misread' and r.reading = %(reading)s::numeric)

-- name: enqueue
insert into submeter.reading_queue (esco_id, register_id, reading_id, scheme, identifier, register, serial, unit, direction, read_on,
  read_at, reading, status, kind, add_factor, temperature_factor, heating_value, next_read_on, replaces_id, source, notes, file_id, line,
  error_code, findings, previous_reading, previous_read_on, roll_over)
values (%(esco_id)s, %(register_id)s, %(reading_id)s, %(scheme)s, %(identifier)s, %(register)s, %(serial)s, %(unit)s, %(direction)s,
  %(read_on)s, %(read_at)s, %(reading)s, %(status)s, %(kind)s, %(add_factor)s, %(temperature_factor)s, %(heating_value)s,
  %(next_read_on)s, %(replaces_id)s, %(source)s, %(notes)s, %(file_id)s, %(line)s, %(error_code)s, %(findings)s, %(previous_reading)s,
  %(previous_read_on)s, %(roll_over)s)
on conflict do nothing
returning id

-- name: find_waiting
-- The same reading, waiting already.
select q.id from submeter.reading_queue q
where (q.register_id = %(register_id)s::uuid or q.register_id is null and %(register_id)s::uuid is null and q.identifier = %(identifier)s)
  and q.read_at is not distinct from %(read_at)s::timestamptz and q.reading = %(reading)s::numeric
order by q.id
limit 1

-- name: update_waiting
update submeter.reading_queue
set register_id = %(register_id)s, read_on = %(read_on)s, add_factor = %(add_factor)s, error_code = %(error_code)s,
  findings = %(findings)s, previous_reading = %(previous_reading)s, previous_read_on = %(previous_read_on)s, roll_over = %(roll_over)s
where id = %(waiting_id)s
  and (register_id, add_factor, error_code, findings, previous_reading, previous_read_on, roll_over) is distinct from
    (%(register_id)s::uuid, %(add_factor)s::numeric, %(error_code)s, %(findings)s::jsonb, %(previous_reading)s::numeric,
     %(previous_read_on)s::date, %(roll_over)s::numeric)

-- name: decide
update submeter.reading_queue set decision = %(decision)s, reason = %(reason)s where id = any (%(ids)s)

-- name: remove_waiting
delete from submeter.reading_queue where id = any (%(ids)s)

-- name: waiting
select q.id, q.esco_id::text, q.register_id::text, q.reading_id::text, q.scheme, q.identifier, q.register, q.serial, q.unit,
  q.direction, q.read_on, q.read_at, q.reading, q.sub_type, q.status, q.kind, q.add_factor, q.temperature_factor, q.heating_value,
  q.next_read_on, q.replaces_id::text, q.source, q.notes, q.file_id, q.line
from submeter.reading_queue q
where (%(ids)s::bigint[] is null or q.id = any (%(ids)s::bigint[]))
  and (%(registers)s::uuid[] is null or q.register_id = any (%(registers)s::uuid[]))
  and (not %(unknown)s or q.register_id is null)
order by q.read_on, q.id

-- name: queue
select to_jsonb(q) from public.reading_queue q
where %(code)s::text is null or q.error_code = %(code)s
order by q.error_code, q.read_on, q.id
limit %(limit)s

-- name: shown
select to_jsonb(m)::text from public.meter_readings m where m.id = any (%(ids)s::uuid[])

-- name: known_sites
-- Which of the identifiers any supply point or meter has.
select s.identifier
from unnest(%(identifiers)s::text[]) s (identifier)
where exists (select from submeter.supply_point_identifiers p
    where p.esco_id = %(esco_id)s
      and upper(case p.scheme when 'NMI' then left(p.identifier, 10) else p.identifier end) in (upper(s.identifier), left(upper(s.identifier), 10)))
  or exists (select from submeter.meters m where m.esco_id = %(esco_id)s and m.serial = s.identifier)

-- name: register_of_reading
select r.register_id::text, r.esco_id::text from submeter.readings r
where r.id = %(id)s and not exists (select from submeter.readings n where n.replaces_id = r.id) and r.status <> 'misread'

-- name: misread
insert into submeter.readings (id, esco_id, register_id, read_at, reading, status, kind, replaces_id, source, notes, add_factor,
  temperature_factor, heating_value, next_read_on, findings)
select gen_random_uuid(), r.esco_id, r.register_id, r.read_at, r.reading, 'misread', r.kind, r.id, r.source, r.notes, r.add_factor,
  r.temperature_factor, r.heating_value, r.next_read_on,
  r.findings || jsonb_build_array(jsonb_build_object('marked', 'MISREAD', 'reason', %(reason)s::text, 'by', %(by)s::text))
from submeter.readings r where r.id = %(id)s
returning id::text

-- name: counted
-- What a register's consumption is made of, as far as the caller sees it. Pulses are multiplied into the type's unit.
select coalesce((select t.unit from submeter.register_types t where t.esco_id = g.esco_id and t.code = g.type and g.unit = 'pulse'), g.unit),
  coalesce(z.day_time_zone, 'UTC'),
  coalesce((select jsonb_agg(jsonb_build_array(m.multiplier::text, m.from_date, m.to_date)) from submeter.register_multipliers m
            where m.register_id = g.id), '[]'),
  coalesce((select jsonb_agg(jsonb_build_array(r.id, r.read_at, r.reading::text, r.sub_type, r.add_factor::text, null, null, '[]'::jsonb) order by r.read_at)
            from submeter.readings r
            where r.register_id = g.id and r.status <> 'misread'
              and not exists (select from submeter.readings n where n.replaces_id = r.id)), '[]')
from submeter.registers g
left join lateral (
  select s.day_time_zone from submeter.meter_installations i
  join submeter.supply_points p on p.id = i.supply_point_id
  join submeter.properties h on h.id = p.property_id
  join submeter.sites s on s.id = h.site_id
  where i.meter_id = g.meter_id order by i.installed_at desc limit 1) z on true
where g.id = %(register_id)s
