-- name: find_points
-- By any of the identifiers that it had on the day; an NMI with or without its checksum.
select distinct on (p.id) p.id, s.day_time_zone, i.scheme
from submeter.supply_point_identifiers i
join submeter.supply_points p on p.id = i.supply_point_id
join submeter.properties h on h.id = p.property_id
join submeter.sites s on s.id = h.site_id
where i.esco_id = %(esco_id)s
  and i.lookup in (%(identifier)s, left(%(identifier)s, 10))
  and (i.lookup = %(identifier)s or i.scheme = 'NMI' and length(%(identifier)s) = 11)
  and daterange(i.from_date, i.to_date) @> %(day)s::date
order by p.id, (upper(i.identifier) = %(identifier)s) desc

-- name: register_types
select code from submeter.register_types where esco_id = %(esco_id)s order by code

-- name: registers_at
select g.id, m.id, i.id, m.serial, g.name, coalesce(g.meter_code, m.serial), coalesce(g.meter_register, g.name), g.type, g.direction, g.unit,
  g.digits, i.installed_at, i.removed_at, g.closed_at,
  coalesce((select x.multiplier from submeter.register_multipliers x where x.register_id = g.id order by x.from_date desc limit 1), 1)
from submeter.meter_installations i
join submeter.meters m on m.id = i.meter_id
join submeter.registers g on g.meter_id = m.id
where i.supply_point_id = %(point_id)s
  and not exists (select from submeter.virtual_registers v where v.register_id = g.id)
order by i.installed_at, m.serial, g.name

-- name: names_of_registers
select name, id from submeter.registers where meter_id = %(meter_id)s

-- name: find_meter
select m.id, m.serial, m.esco_id, i.supply_point_id, i.id, i.installed_at, i.removed_at, coalesce(s.day_time_zone, 'UTC'), m.location, m.hazards,
  (select max(a.billed_to_date) from submeter.agreements a where a.supply_point_id = i.supply_point_id)
from submeter.meters m
left join lateral (
  select * from submeter.meter_installations n where n.meter_id = m.id order by n.installed_at desc limit 1) i on true
left join submeter.supply_points p on p.id = i.supply_point_id
left join submeter.properties h on h.id = p.property_id
left join submeter.sites s on s.id = h.site_id
where m.id = %(id)s::uuid or m.esco_id = %(esco_id)s::uuid and m.serial = %(serial)s
for update of m

-- name: add_meter
insert into submeter.meters (esco_id, serial, name, hardware, manufacturer, approval_mark, location, hazards, attributes)
values (%(esco_id)s, %(serial)s, %(name)s, %(hardware)s, %(manufacturer)s, %(approval_mark)s, %(location)s, %(hazards)s, %(attributes)s)
returning id

-- name: install
insert into submeter.meter_installations (esco_id, meter_id, supply_point_id, installed_at)
values (%(esco_id)s, %(meter_id)s, %(point_id)s, coalesce(%(installed_at)s::timestamptz, '1900-01-01 00:00+00'))
returning id

-- name: add_register
insert into submeter.registers (esco_id, meter_id, name, type, direction, digits, meter_code, meter_register, controlled_load, timing)
values (%(esco_id)s, %(meter_id)s, %(name)s, %(type)s, %(direction)s, %(digits)s, %(meter_code)s, %(meter_register)s, %(controlled_load)s,
  %(timing)s)
returning id

-- name: reopen_register
update submeter.registers
set status = 'active', type = %(type)s, direction = %(direction)s, digits = %(digits)s, meter_code = %(meter_code)s,
  meter_register = %(meter_register)s
where id = %(id)s

-- name: add_multiplier
insert into submeter.register_multipliers (esco_id, register_id, multiplier, ct_ratio, vt_ratio, pulse_weight, from_date)
values (%(esco_id)s, %(register_id)s, %(multiplier)s, %(ct_ratio)s, %(vt_ratio)s, %(pulse_weight)s, coalesce(%(from_date)s::date, '1900-01-01'))

-- name: close_register
update submeter.registers set status = 'closed', closed_at = %(at)s where id = %(id)s

-- name: remove_meter
update submeter.meter_installations set removed_at = %(at)s where id = %(id)s

-- name: registers_of_meter
select g.id, g.name, g.nature, g.direction, g.unit, g.digits, g.decimals, g.type, g.meter_code, g.meter_register, g.controlled_load, g.timing
from submeter.registers g
where g.meter_id = %(meter_id)s and g.status = 'active'
  and not exists (select from submeter.virtual_registers v where v.register_id = g.id)
order by g.name

-- name: copy_register
insert into submeter.registers (esco_id, meter_id, name, nature, direction, unit, digits, decimals, type, meter_code, meter_register,
  controlled_load, timing)
select esco_id, %(meter_id)s, name, nature, direction, unit, coalesce(%(digits)s, digits), coalesce(%(decimals)s, decimals), type, meter_code,
  meter_register, controlled_load, timing
from submeter.registers where id = %(id)s
returning id

-- name: copy_multiplier
-- Transformers stay where they are; what the meter itself does may be said anew.
insert into submeter.register_multipliers (esco_id, register_id, multiplier, ct_ratio, vt_ratio, pulse_weight, from_date)
select esco_id, %(new_id)s, multiplier, ct_ratio, vt_ratio, pulse_weight, %(day)s::date
from submeter.register_multipliers
where register_id = %(id)s and daterange(from_date, to_date) @> %(day)s::date

-- name: move_circuits
with ended as (
  update submeter.circuit_registers set end_at = %(at)s
  where register_id = %(id)s and start_at < %(at)s and (end_at is null or end_at > %(at)s)
  returning circuit_id, esco_id
)
insert into submeter.circuit_registers (circuit_id, register_id, start_at, esco_id)
select circuit_id, %(new_id)s, %(at)s, esco_id from ended

-- name: move_parts
with ended as (
  update submeter.virtual_register_parts set end_at = %(at)s
  where register_id = %(id)s and start_at < %(at)s and (end_at is null or end_at > %(at)s)
  returning virtual_register_id, esco_id, place, weight
)
insert into submeter.virtual_register_parts (virtual_register_id, register_id, esco_id, place, weight, start_at)
select virtual_register_id, %(new_id)s, esco_id, place, weight, %(at)s from ended

-- name: lock_point
select id from submeter.supply_points where id = %(id)s for update

-- name: find_exchange
-- The meter that was put in place when this one was taken away.
select n.meter_id, i.removed_at
from submeter.meter_installations i
join submeter.meter_installations n on n.supply_point_id = i.supply_point_id and n.installed_at = i.removed_at
join submeter.meters m on m.id = n.meter_id and m.serial = %(serial)s
where i.id = %(id)s

-- name: losses_at
-- Of supply points, by kind: of their own, of their network code, of their site.
select p.id, f.kind, case when f.supply_point_id is not null then 0 when f.code is not null then 1 else 2 end, f.factor, f.from_date, f.to_date
from submeter.supply_points p
join submeter.properties h on h.id = p.property_id
join submeter.loss_factors f on f.esco_id = p.esco_id
  and (f.supply_point_id = p.id or f.code = p.loss_factor_code or f.site_id = h.site_id)
where p.id = any (%(points)s)
order by p.id, f.kind, f.from_date
