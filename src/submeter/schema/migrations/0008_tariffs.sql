-- Published benchmarks (price caps), the ESCO's own rates and each customer's rates, and how rates follow from discounts.

create table submeter.benchmark_tariffs (
  id uuid primary key default gen_random_uuid(),
  region text not null references submeter.regions (code),
  period_start date not null,
  payment_type text not null default 'prepayment' check (payment_type in ('prepayment', 'direct_debit', 'standard_credit', 'any')),
  meter_type text not null default 'single_rate' check (meter_type in ('single_rate', 'multi_register', 'time_of_use', 'any')),
  unit_rate numeric not null check (unit_rate between 0 and 100 and scale(unit_rate) <= 6),
  standing_charge numeric not null check (standing_charge between 0 and 100 and scale(standing_charge) <= 6),
  tax_basis text not null default 'inclusive' check (tax_basis in ('inclusive', 'exclusive')),
  provenance text not null default 'published' check (provenance in ('published', 'illustrative')),
  source text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (region, period_start, payment_type, meter_type)
);
call submeter.describe('submeter.benchmark_tariffs', 'Price cap or reference price of a region, shared by all ESCOs. Adding one generates the tariffs of its period.', '{
  "region": "Region that it holds in.",
  "period_start": "First day of the period; it holds until the next row of its kind.",
  "payment_type": "prepayment, direct_debit, standard_credit or any.",
  "meter_type": "single_rate, multi_register, time_of_use or any.",
  "unit_rate": "Main currency units per kWh, e.g. 0.2337 pounds.",
  "standing_charge": "Main currency units per day.",
  "tax_basis": "Whether tax is inside: inclusive or exclusive.",
  "provenance": "published by the regulator, or illustrative (made up for a demonstration).",
  "source": "Where it was published."}');
create trigger touch before update on submeter.benchmark_tariffs for each row execute function submeter.touch();
grant select on submeter.benchmark_tariffs to authenticated, operator, service_role;
-- Shared by all ESCOs, so no single one may change it.
grant insert, update, delete on submeter.benchmark_tariffs to service_role;

create table submeter.microgrid_tariffs (
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  period_start date not null,
  discount_percent numeric check (discount_percent between 0 and 100),
  unit_rate numeric not null check (unit_rate between 0 and 100 and scale(unit_rate) <= 6),
  standing_charge numeric not null check (standing_charge between 0 and 100 and scale(standing_charge) <= 6),
  tax_basis text not null default 'inclusive' check (tax_basis in ('inclusive', 'exclusive')),
  emergency_credit numeric not null default 15 check (emergency_credit between 0 and 5000),
  debt_recovery_rate numeric not null default 0.25 check (debt_recovery_rate between 0 and 500),
  ecredit_button_threshold numeric not null default 10 check (ecredit_button_threshold between 0 and 5000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (esco_id, period_start)
);
call submeter.describe('submeter.microgrid_tariffs', 'An ESCO''s own standard rates and prepayment settings from a day on.', '{
  "period_start": "First day; holds until the ESCO''s next row.",
  "discount_percent": "Percent below the benchmark; rates follow from it. Null: the rates are set by hand.",
  "unit_rate": "Main currency units per kWh.",
  "standing_charge": "Main currency units per day.",
  "tax_basis": "Whether tax is inside: inclusive or exclusive.",
  "emergency_credit": "Emergency credit on the meter, main currency units.",
  "debt_recovery_rate": "Debt taken per day, main currency units.",
  "ecredit_button_threshold": "Balance under which emergency credit is offered."}');
call submeter.make_tenant_table('submeter.microgrid_tariffs');

create table submeter.customer_tariffs (
  customer_id uuid not null references submeter.customers (id),
  period_start date not null,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  discount_percent numeric check (discount_percent between 0 and 100),
  unit_rate numeric not null check (unit_rate between 0 and 100 and scale(unit_rate) <= 6),
  standing_charge numeric not null check (standing_charge between 0 and 100 and scale(standing_charge) <= 6),
  tax_basis text not null default 'inclusive' check (tax_basis in ('inclusive', 'exclusive')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (customer_id, period_start)
);
call submeter.describe('submeter.customer_tariffs', 'A customer''s own rates from a day on.', '{
  "customer_id": "The customer.",
  "period_start": "First day; holds until the customer''s next row.",
  "discount_percent": "Percent below the benchmark; rates follow from it. Null: the rates are set by hand.",
  "unit_rate": "Main currency units per kWh, cut (not rounded) at the ESCO''s rate_decimals.",
  "standing_charge": "Main currency units per day, cut likewise.",
  "tax_basis": "Whether tax is inside: inclusive or exclusive."}');
call submeter.make_tenant_table('submeter.customer_tariffs');
create index on submeter.customer_tariffs (esco_id, period_start);

create function submeter.benchmark_on(esco_in uuid, day_in date) returns setof submeter.benchmark_tariffs
language sql stable rows 1 set search_path = '' as $$
  select b.*
  from submeter.escos e
  join submeter.benchmark_tariffs b
    on b.region = e.region and b.payment_type = e.benchmark_payment_type and b.meter_type = e.benchmark_meter_type
  where e.id = esco_in and b.period_start <= day_in
  order by b.period_start desc
  limit 1
$$;
comment on function submeter.benchmark_on(uuid, date) is 'The benchmark that holds for an ESCO''s region on a day: the newest that began by then, or none.';
grant execute on function submeter.benchmark_on(uuid, date) to operator, service_role;

create function submeter.is_compat(esco_in uuid) returns boolean
language sql stable set search_path = '' as $$
  select e.tariff_policy = 'default-25' or e.cost_rule = 'compat' from submeter.escos e where e.id = esco_in
$$;
comment on function submeter.is_compat(uuid) is 'Whether an ESCO wants rates as the reference system makes them: customer rates cut at five decimals, microgrid rates not cut.';
grant execute on function submeter.is_compat(uuid) to operator, service_role;

create function submeter.fill_rates() returns trigger
language plpgsql set search_path = '' as $$
declare
  benchmark submeter.benchmark_tariffs;
  compat constant boolean := submeter.is_compat(new.esco_id);
  decimals constant int := case when compat then 5
    else (select e.rate_decimals from submeter.escos e where e.id = new.esco_id) end;
begin
  if new.discount_percent is null then
    return new;
  end if;
  select b.* into benchmark from submeter.benchmark_on(new.esco_id, new.period_start) b;
  if not found then
    raise exception 'no benchmark for this ESCO on %', new.period_start
      using errcode = '22023',
            detail = 'A rate that follows from a discount needs a benchmark tariff of the ESCO''s region, payment type and meter type.',
            hint = 'Add the benchmark tariff first, or send unit_rate and standing_charge with discount_percent null.';
  end if;
  new.tax_basis := benchmark.tax_basis;
  new.unit_rate := benchmark.unit_rate * (100 - new.discount_percent) * 0.01;
  new.standing_charge := benchmark.standing_charge * (100 - new.discount_percent) * 0.01;
  if compat and tg_table_name = 'microgrid_tariffs' then
    new.unit_rate := trim_scale(round(new.unit_rate, 6));
    new.standing_charge := trim_scale(round(new.standing_charge, 6));
  else
    -- Cut, not rounded: the customer never pays above the promised discount, and the bill says what the meter charges.
    new.unit_rate := trunc(new.unit_rate, decimals);
    new.standing_charge := trunc(new.standing_charge, decimals);
  end if;
  return new;
end $$;
comment on function submeter.fill_rates() is 'Trigger: rates = benchmark less discount, cut at the ESCO''s decimals; a row without a discount keeps its own rates.';
create trigger fill_rates before insert or update on submeter.microgrid_tariffs
  for each row execute function submeter.fill_rates();
create trigger fill_rates before insert or update on submeter.customer_tariffs
  for each row execute function submeter.fill_rates();
