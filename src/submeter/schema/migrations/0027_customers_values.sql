-- What registers and circuits counted, for their customers too: virtual ones are computed of others' registers, and the
-- result is told, for the customer's own days, without the parts.

-- Whoever has two roles on an account, or two agreements at a time, was there once: sums count each moment once.
create or replace function submeter.my_register_spans()
returns table (register_id uuid, meter_id uuid, installation_id uuid, instants tstzrange)
language sql stable security definer set search_path = '' as $$
  select g.id, i.meter_id, i.id, unnest(range_agg(t.instants))
  from submeter.my_supply() s
  join submeter.meter_installations i on i.supply_point_id = s.supply_point_id
  join submeter.registers g on g.meter_id = i.meter_id
  cross join lateral (select tstzrange(i.installed_at, i.removed_at) * s.instants as instants) t
  where s.sees_usage and not isempty(t.instants)
  group by g.id, i.meter_id, i.id
$$;

create function public.circuit_intervals(circuit_id uuid, from_date date, to_date date, minutes integer default 30)
returns table ("timestamp" timestamptz, kwh numeric)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Virtual registers are computed by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.circuit_intervals(uuid, date, date, integer) is
  'Energy of a circuit, virtual registers with it, in steps of so many minutes, over the billing days [from_date, to_date) of its site; null where a part is not known. A customer is told their own days. Served by the application.';

create function public.circuit_totals(circuit_id uuid, from_date date, to_date date, step text default 'day')
returns table (starts_on date, kwh numeric, provisional boolean)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Virtual registers are computed by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.circuit_totals(uuid, date, date, text) is
  'Energy of a circuit, virtual registers with it, by billing day or by month as far as it lies in [from_date, to_date): from intervals, else from the dial; null where a part is not known. A customer is told their own days. Served by the application.';

comment on function public.register_intervals(uuid, date, date, integer) is
  'Quantities of a register, virtual or not, in steps of so many minutes, over the billing days [from_date, to_date) of its site; null where a part is not known. A customer is told their own days. Served by the application.';
comment on function public.register_days(uuid, date, date) is
  'Consumption of a register, virtual or not, by billing day: from its intervals, else from its dial; null where a part is not known. A customer is told their own days. Served by the application.';
grant execute on function public.register_intervals(uuid, date, date, integer), public.register_days(uuid, date, date),
  public.circuit_intervals(uuid, date, date, integer), public.circuit_totals(uuid, date, date, text)
  to authenticated, operator, service_role;
