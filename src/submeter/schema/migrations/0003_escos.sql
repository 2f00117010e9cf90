-- Regions of a price cap, ESCOs (the tenants) and the sellers they act for.

create table submeter.regions (
  code text primary key check (code ~ '^[a-z0-9_]{2,40}$'),
  name text not null unique,
  jurisdiction text not null check (jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$')
);
call submeter.describe('submeter.regions', 'Region for which a regulator publishes price caps or benchmarks.', '{
  "code": "Short name of the region, e.g. south_west.",
  "name": "Name as the regulator writes it.",
  "jurisdiction": "Country and, where prices are set by state, state: ISO 3166 code such as GB or AU-VIC."}');
grant select on submeter.regions to authenticated, operator, service_role;
grant insert, update, delete on submeter.regions to service_role;

-- The fourteen distribution regions of Great Britain, and the Australian states.
insert into submeter.regions (code, name, jurisdiction) values
  ('north_west', 'North West', 'GB'), ('northern', 'Northern', 'GB'), ('yorkshire', 'Yorkshire', 'GB'),
  ('northern_scotland', 'Northern Scotland', 'GB'), ('southern', 'Southern', 'GB'),
  ('southern_scotland', 'Southern Scotland', 'GB'), ('merseyside_north_wales', 'N Wales and Mersey', 'GB'),
  ('london', 'London', 'GB'), ('south_east', 'South East', 'GB'), ('eastern', 'Eastern', 'GB'),
  ('east_midlands', 'East Midlands', 'GB'), ('midlands', 'Midlands', 'GB'),
  ('south_west', 'South West', 'GB'), ('south_wales', 'South Wales', 'GB'),
  ('new_south_wales', 'New South Wales', 'AU-NSW'), ('victoria', 'Victoria', 'AU-VIC'),
  ('queensland', 'Queensland', 'AU-QLD'), ('south_australia', 'South Australia', 'AU-SA');

create function submeter.is_time_zone(name_in text) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  -- Immutable by intent: a name once known stays known; a check constraint must not scan pg_timezone_names.
  perform timestamptz 'epoch' at time zone name_in;
  return true;
exception when invalid_parameter_value then
  return false;
end $$;
comment on function submeter.is_time_zone(text) is 'Whether PostgreSQL knows the name of a time zone.';
grant execute on function submeter.is_time_zone(text) to operator, service_role;

create table submeter.escos (
  id uuid primary key default gen_random_uuid(),
  code text not null unique check (code ~ '^[a-z0-9][a-z0-9_-]{1,31}$'),
  name text not null check (name <> ''),
  region text references submeter.regions (code),
  time_zone text not null default 'Europe/London' check (submeter.is_time_zone(time_zone)),
  currency text not null default 'GBP' check (currency ~ '^[A-Z]{3}$'),
  app_url text,
  status text not null default 'active' check (status in ('active', 'closed')),
  tariff_policy text not null default 'carry-forward' check (tariff_policy in ('carry-forward', 'freeze', 'default-25')),
  cost_rule text not null default 'agreement-days' check (cost_rule in ('agreement-days', 'compat')),
  default_discount_percent numeric not null default 25 check (default_discount_percent between 0 and 100),
  rate_decimals smallint not null default 5 check (rate_decimals between 2 and 6),
  benchmark_payment_type text not null default 'prepayment',
  benchmark_meter_type text not null default 'single_rate',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
call submeter.describe('submeter.escos', 'Operator of one or more networks: the tenant of the system.', '{
  "code": "Short unique name in lower case, e.g. wlce.",
  "name": "Name of the company.",
  "region": "Region whose benchmark prices apply.",
  "time_zone": "Local time where a site states none; decides which day is today.",
  "currency": "Currency of all money of this ESCO, ISO 4217.",
  "app_url": "Address of the customers'' portal.",
  "status": "active, or closed: no new tariffs or costs.",
  "tariff_policy": "What a new quarter does: carry-forward copies the newest earlier discount however old; freeze writes nothing; default-25 looks back three months, else 25 %.",
  "cost_rule": "agreement-days: each day to the account supplied that day, at that day''s rates; compat: whole month to each occupier, rates of the first of the month.",
  "default_discount_percent": "Discount on the benchmark for who has none yet (carry-forward).",
  "rate_decimals": "Decimals at which discounted rates are cut; a prepayment meter takes five.",
  "benchmark_payment_type": "Which benchmark is compared: its payment type.",
  "benchmark_meter_type": "Which benchmark is compared: its meter type."}');
alter table submeter.escos enable row level security;
alter table submeter.escos force row level security;
create policy service_role_sees_all on submeter.escos to service_role using (true) with check (true);
create policy operator_own_esco on submeter.escos to operator
  using (id = (select submeter.claimed_esco())) with check (id = (select submeter.claimed_esco()));
create policy anon_lists_active on submeter.escos for select to anon using (status = 'active');
grant select, insert, update, delete on submeter.escos to service_role;
grant select, update (name, region, time_zone, currency, app_url, tariff_policy, cost_rule, default_discount_percent,
  rate_decimals, benchmark_payment_type, benchmark_meter_type) on submeter.escos to operator;
grant select (id, code, name, region, time_zone, currency, app_url, status) on submeter.escos to anon, authenticated;
create trigger touch before update on submeter.escos for each row execute function submeter.touch();

create function submeter.default_esco() returns uuid
language plpgsql stable set search_path = '' as $$
declare
  esco uuid := submeter.claimed_esco();
  code_set text := nullif(current_setting('app.settings.default_esco', true), '');
begin
  if esco is null and code_set is not null then
    select e.id into esco from submeter.escos e where e.code = code_set;
  end if;
  if esco is null then
    raise exception 'no ESCO given'
      using errcode = '22023',
            detail = 'The row has no esco_id, the token claims none, and no default ESCO is configured.',
            hint = 'Send esco_id, use a token with the claim esco_id, or set the default ESCO by its code.';
  end if;
  return esco;
end $$;
comment on function submeter.default_esco() is
  'Column default of esco_id: the ESCO of the token, else of the setting app.settings.default_esco (a code), else 22023.';
grant execute on function submeter.default_esco() to authenticated, operator, service_role;

create table submeter.sellers (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  name text not null check (name <> ''),
  legal_name text,
  tax_number text,
  company_number text,
  address text,
  bank_account jsonb,
  invoice_prefix text,
  status text not null default 'active' check (status in ('active', 'closed')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  unique (esco_id, name)
);
call submeter.describe('submeter.sellers', 'Legal entity that sells: its tax number, bank account, invoice numbers and ledger. Often the ESCO itself, often a body corporate.', '{
  "name": "Trading name; unique in the ESCO.",
  "legal_name": "Name as registered.",
  "tax_number": "VAT number, ABN, GST number.",
  "company_number": "Number in the register of companies.",
  "address": "Registered address, for documents.",
  "bank_account": "Where customers pay to: scheme, account name and numbers.",
  "invoice_prefix": "Put before the invoice numbers of this seller.",
  "status": "active or closed."}');
call submeter.make_tenant_table('submeter.sellers');
