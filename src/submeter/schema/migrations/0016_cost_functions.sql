-- Usage by local day and month from intervals, and the monthly costs of customers.

create function submeter.circuit_days(from_in date, to_in date)
returns table (circuit_id uuid, esco_id uuid, day date, kwh numeric)
language sql stable set search_path = '' as $$
  -- A day of intervals falls into one or two billing days: its pieces are summed as slices of the array, which is ten
  -- times quicker than asking each interval for its local day. Export counts against import on power and heat; on a
  -- solar circuit what is exported is what was made.
  select c.id, c.esco_id, piece.day,
    sum(case when g.direction = 'export' and c.type <> 'solar' then -piece.quantity else piece.quantity end)
  from submeter.circuits c
  join submeter.circuit_registers k on k.circuit_id = c.id
  join submeter.registers g on g.id = k.register_id and g.unit = 'kWh'
  join submeter.meter_installations i on i.meter_id = g.meter_id
  join submeter.supply_points p on p.id = i.supply_point_id
  join submeter.properties h on h.id = p.property_id
  join submeter.sites s on s.id = h.site_id
  -- Clocks differ by up to 14 hours, so the source's days may begin on the day before.
  join submeter.register_intervals r on r.register_id = g.id and r.day between from_in - 1 and to_in
  cross join lateral (
    select r.starts_at + cardinality(r.amounts) * r.minutes * interval '1 minute' as ends_at,
      tstzrange(k.start_at, k.end_at) * tstzrange(i.installed_at, i.removed_at) as valid) w
  cross join lateral (
    select (r.starts_at at time zone s.day_time_zone)::date as first_day,
      ((w.ends_at - interval '1 second') at time zone s.day_time_zone)::date as last_day) y
  cross join lateral (
    select y.first_day as day, r.total as quantity
    where y.first_day = y.last_day and w.valid @> tstzrange(r.starts_at, w.ends_at)
      and array_remove(r.amounts, null) <> '{}'
    union all
    select d.day, submeter.sum_of(d.amounts, r.decimals)
    from (
      select b.day, r.amounts[
        ceil(extract(epoch from greatest(b.begins_at, lower(w.valid), r.starts_at) - r.starts_at) / (60 * r.minutes))::int + 1 :
        ceil(extract(epoch from least(b.ends_at, upper(w.valid), w.ends_at) - r.starts_at) / (60 * r.minutes))::int] as amounts
      from (
        select y.first_day + n as day, (y.first_day + n)::timestamp at time zone s.day_time_zone as begins_at,
          (y.first_day + n + 1)::timestamp at time zone s.day_time_zone as ends_at
        from generate_series(0, y.last_day - y.first_day) n) b
      where not (y.first_day = y.last_day and w.valid @> tstzrange(r.starts_at, w.ends_at))) d
    where array_remove(d.amounts, null) <> '{}') piece
  where not isempty(w.valid) and piece.day >= from_in and piece.day < to_in
  group by c.id, c.esco_id, piece.day
$$;
comment on function submeter.circuit_days(date, date) is
  'Energy of circuits by billing day of the site over [from_in, to_in), summed from intervals of the registers that counted for them.';

create function public.monthly_usage_compute(month_in date) returns void
language plpgsql set search_path = '' as $$
declare
  first_day constant date := date_trunc('month', submeter.check_month(month_in))::date;
begin
  if month_in is null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('submeter.monthly_usage', 0));
  -- Any month, again and again: late and corrected intervals change what was summed. What a client wrote stays.
  insert into submeter.monthly_usage as u (circuit_id, month, esco_id, kwh, source)
  select d.circuit_id, first_day, d.esco_id, sum(d.kwh), 'intervals'
  from submeter.circuit_days(first_day, (first_day + interval '1 month')::date) d
  group by d.circuit_id, d.esco_id
  on conflict (circuit_id, month) do update set kwh = excluded.kwh
  where u.source = 'intervals' and u.kwh <> excluded.kwh;
end $$;
comment on function public.monthly_usage_compute(month_in date) is
  'Sums the intervals of each circuit over a calendar month in the site''s local time into monthly_usage. Safe to repeat; months written by a client are left alone.';

-- The rule agreement-days --------------------------------------------------------------------------------------

create function submeter.supplied_days(month_in date, as_of_in date)
returns table (esco_id uuid, supply_point_id uuid, property_id uuid, account_id uuid, customer_id uuid, day date)
language sql stable set search_path = '' as $$
  with agreement as (
    select a.esco_id, a.supply_point_id, p.property_id, a.account_id,
      greatest(a.from_date, month_in) as from_day,
      least(a.to_date, (month_in + interval '1 month')::date,
            coalesce(as_of_in, (now() at time zone s.day_time_zone)::date) + 1) as to_day
    from submeter.agreements a
    join submeter.supply_points p on p.id = a.supply_point_id and p.product <> 'solar'
    join submeter.properties h on h.id = p.property_id
    join submeter.sites s on s.id = h.site_id
    join submeter.escos e on e.id = a.esco_id and e.status = 'active' and e.cost_rule = 'agreement-days'
    where daterange(a.from_date, a.to_date) && daterange(month_in, (month_in + interval '1 month')::date)
  ), person as (
    -- The account's people of each day, the one who bears the costs first.
    select g.*, d::date as day, r.customer_id,
      row_number() over (partition by g.supply_point_id, g.account_id, d
        order by array_position(array['holder', 'occupier', 'joint_holder'], r.role), r.from_date, r.customer_id) as place
    from agreement g
    cross join lateral generate_series(g.from_day::timestamp, g.to_day - interval '1 day', interval '1 day') d
    join submeter.customer_accounts r on r.account_id = g.account_id
      and r.role in ('holder', 'occupier', 'joint_holder') and daterange(r.from_date, r.to_date) @> d::date
  )
  select p.esco_id, p.supply_point_id, p.property_id, p.account_id, p.customer_id, p.day from person p where p.place = 1
$$;
comment on function submeter.supplied_days(date, date) is
  'Each supplied day of a month, up to as_of_in or the site''s today, with the one customer who bears its costs.';

create function submeter.day_rates(month_in date)
returns table (customer_id uuid, from_day date, to_day date, unit_rate numeric, standing_charge numeric,
  microgrid_unit_rate numeric, microgrid_standing_charge numeric, benchmark_unit_rate numeric, benchmark_standing_charge numeric)
language sql stable set search_path = '' as $$
  with month as (
    select daterange(month_in, (month_in + interval '1 month')::date) as days
  ), customer_span as (
    select t.customer_id, t.esco_id, t.unit_rate, t.standing_charge,
      daterange(t.period_start, lead(t.period_start) over (partition by t.customer_id order by t.period_start)) as days
    from submeter.customer_tariffs t
  ), microgrid_span as (
    select t.esco_id, t.unit_rate, t.standing_charge,
      daterange(t.period_start, lead(t.period_start) over (partition by t.esco_id order by t.period_start)) as days
    from submeter.microgrid_tariffs t
  ), benchmark_span as (
    select e.id as esco_id, b.unit_rate, b.standing_charge,
      daterange(b.period_start, lead(b.period_start) over (partition by e.id order by b.period_start)) as days
    from submeter.escos e
    join submeter.benchmark_tariffs b
      on b.region = e.region and b.payment_type = e.benchmark_payment_type and b.meter_type = e.benchmark_meter_type
  ), cut as (
    -- The days on which anything changes in the month, ESCO by ESCO and customer by customer.
    select c.customer_id, c.esco_id, c.unit_rate, c.standing_charge, c.days * m.days as days
    from customer_span c, month m
    where c.days && m.days
  ), with_microgrid as (
    select c.*, g.unit_rate as microgrid_unit_rate, g.standing_charge as microgrid_standing_charge, c.days * coalesce(g.days, c.days) as span
    from cut c
    left join (
      select * from microgrid_span
      union all
      -- Days before the first rate have none; they must not vanish.
      select esco_id, null, null, daterange(null, min(lower(days))) from microgrid_span group by esco_id) g
      on g.esco_id = c.esco_id and g.days && c.days
  )
  select w.customer_id, lower(x.days), upper(x.days), w.unit_rate, w.standing_charge,
    w.microgrid_unit_rate, w.microgrid_standing_charge, b.unit_rate, b.standing_charge
  from with_microgrid w
  left join (
    select * from benchmark_span
    union all
    select esco_id, null, null, daterange(null, min(lower(days))) from benchmark_span group by esco_id) b
    on b.esco_id = w.esco_id and b.days && w.span
  cross join lateral (select w.span * coalesce(b.days, w.span) as days) x
$$;
comment on function submeter.day_rates(date) is
  'Rates of every customer with a tariff in a month, as spans of days [from_day, to_day) within which nothing changes.';

create function submeter.circuit_shares(month_in date, as_of_in date)
returns table (customer_id uuid, esco_id uuid, type text, kwh numeric, unit_rate numeric, microgrid_unit_rate numeric, benchmark_unit_rate numeric)
language sql stable set search_path = '' as $$
  with usage as (
    select u.circuit_id, c.type, u.esco_id, u.kwh
    from submeter.monthly_usage u
    join submeter.circuits c on c.id = u.circuit_id and c.type <> 'solar'
    join submeter.escos e on e.id = u.esco_id and e.status = 'active' and e.cost_rule = 'agreement-days'
    where u.month = month_in
  ), measured_day as (
    -- Where a circuit measured on a day; should it measure in two places at once, its energy is still counted once.
    select distinct on (u.circuit_id, d) u.circuit_id, d::date as day, i.supply_point_id
    from usage u
    join submeter.circuit_registers k on k.circuit_id = u.circuit_id
    join submeter.registers g on g.id = k.register_id
    join submeter.meter_installations i on i.meter_id = g.meter_id
    join submeter.supply_points p on p.id = i.supply_point_id
    join submeter.properties h on h.id = p.property_id
    join submeter.sites s on s.id = h.site_id
    cross join lateral generate_series(month_in::timestamp,
      least(month_in + interval '1 month' - interval '1 day', coalesce(as_of_in, (now() at time zone s.day_time_zone)::date)::timestamp),
      interval '1 day') d
    where tstzrange(k.start_at, k.end_at) && tstzrange(d at time zone s.day_time_zone, (d + interval '1 day') at time zone s.day_time_zone)
      and tstzrange(i.installed_at, i.removed_at) && tstzrange(d at time zone s.day_time_zone, (d + interval '1 day') at time zone s.day_time_zone)
    order by u.circuit_id, d, i.installed_at desc, i.supply_point_id
  ), weighed_day as (
    -- A month's energy goes to its days as the intervals say, if they say it for every day; else evenly.
    select m.*,
      case when count(v.kwh) over w = count(*) over w and min(v.kwh) over w >= 0 and sum(v.kwh) over w > 0
        then v.kwh else 1 end as weight
    from measured_day m
    left join submeter.circuit_days(month_in, (month_in + interval '1 month')::date) v
      on v.circuit_id = m.circuit_id and v.day = m.day
    window w as (partition by m.circuit_id)
  ), part as (
    -- One part for each customer and set of rates; days without a customer or a tariff are a part too, and belong to nobody.
    select y.circuit_id, s.customer_id, r.unit_rate, r.microgrid_unit_rate, r.benchmark_unit_rate, sum(y.weight) as weight
    from weighed_day y
    left join submeter.supplied_days(month_in, as_of_in) s on s.supply_point_id = y.supply_point_id and s.day = y.day
    left join submeter.day_rates(month_in) r on r.customer_id = s.customer_id and s.day >= r.from_day and s.day < r.to_day
    group by y.circuit_id, s.customer_id, r.unit_rate, r.microgrid_unit_rate, r.benchmark_unit_rate
  ), running as (
    select p.*,
      sum(p.weight) over (partition by p.circuit_id) as whole,
      sum(p.weight) over (partition by p.circuit_id
        order by p.customer_id, p.unit_rate, p.microgrid_unit_rate, p.benchmark_unit_rate rows unbounded preceding) as upto
    from part p
  )
  -- Cut along the running sum, so that the parts add up to the month's energy exactly; an undivided month is not touched.
  select r.customer_id, u.esco_id, u.type,
    case when r.weight = r.whole then u.kwh
      else round(u.kwh * r.upto / r.whole, 6) - round(u.kwh * (r.upto - r.weight) / r.whole, 6) end,
    r.unit_rate, r.microgrid_unit_rate, r.benchmark_unit_rate
  from running r
  join usage u on u.circuit_id = r.circuit_id
  where r.customer_id is not null and r.unit_rate is not null
$$;
comment on function submeter.circuit_shares(date, date) is
  'A month''s energy of each power and heat circuit, divided among the customers supplied and the rates of their days.';

create function submeter.costs_by_agreement_days(month_in date, as_of_in date) returns setof submeter.monthly_costs
language sql stable set search_path = '' as $$
  with standing_day as (
    -- One standing charge a day for a home, however many products it is supplied with.
    select distinct s.esco_id, s.customer_id, s.property_id, s.day from submeter.supplied_days(month_in, as_of_in) s
  ), standing as (
    select d.customer_id, d.esco_id, r.standing_charge * count(*) as own,
      r.microgrid_standing_charge * count(*) as microgrid, r.benchmark_standing_charge * count(*) as benchmark
    from standing_day d
    join submeter.day_rates(month_in) r on r.customer_id = d.customer_id and d.day >= r.from_day and d.day < r.to_day
    group by d.customer_id, d.esco_id, r.standing_charge, r.microgrid_standing_charge, r.benchmark_standing_charge
  ), item as (
    select customer_id, esco_id, null as type, null::numeric as own, null::numeric as microgrid, null::numeric as benchmark,
      own as own_standing, microgrid as microgrid_standing, benchmark as benchmark_standing
    from standing
    union all
    select customer_id, esco_id, type, kwh * unit_rate, kwh * microgrid_unit_rate, kwh * benchmark_unit_rate, null, null, null
    from submeter.circuit_shares(month_in, as_of_in)
  )
  select i.customer_id, month_in, i.esco_id,
    coalesce(sum(i.own) filter (where i.type = 'power'), 0), coalesce(sum(i.own) filter (where i.type = 'heat'), 0), sum(i.own_standing), null::numeric,
    sum(i.microgrid) filter (where i.type = 'power'), sum(i.microgrid) filter (where i.type = 'heat'), sum(i.microgrid_standing), null::numeric,
    sum(i.benchmark) filter (where i.type = 'power'), sum(i.benchmark) filter (where i.type = 'heat'), sum(i.benchmark_standing), null::numeric,
    now(), now(), now()
  from item i
  group by i.customer_id, i.esco_id
$$;
comment on function submeter.costs_by_agreement_days(date, date) is 'Monthly costs by the rule agreement-days: rows ready for submeter.monthly_costs.';

-- The rule compat ----------------------------------------------------------------------------------------------

create function submeter.costs_compat(month_in date, as_of_in date) returns setof submeter.monthly_costs
language sql stable set search_path = '' as $$
  with usage as (
    select u.esco_id, c.type, x.property_id, sum(u.kwh) as kwh,
      -- As long as the month runs, the days so far; any other month is whole.
      case when date_trunc('month', coalesce(as_of_in, x.today)) = month_in
        then extract(day from coalesce(as_of_in, x.today))::int
        else ((month_in + interval '1 month')::date - month_in) end as days
    from submeter.monthly_usage u
    join submeter.circuits c on c.id = u.circuit_id and c.type <> 'solar'
    join submeter.escos e on e.id = u.esco_id and e.status = 'active' and e.cost_rule = 'compat'
    cross join lateral (
      select p.property_id, (now() at time zone s.day_time_zone)::date as today
      from submeter.circuit_registers k
      join submeter.registers g on g.id = k.register_id
      join submeter.meter_installations i on i.meter_id = g.meter_id
      join submeter.supply_points p on p.id = i.supply_point_id
      join submeter.properties h on h.id = p.property_id
      join submeter.sites s on s.id = h.site_id
      where k.circuit_id = u.circuit_id
      order by i.installed_at desc, p.property_id limit 1) x
    where u.month = month_in
    group by u.esco_id, c.type, x.property_id, x.today
  ), occupier as (
    -- Whoever lives or lived there, on any account, open or closed: the reference system's rule.
    select distinct p.property_id, r.customer_id
    from submeter.agreements a
    join submeter.supply_points p on p.id = a.supply_point_id
    join submeter.customer_accounts r on r.account_id = a.account_id and r.role in ('holder', 'occupier')
  )
  select o.customer_id, month_in, u.esco_id,
    sum(u.kwh * t.unit_rate) filter (where u.type = 'power'), sum(u.kwh * t.unit_rate) filter (where u.type = 'heat'),
    t.standing_charge * max(u.days), null::numeric,
    sum(u.kwh * g.unit_rate) filter (where u.type = 'power'), sum(u.kwh * g.unit_rate) filter (where u.type = 'heat'),
    g.standing_charge * max(u.days), null::numeric,
    sum(u.kwh * b.unit_rate) filter (where u.type = 'power'), sum(u.kwh * b.unit_rate) filter (where u.type = 'heat'),
    b.standing_charge * max(u.days), null::numeric,
    now(), now(), now()
  from usage u
  join occupier o on o.property_id = u.property_id
  cross join lateral (
    select c.* from submeter.customer_tariffs c
    where c.customer_id = o.customer_id and c.period_start <= month_in order by c.period_start desc limit 1) t
  left join lateral (
    select m.* from submeter.microgrid_tariffs m
    where m.esco_id = u.esco_id and m.period_start <= month_in order by m.period_start desc limit 1) g on true
  left join lateral submeter.benchmark_on(u.esco_id, month_in) b on true
  group by o.customer_id, u.esco_id, t.standing_charge, g.standing_charge, b.standing_charge
$$;
comment on function submeter.costs_compat(date, date) is
  'Monthly costs by the reference system''s rule: the whole month to each occupier of the property, at the rates of the first of the month. Several circuits or homes are summed, where the reference keeps one of them by chance.';

create function public.monthly_costs_compute(month_in date, as_of_in date default null) returns void
language plpgsql set search_path = '' as $$
declare
  first_day constant date := date_trunc('month', submeter.check_month(month_in))::date;
  started_at constant timestamptz := clock_timestamp();
begin
  perform submeter.check_month(as_of_in);
  if month_in is null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('submeter.monthly_costs', 0));
  insert into submeter.monthly_costs
    (customer_id, month, esco_id, power, heat, standing_charge, microgrid_power, microgrid_heat, microgrid_standing_charge,
     benchmark_power, benchmark_heat, benchmark_standing_charge, computed_at)
  select c.customer_id, c.month, c.esco_id, c.power, c.heat, c.standing_charge,
    c.microgrid_power, c.microgrid_heat, c.microgrid_standing_charge,
    c.benchmark_power, c.benchmark_heat, c.benchmark_standing_charge, clock_timestamp()
  from (select * from submeter.costs_by_agreement_days(first_day, as_of_in)
        union all select * from submeter.costs_compat(first_day, as_of_in)) c
  on conflict (customer_id, month) do update set
    power = excluded.power, heat = excluded.heat, standing_charge = excluded.standing_charge,
    microgrid_power = excluded.microgrid_power, microgrid_heat = excluded.microgrid_heat,
    microgrid_standing_charge = excluded.microgrid_standing_charge,
    benchmark_power = excluded.benchmark_power, benchmark_heat = excluded.benchmark_heat,
    benchmark_standing_charge = excluded.benchmark_standing_charge, computed_at = excluded.computed_at;
  -- An agreement that was corrected since leaves no cost behind. What was written by hand is not ours to remove.
  delete from submeter.monthly_costs c
  where c.month = first_day and c.computed_at < started_at
    and exists (select from submeter.escos e where e.id = c.esco_id and e.status = 'active');
end $$;
comment on function public.monthly_costs_compute(month_in date, as_of_in date) is
  'Computes monthly_costs of a month by each ESCO''s cost_rule. A running month counts the days up to as_of_in, by default the site''s local today. Safe to repeat. An operator computes its own ESCO, service_role all.';

create function public.create_customer_token(customer_id uuid, valid_for interval default '1 day')
returns table (token text, expires_at timestamptz)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Tokens are signed by the application, which alone holds the key.',
    hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.create_customer_token(customer_id uuid, valid_for interval) is
  'A token for one customer''s own data (role authenticated), valid for a while. Served by the application.';

grant execute on function submeter.circuit_days(date, date), submeter.supplied_days(date, date), submeter.day_rates(date),
  submeter.circuit_shares(date, date), submeter.costs_by_agreement_days(date, date), submeter.costs_compat(date, date),
  public.monthly_usage_compute(date), public.monthly_costs_compute(date, date), public.create_customer_token(uuid, interval)
  to operator, service_role;
