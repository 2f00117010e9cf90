-- name: agreements
-- Those that are named, as far as the caller sees them; else all with days in the period.
select a.id, a.esco_id, h.site_id, a.supply_point_id, a.from_date, a.to_date, c.account_number, h.name
from submeter.agreements a
join submeter.accounts c on c.id = a.account_id
join submeter.supply_points p on p.id = a.supply_point_id
join submeter.properties h on h.id = p.property_id
where (%(ids)s::uuid[] is null or a.id = any (%(ids)s::uuid[]))
  and (%(plan)s::uuid is null or exists (
    select from submeter.agreement_price_plans k
    where k.agreement_id = a.id and k.price_plan_id = %(plan)s::uuid
      and k.from_date < %(end)s::date and coalesce(k.to_date, 'infinity') > %(first)s::date))
  and (%(ids)s::uuid[] is not null or a.from_date < %(end)s::date and coalesce(a.to_date, 'infinity') > %(first)s::date)
order by a.id

-- name: lock_agreements
-- Whoever rates them at the same time comes after, and takes the place of what is stored now.
select a.id, a.billed_to_date from submeter.agreements a where a.id = any (%(ids)s) order by a.id for update

-- name: history
-- Days after the end of the agreement do not count.
select h.agreement_id, h.price_plan_id, h.product, greatest(h.from_date, a.from_date), least(h.to_date, a.to_date), h.conditions, h.capacity,
  h.offering_id, c.customer_type
from submeter.agreement_price_plans h
join submeter.agreements a on a.id = h.agreement_id
join submeter.accounts c on c.id = a.account_id
where h.agreement_id = any (%(ids)s) and h.from_date < coalesce(a.to_date, 'infinity')
order by h.agreement_id, h.product, h.from_date

-- name: peaks
select k.agreement_id, k.month, k.unit, k.band, k.peak from submeter.demand_peaks k where k.agreement_id = any (%(ids)s)

-- name: registers
-- What measures agreements; what is computed of other registers is not charged.
select g.id, a.id, m.serial || '/' || g.name, case coalesce(t.product, g.nature) when 'power' then 'electricity' else coalesce(t.product, g.nature) end,
  case g.unit when 'pulse' then coalesce(t.unit, 'kWh') else g.unit end, coalesce(g.type, 'ALLDAY'), g.direction, g.unit = 'pulse',
  exists (select from submeter.interval_registers i where i.register_id = g.id), i.installed_at, least(i.removed_at, g.closed_at)
from submeter.agreements a
join submeter.meter_installations i on i.supply_point_id = a.supply_point_id
join submeter.meters m on m.id = i.meter_id
join submeter.registers g on g.meter_id = m.id
left join submeter.register_types t on t.esco_id = g.esco_id and t.code = g.type
where a.id = any (%(ids)s) and i.installed_at < %(to_at)s and coalesce(least(i.removed_at, g.closed_at), 'infinity') > %(from_at)s
  and coalesce(least(i.removed_at, g.closed_at), 'infinity') > i.installed_at
  and not exists (select from submeter.virtual_registers v where v.register_id = g.id)
order by a.id, i.installed_at, m.serial, g.name, g.id

-- name: interval_days
-- Days that begin together as a few long values: to fetch a row for each would take longer than to find it.
select v.starts_at, v.minutes::int, length(v.amounts) / 4, string_agg(int4send((r.n - 1)::int), ''), string_agg(int2send(v.decimals), ''),
  string_agg(v.amounts, '')
from unnest(%(registers)s::uuid[]) with ordinality as r (id, n)
join submeter.register_intervals v on v.register_id = r.id
where v.day between %(first)s::date - 2 and %(end)s::date + 1 and v.ends_at > %(from_at)s and v.starts_at < %(to_at)s
group by 1, 2, 3

-- name: interval_days_at
-- The days as they stood at a moment: what was replaced first since then. What arrived already old never stood.
with version as (
  select i.register_id, i.day, i.starts_at, i.ends_at, i.minutes, i.decimals, i.amounts, 'infinity'::timestamptz as until
  from submeter.register_intervals i
  where i.register_id = any (%(registers)s::uuid[]) and i.day between %(first)s::date - 2 and %(end)s::date + 1
  union all
  select o.register_id, o.day, o.starts_at, o.ends_at, o.minutes, o.decimals, o.amounts, o.replaced_at
  from submeter.register_interval_versions o
  where o.register_id = any (%(registers)s::uuid[]) and o.day between %(first)s::date - 2 and %(end)s::date + 1
    and o.replaced_at > %(at)s and o.replaced_at > o.created_at),
stood as (
  select distinct on (register_id, day) * from version order by register_id, day, until)
select v.starts_at, v.minutes::int, length(v.amounts) / 4, string_agg(int4send((r.n - 1)::int), ''), string_agg(int2send(v.decimals), ''),
  string_agg(v.amounts, '')
from unnest(%(registers)s::uuid[]) with ordinality as r (id, n)
join stood v on v.register_id = r.id
where v.ends_at > %(from_at)s and v.starts_at < %(to_at)s
group by 1, 2, 3

-- name: not_measured
-- Days that were not measured throughout, nor accepted by a person.
select r.n - 1, v.starts_at, v.minutes::int, length(v.amounts) / 4, v.quality, v.ranges
from unnest(%(registers)s::uuid[]) with ordinality as r (id, n)
join submeter.register_intervals v on v.register_id = r.id
where v.day between %(first)s::date - 2 and %(end)s::date + 1 and v.ends_at > %(from_at)s and v.starts_at < %(to_at)s and v.standing < 2
order by r.n, v.starts_at

-- name: files
-- Where days of intervals came from.
select r.n - 1, count(*)::int, min(v.day), max(v.day), max(v.created_at),
  array_agg(distinct f.name order by f.name) filter (where f.name is not null),
  array_agg(distinct v.edited_by order by v.edited_by) filter (where v.edited_by is not null)
from unnest(%(registers)s::uuid[]) with ordinality as r (id, n)
join submeter.register_intervals v on v.register_id = r.id
left join submeter.import_files f on f.id = v.file_id
where v.day between %(first)s::date - 2 and %(end)s::date + 1 and v.ends_at > %(from_at)s and v.starts_at < %(to_at)s
group by r.n

-- name: readings
-- Those that stand and count, now or at a moment.
select r.n - 1, g.id::text, g.read_at, g.reading, g.sub_type, g.add_factor
from unnest(%(registers)s::uuid[]) with ordinality as r (id, n)
join submeter.readings g on g.register_id = r.id
where g.status <> 'misread' and (%(at)s::timestamptz is null or g.created_at <= %(at)s::timestamptz)
  and not exists (
    select from submeter.readings k
    where k.replaces_id = g.id and (%(at)s::timestamptz is null or k.created_at <= %(at)s::timestamptz))
order by r.n, g.read_at

-- name: multipliers
select r.n - 1, m.multiplier, m.from_date, m.to_date
from unnest(%(registers)s::uuid[]) with ordinality as r (id, n)
join submeter.register_multipliers m on m.register_id = r.id
order by r.n, m.from_date

-- name: next_ratings
select nextval('submeter.rating_seq') from generate_series(1, %(count)s)

-- name: add_lines
-- Many at once, numbered in the order of the bill.
insert into submeter.rated_lines (esco_id, rating, agreement_id, price_plan_id, component_id, inducement_schedule_id, rate_id, product, place, period_from, period_to,
  from_date, to_date, band, step, unit, quantity, factor, price, unrounded, amount, tax_code, tax_percent, tax, working, rated_by)
select r.esco_id, r.rating, r.agreement_id, r.price_plan_id, r.component_id, r.inducement_schedule_id, r.rate_id, r.product, r.place, r.period_from, r.period_to,
  r.from_date, r.to_date, r.band, r.step, r.unit, r.quantity, r.factor, r.price, r.unrounded, r.amount, r.tax_code, r.tax_percent, r.tax,
  r.working, %(by)s
from jsonb_to_recordset(%(rows)s::jsonb) as r (esco_id uuid, rating bigint, agreement_id uuid, price_plan_id uuid, component_id uuid,
  inducement_schedule_id uuid, rate_id uuid, product text, place integer, period_from date, period_to date, from_date date, to_date date, band text, step smallint,
  unit text, quantity numeric, factor numeric, price numeric, unrounded numeric, amount numeric, tax_code text, tax_percent numeric,
  tax numeric, working jsonb)
order by r.rating, r.place
returning rating, place, id

-- name: overlapping
-- Which agreements have lines that stand for days within a span and for others beside it, and of which days.
select s.agreement_id, min(least(l.period_from, s.first)), max(greatest(l.period_to, s.last))
from jsonb_to_recordset(%(spans)s::jsonb) as s (agreement_id uuid, product text, first date, last date)
join public.rated_lines l on l.agreement_id = s.agreement_id and l.product = s.product
where l.stands and l.period_from < s.last and l.period_to > s.first and (l.period_from < s.first or l.period_to > s.last)
group by 1

-- name: line
select l.id, l.rating, l.agreement_id, l.price_plan_id, coalesce(l.component_id, l.inducement_schedule_id), l.rate_id, l.product, l.period_from,
  l.period_to, l.from_date, l.to_date,
  l.band, l.step, l.unit, l.quantity, l.factor, l.price, l.unrounded, l.amount, l.tax_code, l.tax_percent, l.tax, l.working, l.rated_at, l.rated_by,
  l.stands
from public.rated_lines l
where l.id = %(id)s

-- name: agreements_named
-- By account number or identifier of the supply point: those with days in a period; what has a plan of electricity first, then the latest.
select a.id::text
from submeter.agreements a
join submeter.accounts c on c.id = a.account_id
where (c.account_number = %(name)s
    or exists (select from submeter.supply_point_identifiers i where i.supply_point_id = a.supply_point_id and upper(i.identifier) = upper(%(name)s)))
  and a.from_date < %(end)s::date and coalesce(a.to_date, 'infinity') > %(first)s::date
order by exists (select from submeter.agreement_price_plans k where k.agreement_id = a.id and k.product = 'electricity') desc, a.from_date desc, a.id

-- name: my_esco
select submeter.my_esco()

-- name: my_days
-- Whether these are days of the agreement on which the customer may be told what it costs. Days on which there was none are nobody's.
select exists (
  select from submeter.my_supply() s
  join submeter.agreements a on a.id = s.agreement_id
  where s.sees_usage and s.agreement_id = %(id)s
    and not isempty(daterange(%(first)s, %(end)s) * daterange(a.from_date, a.to_date))
    and s.days @> daterange(%(first)s, %(end)s) * daterange(a.from_date, a.to_date))

-- name: offers
-- What offerings give and take.
select o.id, s.id, i.code, s.type, s.amount, s.percent, s.from_date, s.to_date, s.customer_type, s.payment_method, s.frequency, s.invoices,
  s.invoice_description, s.tax_code, s.tax_inclusive, s.component_codes
from submeter.offerings o
join submeter.inducements i on i.id = o.inducement_id
join submeter.inducement_schedules s on s.inducement_id = i.id
where o.id = any (%(ids)s) and i.active and s.active
order by o.id, s.created_at, s.id

-- name: offers_given
-- Which bills had them, by what stands of the lines that were kept.
select l.agreement_id, l.inducement_schedule_id, array_agg(distinct l.period_from)
from public.rated_lines l
where l.agreement_id = any (%(ids)s) and l.inducement_schedule_id is not null and l.stands
group by 1, 2
