-- What a customer may see. Each function takes no argument, reads the claims itself and runs with its owner's rights
-- (a policy that asked tables under their own policies would ask itself). Each answers only about the customer of the
-- token, so that being able to call it gives nothing away.
--
-- Policies use them as `x = any ((select submeter.my_...())::uuid[])`: evaluated once per query, and usable by an index.
--
-- Roles on an account, and what they open:
--   holder, joint_holder, occupier, authorised_person   account, agreements, place, meters, usage, payments
--   owner, property_manager, billing_contact            account, agreements and place; no meter, no usage, no payment
-- each for the days of the role only, and usage only for the days of the account's agreements.

create function submeter.my_customer() returns uuid
language sql stable security definer set search_path = '' as $$
  select c.id from submeter.customers c
  where c.id = submeter.claimed_customer()
    -- A token that names an ESCO must name the customer's own.
    and (submeter.claim('esco_id') is null or c.esco_id = submeter.claimed_esco())
$$;
comment on function submeter.my_customer() is 'The customer of the token, if it exists in the ESCO of the token.';

create function submeter.my_esco() returns uuid
language sql stable security definer set search_path = '' as $$
  select c.esco_id from submeter.customers c where c.id = submeter.my_customer()
$$;
comment on function submeter.my_esco() is 'ESCO of the customer of the token.';

create function submeter.my_roles()
returns table (account_id uuid, days daterange, instants tstzrange, sees_usage boolean)
language sql stable security definer set search_path = '' as $$
  select r.account_id, daterange(r.from_date, r.to_date),
    tstzrange(r.from_date::timestamp at time zone e.time_zone, r.to_date::timestamp at time zone e.time_zone),
    r.role in ('holder', 'joint_holder', 'occupier', 'authorised_person')
  from submeter.customer_accounts r
  join submeter.escos e on e.id = r.esco_id
  where r.customer_id = (select submeter.my_customer())
$$;
comment on function submeter.my_roles() is 'Accounts of the customer of the token, with the days and instants of the role, and whether it opens usage and money.';

create function submeter.my_supply()
returns table (agreement_id uuid, account_id uuid, supply_point_id uuid, property_id uuid, site_id uuid,
               days daterange, instants tstzrange, sees_usage boolean)
language sql stable security definer set search_path = '' as $$
  select a.id, a.account_id, a.supply_point_id, p.id, p.site_id, d.days,
    tstzrange(lower(d.days)::timestamp at time zone s.day_time_zone, upper(d.days)::timestamp at time zone s.day_time_zone),
    r.sees_usage
  from submeter.my_roles() r
  join submeter.agreements a on a.account_id = r.account_id
  join submeter.supply_points sp on sp.id = a.supply_point_id
  join submeter.properties p on p.id = sp.property_id
  join submeter.sites s on s.id = p.site_id
  cross join lateral (select daterange(a.from_date, a.to_date) * r.days as days) d
  where not isempty(d.days)
$$;
comment on function submeter.my_supply() is 'What is or was supplied to the customer of the token: agreement days within the days of the role, in the site''s own days.';

create function submeter.my_register_spans()
returns table (register_id uuid, meter_id uuid, installation_id uuid, instants tstzrange)
language sql stable security definer set search_path = '' as $$
  select g.id, i.meter_id, i.id, t.instants
  from submeter.my_supply() s
  join submeter.meter_installations i on i.supply_point_id = s.supply_point_id
  join submeter.registers g on g.meter_id = i.meter_id
  cross join lateral (select tstzrange(i.installed_at, i.removed_at) * s.instants as instants) t
  where s.sees_usage and not isempty(t.instants)
$$;
comment on function submeter.my_register_spans() is 'Registers that measured the customer of the token, and when.';

create function submeter.my_accounts() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct account_id from submeter.my_roles())
$$;
comment on function submeter.my_accounts() is 'Accounts on which the customer of the token has or had a role.';

create function submeter.my_agreements() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct agreement_id from submeter.my_supply())
$$;
comment on function submeter.my_agreements() is 'Agreements that overlap with a role of the customer of the token.';

create function submeter.my_supply_points() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct supply_point_id from submeter.my_supply())
$$;
comment on function submeter.my_supply_points() is 'Supply points of those agreements.';

create function submeter.my_properties() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct property_id from submeter.my_supply())
$$;
comment on function submeter.my_properties() is 'Properties of those agreements.';

create function submeter.my_sites() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct site_id from submeter.my_supply())
$$;
comment on function submeter.my_sites() is 'Sites of those agreements.';

create function submeter.my_sellers() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct a.seller_id from submeter.accounts a where a.id = any (submeter.my_accounts()))
$$;
comment on function submeter.my_sellers() is 'Sellers of those accounts.';

create function submeter.my_meters() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct meter_id from submeter.my_register_spans())
$$;
comment on function submeter.my_meters() is 'Meters that measured the customer of the token.';

create function submeter.my_installations() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct installation_id from submeter.my_register_spans())
$$;
comment on function submeter.my_installations() is 'Installations of those meters that fall into the customer''s days.';

create function submeter.my_registers() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct register_id from submeter.my_register_spans())
$$;
comment on function submeter.my_registers() is 'Registers of those meters.';

create function submeter.my_current_registers() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(select distinct register_id from submeter.my_register_spans() where instants @> now())
$$;
comment on function submeter.my_current_registers() is 'Registers that measure the customer of the token now: those it may read and report.';

create function submeter.my_corrected_readings() returns uuid[]
language sql stable security definer set search_path = '' as $$
  -- A correction may move a reading out of the customer's days, where they cannot see that it was corrected.
  select array(
    select n.replaces_id from submeter.readings n
    where n.register_id = any (submeter.my_registers()) and n.replaces_id is not null)
$$;
comment on function submeter.my_corrected_readings() is 'Readings of those registers that no longer stand.';

create function submeter.my_circuits() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select array(
    select distinct c.circuit_id
    from submeter.my_register_spans() r
    join submeter.circuit_registers c on c.register_id = r.register_id and tstzrange(c.start_at, c.end_at) && r.instants)
$$;
comment on function submeter.my_circuits() is 'Circuits that those registers counted for within the customer''s days.';

create function submeter.my_usage_months() returns table (circuit_id uuid, month date)
language sql stable security definer set search_path = '' as $$
  -- A month is one number. It is shown only if nobody else was supplied through the circuit in that month: from a
  -- shared one the other's usage could be told. The customer's part of it stands in monthly_costs and the intervals.
  select u.circuit_id, u.month
  from submeter.monthly_usage u
  cross join lateral (
    select daterange(u.month, (u.month + interval '1 month')::date) as days,
      tstzrange(u.month::timestamp at time zone 'UTC' - interval '14 hours',
                (u.month + interval '1 month') at time zone 'UTC' + interval '14 hours') as instants) m
  where u.circuit_id = any (submeter.my_circuits())
    and exists (
      select from submeter.circuit_registers c join submeter.my_register_spans() r on r.register_id = c.register_id
      where c.circuit_id = u.circuit_id and r.instants && m.instants
        and exists (select from submeter.my_supply() s where s.sees_usage and s.days && m.days))
    and not exists (
      -- Whoever was supplied where the circuit was measured then: a meter may have hung in another home before.
      select from submeter.circuit_registers c
      join submeter.registers g on g.id = c.register_id
      join submeter.meter_installations i on i.meter_id = g.meter_id
      join submeter.agreements a on a.supply_point_id = i.supply_point_id
      where c.circuit_id = u.circuit_id and daterange(a.from_date, a.to_date) && m.days
        and not isempty(tstzrange(c.start_at, c.end_at) * tstzrange(i.installed_at, i.removed_at) * m.instants)
        and not exists (
          select from submeter.my_supply() s
          where s.sees_usage and s.agreement_id = a.id and s.days @> daterange(a.from_date, a.to_date) * m.days))
$$;
comment on function submeter.my_usage_months() is 'Circuit months that are the customer''s alone.';

create function submeter.sight() returns text
language sql stable set search_path = '' as $$
  select case
    when current_user = 'operator' then 'esco'
    when current_user = 'authenticated' then 'customer'
    when pg_catalog.pg_has_role(current_user, 'service_role', 'usage') then 'all'
    else 'nothing' end
$$;
comment on function submeter.sight() is 'How far the present role sees: all, esco, customer or nothing. For the one view that is guarded by itself.';

grant execute on function
  submeter.my_customer(), submeter.my_esco(), submeter.my_roles(), submeter.my_supply(), submeter.my_register_spans(),
  submeter.my_accounts(), submeter.my_agreements(), submeter.my_supply_points(), submeter.my_properties(), submeter.my_sites(),
  submeter.my_sellers(), submeter.my_meters(), submeter.my_installations(), submeter.my_registers(),
  submeter.my_current_registers(), submeter.my_corrected_readings(), submeter.my_circuits(), submeter.my_usage_months() to authenticated;
-- The interval view names these whoever asks.
grant execute on function submeter.sight(), submeter.my_registers(), submeter.my_register_spans()
  to authenticated, operator, service_role;

-- A day of intervals in the source's clock may hold hours of two occupants, which no policy on rows can part.
-- So customers have no right on register_intervals at all, and this view, which has its owner's rights, shows
-- each role its part, interval by interval. Everything else is left to the policies.
create view submeter.interval_values with (security_barrier) as
  select i.esco_id, i.register_id, g.unit,
    i.starts_at + (v.position - 1) * (v.minutes * interval '1 minute') as "timestamp",
    v.minutes,
    v.amount * ('{1,0.1,0.01,0.001,0.0001,0.00001,0.000001,0.0000001,0.00000001,0.000000001}'::numeric[])[i.decimals + 1] as quantity
  from submeter.register_intervals i
  join submeter.registers g on g.id = i.register_id
  cross join lateral (
    select a.position, i.minutes::int as minutes, a.amount::bigint as amount
    from unnest(i.amounts) with ordinality as a (amount, position)
    where i.minutes >= 30 and a.amount is not null
    union all
    -- Shorter intervals are summed to half-hours; a half-hour with a missing part is missing.
    select (a.position - 1) * i.minutes / 30 + 1, 30, sum(a.amount)
    from unnest(i.amounts) with ordinality as a (amount, position)
    where i.minutes < 30
    group by 1
    having count(a.amount) * i.minutes = 30) v
  -- First which registers. Written as a number compared with 1, because the planner then expects few of them and goes
  -- register by register through the index; for a customer with two registers that is the difference between
  -- milliseconds and reading everybody's intervals.
  where case (select submeter.sight())
      when 'all' then 1
      when 'esco' then (g.esco_id = (select submeter.claimed_esco()))::int
      when 'customer' then (g.id = any ((select submeter.my_registers())::uuid[]))::int
      else 0 end = 1
    -- Then, for a customer, which of their intervals.
    and case (select submeter.sight())
      when 'customer' then exists (
        select from submeter.my_register_spans() s
        where s.register_id = i.register_id
          and s.instants @> i.starts_at + (v.position - 1) * (v.minutes * interval '1 minute'))
      else true end;
call submeter.describe('submeter.interval_values', 'Intervals one by one (half-hours or hours), each role seeing its own part: customers only their agreement days, to the interval.', '{
  "register_id": "The register.",
  "unit": "Unit of the register.",
  "timestamp": "Start of the interval.",
  "minutes": "Length: 30, or 60 where the source has hours.",
  "quantity": "Quantity in the register''s unit, exact."}');
grant select on submeter.interval_values to authenticated, operator, service_role;
