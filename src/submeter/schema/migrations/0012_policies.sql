-- What a customer (role authenticated) may read and write. Operators and service_role have theirs from make_tenant_table.

create policy customer_reads on submeter.escos for select to authenticated
  using (id = (select submeter.my_esco()));

create policy customer_reads on submeter.sellers for select to authenticated
  using (id = any ((select submeter.my_sellers())::uuid[]));
grant select (id, esco_id, name, legal_name, tax_number, company_number, address, status, created_at, updated_at)
  on submeter.sellers to authenticated;

create policy customer_reads on submeter.sites for select to authenticated
  using (id = any ((select submeter.my_sites())::uuid[]));
grant select on submeter.sites to authenticated;

create policy customer_reads on submeter.properties for select to authenticated
  using (id = any ((select submeter.my_properties())::uuid[]));
grant select on submeter.properties to authenticated;

create policy customer_reads on submeter.supply_points for select to authenticated
  using (id = any ((select submeter.my_supply_points())::uuid[]));
grant select on submeter.supply_points to authenticated;

create policy customer_reads on submeter.supply_point_identifiers for select to authenticated
  using (supply_point_id = any ((select submeter.my_supply_points())::uuid[]));
grant select on submeter.supply_point_identifiers to authenticated;

create policy customer_reads on submeter.customers for select to authenticated
  using (id = (select submeter.my_customer()));
create policy customer_updates on submeter.customers for update to authenticated
  using (id = (select submeter.my_customer())) with check (id = (select submeter.my_customer()));
grant select, update (name, phone, email) on submeter.customers to authenticated;

create policy customer_reads on submeter.accounts for select to authenticated
  using (id = any ((select submeter.my_accounts())::uuid[]));
grant select on submeter.accounts to authenticated;

-- Own rows only: who else is on an account is not for everyone on it to see (family violence).
create policy customer_reads on submeter.customer_accounts for select to authenticated
  using (customer_id = (select submeter.my_customer()));
-- Without the notes, which staff write for staff.
grant select (customer_id, account_id, role, from_date, to_date, esco_id, created_at, updated_at)
  on submeter.customer_accounts to authenticated;

create policy customer_reads on submeter.agreements for select to authenticated
  using (id = any ((select submeter.my_agreements())::uuid[]));
grant select on submeter.agreements to authenticated;

create policy customer_reads on submeter.meters for select to authenticated
  using (id = any ((select submeter.my_meters())::uuid[]));
grant select on submeter.meters to authenticated;

create policy customer_reads on submeter.meter_installations for select to authenticated
  using (id = any ((select submeter.my_installations())::uuid[]));
grant select on submeter.meter_installations to authenticated;

create policy customer_reads on submeter.registers for select to authenticated
  using (id = any ((select submeter.my_registers())::uuid[]));
grant select on submeter.registers to authenticated;

create policy customer_reads on submeter.register_multipliers for select to authenticated
  using (register_id = any ((select submeter.my_registers())::uuid[]));
grant select on submeter.register_multipliers to authenticated;

create policy customer_reads on submeter.circuits for select to authenticated
  using (id = any ((select submeter.my_circuits())::uuid[]));
grant select on submeter.circuits to authenticated;

create policy customer_reads on submeter.circuit_registers for select to authenticated
  using (circuit_id = any ((select submeter.my_circuits())::uuid[])
         and register_id = any ((select submeter.my_registers())::uuid[]));
-- Without the notes, which staff write for staff.
grant select (circuit_id, register_id, start_at, end_at, esco_id, created_at) on submeter.circuit_registers to authenticated;

-- Both ends included: where tenancies meet, one reading serves both.
create policy customer_reads on submeter.readings for select to authenticated
  using (register_id = any ((select submeter.my_registers())::uuid[])
         and id <> all ((select submeter.my_corrected_readings())::uuid[])
         and exists (select from submeter.my_register_spans() s
                     where s.register_id = readings.register_id
                       and read_at >= coalesce(lower(s.instants), '-infinity')
                       and read_at <= coalesce(upper(s.instants), 'infinity')));
create policy customer_reports on submeter.readings for insert to authenticated
  with check (status = 'customer' and replaces_id is null and esco_id = (select submeter.my_esco())
              and register_id = any ((select submeter.my_current_registers())::uuid[])
              and exists (select from submeter.my_register_spans() s
                          where s.register_id = readings.register_id and s.instants @> read_at));
grant select, insert on submeter.readings to authenticated;

create policy customer_reads on submeter.monthly_usage for select to authenticated
  using ((circuit_id, month) in (select u.circuit_id, u.month from submeter.my_usage_months() u));
grant select on submeter.monthly_usage to authenticated;

create policy customer_reads on submeter.microgrid_tariffs for select to authenticated
  using (esco_id = (select submeter.my_esco()));
grant select on submeter.microgrid_tariffs to authenticated;

create policy customer_reads on submeter.customer_tariffs for select to authenticated
  using (customer_id = (select submeter.my_customer()));
grant select on submeter.customer_tariffs to authenticated;

create policy customer_reads on submeter.payments for select to authenticated
  using (account_id = any ((select submeter.my_accounts())::uuid[])
         and exists (select from submeter.my_roles() r
                     where r.account_id = payments.account_id and r.sees_usage
                       and r.instants @> coalesce(scheduled_at, created_at)));
grant select on submeter.payments to authenticated;

create policy customer_reads on submeter.monthly_costs for select to authenticated
  using (customer_id = (select submeter.my_customer()));
grant select on submeter.monthly_costs to authenticated;
