-- Around price plans: offerings and inducements, what a site's customers get by default, solar credits, prices beside the cap,
-- and what the application does for plans and calendars.

-- Offerings and inducements ---------------------------------------------------------------------------------------------------

create table submeter.inducements (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  code text not null check (code ~ '^[A-Za-z0-9][A-Za-z0-9 ._/+-]{0,63}$'),
  description text not null default '',
  active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (esco_id, code)
);
call submeter.describe('submeter.inducements', 'What an offering gives or takes on top of its plan, as its schedules say.', '{
  "code": "Short name, unique in the ESCO.",
  "description": "In words.",
  "active": "False: it does nothing."}');
call submeter.make_tenant_table('submeter.inducements');
call submeter.make_audited('submeter.inducements');

create table submeter.inducement_schedules (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  inducement_id uuid not null references submeter.inducements (id) on delete cascade,
  type text not null check (type in ('postage_fee', 'direct_debit_discount', 'usage_discount', 'late_payment_fee', 'credit', 'other')),
  customer_type text check (customer_type in ('residential', 'business')),
  payment_method text check (payment_method in ('prepayment', 'direct_debit', 'standard_credit')),
  component_codes text[] not null default '{}',
  amount numeric check (scale(trim_scale(amount)) <= 6),
  percent numeric check (percent between -100 and 100),
  invoice_description text not null default '',
  frequency text not null default 'per_invoice' check (frequency in ('periodic', 'per_invoice', 'first_invoices')),
  invoices smallint check (invoices > 0),
  active boolean not null default true,
  from_date date not null default date '1900-01-01',
  to_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (to_date > from_date),
  constraint inducement_schedules_one_of_two check (num_nonnulls(amount, percent) = 1),
  constraint inducement_schedules_first check ((frequency = 'first_invoices') = (invoices is not null))
);
call submeter.describe('submeter.inducement_schedules', 'An amount or a percentage that an inducement gives (below zero) or takes, for whom and how often.', '{
  "inducement_id": "The inducement.",
  "type": "postage_fee, direct_debit_discount, usage_discount, late_payment_fee, credit or other.",
  "customer_type": "For these alone: residential or business; null: all.",
  "payment_method": "For who pays so alone: prepayment, direct_debit, standard_credit; null: all.",
  "component_codes": "A percentage is of these components; empty: of all.",
  "amount": "Main currency units; null where it is a percentage.",
  "percent": "Percent; null where it is an amount.",
  "invoice_description": "What the invoice says.",
  "frequency": "periodic (each billing period), per_invoice, or first_invoices.",
  "invoices": "Of first_invoices: how many.",
  "active": "False: it does nothing.",
  "from_date": "First day.",
  "to_date": "First day no longer; null while it lasts."}');
call submeter.make_tenant_table('submeter.inducement_schedules');
call submeter.make_audited('submeter.inducement_schedules');
create index on submeter.inducement_schedules (inducement_id);

create table submeter.offerings (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  code text not null check (code ~ '^[A-Za-z0-9][A-Za-z0-9 ._/+-]{0,63}$'),
  description text not null default '',
  inducement_id uuid references submeter.inducements (id),
  bill_cycle text check (bill_cycle <> ''),
  contract_months smallint check (contract_months > 0),
  treatment text check (treatment <> ''),
  terms text,
  from_date date not null default date '1900-01-01',
  to_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (esco_id, code),
  check (to_date > from_date)
);
call submeter.describe('submeter.offerings', 'Extras on top of a price plan: what is promised with it, and for how long.', '{
  "code": "Short name, unique in the ESCO.",
  "description": "In words.",
  "inducement_id": "What it gives or takes besides the plan.",
  "bill_cycle": "How often it is billed.",
  "contract_months": "For how long it is agreed.",
  "treatment": "How overdue bills are treated, unless the account says otherwise.",
  "terms": "Terms, as they are printed.",
  "from_date": "First day on which it is offered.",
  "to_date": "First day no longer; null while it is."}');
call submeter.make_tenant_table('submeter.offerings');
call submeter.make_audited('submeter.offerings');
create index on submeter.offerings (inducement_id);

alter table submeter.agreement_price_plans add offering_id uuid references submeter.offerings (id);
comment on column submeter.agreement_price_plans.offering_id is 'What is offered on top of the plan on these days.';
create index on submeter.agreement_price_plans (offering_id);

-- What customers of a site get ---------------------------------------------------------------------------------------------------

create table submeter.site_price_plans (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  site_id uuid not null references submeter.sites (id),
  price_plan_id uuid not null references submeter.price_plans (id),
  product text not null,
  customer_type text check (customer_type in ('residential', 'business')),
  payment_method text check (payment_method in ('prepayment', 'direct_debit', 'standard_credit')),
  from_date date not null default date '1900-01-01',
  to_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (to_date > from_date),
  constraint site_price_plans_product foreign key (price_plan_id, product) references submeter.price_plans (id, product)
    on update cascade,
  constraint site_price_plans_one_at_a_time exclude using gist
    (site_id with =, product with =, (coalesce(customer_type, '')) with =, (coalesce(payment_method, '')) with =,
     daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.site_price_plans', 'Which plan a site''s customers get unless another is agreed, by kind of customer and way of paying.', '{
  "site_id": "The site.",
  "price_plan_id": "The plan.",
  "product": "Product of the plan; follows from it.",
  "customer_type": "residential or business; null: all that have no row of their own.",
  "payment_method": "prepayment, direct_debit or standard_credit; null: likewise.",
  "from_date": "First day.",
  "to_date": "First day no longer; null while it lasts."}');
call submeter.make_tenant_table('submeter.site_price_plans');
call submeter.make_audited('submeter.site_price_plans');
create index on submeter.site_price_plans (price_plan_id);

create function submeter.fill_product() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.product := coalesce((select p.product from submeter.price_plans p where p.id = new.price_plan_id), new.product, '');
  return new;
end $$;
comment on function submeter.fill_product() is 'Trigger: the product of a row is that of its plan.';
create trigger verify_product before insert or update on submeter.site_price_plans
  for each row execute function submeter.fill_product();

create function public.default_price_plans(site_id_in uuid, day_in date, customer_type_in text default null, payment_method_in text default null)
returns table (product text, price_plan_id uuid, code text, given_by uuid)
language sql stable set search_path = '' as $$
  select distinct on (s.product) s.product, s.price_plan_id, p.code, s.id
  from submeter.site_price_plans s
  join submeter.price_plans p on p.id = s.price_plan_id
  where s.site_id = site_id_in and daterange(s.from_date, s.to_date) @> day_in
    and (s.customer_type is null or s.customer_type = customer_type_in)
    and (s.payment_method is null or s.payment_method = payment_method_in)
  order by s.product, s.customer_type is null, s.payment_method is null
$$;
comment on function public.default_price_plans(uuid, date, text, text) is
  'The plans that a customer of this kind and way of paying gets at a site on a day, one of each product: the row that says most goes first, kind before way of paying.';

-- Prices beside the cap ------------------------------------------------------------------------------------------------------------

create function public.price_caps_check(day_in date)
returns table (price_plan_id uuid, plan text, component text, charge text, price numeric, cap numeric, tax_basis text, over boolean,
  region text, payment_type text, meter_type text, cap_from date)
language sql stable set search_path = '' as $$
  select p.id, p.code, c.code, k.charge, x.price, k.cap, b.tax_basis, x.price > k.cap, b.region, b.payment_type, b.meter_type, b.period_start
  from submeter.price_plans p
  cross join lateral submeter.benchmark_on(p.esco_id, submeter.check_month(day_in)) b
  join submeter.price_plan_components c on c.price_plan_id = p.id and daterange(c.from_date, c.to_date) @> day_in
  join submeter.price_plan_rates r on r.component_id = c.id and daterange(r.from_date, r.to_date) @> day_in
    and r.band = '' and r.step = 1 and r.up_to is null
  left join submeter.tax_rates t on t.code = c.tax_code and daterange(t.from_date, t.to_date) @> day_in
  cross join lateral (
    select case c.kind when 'usage' then 'unit_rate' else 'standing_charge' end as charge,
      case c.kind when 'usage' then b.unit_rate else b.standing_charge end as cap) k
  -- On the basis of the cap, or a price without tax under a cap with tax would look cheap.
  cross join lateral (
    select trim_scale(round(case
      when b.tax_basis = 'inclusive' and not c.tax_inclusive then r.price * (100 + coalesce(t.percent, 0)) / 100
      when b.tax_basis = 'exclusive' and c.tax_inclusive then r.price * 100 / (100 + coalesce(t.percent, 0))
      else r.price end, 6)) as price) x
  where p.product = 'electricity' and p.status <> 'closed'
    and (c.kind = 'usage' and c.unit = 'kWh' or c.kind = 'supply' and c.unit = 'day')
  order by p.code, c.position, c.code
$$;
comment on function public.price_caps_check(date) is
  'Flat unit rates and standing charges of the plans beside the cap (benchmark) of the ESCO''s region on a day, on the tax basis of the cap. over: above it. Prices by time or in steps are not compared.';

-- Solar credits --------------------------------------------------------------------------------------------------------------------

create table submeter.solar_credit_tariffs (
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  period_start date not null,
  credit_pence_per_year numeric not null check (credit_pence_per_year between 0 and 30000),
  credit_pence_per_day numeric not null generated always as (
    credit_pence_per_year / (make_date(extract(year from period_start)::int + 1, 1, 1) - make_date(extract(year from period_start)::int, 1, 1))) stored,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (esco_id, period_start)
);
call submeter.describe('submeter.solar_credit_tariffs', 'What an ESCO credits for a kW of solar panels, from a day on.', '{
  "period_start": "First day; holds until the ESCO''s next row.",
  "credit_pence_per_year": "Pence (hundredths of the currency) for a kW and year.",
  "credit_pence_per_day": "The same for a day: by the days of the year of period_start."}');
call submeter.make_tenant_table('submeter.solar_credit_tariffs');
call submeter.make_audited('submeter.solar_credit_tariffs');

create table submeter.solar_installations (
  property_id uuid primary key references submeter.properties (id),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  certificate text,
  declared_net_capacity numeric check (declared_net_capacity >= 0),
  commissioned_on date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
call submeter.describe('submeter.solar_installations', 'Solar panels of a property.', '{
  "property_id": "Where they are.",
  "certificate": "Number of their certificate (MCS).",
  "declared_net_capacity": "kW, as the certificate says.",
  "commissioned_on": "Since when they run."}');
call submeter.make_tenant_table('submeter.solar_installations');
call submeter.make_audited('submeter.solar_installations');

create table submeter.solar_credit_allocations (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  installation_id uuid not null references submeter.solar_installations (property_id) on delete cascade,
  property_id uuid not null references submeter.properties (id),
  ratio numeric not null check (ratio between 0 and 1),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (installation_id, property_id)
);
call submeter.describe('submeter.solar_credit_allocations', 'Whose credit it is, where an installation''s is shared. Without rows it is all its own property''s.', '{
  "installation_id": "The installation, by its property.",
  "property_id": "Who is credited.",
  "ratio": "Share, 0 to 1; those of an installation are 1 together at most."}');
call submeter.make_tenant_table('submeter.solar_credit_allocations');
call submeter.make_audited('submeter.solar_credit_allocations');
create index on submeter.solar_credit_allocations (property_id);

create function submeter.verify_allocation() returns trigger
language plpgsql set search_path = '' as $$
declare
  total numeric;
begin
  perform from submeter.solar_installations i where i.property_id = new.installation_id for update;
  select sum(a.ratio) into total from submeter.solar_credit_allocations a where a.installation_id = new.installation_id;
  if total > 1 then
    perform submeter.refuse('TRF160', 'More than the whole credit is given away', format('the ratios add up to %s', total),
      'Lower the ratios of the installation''s other properties first');
  end if;
  return null;
end $$;
comment on function submeter.verify_allocation() is 'Trigger: the shares of an installation are 1 together at most.';
create trigger verify_allocation after insert or update on submeter.solar_credit_allocations
  for each row execute function submeter.verify_allocation();

create function submeter.solar_credit_pence(capacity_in numeric, month_in date, pence_per_day_in numeric, ratio_in numeric default 1)
returns bigint
language sql immutable parallel safe set search_path = '' as $$
  select trunc(coalesce(capacity_in * extract(day from date_trunc('month', month_in) + interval '1 month' - interval '1 day')
    * pence_per_day_in * ratio_in, 0))::bigint
$$;
comment on function submeter.solar_credit_pence(numeric, date, numeric, numeric) is
  'The credit of a month: kW x all days of the month x pence a day x share, cut to whole pence; 0 where anything is not known.';

create function public.solar_credits(month_in date)
returns table (property_id uuid, installation_id uuid, month date, ratio numeric, declared_net_capacity numeric, credit_pence_per_day numeric,
  credit_pence bigint)
language sql stable set search_path = '' as $$
  select coalesce(a.property_id, i.property_id), i.property_id, m.month, coalesce(a.ratio, 1), i.declared_net_capacity, t.credit_pence_per_day,
    submeter.solar_credit_pence(i.declared_net_capacity, m.month, t.credit_pence_per_day, coalesce(a.ratio, 1))
  from submeter.solar_installations i
  cross join lateral (select date_trunc('month', submeter.check_month(month_in))::date as month) m
  left join submeter.solar_credit_allocations a on a.installation_id = i.property_id
  left join lateral (
    select s.credit_pence_per_day from submeter.solar_credit_tariffs s
    where s.esco_id = i.esco_id and s.period_start <= m.month order by s.period_start desc limit 1) t on true
$$;
comment on function public.solar_credits(date) is
  'What each property is credited for solar panels in a month, in pence: kW x all days of the month x pence a day x share, cut to whole pence.';

-- Over REST --------------------------------------------------------------------------------------------------------------------------

create view public.inducements with (security_invoker) as
  select id, esco_id, code, description, active, created_at, updated_at from submeter.inducements;

create view public.inducement_schedules with (security_invoker) as
  select id, esco_id, inducement_id, type, customer_type, payment_method, component_codes, amount, percent, invoice_description, frequency,
    invoices, active, from_date, to_date, created_at, updated_at
  from submeter.inducement_schedules;

create view public.offerings with (security_invoker) as
  select id, esco_id, code, description, inducement_id, bill_cycle, contract_months, treatment, terms, from_date, to_date, created_at,
    updated_at
  from submeter.offerings;

create or replace view public.agreement_price_plans with (security_invoker) as
  select id, esco_id, agreement_id, price_plan_id, product, from_date, to_date, created_at, updated_at, offering_id
  from submeter.agreement_price_plans;

create view public.site_price_plans with (security_invoker) as
  select id, esco_id, site_id, price_plan_id, product, customer_type, payment_method, from_date, to_date, created_at, updated_at
  from submeter.site_price_plans;

create view public.solar_credit_tariffs with (security_invoker) as
  select esco_id, period_start, credit_pence_per_year, credit_pence_per_day, created_at, updated_at from submeter.solar_credit_tariffs;

create view public.solar_installations with (security_invoker) as
  select property_id, esco_id, certificate, declared_net_capacity, commissioned_on, created_at, updated_at from submeter.solar_installations;

create view public.solar_credit_allocations with (security_invoker) as
  select id, esco_id, installation_id, property_id, ratio, created_at, updated_at from submeter.solar_credit_allocations;

grant select, insert, update, delete on public.inducements, public.inducement_schedules, public.offerings, public.site_price_plans,
  public.solar_credit_tariffs, public.solar_installations, public.solar_credit_allocations to operator, service_role;
grant execute on function submeter.solar_credit_pence(numeric, date, numeric, numeric), public.solar_credits(date),
  public.price_caps_check(date), public.default_price_plans(uuid, date, text, text) to operator, service_role;

-- Served by the application -------------------------------------------------------------------------------------------------------------

create function public.fill_calendar(code text, from_year integer, to_year integer, jurisdiction text default null)
returns table (calendar_id uuid, calendar text, added integer, years integer[])
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Holidays are known to the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.fill_calendar(text, integer, integer, text) is
  'Fills the public holidays of years into a calendar, which is made if it is not there: of the jurisdiction, else of the state that the calendar is called by (AU-NSW). Days that somebody entered or took back stay. Served by the application.';

create function public.check_price_plans(code text default null)
returns table (price_plan_id uuid, plan text, component text, error_code text, title text, detail text, hint text)
language plpgsql stable set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Plans are looked through by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.check_price_plans(text) is
  'What is wrong in a price plan, or in all: bands that leave a part of the week out, steps that do not ascend, days without a price, ... No row: it can be charged. Served by the application.';

create function public.assign_price_plan(agreement_id uuid, plan text, from_date date)
returns table (id uuid, outcome text, begins date, ends date)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'A change of plan is made by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.assign_price_plan(uuid, text, date) is
  'Gives an agreement a price plan (by code) from a day on: the one before ends, one planned for later still comes. Again it changes nothing. Served by the application.';

grant execute on function public.fill_calendar(text, integer, integer, text), public.check_price_plans(text),
  public.assign_price_plan(uuid, text, date) to operator, service_role;

call submeter.tie_to_esco();
call submeter.describe_views();
