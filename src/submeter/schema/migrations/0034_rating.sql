-- What rating asks of an agreement beside its plan; and the functions of rating, which the application serves.

alter table submeter.agreement_price_plans
  add conditions text[] not null default '{}' check (array_position(conditions, null) is null),
  add capacity numeric check (capacity >= 0 and scale(trim_scale(capacity)) <= 3);
comment on column submeter.agreement_price_plans.conditions is
  'What holds of the customer on these days, by the names that discounts give it: direct_debit, paid_on_time, ...';
comment on column submeter.agreement_price_plans.capacity is 'Agreed kW or kVA, up to three decimals; null where none is agreed.';

create or replace view public.agreement_price_plans with (security_invoker) as
  select id, esco_id, agreement_id, price_plan_id, product, from_date, to_date, created_at, updated_at, offering_id, conditions, capacity
  from submeter.agreement_price_plans;

create function public.rate_agreement(agreement_id uuid, from_date date, to_date date, store boolean default false, plan text default null)
returns table (price_plan text, product text, period_from date, period_to date, currency text, tax numeric, total numeric, lines jsonb,
  findings jsonb, rating bigint)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Charges are computed by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.rate_agreement(uuid, date, date, boolean, text) is
  'What an agreement is charged for the days [from_date, to_date), a row for each of its plans, or by the plan of that code. With store the lines are kept in rated_lines, and take the place of those kept before. Served by the application.';

create function public.compare_plans(agreement_id uuid, from_date date, to_date date, plans text[] default null)
returns table (price_plan text, name text, currency text, total numeric, difference numeric, is_own boolean, findings jsonb)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Charges are computed by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.compare_plans(uuid, date, date, text[]) is
  'What each plan would have cost an agreement for the days [from_date, to_date), billed by the month, with tax, the cheapest first; all active plans of its products unless some are named. A customer is told of their own days. Served by the application.';

create function public.explain_line(line_id bigint)
returns table (id bigint, text text, same boolean, amount numeric, amount_then numeric, amount_now numeric, difference numeric,
  changes text[], working jsonb)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Charges are computed by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.explain_line(bigint) is
  'How a rated line came about, in words; worked out once more from the data as they stood (amount_then), and as they are (amount_now). A customer is told of their own lines. Served by the application.';

create function public.preview_plan_change(plan text, new_plan text, from_date date, to_date date)
returns table (agreement_id uuid, account_number text, property text, now numeric, "then" numeric, difference numeric, percent numeric,
  findings jsonb)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Charges are computed by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.preview_plan_change(text, text, date, date) is
  'What all agreements on a plan would have paid on another for the days [from_date, to_date), billed by the month, who pays most more first; those of which it cannot be said come last. Served by the application.';

call submeter.describe_views();
grant execute on function public.rate_agreement(uuid, date, date, boolean, text) to operator, service_role;
grant execute on function public.preview_plan_change(text, text, date, date) to operator, service_role;
grant execute on function public.compare_plans(uuid, date, date, text[]), public.explain_line(bigint) to authenticated, operator, service_role;
