-- What an offering gives or takes is charged: a line of a bill comes from a component of a plan, or from a schedule of an inducement.

alter table submeter.inducement_schedules
  add tax_code text not null default '',
  add tax_inclusive boolean not null default false;
comment on column submeter.inducement_schedules.tax_code is 'Tax of an amount, a code of tax_rates; empty: none. A percentage is taxed as what it is taken from.';
comment on column submeter.inducement_schedules.tax_inclusive is 'Whether the amount includes the tax.';

create or replace view public.inducement_schedules with (security_invoker) as
  select id, esco_id, inducement_id, type, customer_type, payment_method, component_codes, amount, percent, invoice_description, frequency,
    invoices, active, from_date, to_date, created_at, updated_at, tax_code, tax_inclusive
  from submeter.inducement_schedules;

alter table submeter.rated_lines
  alter column component_id drop not null,
  add inducement_schedule_id uuid references submeter.inducement_schedules (id),
  add constraint rated_lines_from_one check (num_nonnulls(component_id, inducement_schedule_id) = 1);
create index on submeter.rated_lines (inducement_schedule_id);
comment on column submeter.rated_lines.component_id is 'The component that it charges; null where an inducement gives or takes it.';
comment on column submeter.rated_lines.inducement_schedule_id is 'The schedule of an inducement that it comes from; null where it is a component of the plan.';
call submeter.tie_to_esco();

create or replace view public.rated_lines with (security_invoker) as
  select l.id, l.esco_id, l.rating, l.agreement_id, l.price_plan_id, l.component_id, l.rate_id, l.product, l.place, l.period_from,
    l.period_to, l.from_date, l.to_date, l.days, l.band, l.step, l.unit, l.quantity, l.factor, l.price, l.unrounded, l.amount,
    l.tax_code, l.tax_percent, l.tax, l.working, l.rated_at, l.rated_by,
    not exists (
      select from submeter.rated_lines n
      where n.agreement_id = l.agreement_id and n.product = l.product and n.rating > l.rating
        and n.period_from < l.period_to and n.period_to > l.period_from) as stands,
    l.inducement_schedule_id
  from submeter.rated_lines l;
call submeter.describe_views();
