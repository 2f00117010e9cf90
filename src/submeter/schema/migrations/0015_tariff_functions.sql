-- Quarterly tariffs: generate_new_quarter_tariffs, what is missing on the meters, and the trigger on benchmarks.
-- All run with the caller's rights: an operator reaches only its own ESCO, service_role all of them.

create function submeter.check_month(month_in date) returns date
language plpgsql immutable set search_path = '' as $$
begin
  -- Also keeps out infinity, whose days nobody could count.
  if month_in not between date '1970-01-01' and date '2199-12-31' then
    raise exception 'the date cannot be %', month_in using errcode = '22023',
      detail = 'It is not between 1970-01-01 and 2199-12-31.', hint = 'Send a day as YYYY-MM-DD.';
  end if;
  return month_in;
end $$;
comment on function submeter.check_month(date) is 'The date as it came, or a refusal (22023) of one that no company bills; null stays null.';
grant execute on function submeter.check_month(date) to operator, service_role;

create function submeter.generate_microgrid_tariffs(period_in date, region_in text) returns void
language sql set search_path = '' as $$
  insert into submeter.microgrid_tariffs as t
    (esco_id, period_start, discount_percent, unit_rate, standing_charge, emergency_credit, debt_recovery_rate, ecredit_button_threshold)
  select e.id, period_in,
    case when s.esco_id is null then case e.tariff_policy when 'default-25' then 25 else e.default_discount_percent end
         else s.discount_percent end,
    coalesce(s.unit_rate, 0), coalesce(s.standing_charge, 0),
    coalesce(s.emergency_credit, 15), coalesce(s.debt_recovery_rate, 0.25), coalesce(s.ecredit_button_threshold, 10)
  from submeter.escos e
  left join lateral (
    -- What the new row is copied from: itself if it is there already (run again, nothing that an operator set is lost),
    -- else the newest earlier row. The reference system's rule looks back three months only and does overwrite.
    select m.* from submeter.microgrid_tariffs m
    where m.esco_id = e.id
      and case e.tariff_policy when 'default-25'
            then m.period_start >= period_in - interval '3 months' and m.period_start < period_in
            else m.period_start <= period_in end
    order by m.period_start desc
    limit 1) s on true
  where e.status = 'active' and e.tariff_policy <> 'freeze'
    and (region_in is null or e.region = region_in)
    and exists (select from submeter.benchmark_on(e.id, period_in))
    and exists (select from submeter.microgrid_tariffs m where m.esco_id = e.id)
  on conflict (esco_id, period_start) do update set
    discount_percent = excluded.discount_percent, emergency_credit = excluded.emergency_credit,
    debt_recovery_rate = excluded.debt_recovery_rate, ecredit_button_threshold = excluded.ecredit_button_threshold
$$;
comment on function submeter.generate_microgrid_tariffs(date, text) is
  'Rates of a period for every active, unfrozen ESCO that has rates already and a benchmark for its region.';

create function submeter.generate_customer_tariffs(period_in date, region_in text) returns void
language sql set search_path = '' as $$
  insert into submeter.customer_tariffs as t
    (customer_id, period_start, esco_id, discount_percent, unit_rate, standing_charge)
  select c.id, period_in, c.esco_id,
    case when s.customer_id is null then case e.tariff_policy when 'default-25' then 25 else e.default_discount_percent end
         else s.discount_percent end,
    coalesce(s.unit_rate, 0), coalesce(s.standing_charge, 0)
  from submeter.escos e
  join submeter.customers c on c.esco_id = e.id
  left join lateral (
    select m.* from submeter.customer_tariffs m
    where m.customer_id = c.id
      and case e.tariff_policy when 'default-25'
            then m.period_start >= period_in - interval '3 months' and m.period_start < period_in
            else m.period_start <= period_in end
    order by m.period_start desc
    limit 1) s on true
  where e.status = 'active' and e.tariff_policy <> 'freeze'
    and (region_in is null or e.region = region_in)
    and exists (select from submeter.benchmark_on(e.id, period_in))
    and (c.status in ('live', 'active', 'prelive', 'onboarding') or (c.status = 'exiting' and e.tariff_policy <> 'default-25'))
    and exists (
      select from submeter.customer_accounts r
      where r.customer_id = c.id and r.role in ('holder', 'joint_holder', 'occupier')
        and (r.to_date is null or r.to_date > period_in)
        -- A supply account: one that is supplied with something, or has no agreement yet; not one that only sells solar.
        and (not exists (select from submeter.agreements a where a.account_id = r.account_id)
             or exists (select from submeter.agreements a join submeter.supply_points p on p.id = a.supply_point_id
                        where a.account_id = r.account_id and p.product <> 'solar'
                          and (a.to_date is null or a.to_date > period_in))))
  on conflict (customer_id, period_start) do update set discount_percent = excluded.discount_percent
$$;
comment on function submeter.generate_customer_tariffs(date, text) is
  'Rates of a period for every customer who lives at, or holds, a supply account.';

create function submeter.generate_tariffs(period_in date, region_in text) returns void
language plpgsql set search_path = '' as $$
begin
  if period_in is not null then
    -- Two at once would both look back before either has written: the second waits.
    perform pg_advisory_xact_lock(hashtextextended('submeter.generate_tariffs', 0));
    perform submeter.generate_microgrid_tariffs(period_in, region_in);
    perform submeter.generate_customer_tariffs(period_in, region_in);
  end if;
end $$;
comment on function submeter.generate_tariffs(date, text) is 'Microgrid and customer tariffs of a period, in one region or in all.';

create function public.generate_new_quarter_tariffs(month_in date) returns void
language plpgsql set search_path = '' as $$
begin
  perform submeter.generate_tariffs(submeter.check_month(month_in), null);
end $$;
comment on function public.generate_new_quarter_tariffs(month_in date) is
  'Writes microgrid and customer tariffs for the period that begins on month_in, from the benchmark and each one''s discount, as the ESCO''s tariff_policy says. Safe to repeat. An operator generates for its own ESCO, service_role for all.';

create function submeter.benchmark_generates() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform submeter.generate_tariffs(new.period_start, new.region);
  return null;
end $$;
comment on function submeter.benchmark_generates() is 'Trigger: a benchmark, new or changed, generates the tariffs of its period in its region.';
create trigger generate after insert or update on submeter.benchmark_tariffs
  for each row execute function submeter.benchmark_generates();

-- What the meters still lack ---------------------------------------------------------------------------------

create function submeter.json_number(object_in jsonb, key_in text) returns numeric
language plpgsql immutable set search_path = '' as $$
begin
  -- Meters' clients send numbers as text; both forms are read.
  return (object_in ->> key_in)::numeric;
exception when data_exception then
  return null;
end $$;
comment on function submeter.json_number(jsonb, text) is 'A number in a JSON object, given as number or as text; null if it is neither.';

create function submeter.json_instant(object_in jsonb, key_in text) returns timestamptz
language plpgsql stable set search_path = '' set timezone = 'UTC' as $$
begin
  return (object_in ->> key_in)::timestamptz;
exception when data_exception then
  return null;
end $$;
comment on function submeter.json_instant(jsonb, text) is 'A moment in a JSON object, ISO 8601, UTC where it names no zone; null if it is none.';

create function submeter.bearer(account_in uuid, day_in date) returns uuid
language sql stable set search_path = '' as $$
  select r.customer_id
  from submeter.customer_accounts r
  where r.account_id = account_in and r.role in ('holder', 'occupier', 'joint_holder')
    and daterange(r.from_date, r.to_date) @> day_in
  order by array_position(array['holder', 'occupier', 'joint_holder'], r.role), r.from_date, r.customer_id
  limit 1
$$;
comment on function submeter.bearer(uuid, date) is
  'The one customer to whom an account''s costs of a day belong: its holder, else its occupier, else a joint holder; the longest-standing of several.';

create function public.meters_missing_future_tariffs(esco_code_in text)
returns table (serial text, meter_id uuid, customer_id uuid, customer_email text, esco_code text,
  tariff_period_start date, customer_unit_rate numeric, customer_standing_charge numeric,
  emergency_credit numeric, debt_recovery_rate numeric, ecredit_button_threshold numeric,
  current_future_standing_charge numeric, current_future_unit_rate_a numeric, current_future_unit_rate_b numeric,
  current_future_activation_datetime timestamp)
language sql stable set search_path = '' as $$
  with future_tariff as (
    -- A meter stores one future tariff, so only each customer's next one can be missing.
    select distinct on (t.customer_id) t.*, e.code, e.time_zone
    from submeter.customer_tariffs t
    join submeter.escos e on e.id = t.esco_id
    where (esco_code_in is null or e.code = esco_code_in)
      and t.period_start > (now() at time zone e.time_zone)::date
    order by t.customer_id, t.period_start
  ), supplied_meter as (
    select distinct on (i.meter_id, f.period_start) f.*, m.serial, i.meter_id, s.time_zone as site_time_zone
    from future_tariff f
    join submeter.customer_accounts r on r.customer_id = f.customer_id
    join submeter.agreements a on a.account_id = r.account_id and daterange(a.from_date, a.to_date) @> f.period_start
    join submeter.supply_points p on p.id = a.supply_point_id and p.product in ('power', 'heat')
    join submeter.properties h on h.id = p.property_id
    join submeter.sites s on s.id = h.site_id
    join submeter.meter_installations i on i.supply_point_id = p.id and (i.removed_at is null or i.removed_at > now())
    join submeter.meters m on m.id = i.meter_id and m.mode = 'active'
    -- Several people on one account are one tariff on one meter.
    where f.customer_id = submeter.bearer(a.account_id, f.period_start)
  )
  select f.serial, f.meter_id, f.customer_id, c.email, f.code,
    f.period_start, f.unit_rate, f.standing_charge,
    g.emergency_credit, g.debt_recovery_rate, g.ecredit_button_threshold,
    n.standing_charge, n.rate_a, n.rate_b, n.activation_at at time zone f.site_time_zone
  from supplied_meter f
  join submeter.customers c on c.id = f.customer_id
  left join lateral (
    -- The prepayment settings of the tariff's own period, not of the farthest one loaded.
    select t.* from submeter.microgrid_tariffs t
    where t.esco_id = f.esco_id and t.period_start <= f.period_start
    order by t.period_start desc limit 1) g on true
  left join submeter.meter_shadows w on w.meter_id = f.meter_id
  cross join lateral (
    select submeter.json_number(w.tariffs_future, 'standing_charge') as standing_charge,
      submeter.json_number(w.tariffs_future, 'unit_rate_element_a') as rate_a,
      submeter.json_number(w.tariffs_future, 'unit_rate_element_b') as rate_b,
      submeter.json_instant(w.tariffs_future, 'activation_datetime') as activation_at) n
  where n.activation_at is null
    -- Midnight is written as local midnight or as midnight UTC; both mean that day.
    or f.period_start not in ((n.activation_at at time zone f.site_time_zone)::date, (n.activation_at at time zone 'UTC')::date)
    or coalesce(abs(n.standing_charge - f.standing_charge) > 0.0001, true)
    or coalesce(abs(n.rate_a - f.unit_rate) > 0.0001, true)
    -- A meter with one element has no rate B to be wrong.
    or (w.tariffs_future ? 'unit_rate_element_b' and coalesce(abs(n.rate_b - f.unit_rate) > 0.0001, true))
$$;
comment on function public.meters_missing_future_tariffs(esco_code_in text) is
  'Meters whose stored future tariff is absent or differs from the customer''s next one. esco_code_in null means all ESCOs that the caller may see; comparison is exact. The activation is given in the site''s local time.';

grant execute on function submeter.generate_microgrid_tariffs(date, text), submeter.generate_customer_tariffs(date, text),
  submeter.generate_tariffs(date, text), submeter.json_number(jsonb, text), submeter.json_instant(jsonb, text),
  submeter.bearer(uuid, date),
  public.generate_new_quarter_tariffs(date), public.meters_missing_future_tariffs(text)
  to operator, service_role;
