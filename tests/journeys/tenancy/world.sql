-- One small company. The walk builds it twice, with {esco} = north and {esco} = south.
--
--   home 1   power: alice until 15 July 2025, nobody for five days, bob from 20 July on
--            heat:  alice until 15 July 2025, bob from that very day on
--   home 2   power: dora since 2024; since February 2026 by the meter that measured home 1 before
--   people   carol held alice's account with her until 1 May 2025, joan holds bob's with him since 2026,
--            lena owns home 1 (both accounts), frank pays bob's bills and lives elsewhere
--
-- A name between tildes (~alice~) marks text that nobody but that customer, and staff, may ever read.

insert into submeter.escos (id, code, name, region, status)
values (pg_temp.id('esco'), '{esco}', '{esco} energy', 'south_west', 'active');

insert into submeter.sellers (id, esco_id, name, bank_account)
values (pg_temp.id('seller'), pg_temp.id('esco'), '{esco} seller', '{{"iban": "~staff~"}}');

insert into submeter.sites (id, esco_id, seller_id, code, name)
values (pg_temp.id('site'), pg_temp.id('esco'), pg_temp.id('seller'), '{esco}-1', '{esco} estate');

insert into submeter.properties (id, esco_id, site_id, name)
select pg_temp.id(name), pg_temp.id('esco'), pg_temp.id('site'), '{esco} ' || name from unnest(array['home 1', 'home 2', 'spare home']) name;

insert into submeter.supply_points (id, esco_id, property_id, product) values
  (pg_temp.id('power 1'), pg_temp.id('esco'), pg_temp.id('home 1'), 'power'),
  (pg_temp.id('heat 1'), pg_temp.id('esco'), pg_temp.id('home 1'), 'heat'),
  (pg_temp.id('power 2'), pg_temp.id('esco'), pg_temp.id('home 2'), 'power');

insert into submeter.supply_point_identifiers (id, esco_id, supply_point_id, scheme, identifier)
select pg_temp.id('identifier of ' || name), pg_temp.id('esco'), pg_temp.id(name), 'own', '{esco} ' || name
from unnest(array['power 1', 'heat 1', 'power 2']) name;

insert into submeter.customers (id, esco_id, name, email, phone, status)
select pg_temp.id(name), pg_temp.id('esco'), '~' || name || '~', 'shared@example.org', '+44 1234', 'live'
from unnest(array['alice', 'bob', 'carol', 'dora', 'frank', 'joan', 'lena']) name;

insert into submeter.accounts (id, esco_id, seller_id, name)
select pg_temp.id(name || ' account'), pg_temp.id('esco'), pg_temp.id('seller'), name || ' account'
from unnest(array['alice', 'bob', 'dora']) name;

insert into submeter.customer_accounts (customer_id, account_id, role, from_date, to_date, esco_id, notes)
select pg_temp.id(who), pg_temp.id(account || ' account'), role, from_date::date, to_date::date, pg_temp.id('esco'), '~staff~'
from (values
  ('alice', 'alice', 'holder', '1900-01-01', null), ('carol', 'alice', 'joint_holder', '1900-01-01', '2025-05-01'),
  ('bob', 'bob', 'holder', '2025-07-01', null), ('joan', 'bob', 'joint_holder', '2026-01-15', null),
  ('dora', 'dora', 'holder', '1900-01-01', null), ('frank', 'bob', 'billing_contact', '1900-01-01', null),
  ('lena', 'alice', 'owner', '1900-01-01', null), ('lena', 'bob', 'owner', '1900-01-01', null)
) as r (who, account, role, from_date, to_date);

insert into submeter.agreements (id, esco_id, supply_point_id, account_id, from_date, to_date) values
  (pg_temp.id('alice power'), pg_temp.id('esco'), pg_temp.id('power 1'), pg_temp.id('alice account'), '2025-01-01', '2025-07-15'),
  (pg_temp.id('bob power'), pg_temp.id('esco'), pg_temp.id('power 1'), pg_temp.id('bob account'), '2025-07-20', null),
  (pg_temp.id('alice heat'), pg_temp.id('esco'), pg_temp.id('heat 1'), pg_temp.id('alice account'), '2025-01-01', '2025-07-15'),
  (pg_temp.id('bob heat'), pg_temp.id('esco'), pg_temp.id('heat 1'), pg_temp.id('bob account'), '2025-07-15', null),
  (pg_temp.id('dora power'), pg_temp.id('esco'), pg_temp.id('power 2'), pg_temp.id('dora account'), '2024-01-01', null);

-- Meter "first" goes from home 1 to a shelf and on to home 2; "second" follows it in home 1.
insert into submeter.meters (id, esco_id, serial, hazards, attributes)
select pg_temp.id(name), pg_temp.id('esco'), '{esco}-' || name, '~staff~', '{{"box": "~staff~"}}' from unnest(array['first', 'second', 'heat meter', 'spare', 'books']) name;

insert into submeter.meter_shadows (meter_id, esco_id, tariffs_active)
select pg_temp.id(name), pg_temp.id('esco'), '{{"standing_charge": 0.5}}' from unnest(array['first', 'second']) name;

insert into submeter.registers (id, esco_id, meter_id, nature)
select pg_temp.id(name || ' register'), pg_temp.id('esco'), pg_temp.id(name), case name when 'heat meter' then 'heat' else 'power' end
from unnest(array['first', 'second', 'heat meter', 'spare', 'books']) name;

-- A register in the books alone (of home 1, made of one that measures home 2 later), a gate, a loss factor.
insert into submeter.virtual_registers (register_id, esco_id, formula) values (pg_temp.id('books register'), pg_temp.id('esco'), 'sum');
insert into submeter.virtual_register_parts (id, esco_id, virtual_register_id, register_id, start_at)
values (pg_temp.id('part'), pg_temp.id('esco'), pg_temp.id('books register'), pg_temp.id('first register'), '2024-01-01');
insert into submeter.site_gates (id, esco_id, site_id, supply_point_id, from_date)
values (pg_temp.id('gate'), pg_temp.id('esco'), pg_temp.id('site'), pg_temp.id('power 1'), '2024-01-01');
insert into submeter.loss_factors (id, esco_id, kind, supply_point_id, factor, from_date)
values (pg_temp.id('loss'), pg_temp.id('esco'), 'DLF', pg_temp.id('power 1'), 1.05, '2024-01-01');

insert into submeter.register_multipliers (id, esco_id, register_id, multiplier, from_date)
select pg_temp.id(name || ' multiplier'), pg_temp.id('esco'), pg_temp.id(name || ' register'), 1, '2024-01-01'
from unnest(array['first', 'second', 'heat meter']) name;

insert into submeter.meter_installations (id, esco_id, meter_id, supply_point_id, installed_at, removed_at) values
  (pg_temp.id('first in 1'), pg_temp.id('esco'), pg_temp.id('first'), pg_temp.id('power 1'), '2024-01-01 00:00Z', '2026-01-10 12:00Z'),
  (pg_temp.id('second in 1'), pg_temp.id('esco'), pg_temp.id('second'), pg_temp.id('power 1'), '2026-01-10 12:00Z', null),
  (pg_temp.id('first in 2'), pg_temp.id('esco'), pg_temp.id('first'), pg_temp.id('power 2'), '2026-02-01 00:00Z', null),
  (pg_temp.id('heat in 1'), pg_temp.id('esco'), pg_temp.id('heat meter'), pg_temp.id('heat 1'), '2024-01-01 00:00Z', null),
  (pg_temp.id('books in 1'), pg_temp.id('esco'), pg_temp.id('books'), pg_temp.id('power 1'), '2024-01-01 00:00Z', null);

insert into submeter.circuits (id, esco_id, type)
select pg_temp.id('circuit ' || name), pg_temp.id('esco'), split_part(name, ' ', 1) from unnest(array['power 1', 'heat 1', 'power 2']) name;

insert into submeter.circuit_registers (circuit_id, register_id, start_at, end_at, esco_id, notes)
select pg_temp.id(circuit), pg_temp.id(register), start_at::timestamptz, end_at::timestamptz, pg_temp.id('esco'), '~staff~'
from (values
  ('circuit power 1', 'first register', '2024-01-01 00:00Z', '2026-01-10 12:00Z'),
  ('circuit power 1', 'second register', '2026-01-10 12:00Z', null),
  ('circuit power 1', 'books register', '2024-01-01 00:00Z', null),
  ('circuit power 2', 'first register', '2026-02-01 00:00Z', null),
  ('circuit heat 1', 'heat meter register', '2024-01-01 00:00Z', null)
) as k (circuit, register, start_at, end_at);

-- Before alice, with her, at her end (local midnight is 23:00 UTC in summer), while empty, at bob's start, with bob,
-- at the meter's removal, on the shelf, at its return, with dora.
insert into submeter.readings (id, esco_id, register_id, read_at, reading)
select pg_temp.id('reading of ' || read_at), pg_temp.id('esco'), pg_temp.id('first register'), read_at::timestamptz, 1000 + row_number() over ()
from unnest(array['2024-12-01 12:00Z', '2025-03-01 12:00Z', '2025-06-01 12:00Z', '2025-07-14 22:59Z', '2025-07-14 23:00Z', '2025-07-14 23:01Z',
  '2025-07-17 12:00Z', '2025-07-19 22:59Z', '2025-07-19 23:00Z', '2025-09-01 12:00Z', '2026-01-10 12:00Z', '2026-01-20 12:00Z',
  '2026-02-01 00:00Z', '2026-03-01 12:00Z']) read_at;
insert into submeter.readings (id, esco_id, register_id, read_at, reading, replaces_id) values
  (pg_temp.id('correction'), pg_temp.id('esco'), pg_temp.id('first register'), '2025-09-01 12:00Z', 1009.5, pg_temp.id('reading of 2025-09-01 12:00Z'));
insert into submeter.readings (id, esco_id, register_id, read_at, reading)
select pg_temp.id('heat reading of ' || read_at), pg_temp.id('esco'), pg_temp.id('heat meter register'), read_at::timestamptz, 50 + row_number() over ()
from unnest(array['2025-02-01 12:00Z', '2025-07-14 23:00Z', '2025-08-01 12:00Z', '2026-02-01 12:00Z']) read_at;
insert into submeter.readings (id, esco_id, register_id, read_at, reading, kind) values
  (pg_temp.id('second opening'), pg_temp.id('esco'), pg_temp.id('second register'), '2026-01-10 12:00Z', 4900, 'opening');
-- One that waits: lower than the one before.
insert into submeter.reading_queue (esco_id, register_id, read_on, read_at, reading, error_code, findings)
values (pg_temp.id('esco'), pg_temp.id('first register'), '2026-03-02', '2026-03-02 12:00Z', 1, 'MTR314', '[]');

-- Days in UTC: those of the changes belong to two people, or to one and to nobody.
insert into submeter.register_intervals (register_id, day, esco_id, starts_at, amounts)
select pg_temp.id(name || ' register'), day::date, pg_temp.id('esco'), day::timestamp at time zone 'UTC', submeter.encode_amounts(array_fill(250, array[48]))
from (values ('first', '2024-12-01'), ('first', '2025-03-01'), ('first', '2025-07-14'), ('first', '2025-07-17'), ('first', '2025-07-19'),
  ('first', '2025-09-01'), ('first', '2026-01-10'), ('first', '2026-01-20'), ('first', '2026-02-01'), ('second', '2026-01-10'),
  ('heat meter', '2025-07-14')) v (name, day);
insert into submeter.register_intervals (register_id, day, esco_id, starts_at, minutes, amounts)
values (pg_temp.id('heat meter register'), '2025-07-15', pg_temp.id('esco'), '2025-07-15 00:00Z', 5, submeter.encode_amounts(array_fill(10, array[288])));

-- A half-hour that nobody knows, in a day that was replaced; a file with a finding, and a day that waits.
update submeter.register_intervals
set amounts = submeter.encode_amounts(array_fill(250, array[20]) || array[null::int] || array_fill(250, array[27]))
where esco_id = pg_temp.id('esco') and day in ('2025-07-14', '2026-01-20');
insert into submeter.import_files (esco_id, name, sha256, size, format, made_at, received_by)
values (pg_temp.id('esco'), 'a file', repeat('a', 64), 1, 'nem12', '2026-01-01', 'operator');
insert into submeter.column_maps (id, esco_id, name, kind, settings)
values (pg_temp.id('map'), pg_temp.id('esco'), 'a map', 'reads',
  '{{"name": "a map", "kind": "reads", "identifier": 1, "day": 2, "values": [3]}}');
insert into submeter.import_findings (file_id, number, esco_id, line, code, title)
select id, 1, esco_id, 3, 'MTR210', 'not known' from submeter.import_files where esco_id = pg_temp.id('esco');
insert into submeter.import_waiting (esco_id, reason, scheme, identifier, register, serial, unit, direction, day, starts_at, ends_at, clock,
  minutes, decimals, missing, standing, total, amounts, quality, version_at, file_at, file_id)
select f.esco_id, 'unknown', 'nmi', 'nobody', 'E1', '', 'kWh', 'import', '2026-01-01', '2026-01-01 00:00Z', '2026-01-02 00:00Z', 'UTC',
  30, 3, 0, 2, 0, submeter.encode_amounts(array_fill(0, array[48])), 'A', '2026-01-02', '2026-01-02', f.id
from submeter.import_files f where f.esco_id = pg_temp.id('esco');

insert into submeter.interval_settings (id, esco_id, register_id, zero_hours)
values (pg_temp.id('settings'), pg_temp.id('esco'), pg_temp.id('first register'), 48);
insert into submeter.interval_findings (esco_id, register_id, code, severity, day, first, last, starts_at, ends_at, title)
values (pg_temp.id('esco'), pg_temp.id('first register'), 'MTR353', 'warning', '2025-07-14', 21, 21, '2025-07-14 10:00Z', '2025-07-14 10:30Z',
  'missing');
insert into submeter.interval_changes (esco_id, register_id, day, first, last, kind, quality, made_by)
values (pg_temp.id('esco'), pg_temp.id('first register'), '2025-03-01', 1, 1, 'estimate', 'S', 'operator');

insert into submeter.monthly_usage (circuit_id, month, esco_id, kwh)
select pg_temp.id('circuit ' || name), month::date, pg_temp.id('esco'), 100
from (values ('power 1', '2024-12-01'), ('power 1', '2025-03-01'), ('power 1', '2025-05-01'), ('power 1', '2025-07-01'), ('power 1', '2025-08-01'),
  ('power 1', '2026-01-01'), ('power 1', '2026-02-01'), ('heat 1', '2025-04-01'), ('heat 1', '2025-07-01'), ('heat 1', '2025-08-01'),
  ('power 2', '2026-02-01')) v (name, month);

-- Home 1 has a plan that changes its price when bob comes, home 2 another; each month is rated, and one twice.
insert into submeter.calendars (id, esco_id, code) values (pg_temp.id('calendar'), pg_temp.id('esco'), 'GB-ENG');
insert into submeter.calendar_holidays (id, esco_id, calendar_id, day, name)
values (pg_temp.id('holiday'), pg_temp.id('esco'), pg_temp.id('calendar'), '2025-12-25', 'a holiday');
update submeter.sites set calendar_id = pg_temp.id('calendar') where id = pg_temp.id('site');
insert into submeter.price_plans (id, esco_id, code, product)
select pg_temp.id(name), pg_temp.id('esco'), name, case name when 'spare plan' then 'gas' else 'electricity' end from unnest(array['plan', 'other plan', 'spare plan']) name;
insert into submeter.price_plan_components (id, esco_id, price_plan_id, code, kind)
select pg_temp.id(name || ' usage'), pg_temp.id('esco'), pg_temp.id(name), 'usage', 'usage'
from unnest(array['plan', 'other plan', 'spare plan']) name;
insert into submeter.price_plan_components (id, esco_id, price_plan_id, code, kind, unit, to_date)
values (pg_temp.id('plan supply'), pg_temp.id('esco'), pg_temp.id('plan'), 'supply', 'supply', 'day', '2025-06-01');
insert into submeter.price_plan_bands (id, esco_id, component_id, code)
select pg_temp.id(name || ' band'), pg_temp.id('esco'), pg_temp.id(name || ' usage'), 'peak'
from unnest(array['plan', 'other plan', 'spare plan']) name;
insert into submeter.price_plan_rates (id, esco_id, component_id, band, price, from_date, to_date)
select pg_temp.id(name || ' rate ' || from_date), pg_temp.id('esco'), pg_temp.id(name || ' usage'), 'peak', 0.25, from_date::date, to_date::date
from unnest(array['plan', 'other plan', 'spare plan']) name, (values ('2025-01-01', '2025-07-15'), ('2025-07-15', null)) v (from_date, to_date);
insert into submeter.agreement_price_plans (id, esco_id, agreement_id, price_plan_id, from_date, to_date)
select pg_temp.id('plan of ' || agreement || from_date), pg_temp.id('esco'), pg_temp.id(agreement), pg_temp.id(plan), from_date::date, to_date::date
from (values ('alice power', 'plan', '2025-01-01', null), ('bob power', 'plan', '2025-07-20', '2026-01-10'),
  ('bob power', 'other plan', '2026-01-10', null), ('dora power', 'other plan', '2024-01-01', null)) v (agreement, plan, from_date, to_date);
insert into submeter.demand_peaks (id, esco_id, agreement_id, month, peak)
values (pg_temp.id('bob peak'), pg_temp.id('esco'), pg_temp.id('bob power'), '2025-05-01', 12.5);
insert into submeter.rated_lines (esco_id, rating, agreement_id, price_plan_id, component_id, rate_id, product, period_from, period_to, from_date,
  to_date, quantity, unrounded, amount, working)
select pg_temp.id('esco'), rating, pg_temp.id(who || ' power'), pg_temp.id(plan), pg_temp.id(plan || ' usage'), pg_temp.id(plan || ' rate 2025-07-15'),
  'electricity', from_date::date, to_date::date, from_date::date, to_date::date, 10, 2.5, 2.5, jsonb_build_object('who', mark)
from (values ('alice', 'plan', 1, '2025-03-01', '2025-04-01', 'alice and carol'), ('alice', 'plan', 2, '2025-03-01', '2025-04-01', 'alice and carol'),
  ('alice', 'plan', 3, '2025-06-01', '2025-07-01', '~alice~'), ('bob', 'plan', 4, '2025-08-01', '2025-09-01', '~bob~'),
  ('bob', 'other plan', 5, '2026-02-01', '2026-03-01', 'bob and joan'), ('bob', 'other plan', 6, '2026-01-10', '2026-02-01', '~bob~'),
  ('dora', 'other plan', 7, '2026-02-01', '2026-03-01', '~dora~')) v (who, plan, rating, from_date, to_date, mark);
insert into submeter.spot_prices (esco_id, series, day, starts_at, prices)
values (pg_temp.id('esco'), 'a series', '2025-03-01', '2025-03-01 00:00Z', array_fill(1, array[48]));
insert into submeter.price_conversions (id, esco_id, site_id, product, from_unit, to_unit, heating_value)
values (pg_temp.id('conversion'), pg_temp.id('esco'), pg_temp.id('site'), 'gas', 'm3', 'MJ', 38.5);

-- Around the plans: an offering with an inducement, the default of the site, panels on home 1 whose credit is shared.
insert into submeter.inducements (id, esco_id, code) values (pg_temp.id('inducement'), pg_temp.id('esco'), 'an inducement');
insert into submeter.inducement_schedules (id, esco_id, inducement_id, type, amount)
values (pg_temp.id('schedule'), pg_temp.id('esco'), pg_temp.id('inducement'), 'credit', -5);
insert into submeter.offerings (id, esco_id, code, inducement_id)
values (pg_temp.id('offering'), pg_temp.id('esco'), 'an offering', pg_temp.id('inducement'));
insert into submeter.site_price_plans (id, esco_id, site_id, price_plan_id)
values (pg_temp.id('default plan'), pg_temp.id('esco'), pg_temp.id('site'), pg_temp.id('plan'));
insert into submeter.solar_credit_tariffs (esco_id, period_start, credit_pence_per_year) values (pg_temp.id('esco'), '2025-01-01', 3650);
insert into submeter.solar_installations (property_id, esco_id, declared_net_capacity)
values (pg_temp.id('home 1'), pg_temp.id('esco'), 3.5);
insert into submeter.solar_credit_allocations (id, esco_id, installation_id, property_id, ratio)
values (pg_temp.id('allocation'), pg_temp.id('esco'), pg_temp.id('home 1'), pg_temp.id('home 1'), 0.5);

insert into submeter.microgrid_tariffs (esco_id, period_start, unit_rate, standing_charge)
values (pg_temp.id('esco'), '2025-01-01', 0.3, 0.5);

insert into submeter.customer_tariffs (customer_id, period_start, esco_id, unit_rate, standing_charge)
select pg_temp.id(name), start::date, pg_temp.id('esco'), 0.25, 0.4
from unnest(array['alice', 'bob', 'dora']) name, unnest(array['2025-01-01', '2099-01-01']) start;

insert into submeter.monthly_costs (customer_id, month, esco_id, power)
select pg_temp.id(name), month::date, pg_temp.id('esco'), 25
from (values ('alice', '2025-03-01'), ('alice', '2025-07-01'), ('bob', '2025-07-01'), ('bob', '2025-08-01'), ('dora', '2026-02-01')) v (name, month);

insert into submeter.payments (id, esco_id, account_id, amount_pence, status, reference, created_at, scheduled_at) values
  (pg_temp.id('payment 1'), pg_temp.id('esco'), pg_temp.id('alice account'), 5000, 'succeeded', 'alice and carol', '2025-03-03 09:00Z', null),
  (pg_temp.id('payment 2'), pg_temp.id('esco'), pg_temp.id('alice account'), 5000, 'pending', '~alice~', '2025-06-03 09:00Z', null),
  (pg_temp.id('payment 3'), pg_temp.id('esco'), pg_temp.id('alice account'), 5000, 'created', '~alice~', '2025-04-03 09:00Z', '2025-06-10 09:00Z'),
  (pg_temp.id('payment 4'), pg_temp.id('esco'), pg_temp.id('bob account'), 7000, 'created', '~bob~', '2025-09-03 09:00Z', null),
  (pg_temp.id('payment 5'), pg_temp.id('esco'), pg_temp.id('bob account'), 7000, 'created', 'bob and joan', '2026-02-03 09:00Z', null),
  (pg_temp.id('payment 6'), pg_temp.id('esco'), pg_temp.id('dora account'), 6000, 'created', '~dora~', '2025-02-03 09:00Z', null);
