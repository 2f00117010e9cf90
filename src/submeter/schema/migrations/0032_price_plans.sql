-- Price plans as rows: what they charge, when each price holds, which agreement has which plan, and what they look at besides
-- (tax, calendars, spot prices, conversions). The values made of them are those of submeter.tariffs.model.

-- Tax ------------------------------------------------------------------------------------------------------------------------

create table submeter.tax_rates (
  id uuid primary key default gen_random_uuid(),
  code text not null check (code ~ '^[A-Z][A-Z0-9_]{1,31}$'),
  name text not null check (name <> ''),
  jurisdiction text check (jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  percent numeric not null check (percent between 0 and 100),
  from_date date not null default date '1900-01-01',
  to_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (to_date > from_date),
  constraint tax_rates_one_at_a_time exclude using gist (code with =, daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.tax_rates', 'What a tax code means, from a day to a day. Shared by all ESCOs.', '{
  "code": "Code that components of price plans name: GST, VAT_REDUCED, ...",
  "name": "In words.",
  "jurisdiction": "Whose tax it is: AU, GB, NZ; null where it is nobody''s.",
  "percent": "Percent of the price without tax.",
  "from_date": "First day.",
  "to_date": "First day no longer; null while it lasts."}');
create trigger touch before update on submeter.tax_rates for each row execute function submeter.touch();
grant select on submeter.tax_rates to operator, service_role;
-- Shared, so no single ESCO may change it.
grant insert, update, delete on submeter.tax_rates to service_role;

insert into submeter.tax_rates (id, code, name, jurisdiction, percent, from_date)
select md5('tax_rates ' || code)::uuid, t.* from (values
  ('GST', 'Goods and services tax', 'AU', 10, date '2000-07-01'),
  ('GST_FREE', 'GST-free supply', 'AU', 0, date '2000-07-01'),
  ('VAT_STANDARD', 'VAT at the standard rate', 'GB', 20, date '2011-01-04'),
  ('VAT_REDUCED', 'VAT on fuel and power, reduced rate', 'GB', 5, date '1997-09-01'),
  ('VAT_ZERO', 'VAT at the zero rate', 'GB', 0, date '1973-04-01'),
  ('NZ_GST', 'Goods and services tax of New Zealand', 'NZ', 15, date '2010-10-01'),
  ('EXEMPT', 'Exempt from tax', null, 0, date '1900-01-01'),
  ('OUT_OF_SCOPE', 'Out of scope of tax', null, 0, date '1900-01-01')) as t (code, name, jurisdiction, percent, from_date);

-- Calendars ------------------------------------------------------------------------------------------------------------------

create table submeter.calendars (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  code text not null check (code ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$'),
  name text,
  jurisdiction text check (jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  year_starts smallint not null default 1 check (year_starts between 1 and 12),
  years smallint[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (esco_id, code)
);
call submeter.describe('submeter.calendars', 'Public holidays by which time bands are told, for the sites that name it.', '{
  "code": "Short name, usually that of the state: AU-NSW.",
  "name": "In words.",
  "jurisdiction": "Country and state whose holidays fill it.",
  "year_starts": "Month in which the year of annual steps and caps begins.",
  "years": "Years whose holidays have been filled in."}');
call submeter.make_tenant_table('submeter.calendars');
call submeter.make_audited('submeter.calendars');

create table submeter.calendar_holidays (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  calendar_id uuid not null references submeter.calendars (id) on delete cascade,
  day date not null,
  name text not null check (name <> ''),
  is_holiday boolean not null default true,
  source text not null default 'operator' check (source in ('operator', 'library')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (calendar_id, day)
);
call submeter.describe('submeter.calendar_holidays', 'Days of a calendar that are public holidays.', '{
  "calendar_id": "The calendar.",
  "day": "The day.",
  "name": "What it is called.",
  "is_holiday": "False: no holiday here, although the library has it; it stays so when the calendar is filled again.",
  "source": "operator, or library (filled in)."}');
call submeter.make_tenant_table('submeter.calendar_holidays');
call submeter.make_audited('submeter.calendar_holidays');

alter table submeter.sites add calendar_id uuid references submeter.calendars (id);
comment on column submeter.sites.calendar_id is 'Whose holidays hold here; null: none do.';
create index on submeter.sites (calendar_id);

-- Plans ----------------------------------------------------------------------------------------------------------------------

create table submeter.price_plans (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  code text not null check (code ~ '^[A-Za-z0-9][A-Za-z0-9 ._/+-]{0,63}$'),
  name text not null default '',
  product text not null default 'electricity' check (product in
    ('electricity', 'gas', 'heat', 'cooling', 'hot_water', 'cold_water', 'water', 'sewerage', 'solar', 'ev', 'telephone', 'broadband', 'other')),
  currency text not null default 'AUD' check (currency ~ '^[A-Z]{3}$'),
  decimals smallint not null default 2 check (decimals between 0 and 6),
  rounding text not null default 'line' check (rounding in ('line', 'invoice')),
  tax_rule text not null default 'total' check (tax_rule in ('total', 'supply')),
  metering text not null default 'net_billing' check (metering in
    ('net_energy', 'net_money', 'net_billing', 'net_billing_carry', 'buy_all_sell_all')),
  true_up_month smallint not null default 12 check (true_up_month between 1 and 12),
  true_up text not null default 'pay' check (true_up in ('pay', 'credit', 'expire')),
  credit_from text not null default 'month' check (credit_from in ('month', 'next_month')),
  status text not null default 'active' check (status in ('draft', 'active', 'closed')),
  from_date date,
  to_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (to_date > from_date),
  unique (esco_id, id),
  unique (esco_id, code),
  unique (id, product)
);
call submeter.describe('submeter.price_plans', 'Price plans: what is charged, whose components, bands and rates say how.', '{
  "code": "Short name, unique in the ESCO.",
  "name": "What customers are told.",
  "product": "What it is a plan of. An agreement has one plan of a product at a time.",
  "currency": "Currency of its prices, ISO 4217.",
  "decimals": "Decimals of an amount on an invoice.",
  "rounding": "Where money is rounded, half up: each line, or the total of the invoice alone.",
  "tax_rule": "total: the tax of all lines is rounded once; supply: each line''s.",
  "metering": "How energy taken and energy put into the network are set against each other: net_billing, net_billing_carry, net_energy, net_money, buy_all_sell_all.",
  "true_up_month": "Last month of the year after which carried energy or money is settled.",
  "true_up": "What becomes of it then: pay, credit (as money, against what is used from then on), or expire.",
  "credit_from": "net_billing_carry: whether a credit counts in the month in which it arises, or from the next_month on.",
  "status": "draft (given to nobody yet), active, or closed (to nobody any more; who has it keeps it).",
  "from_date": "First day on which it may be given to an agreement; null: always.",
  "to_date": "First day on which it may not be given any more; null: no end."}');
call submeter.make_tenant_table('submeter.price_plans');
call submeter.make_audited('submeter.price_plans');

create table submeter.price_plan_components (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  price_plan_id uuid not null references submeter.price_plans (id) on delete cascade,
  code text not null check (code ~ '^[A-Za-z0-9][A-Za-z0-9 ._/+-]{0,63}$'),
  position smallint not null default 0,
  kind text not null check (kind in ('supply', 'usage', 'controlled_load', 'pass_through', 'spot', 'green', 'demand', 'capacity', 'fixed',
    'discount', 'minimum', 'feed_in', 'concession')),
  unit text not null default 'kWh' check (unit in ('kWh', 'MWh', 'kvarh', 'kVAh', 'MJ', 'GJ', 'kL', 'L', 'm3', 'ft3', 'hcf', 'ML', 'Wh', 'kW',
    'kVA', 'day', 'month', 'period', 'year', 'percent', 'each')),
  product text not null default 'electricity' check (product <> ''),
  name text not null default '',
  register_types text[] not null default '{}',
  clock text not null default 'local' check (clock in ('local', 'market')),
  step_basis text not null default 'day' check (step_basis in ('day', 'month', 'period', 'year', 'per_kw', 'per_kw_day')),
  step_scope text not null default 'shared' check (step_scope in ('shared', 'running', 'band')),
  demand_unit text check (demand_unit in ('kW', 'kVA')),
  demand_minutes smallint check (demand_minutes between 1 and 1440),
  demand_minimum numeric check (demand_minimum >= 0),
  demand_charged_per text check (demand_charged_per in ('month', 'day')),
  demand_lookback_months smallint check (demand_lookback_months between 0 and 120),
  demand_lookback_percent numeric check (demand_lookback_percent between 0 and 100),
  demand_lookback_season smallint[] check (demand_lookback_season <@ '{1,2,3,4,5,6,7,8,9,10,11,12}'::smallint[]),
  discount_how text check (discount_how in ('percent', 'per_day', 'per_month', 'amount')),
  discount_after_tax boolean,
  discount_threshold numeric check (discount_threshold >= 0),
  discount_cap numeric check (discount_cap >= 0),
  discount_cap_per text check (discount_cap_per in ('day', 'month', 'period', 'year')),
  discount_months smallint[] check (discount_months <@ '{1,2,3,4,5,6,7,8,9,10,11,12}'::smallint[]),
  discount_condition text,
  base text[] not null default '{}',
  loss_factors text[] not null default '{}' check (loss_factors <@ '{MLF,DLF,LOSS}'::text[]),
  share numeric not null default 100 check (share >= 0),
  spot_series text not null default '',
  spot_factor numeric not null default 1,
  tax_code text not null default '',
  tax_inclusive boolean not null default false,
  place smallint,
  prorate boolean not null default true,
  gl_code text not null default '',
  from_date date,
  to_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (to_date > from_date),
  constraint price_plan_components_demand check (num_nonnulls(demand_unit, demand_minutes, demand_minimum, demand_charged_per,
    demand_lookback_months, demand_lookback_percent, demand_lookback_season) in (0, 7)),
  constraint price_plan_components_demand_rule check (kind <> 'demand' or demand_unit is not null),
  constraint price_plan_components_discount check (num_nonnulls(discount_how, discount_after_tax, discount_threshold, discount_cap_per,
    discount_months, discount_condition) in (0, 6) and (discount_cap is null or discount_how is not null)),
  constraint price_plan_components_once exclude using gist (price_plan_id with =, code with =, daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.price_plan_components', 'What a price plan charges for, one priced line each. A code may come again for later days, where more than its prices changed.', '{
  "price_plan_id": "The plan.",
  "code": "Short name; other components name it as their base.",
  "position": "Place in the plan as it is shown.",
  "kind": "supply (a price a day), usage, controlled_load, pass_through, spot, green, demand, capacity, fixed (a price a month), discount, minimum, feed_in, concession.",
  "unit": "Unit that the price is for: kWh, MJ, kL, L, m3, kW, kVA, day, month; a discount''s is not looked at.",
  "product": "Whose registers count: electricity, gas, cold_water, ...",
  "name": "What the invoice says; the code where empty.",
  "register_types": "Whose registers count: ALLDAY, PEAK, ...; empty: all of the product.",
  "clock": "By which clock windows are read: local, or the market''s.",
  "step_basis": "What the limits of steps are for: day, month, period, year, per_kw, per_kw_day.",
  "step_scope": "shared: the total decides, bands share each step; running: the total so far decides; band: each band has steps of its own.",
  "demand_unit": "Of a peak: kW or kVA. Null: no peak is measured. The columns beside it, left out, are the usual ones.",
  "demand_minutes": "Length over which the power is averaged.",
  "demand_minimum": "kW or kVA charged at least.",
  "demand_charged_per": "month or day.",
  "demand_lookback_months": "The ratchet: how many months before count; 0: none.",
  "demand_lookback_percent": "The ratchet: share of the greatest peak of those months that is charged at least.",
  "demand_lookback_season": "The ratchet: months (1 to 12) that count; empty: all.",
  "discount_how": "Of a discount or concession: percent, per_day, per_month or amount. Null: it is none. The columns beside it, left out, are the usual ones.",
  "discount_after_tax": "Whether the base includes tax.",
  "discount_threshold": "What of the base stays out, a year.",
  "discount_cap": "The most that is given for discount_cap_per; null: no bound.",
  "discount_cap_per": "day, month, period or year.",
  "discount_months": "Months (1 to 12) in which it is given; empty: all.",
  "discount_condition": "What must be so: direct_debit, paid_on_time, ...; empty: always.",
  "base": "Codes of components that a discount, minimum, concession or green share looks at; empty: usage and supply before it.",
  "loss_factors": "Which loss factors apply: MLF, DLF, LOSS.",
  "share": "Percent of the quantity that is charged.",
  "spot_series": "Series of spot prices; the rates then hold the adder.",
  "spot_factor": "Multiplies the spot price.",
  "tax_code": "A code of tax_rates; empty: no tax.",
  "tax_inclusive": "Whether the price includes the tax.",
  "place": "Place in the order of calculation; null: that of its kind.",
  "prorate": "Whether the price of a month is shared by days when a part of it is charged.",
  "gl_code": "Account of the general ledger.",
  "from_date": "First day; null: since the plan began.",
  "to_date": "First day no longer; null while it lasts."}');
call submeter.make_tenant_table('submeter.price_plan_components');
call submeter.make_audited('submeter.price_plan_components');
create index on submeter.price_plan_components (price_plan_id);

create function submeter.is_day_of_year(month_in smallint, day_in smallint) returns boolean
language sql immutable parallel safe set search_path = '' as $$
  select month_in between 1 and 12
    and day_in between 1 and extract(day from make_date(2000, least(greatest(month_in, 1), 12), 1) + interval '1 month' - interval '1 day')
$$;
comment on function submeter.is_day_of_year(smallint, smallint) is 'Whether some year has this month and day.';
grant execute on function submeter.is_day_of_year(smallint, smallint) to operator, service_role;

create table submeter.price_plan_bands (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  component_id uuid not null references submeter.price_plan_components (id) on delete cascade,
  position smallint not null default 0,
  code text not null check (code ~ '^[A-Za-z0-9][A-Za-z0-9 ._/+-]{0,31}$'),
  from_minute smallint not null default 0 check (from_minute between 0 and 1439),
  to_minute smallint not null default 1440 check (to_minute between 0 and 1440),
  day_types text[] not null default '{}' check (day_types <@ '{mon,tue,wed,thu,fri,sat,sun,holiday}'::text[]),
  season_from_month smallint,
  season_from_day smallint,
  season_to_month smallint,
  season_to_day smallint,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (component_id, position),
  check (num_nonnulls(season_from_month, season_from_day, season_to_month, season_to_day) in (0, 4)),
  check (submeter.is_day_of_year(season_from_month, season_from_day)),
  check (submeter.is_day_of_year(season_to_month, season_to_day))
);
call submeter.describe('submeter.price_plan_bands', 'When a time band holds. The first band that fits the beginning of an interval is its band.', '{
  "component_id": "The component.",
  "position": "The order in which bands are tried.",
  "code": "peak, shoulder, offpeak, ...: rates name it. Several windows may share a code.",
  "from_minute": "First minute after midnight: 420 for 07:00.",
  "to_minute": "First minute no longer: 1260 for 21:00. Not after from_minute: it goes over midnight.",
  "day_types": "mon ... sun and holiday; empty: all days.",
  "season_from_month": "First month of the season; null: the whole year.",
  "season_from_day": "First day of the season in that month.",
  "season_to_month": "Last month of the season.",
  "season_to_day": "Last day of the season, included."}');
call submeter.make_tenant_table('submeter.price_plan_bands');
call submeter.make_audited('submeter.price_plan_bands');

create table submeter.price_plan_rates (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  component_id uuid not null references submeter.price_plan_components (id) on delete cascade,
  band text not null default '',
  step smallint not null default 1 check (step between 1 and 99),
  up_to numeric check (up_to >= 0),
  price numeric not null constraint price_plan_rates_six_decimals check (scale(trim_scale(price)) <= 6),
  from_date date not null,
  to_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (to_date > from_date),
  constraint price_plan_rates_one_at_a_time exclude using gist
    (component_id with =, band with =, step with =, daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.price_plan_rates', 'Prices, from a day to a day. Once they are billed they stay: end the row, add another.', '{
  "component_id": "The component.",
  "band": "The time band; empty where the component has none.",
  "step": "The step (block), counted from 1.",
  "up_to": "Where the step ends; null for the last one.",
  "price": "Price of a unit, main currency units, up to six decimals; percent where the component is a share.",
  "from_date": "First day.",
  "to_date": "First day no longer; null while it lasts."}');
call submeter.make_tenant_table('submeter.price_plan_rates');
call submeter.make_audited('submeter.price_plan_rates');

-- Which agreement has which plan ------------------------------------------------------------------------------------------------

create table submeter.agreement_price_plans (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  agreement_id uuid not null references submeter.agreements (id),
  price_plan_id uuid not null references submeter.price_plans (id),
  product text not null,
  from_date date not null,
  to_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (to_date > from_date),
  constraint agreement_price_plans_product foreign key (price_plan_id, product) references submeter.price_plans (id, product)
    on update cascade,
  constraint agreement_price_plans_one_at_a_time exclude using gist
    (agreement_id with =, product with =, daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.agreement_price_plans', 'Which price plan an agreement has, from a day to a day. Days after the end of the agreement do not count.', '{
  "agreement_id": "The agreement.",
  "price_plan_id": "The plan.",
  "product": "Product of the plan; follows from it.",
  "from_date": "First day.",
  "to_date": "First day no longer; null: as long as the agreement."}');
call submeter.make_tenant_table('submeter.agreement_price_plans');
call submeter.make_audited('submeter.agreement_price_plans');
create index on submeter.agreement_price_plans (price_plan_id);

create function submeter.verify_agreement_price_plan() returns trigger
language plpgsql set search_path = '' as $$
declare
  agreement submeter.agreements;
  plan submeter.price_plans;
  touched date;
begin
  if tg_op <> 'DELETE' then
    select p.* into plan from submeter.price_plans p where p.id = new.price_plan_id;
    new.product := coalesce(plan.product, new.product, '');
  end if;
  -- The first day on which the agreement has another plan than before.
  touched := case tg_op
    when 'INSERT' then new.from_date
    when 'DELETE' then old.from_date
    else case
      when (new.agreement_id, new.price_plan_id) is distinct from (old.agreement_id, old.price_plan_id)
        or new.from_date <> old.from_date then least(new.from_date, old.from_date)
      when new.to_date is distinct from old.to_date then least(new.to_date, old.to_date) end end;
  if touched is null then
    return new;
  end if;
  -- Until the transaction ends nobody bills it, or gives it another plan.
  perform from submeter.agreements a where a.id in (old.agreement_id, new.agreement_id) order by a.id for update;
  select a.* into agreement from submeter.agreements a
  where a.id in (old.agreement_id, new.agreement_id) order by a.billed_to_date desc nulls last limit 1;
  if touched < agreement.billed_to_date then
    perform submeter.refuse('TRF133', 'The change of plan begins before what is billed',
      format('%s; the agreement is billed to %s', touched, agreement.billed_to_date),
      format('Begin on %s or later', agreement.billed_to_date));
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  select a.* into agreement from submeter.agreements a where a.id = new.agreement_id;
  if new.from_date < agreement.from_date or new.from_date >= agreement.to_date or new.to_date > agreement.to_date then
    perform submeter.refuse('TRF134', 'The days of the plan lie outside of the agreement',
      format('%s to %s; the agreement has %s to %s', new.from_date, coalesce(new.to_date::text, '-'), agreement.from_date,
        coalesce(agreement.to_date::text, '-')),
      'Take days of the agreement; leave to_date out where the plan lasts as long as it does');
  end if;
  if (tg_op = 'INSERT' or new.price_plan_id <> old.price_plan_id or new.from_date <> old.from_date)
      and (plan.status <> 'active' or new.from_date < plan.from_date or new.from_date >= plan.to_date) then
    perform submeter.refuse('TRF135', 'The plan cannot be given on this day',
      format('plan %s is %s; it is given from %s to %s', plan.code, plan.status, coalesce(plan.from_date::text, '-'),
        coalesce(plan.to_date::text, '-')),
      'Take an active plan, or change its status or days in price_plans');
  end if;
  return new;
end $$;
comment on function submeter.verify_agreement_price_plan() is
  'Trigger: a plan lies in its agreement, may be given, and no change of it begins before what is billed.';
create trigger verify_agreement_price_plan before insert or update or delete on submeter.agreement_price_plans
  for each row execute function submeter.verify_agreement_price_plan();

-- What is billed stays ------------------------------------------------------------------------------------------------------------

create function submeter.billed_on_plan(plan_in uuid, days_in daterange) returns date
language sql stable set search_path = '' as $$
  select max(least(h.to_date, a.billed_to_date, upper(days_in)))
  from submeter.agreement_price_plans h
  join submeter.agreements a on a.id = h.agreement_id
  where h.price_plan_id = plan_in and h.from_date < a.billed_to_date
    and daterange(h.from_date, least(h.to_date, a.billed_to_date)) && days_in
$$;
comment on function submeter.billed_on_plan(uuid, daterange) is
  'First day not yet billed to anybody of these days on a plan; null where none of them is billed.';
grant execute on function submeter.billed_on_plan(uuid, daterange) to operator, service_role;

create function submeter.days_between(one_in date, other_in date) returns daterange
language sql immutable parallel safe set search_path = '' as $$
  select case when one_in is not distinct from other_in then 'empty'::daterange
    else daterange(least(one_in, other_in), case when one_in is not null and other_in is not null then greatest(one_in, other_in) end) end
$$;
comment on function submeter.days_between(date, date) is 'The days between two ends; null is the end of all days.';
grant execute on function submeter.days_between(date, date) to operator, service_role;

create procedure submeter.refuse_billed(code_in text, title_in text, plan_in uuid, days_in daterange, what_in text, hint_in text)
language plpgsql set search_path = '' as $$
declare
  billed constant date := submeter.billed_on_plan(plan_in, days_in);
begin
  if billed is not null then
    perform submeter.refuse(code_in, title_in, format('%s; it is billed to %s', what_in, billed), format(hint_in, billed), '23001');
  end if;
end $$;
comment on procedure submeter.refuse_billed(text, text, uuid, daterange, text, text) is
  'Refuses where any of these days is billed on the plan; the hint may name the first day that is not (%s).';
grant execute on procedure submeter.refuse_billed(text, text, uuid, daterange, text, text) to operator, service_role;

create function submeter.verify_rate() returns trigger
language plpgsql set search_path = '' as $$
declare
  row_there constant submeter.price_plan_rates := case when tg_op = 'INSERT' then new else old end;
  component constant submeter.price_plan_components := (
    select c from submeter.price_plan_components c where c.id = row_there.component_id);
  plan_now constant uuid := (select c.price_plan_id from submeter.price_plan_components c where c.id = new.component_id);
  what constant text := format('%s %s %s from %s', component.code, row_there.band, row_there.step, row_there.from_date);
  hint constant text := 'End the row (to_date) on %s or later, and add another from that day on';
begin
  if tg_op <> 'DELETE' and new.to_date <= new.from_date then
    return new;  -- the check of the table refuses it
  end if;
  if tg_op <> 'INSERT' then
    if tg_op = 'UPDATE' and (new.component_id, new.band, new.step, new.from_date, new.price, new.up_to)
        is not distinct from (old.component_id, old.band, old.step, old.from_date, old.price, old.up_to) then
      call submeter.refuse_billed('TRF130', 'The price is billed', component.price_plan_id,
        submeter.days_between(old.to_date, new.to_date), what, hint);
      return new;
    end if;
    call submeter.refuse_billed('TRF130', 'The price is billed', component.price_plan_id, daterange(old.from_date, old.to_date), what, hint);
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  call submeter.refuse_billed('TRF130', 'The price is billed', plan_now, daterange(new.from_date, new.to_date), what, 'Begin on %s or later');
  return new;
end $$;
comment on function submeter.verify_rate() is 'Trigger: prices of billed days stay as they are.';
create trigger verify_rate before insert or update or delete on submeter.price_plan_rates
  for each row execute function submeter.verify_rate();

create function submeter.verify_band() returns trigger
language plpgsql set search_path = '' as $$
declare
  c record;
begin
  for c in
    select k.* from submeter.price_plan_components k where k.id in (old.component_id, new.component_id)
  loop
    call submeter.refuse_billed('TRF131', 'What the component charges is billed', c.price_plan_id, daterange(c.from_date, c.to_date),
      format('bands of %s', c.code), 'End the component (to_date) on %s or later, and add another of that code from that day on');
  end loop;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
comment on function submeter.verify_band() is 'Trigger: the bands of a component that is billed stay as they are.';
create trigger verify_band before insert or update or delete on submeter.price_plan_bands
  for each row execute function submeter.verify_band();

create function submeter.verify_component() returns trigger
language plpgsql set search_path = '' as $$
declare
  told constant text[] := array['name', 'gl_code', 'position', 'updated_at'];
  hint constant text := 'End the component (to_date) on %s or later, and add another of that code from that day on';
  title constant text := 'What the component charges is billed';
begin
  if tg_op <> 'DELETE' then
    if new.kind = 'demand' and new.demand_unit is null then
      new.demand_unit := case new.unit when 'kVA' then 'kVA' else 'kW' end;
    end if;
    if new.demand_unit is not null then
      new.demand_minutes := coalesce(new.demand_minutes, 30);
      new.demand_minimum := coalesce(new.demand_minimum, 0);
      new.demand_charged_per := coalesce(new.demand_charged_per, 'month');
      new.demand_lookback_months := coalesce(new.demand_lookback_months, 0);
      new.demand_lookback_percent := coalesce(new.demand_lookback_percent, 0);
      new.demand_lookback_season := coalesce(new.demand_lookback_season, '{}');
    end if;
    if new.discount_how is not null then
      new.discount_after_tax := coalesce(new.discount_after_tax, false);
      new.discount_threshold := coalesce(new.discount_threshold, 0);
      new.discount_cap_per := coalesce(new.discount_cap_per, 'year');
      new.discount_months := coalesce(new.discount_months, '{}');
      new.discount_condition := coalesce(new.discount_condition, '');
    end if;
    if new.tax_code <> '' and not exists (select from submeter.tax_rates t where t.code = new.tax_code) then
      perform submeter.refuse('TRF114', 'The tax code is not known', new.tax_code,
        'One of ' || (select string_agg(distinct t.code, ', ' order by t.code) from submeter.tax_rates t), '23503');
    end if;
  end if;
  if tg_op = 'DELETE' then
    call submeter.refuse_billed('TRF131', title, old.price_plan_id, daterange(old.from_date, old.to_date), old.code, hint);
    return old;
  elsif tg_op = 'UPDATE' then
    if to_jsonb(new) - (told || array['to_date']) <> to_jsonb(old) - (told || array['to_date']) then
      call submeter.refuse_billed('TRF131', title, old.price_plan_id, daterange(old.from_date, old.to_date), old.code, hint);
    else
      call submeter.refuse_billed('TRF131', title, old.price_plan_id, submeter.days_between(old.to_date, new.to_date), old.code, hint);
    end if;
  end if;
  return new;
end $$;
comment on function submeter.verify_component() is
  'Trigger: what is left out of a rule is the usual, the tax code is known, and what is billed stays as it is.';
create trigger verify_component before insert or update or delete on submeter.price_plan_components
  for each row execute function submeter.verify_component();

create function submeter.verify_price_plan() returns trigger
language plpgsql set search_path = '' as $$
begin
  if (new.product, new.currency, new.decimals, new.rounding, new.tax_rule, new.metering, new.true_up_month, new.true_up,
      new.credit_from)
      is distinct from (old.product, old.currency, old.decimals, old.rounding, old.tax_rule, old.metering, old.true_up_month,
        old.true_up, old.credit_from) then
    call submeter.refuse_billed('TRF132', 'The rules of the plan are billed', old.id, daterange(null, null), old.code,
      'Make another plan, and give it to the agreements from %s or later');
  end if;
  return new;
end $$;
comment on function submeter.verify_price_plan() is 'Trigger: rounding, tax and metering of a plan stay as they are once it is billed.';
create trigger verify_price_plan before update on submeter.price_plans
  for each row execute function submeter.verify_price_plan();

-- Spot prices and conversions ----------------------------------------------------------------------------------------------------

create table submeter.spot_prices (
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  series text not null check (series <> ''),
  day date not null,
  starts_at timestamptz not null,
  minutes smallint not null default 30 check (minutes in (5, 10, 15, 30, 60)),
  decimals smallint not null default 5 check (decimals between 0 and 9),
  prices bigint[] not null check (array_position(prices, null) is null),
  source text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (esco_id, series, day),
  constraint spot_prices_whole_day check (cardinality(prices) * minutes in (1380, 1440, 1500))
);
call submeter.describe('submeter.spot_prices', 'Prices of intervals, a row a day. A component names the series.', '{
  "series": "What components name it by: NSW1.",
  "day": "The day, by the clock of the series.",
  "starts_at": "When it begins.",
  "minutes": "Length of an interval.",
  "decimals": "Decimals of the numbers in prices.",
  "prices": "Price of each interval of a unit, as whole numbers of 10^-decimals of the currency: 8450 with 5 decimals is 0.08450.",
  "source": "Where they were published."}');
call submeter.make_tenant_table('submeter.spot_prices');

create table submeter.price_conversions (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  site_id uuid not null references submeter.sites (id),
  product text not null check (product <> ''),
  from_unit text not null check (from_unit in ('m3', 'ft3', 'hcf', 'L', 'kL', 'kWh', 'MJ')),
  to_unit text not null check (to_unit in ('kWh', 'MJ', 'GJ', 'kL', 'L', 'm3')),
  correction_factor numeric not null default 1 check (correction_factor > 0),
  pressure_factor numeric not null default 1 check (pressure_factor > 0),
  temperature_factor numeric not null default 1 check (temperature_factor > 0),
  heating_value numeric check (heating_value > 0),
  mj_per_litre numeric check (mj_per_litre > 0),
  divisor numeric not null default 1 check (divisor > 0),
  from_date date not null default date '1900-01-01',
  to_date date,
  source text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (to_date > from_date),
  check (from_unit <> to_unit),
  constraint price_conversions_one_at_a_time exclude using gist
    (site_id with =, product with =, from_unit with =, to_unit with =, daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.price_conversions', 'What a unit measured is in the unit that is priced, at a site and from a day to a day: all factors multiplied, divided by the divisor.', '{
  "site_id": "The site.",
  "product": "gas, hot_water, ...",
  "from_unit": "Unit measured.",
  "to_unit": "Unit priced.",
  "correction_factor": "Of volume: 1.02264 in the UK; 0.0283 from cubic feet to m3.",
  "pressure_factor": "Gas: factor of pressure.",
  "temperature_factor": "Gas: factor of temperature.",
  "heating_value": "Gas: energy of a unit of volume, MJ/m3.",
  "mj_per_litre": "Hot water: energy of a litre, or of another unit measured.",
  "divisor": "What the product is divided by: 3.6 from MJ to kWh.",
  "from_date": "First day.",
  "to_date": "First day no longer; null while it lasts.",
  "source": "Where it was published."}');
call submeter.make_tenant_table('submeter.price_conversions');
call submeter.make_audited('submeter.price_conversions');

-- Rated lines ----------------------------------------------------------------------------------------------------------------------

create sequence submeter.rating_seq;
grant usage on sequence submeter.rating_seq to operator, service_role;

create table submeter.rated_lines (
  id bigint generated always as identity primary key,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  rating bigint not null,
  agreement_id uuid not null references submeter.agreements (id),
  price_plan_id uuid not null references submeter.price_plans (id),
  component_id uuid not null references submeter.price_plan_components (id),
  rate_id uuid references submeter.price_plan_rates (id),
  product text not null,
  place integer not null default 0,
  period_from date not null,
  period_to date not null,
  from_date date not null,
  to_date date not null,
  days integer not null generated always as (to_date - from_date) stored,
  band text not null default '',
  step smallint not null default 1,
  unit text not null default '',
  quantity numeric not null,
  factor numeric not null default 1,
  price numeric,
  unrounded numeric not null,
  amount numeric not null,
  tax_code text not null default '',
  tax_percent numeric not null default 0,
  tax numeric not null default 0,
  working jsonb not null default '{}' check (jsonb_typeof(working) = 'object'),
  rated_at timestamptz not null default now(),
  rated_by text not null default '',
  check (period_to > period_from),
  check (from_date >= period_from and to_date > from_date and to_date <= period_to)
);
call submeter.describe('submeter.rated_lines', 'What agreements were charged, line by line and with the working, whether or not there is an invoice. Lines stay; a later rating of the same days takes their place.', '{
  "id": "Number of the line.",
  "rating": "Number of the rating that made it: one agreement, product and period.",
  "agreement_id": "The agreement.",
  "price_plan_id": "The plan.",
  "component_id": "What it charges for.",
  "rate_id": "The price: which version of it; null where the amount follows from other lines.",
  "product": "Product of the plan.",
  "place": "Place on the bill.",
  "period_from": "First day of the period that was rated.",
  "period_to": "First day after it.",
  "from_date": "First day that the line charges.",
  "to_date": "First day after them.",
  "days": "How many days that is.",
  "band": "Time band; empty where there is none.",
  "step": "Step, counted from 1.",
  "unit": "Unit of the quantity.",
  "quantity": "Quantity, before loss factors.",
  "factor": "Product of the loss factors.",
  "price": "Price of a unit; null where the amount follows from other lines.",
  "unrounded": "The amount before it was rounded.",
  "amount": "The amount, main currency units; credits are negative.",
  "tax_code": "Its tax.",
  "tax_percent": "Percent of tax.",
  "tax": "Tax, within the amount where the component''s price includes it, else on top.",
  "working": "How it came about: windows, limits, intervals or readings, files.",
  "rated_at": "When it was rated.",
  "rated_by": "By whom."}');
call submeter.make_tenant_table('submeter.rated_lines', 'select, insert');
call submeter.make_append_only('submeter.rated_lines');
create index on submeter.rated_lines (agreement_id, rating);
create index on submeter.rated_lines (price_plan_id);
create index on submeter.rated_lines (component_id);
create index on submeter.rated_lines (rate_id);

-- Who sees what -----------------------------------------------------------------------------------------------------------------------

create function submeter.my_plan_days()
returns table (agreement_price_plan_id uuid, agreement_id uuid, price_plan_id uuid, days daterange)
language sql stable security definer set search_path = '' as $$
  select h.id, h.agreement_id, h.price_plan_id, s.days * daterange(h.from_date, h.to_date)
  from submeter.my_supply() s
  join submeter.agreement_price_plans h on h.agreement_id = s.agreement_id
  where s.sees_usage and s.days && daterange(h.from_date, h.to_date)
$$;
comment on function submeter.my_plan_days() is
  'Price plans that agreements of the customer of the token have or had, and on which of the customer''s days.';

create function submeter.my_agreement_price_plans() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct agreement_price_plan_id from submeter.my_plan_days())
$$;
comment on function submeter.my_agreement_price_plans() is 'Rows of agreement_price_plans that fall into those days.';

create function submeter.my_price_plans() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct price_plan_id from submeter.my_plan_days())
$$;
comment on function submeter.my_price_plans() is 'Those plans.';

create function submeter.my_price_plan_components() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(
    select distinct c.id from submeter.my_plan_days() d
    join submeter.price_plan_components c on c.price_plan_id = d.price_plan_id and d.days && daterange(c.from_date, c.to_date))
$$;
comment on function submeter.my_price_plan_components() is 'Components of those plans that hold on those days.';

create function submeter.my_price_plan_rates() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(
    select distinct r.id from submeter.my_plan_days() d
    join submeter.price_plan_components c on c.price_plan_id = d.price_plan_id and d.days && daterange(c.from_date, c.to_date)
    join submeter.price_plan_rates r on r.component_id = c.id and d.days && daterange(r.from_date, r.to_date))
$$;
comment on function submeter.my_price_plan_rates() is 'Prices of those plans that hold on those days.';
grant execute on function submeter.my_plan_days(), submeter.my_agreement_price_plans(), submeter.my_price_plans(),
  submeter.my_price_plan_components(), submeter.my_price_plan_rates() to authenticated;

create policy customer_reads on submeter.price_plans for select to authenticated
  using (id = any ((select submeter.my_price_plans())::uuid[]));
create policy customer_reads on submeter.price_plan_components for select to authenticated
  using (id = any ((select submeter.my_price_plan_components())::uuid[]));
create policy customer_reads on submeter.price_plan_bands for select to authenticated
  using (component_id = any ((select submeter.my_price_plan_components())::uuid[]));
create policy customer_reads on submeter.price_plan_rates for select to authenticated
  using (id = any ((select submeter.my_price_plan_rates())::uuid[]));
create policy customer_reads on submeter.agreement_price_plans for select to authenticated
  using (id = any ((select submeter.my_agreement_price_plans())::uuid[]));
-- Lines of days that are all the customer's: of others the part could be told.
create policy customer_reads on submeter.rated_lines for select to authenticated
  using (agreement_id = any ((select submeter.my_agreements())::uuid[])
         and exists (select from submeter.my_supply() s
                     where s.sees_usage and s.agreement_id = rated_lines.agreement_id
                       and s.days @> daterange(rated_lines.period_from, rated_lines.period_to)));
grant select on submeter.price_plans, submeter.price_plan_components, submeter.price_plan_bands, submeter.price_plan_rates,
  submeter.agreement_price_plans, submeter.rated_lines to authenticated;

-- Over REST ------------------------------------------------------------------------------------------------------------------------------

create view public.tax_rates with (security_invoker) as
  select id, code, name, jurisdiction, percent, from_date, to_date, created_at, updated_at from submeter.tax_rates;

create view public.calendars with (security_invoker) as
  select id, esco_id, code, name, jurisdiction, year_starts, years, created_at, updated_at from submeter.calendars;

create view public.calendar_holidays with (security_invoker) as
  select id, esco_id, calendar_id, day, name, is_holiday, source, created_at, updated_at from submeter.calendar_holidays;

create or replace view public.sites with (security_invoker) as
  select id, esco_id, seller_id, code, name, address, jurisdiction, time_zone, billing_clock, market_time_zone,
    day_time_zone, status, created_at, updated_at, calendar_id
  from submeter.sites;

create view public.price_plans with (security_invoker) as
  select id, esco_id, code, name, product, currency, decimals, rounding, tax_rule, metering, true_up_month, true_up, credit_from, status, from_date, to_date,
    created_at, updated_at
  from submeter.price_plans;

create view public.price_plan_components with (security_invoker) as
  select id, esco_id, price_plan_id, code, position, kind, unit, product, name, register_types, clock, step_basis, step_scope,
    demand_unit, demand_minutes, demand_minimum, demand_charged_per, demand_lookback_months, demand_lookback_percent,
    demand_lookback_season, discount_how, discount_after_tax, discount_threshold, discount_cap, discount_cap_per, discount_months,
    discount_condition, base, loss_factors, share, spot_series, spot_factor, tax_code, tax_inclusive, place, prorate, gl_code,
    from_date, to_date, created_at, updated_at
  from submeter.price_plan_components;

create view public.price_plan_bands with (security_invoker) as
  select id, esco_id, component_id, position, code, from_minute, to_minute, day_types, season_from_month, season_from_day,
    season_to_month, season_to_day, created_at, updated_at
  from submeter.price_plan_bands;

create view public.price_plan_rates with (security_invoker) as
  select id, esco_id, component_id, band, step, up_to, price, from_date, to_date, created_at, updated_at
  from submeter.price_plan_rates;

create view public.agreement_price_plans with (security_invoker) as
  select id, esco_id, agreement_id, price_plan_id, product, from_date, to_date, created_at, updated_at
  from submeter.agreement_price_plans;

create view public.spot_prices with (security_invoker) as
  select esco_id, series, day, starts_at, minutes, decimals, prices, source, created_at, updated_at from submeter.spot_prices;

create view public.price_conversions with (security_invoker) as
  select id, esco_id, site_id, product, from_unit, to_unit, correction_factor, pressure_factor, temperature_factor, heating_value,
    mj_per_litre, divisor, from_date, to_date, source, created_at, updated_at
  from submeter.price_conversions;

create view public.rated_lines with (security_invoker) as
  select l.id, l.esco_id, l.rating, l.agreement_id, l.price_plan_id, l.component_id, l.rate_id, l.product, l.place, l.period_from,
    l.period_to, l.from_date, l.to_date, l.days, l.band, l.step, l.unit, l.quantity, l.factor, l.price, l.unrounded, l.amount,
    l.tax_code, l.tax_percent, l.tax, l.working, l.rated_at, l.rated_by,
    not exists (
      select from submeter.rated_lines n
      where n.agreement_id = l.agreement_id and n.product = l.product and n.rating > l.rating
        and n.period_from < l.period_to and n.period_to > l.period_from) as stands
  from submeter.rated_lines l;
comment on column public.rated_lines.stands is 'Whether no later rating of any of the days has taken its place.';

grant select on public.price_plans, public.price_plan_components, public.price_plan_bands, public.price_plan_rates,
  public.agreement_price_plans, public.rated_lines to authenticated, operator, service_role;
grant insert, update, delete on public.price_plans, public.price_plan_components, public.price_plan_bands, public.price_plan_rates,
  public.agreement_price_plans to operator, service_role;
grant select, insert, update, delete on public.calendars, public.calendar_holidays, public.spot_prices, public.price_conversions
  to operator, service_role;
grant select on public.tax_rates to operator, service_role;
grant insert, update, delete on public.tax_rates to service_role;

call submeter.tie_to_esco();
call submeter.describe_views();
comment on table submeter.audit is
  'Changes of parties, agreements, prices and payments, of what decides how quantities are counted, and decisions about meter data: who, when, what.';
