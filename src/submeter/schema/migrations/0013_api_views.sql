-- The REST face: views of schema public. All run with the caller's rights, so that the policies of the tables decide.
--
-- The gateway finds relationships from foreign keys through views, and counts a view column only where it is plainly a
-- column of a table. So keys and foreign keys stand here unwrapped, and no view shows two ways to the same target.

create view public.escos with (security_invoker) as
  select id, code, name, region, time_zone, currency, app_url, status from submeter.escos;

create view public.esco_settings with (security_invoker) as
  select id, code, tariff_policy, cost_rule, default_discount_percent, rate_decimals, benchmark_payment_type,
    benchmark_meter_type, created_at, updated_at
  from submeter.escos;

create view public.regions with (security_invoker) as
  select code, name, jurisdiction from submeter.regions;

create view public.sellers with (security_invoker) as
  select id, esco_id, name, legal_name, tax_number, company_number, address, status, created_at, updated_at
  from submeter.sellers;

create view public.sites with (security_invoker) as
  select id, esco_id, seller_id, code, name, address, jurisdiction, time_zone, billing_clock, market_time_zone,
    day_time_zone, status, created_at, updated_at
  from submeter.sites;

create view public.properties with (security_invoker) as
  select id, esco_id, site_id, name, plot, address, postcode, description, kind, created_at, updated_at
  from submeter.properties;

create view public.supply_points with (security_invoker) as
  select id, esco_id, property_id, product, name, status, created_at, updated_at
  from submeter.supply_points;

create view public.supply_point_identifiers with (security_invoker) as
  select id, esco_id, supply_point_id, scheme, identifier, market_status, from_date, to_date, created_at, updated_at
  from submeter.supply_point_identifiers;

create view public.customers with (security_invoker) as
  select id, esco_id, name, email, phone, status, kind, external_reference, created_at, updated_at
  from submeter.customers;

-- Account numbers, terms and the like are the account's own; where it is, what kind and in what state it is follow from
-- its agreements: the one of today, else the next one, else the last one.
create view public.accounts with (security_invoker) as
  select a.id, a.esco_id, a.account_number, a.seller_id, g.property_id,
    case g.product when 'solar' then 'solar' when 'ev' then 'ev' else 'supply' end as type,
    case g.phase when 0 then 'open' when 2 then 'closed' else 'pending' end as status,
    a.name, a.customer_type, a.delivery_method, a.payment_terms_days, a.external_reference, a.created_at, a.updated_at
  from submeter.accounts a
  left join lateral (
    select p.property_id, p.product, d.phase
    from submeter.agreements m
    join submeter.supply_points p on p.id = m.supply_point_id
    join submeter.properties h on h.id = p.property_id
    join submeter.sites s on s.id = h.site_id
    cross join lateral (select (now() at time zone s.day_time_zone)::date as today) t
    cross join lateral (
      select case when m.from_date > t.today then 1 when m.to_date <= t.today then 2 else 0 end as phase) d
    where m.account_id = a.id
    order by d.phase, case when d.phase = 1 then m.from_date end, m.from_date desc, m.id
    limit 1) g on true;

create view public.customer_accounts with (security_invoker) as
  select customer_id, account_id, role, from_date, to_date, esco_id, created_at, updated_at
  from submeter.customer_accounts;

create view public.agreements with (security_invoker) as
  select id, esco_id, supply_point_id, account_id, from_date, to_date, billed_to_date, external_reference,
    created_at, updated_at
  from submeter.agreements;

create view public.meters with (security_invoker) as
  select m.id, m.esco_id, m.serial, i.property_id, i.supply_point_id, m.name, m.hardware, m.mode, m.prepay_enabled,
    m.status, m.created_at, m.updated_at
  from submeter.meters m
  left join lateral (
    select n.supply_point_id, p.property_id
    from submeter.meter_installations n
    join submeter.supply_points p on p.id = n.supply_point_id
    where n.meter_id = m.id and (n.removed_at is null or n.removed_at > now())
    order by n.installed_at desc
    limit 1) i on true;

create view public.meter_installations with (security_invoker) as
  select id, esco_id, meter_id, supply_point_id, installed_at, removed_at, created_at, updated_at
  from submeter.meter_installations;

create view public.meter_shadows with (security_invoker) as
  select meter_id, esco_id, tariffs_active, tariffs_future, synced_at, created_at, updated_at
  from submeter.meter_shadows;

create view public.registers with (security_invoker) as
  select id, esco_id, meter_id, name, nature, direction, unit, digits, status, created_at, updated_at
  from submeter.registers;

create view public.register_multipliers with (security_invoker) as
  select id, esco_id, register_id, multiplier, from_date, to_date, created_at, updated_at
  from submeter.register_multipliers;

create view public.circuits with (security_invoker) as
  select id, esco_id, type, name, created_at, updated_at from submeter.circuits;

create view public.circuit_registers with (security_invoker) as
  select circuit_id, register_id, start_at, end_at, esco_id, created_at from submeter.circuit_registers;

-- Only what stands: a reading that was corrected is not shown, its correction is.
create view public.meter_readings with (security_invoker) as
  select r.id, r.esco_id, g.meter_id, r.register_id, r.read_at as "timestamp", r.reading, r.status, r.kind,
    r.replaces_id, r.source, r.notes, r.created_at
  from submeter.readings r
  join submeter.registers g on g.id = r.register_id
  where not exists (select from submeter.readings n where n.replaces_id = r.id);

create view public.register_interval_hh with (security_invoker) as
  select register_id, "timestamp", quantity as kwh
  from submeter.interval_values
  where unit = 'kWh';

create view public.monthly_usage with (security_invoker) as
  select circuit_id, month, esco_id, kwh, source, created_at, updated_at from submeter.monthly_usage;

create view public.benchmark_tariffs with (security_invoker) as
  select id, region, period_start, payment_type, meter_type, unit_rate, standing_charge, tax_basis, provenance, source,
    created_at, updated_at
  from submeter.benchmark_tariffs;

create view public.microgrid_tariffs with (security_invoker) as
  select esco_id, period_start, discount_percent, unit_rate, standing_charge, tax_basis, emergency_credit,
    debt_recovery_rate, ecredit_button_threshold, created_at, updated_at
  from submeter.microgrid_tariffs;

create view public.customer_tariffs with (security_invoker) as
  select customer_id, period_start, esco_id, discount_percent, unit_rate, standing_charge, tax_basis, created_at, updated_at
  from submeter.customer_tariffs;

create view public.monthly_costs with (security_invoker) as
  select customer_id, month, esco_id, power, heat, standing_charge, total,
    microgrid_power, microgrid_heat, microgrid_standing_charge, microgrid_total,
    benchmark_power, benchmark_heat, benchmark_standing_charge, benchmark_total, computed_at, created_at, updated_at
  from submeter.monthly_costs;

create view public.payments with (security_invoker) as
  select id, esco_id, account_id, amount_pence, status, method, reference, description, payment_intent, receipt_url,
    scheduled_at, submitted_at, idempotency_key, created_at, updated_at
  from submeter.payments;

create view public.payment_events with (security_invoker) as
  select id, esco_id, payment_id, event_type, data, created_at from submeter.payment_events;

create view public.audit with (security_invoker) as
  select id, esco_id, at, database_role, actor, table_name, row_key, action, changes from submeter.audit;

-- Rights ------------------------------------------------------------------------------------------------------

grant select on public.escos to anon, authenticated, operator, service_role;
grant insert, update, delete on public.escos, public.esco_settings to service_role;
grant update on public.escos, public.esco_settings to operator;

grant select on public.regions, public.benchmark_tariffs to authenticated, operator, service_role;
grant insert, update, delete on public.regions, public.benchmark_tariffs to service_role;

grant select on public.sellers, public.sites, public.properties, public.supply_points, public.supply_point_identifiers,
  public.customers, public.accounts, public.customer_accounts, public.agreements, public.meters,
  public.meter_installations, public.registers, public.register_multipliers, public.circuits, public.circuit_registers,
  public.meter_readings, public.register_interval_hh, public.monthly_usage, public.microgrid_tariffs,
  public.customer_tariffs, public.monthly_costs, public.payments to authenticated, operator, service_role;
grant select on public.esco_settings, public.meter_shadows, public.payment_events, public.audit to operator, service_role;

grant insert, update, delete on public.sellers, public.sites, public.properties, public.supply_points,
  public.supply_point_identifiers, public.customers, public.accounts, public.customer_accounts, public.agreements,
  public.meters, public.meter_installations, public.meter_shadows, public.registers, public.register_multipliers,
  public.circuits, public.circuit_registers, public.monthly_usage, public.microgrid_tariffs, public.customer_tariffs,
  public.monthly_costs, public.payments to operator, service_role;
grant insert on public.meter_readings to authenticated, operator, service_role;
-- Refused by trigger, with a reason and a hint rather than a bare "permission denied".
grant update, delete on public.meter_readings to operator, service_role;
grant update (name, phone, email) on public.customers to authenticated;
