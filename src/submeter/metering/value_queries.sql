-- name: dial_readings
-- Those that stand and count.
select r.read_at, r.reading, r.sub_type, r.add_factor
from submeter.readings r
where r.register_id = %(register_id)s and r.status <> 'misread'
  and not exists (select from submeter.readings n where n.replaces_id = r.id)
order by r.read_at

-- name: find_reading
select r.reading, r.add_factor
from submeter.readings r
where r.register_id = %(register_id)s and r.read_at = %(read_at)s and r.status <> 'misread'
  and not exists (select from submeter.readings n where n.replaces_id = r.id)
order by r.kind not in ('opening', 'closing')
limit 1

-- name: multipliers
select multiplier, from_date, to_date from submeter.register_multipliers where register_id = %(register_id)s order by from_date

-- name: register_clock
-- Of the site where the register counts, or counted last.
select g.id, coalesce(s.day_time_zone, 'UTC')
from submeter.registers g
left join lateral (
  select * from submeter.meter_installations n where n.meter_id = g.meter_id order by n.installed_at desc limit 1) i on true
left join submeter.supply_points p on p.id = i.supply_point_id
left join submeter.properties h on h.id = p.property_id
left join submeter.sites s on s.id = h.site_id
where g.id = %(register_id)s

-- name: registers_below
-- Registers, and all that they are computed of.
with recursive below as (
  select unnest(%(registers)s::uuid[]) as id
  union
  select n.id from below b
  cross join lateral (
    select p.register_id as id from submeter.virtual_register_parts p where p.virtual_register_id = b.id
    union
    select m.register_id from submeter.residual_members(b.id) m) n
)
select g.id, v.formula, submeter.counted_unit(g.id), g.unit = 'pulse',
  exists (select from submeter.interval_registers i where i.register_id = g.id)
from below b join submeter.registers g on g.id = b.id
left join submeter.virtual_registers v on v.register_id = g.id

-- name: parts
select p.virtual_register_id, p.register_id, p.place, p.weight, p.start_at, p.end_at
from submeter.virtual_register_parts p
where p.virtual_register_id = any (%(registers)s)
order by p.virtual_register_id, p.place, p.start_at, p.register_id

-- name: shares_of
-- All that share a register, in one order for each of them.
select p.virtual_register_id, p.register_id, p.place, p.weight, p.start_at, p.end_at
from submeter.virtual_register_parts p
join submeter.virtual_registers v on v.register_id = p.virtual_register_id and v.formula = 'share'
where p.register_id = any (%(registers)s)
order by p.virtual_register_id

-- name: circuit_places
-- What counts for a circuit, while its meter is in place. Export counts against import, except on a solar circuit.
select k.register_id, case when g.direction = 'export' and c.type <> 'solar' then -1 else 1 end,
  greatest(k.start_at, i.installed_at), least(k.end_at, i.removed_at)
from submeter.circuits c
join submeter.circuit_registers k on k.circuit_id = c.id
join submeter.registers g on g.id = k.register_id
join submeter.meter_installations i on i.meter_id = g.meter_id
where c.id = %(circuit_id)s and submeter.counted_unit(g.id) = 'kWh'
  and greatest(k.start_at, i.installed_at) < coalesce(least(k.end_at, i.removed_at), 'infinity')
order by 3, 1

-- name: my_spans
select submeter.my_esco(), s.register_id, lower(s.instants), upper(s.instants)
from submeter.my_register_spans() s
order by 2, 3

-- name: residual_members
select register_id, meter_id, supply_point_id, is_gate, sign, start_at, end_at, has_intervals from submeter.residual_members(%(register_id)s)

-- name: losses_of
-- What is lost between the gate and a supply point behind it.
select f.rank, f.factor, f.from_date, f.to_date
from (
  select case when f.supply_point_id is not null then 0 when f.code is not null then 1 else 2 end as rank, f.factor, f.from_date, f.to_date
  from submeter.supply_points p
  join submeter.properties h on h.id = p.property_id
  join submeter.loss_factors f on f.esco_id = p.esco_id and f.kind = 'internal'
    and (f.supply_point_id = p.id or f.code = p.loss_factor_code or f.site_id = h.site_id)
  where p.id = %(supply_point_id)s) f
order by f.rank, f.from_date

-- name: interval_days
select register_id, day, clock, minutes, decimals, amounts
from submeter.register_intervals
where register_id = any (%(registers)s) and day between %(first)s::date - 2 and %(end)s::date + 1
  and ends_at > %(from_at)s and starts_at < %(to_at)s
order by register_id, starts_at
