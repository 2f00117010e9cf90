-- name: plans
-- By id, or by code in an ESCO; null for all that the caller may see.
select p.id, p.esco_id, p.product, p.status, p.from_date as given_from, p.to_date as given_to, p.code, p.name, p.currency, p.decimals,
  p.rounding, p.tax_rule, p.metering, p.true_up_month, p.true_up, p.credit_from
from submeter.price_plans p
where (%(ids)s::uuid[] is null or p.id = any (%(ids)s::uuid[]))
  and (%(codes)s::text[] is null or p.code = any (%(codes)s::text[]))
  and (%(esco_id)s::uuid is null or p.esco_id = %(esco_id)s::uuid)
order by p.esco_id, p.code

-- name: components
select c.* from submeter.price_plan_components c
where c.price_plan_id = any (%(plans)s)
order by c.position, c.from_date nulls first, c.code, c.id

-- name: bands
select b.* from submeter.price_plan_bands b
join submeter.price_plan_components c on c.id = b.component_id
where c.price_plan_id = any (%(plans)s)
order by b.position, b.id

-- name: rates
select r.id, r.component_id, r.band, r.step, r.up_to, r.price, r.from_date, r.to_date
from submeter.price_plan_rates r
join submeter.price_plan_components c on c.id = r.component_id
where c.price_plan_id = any (%(plans)s)
order by r.from_date, r.band collate "C", r.step

-- name: plan_codes
select distinct code from submeter.price_plans where %(esco_id)s::uuid is null or esco_id = %(esco_id)s::uuid order by code

-- name: conditions
select distinct name from submeter.agreement_price_plans, unnest(conditions) as name where esco_id = %(esco_id)s order by name

-- name: lock_plan
select pg_advisory_xact_lock(hashtextextended('submeter price plan ' || %(esco_id)s || ' ' || %(code)s, 0))

-- name: is_used
select exists (select from submeter.agreement_price_plans where price_plan_id = %(id)s)

-- name: delete_component
delete from submeter.price_plan_components where id = %(id)s

-- name: delete_bands
delete from submeter.price_plan_bands where component_id = %(component_id)s

-- name: delete_rate
delete from submeter.price_plan_rates where id = %(id)s

-- name: end_rate
update submeter.price_plan_rates set to_date = %(to_date)s where id = %(id)s

-- name: tax_rates
select code, percent, from_date, to_date from submeter.tax_rates order by code, from_date

-- name: agreements
select a.id, a.esco_id, a.account_id, a.supply_point_id, p.product, h.site_id, a.from_date, a.to_date, a.billed_to_date
from submeter.agreements a
join submeter.supply_points p on p.id = a.supply_point_id
join submeter.properties h on h.id = p.property_id
where a.id = any (%(ids)s)

-- name: plan_history
-- Days after the end of the agreement do not count.
select h.agreement_id, h.id, h.price_plan_id, h.product, greatest(h.from_date, a.from_date), least(h.to_date, a.to_date),
  h.conditions, h.capacity, h.offering_id
from submeter.agreement_price_plans h
join submeter.agreements a on a.id = h.agreement_id
where h.agreement_id = any (%(ids)s)
  and greatest(h.from_date, a.from_date) < coalesce(least(h.to_date, a.to_date), 'infinity')
order by h.agreement_id, h.product, h.from_date

-- name: lock_agreement
select id from submeter.agreements where id = %(id)s for update

-- name: shorten_plan
update submeter.agreement_price_plans set to_date = %(to_date)s where id = %(id)s

-- name: begin_plan
update submeter.agreement_price_plans set from_date = %(from_date)s where id = %(id)s

-- name: remove_plan
delete from submeter.agreement_price_plans where id = %(id)s

-- name: change_plan
update submeter.agreement_price_plans
set price_plan_id = %(price_plan_id)s, to_date = %(to_date)s, conditions = %(conditions)s, capacity = %(capacity)s, offering_id = %(offering_id)s
where id = %(id)s

-- name: add_agreement_plan
insert into submeter.agreement_price_plans
  (esco_id, agreement_id, price_plan_id, product, from_date, to_date, conditions, capacity, offering_id)
values (%(esco_id)s, %(agreement_id)s, %(price_plan_id)s, '', %(from_date)s, %(to_date)s, %(conditions)s, %(capacity)s, %(offering_id)s)
returning id

-- name: calendars
select s.id, s.day_time_zone, coalesce(s.market_time_zone, ''), coalesce(c.year_starts, 1),
  coalesce((select array_agg(h.day order by h.day) from submeter.calendar_holidays h where h.calendar_id = c.id and h.is_holiday), '{}'),
  s.time_zone, c.code, coalesce(c.years, '{}')
from submeter.sites s
left join submeter.calendars c on c.id = s.calendar_id
where s.id = any (%(sites)s)

-- name: conversions
select site_id, product, from_unit, to_unit, correction_factor, pressure_factor, temperature_factor, heating_value, mj_per_litre, divisor,
  from_date, to_date, source
from submeter.price_conversions
where site_id = any (%(sites)s)
order by site_id, product, from_unit, to_unit, from_date

-- name: spot_days
select series, day, starts_at, minutes, decimals, prices
from submeter.spot_prices
where esco_id = %(esco_id)s and series = any (%(series)s) and day >= %(first)s::date - 1 and day <= %(end)s::date
order by series, starts_at

-- name: find_calendar
select id, jurisdiction from submeter.calendars where esco_id = %(esco_id)s and code = %(code)s for update

-- name: add_calendar
insert into submeter.calendars (esco_id, code, jurisdiction) values (%(esco_id)s, %(code)s, %(jurisdiction)s)
returning id, jurisdiction

-- name: add_holidays
-- What somebody entered or took back stays.
insert into submeter.calendar_holidays (esco_id, calendar_id, day, name, source)
select %(esco_id)s, %(calendar_id)s, d.day, d.name, 'library'
from unnest(%(days)s::date[], %(names)s::text[]) as d (day, name)
on conflict (calendar_id, day) do nothing

-- name: note_years
update submeter.calendars c
set years = (select array_agg(distinct y order by y) from unnest(c.years || %(years)s::smallint[]) y)
where c.id = %(id)s
returning c.years
