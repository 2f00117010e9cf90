-- What passes the gate of a site is the sum of what is behind it, and no part of it: sums of a site tell the two apart.
-- Tolerances of intervals by type of register. And whoever decides how quantities are counted stands in the audit.

create or replace view submeter.register_pieces with (security_barrier) as
  select r.esco_id, r.register_id, g.unit, g.direction, d.day, d.month, s.id as site_id,
    q.amount * ('{1,0.1,0.01,0.001,0.0001,0.00001,0.000001,0.0000001,0.00000001,0.000000001}'::numeric[])[r.decimals + 1] as quantity,
    exists (select from submeter.site_gates k where k.supply_point_id = p.id and daterange(k.from_date, k.to_date) @> d.day) as is_gate
  from submeter.billing_days d
  join submeter.register_intervals r on r.day between d.day - 1 and d.day + 1
  join submeter.registers g on g.id = r.register_id
  join submeter.meter_installations i on i.meter_id = g.meter_id
  join submeter.supply_points p on p.id = i.supply_point_id
  join submeter.properties h on h.id = p.property_id
  join submeter.sites s on s.id = h.site_id
  cross join lateral (
    select m.instants from submeter.my_register_spans() m
    where (select submeter.sight()) = 'customer' and m.register_id = g.id and m.installation_id = i.id
    union all
    select tstzrange(null, null) where (select submeter.sight()) in ('all', 'esco')) sight
  cross join lateral (
    select greatest(r.starts_at, d.day::timestamp at time zone s.day_time_zone, i.installed_at, lower(sight.instants)) as from_at,
      least(r.ends_at, (d.day + 1)::timestamp at time zone s.day_time_zone, i.removed_at, upper(sight.instants)) as to_at) w
  cross join lateral (
    select case when w.from_at = r.starts_at and w.to_at = r.ends_at
      then case when r.missing * 4 < length(r.amounts) then r.total end
      else (
        select sum(nullif(get_byte(r.amounts, o) | (get_byte(r.amounts, o + 1) << 8)
          | (get_byte(r.amounts, o + 2) << 16) | (get_byte(r.amounts, o + 3) << 24), -2147483648)::bigint)
        from generate_series(
          ceil(date_part('epoch', w.from_at - r.starts_at) / (60 * r.minutes))::int * 4,
          ceil(date_part('epoch', w.to_at - r.starts_at) / (60 * r.minutes))::int * 4 - 4, 4) o)
      end as amount) q
  where w.from_at < w.to_at and q.amount is not null
    and case (select submeter.sight())
      when 'all' then 1
      when 'esco' then (r.esco_id = (select submeter.claimed_esco()))::int
      when 'customer' then (r.register_id = any ((select submeter.my_registers())::uuid[]))::int
      else 0 end = 1;
comment on column submeter.register_pieces.is_gate is 'Whether it measured a gate of the site that day: all that stands behind it.';

create or replace view submeter.site_values with (security_barrier) as
  select v.esco_id, h.site_id, v."timestamp", g.direction, v.quantity as kwh,
    exists (
      select from submeter.site_gates k
      where k.supply_point_id = p.id and daterange(k.from_date, k.to_date) @> (v."timestamp" at time zone s.day_time_zone)::date) as is_gate
  from submeter.every_interval v
  join submeter.registers g on g.id = v.register_id and g.unit = 'kWh'
  join submeter.meter_installations i on i.meter_id = g.meter_id
    and v."timestamp" >= i.installed_at and (i.removed_at is null or v."timestamp" < i.removed_at)
  join submeter.supply_points p on p.id = i.supply_point_id
  join submeter.properties h on h.id = p.property_id
  join submeter.sites s on s.id = h.site_id
  where case (select submeter.sight())
      when 'all' then 1
      when 'esco' then (v.esco_id = (select submeter.claimed_esco()))::int
      else 0 end = 1;
comment on column submeter.site_values.is_gate is 'Whether it measured a gate of the site: all that stands behind it.';

create or replace view public.site_interval_hh with (security_invoker) as
  select site_id, "timestamp", coalesce(sum(kwh) filter (where direction = 'import' and not is_gate), 0) as import_kwh,
    coalesce(sum(kwh) filter (where direction = 'export' and not is_gate), 0) as export_kwh,
    sum(case direction when 'import' then kwh else -kwh end) filter (where is_gate) as gate_kwh
  from submeter.site_values group by site_id, "timestamp";
create or replace view public.site_interval_daily with (security_invoker) as
  select site_id, day, coalesce(sum(quantity) filter (where direction = 'import' and not is_gate), 0) as import_kwh,
    coalesce(sum(quantity) filter (where direction = 'export' and not is_gate), 0) as export_kwh,
    sum(case direction when 'import' then quantity else -quantity end) filter (where is_gate) as gate_kwh
  from submeter.register_pieces where unit = 'kWh' group by site_id, day;
create or replace view public.site_interval_monthly with (security_invoker) as
  select site_id, month, coalesce(sum(quantity) filter (where direction = 'import' and not is_gate), 0) as import_kwh,
    coalesce(sum(quantity) filter (where direction = 'export' and not is_gate), 0) as export_kwh,
    sum(case direction when 'import' then quantity else -quantity end) filter (where is_gate) as gate_kwh
  from submeter.register_pieces where unit = 'kWh' group by site_id, month;

comment on view public.site_interval_hh is 'Half-hourly energy of all registers of a site behind its gates, taken from the network and put into it; and that of its gates.';
comment on view public.site_interval_daily is 'Energy of all registers of a site behind its gates, and of its gates, by billing day.';
comment on view public.site_interval_monthly is 'Energy of all registers of a site behind its gates, and of its gates, by month of its billing days.';
do $$
declare
  view_name text;
begin
  foreach view_name in array array['site_interval_hh', 'site_interval_daily', 'site_interval_monthly'] loop
    execute format('comment on column public.%I.gate_kwh is %L', view_name,
      'What its gates measured, import less export, in kWh, exact; null where there is none. What is not measured behind them is gate_kwh - import_kwh + export_kwh.');
  end loop;
end $$;
comment on function public.interval_totals(date, date, uuid, uuid, uuid, text, text) is
  'Energy of a register, a circuit or a site (import less export, behind its gates) by day or month of a clock: market, billing, or any time zone; from a day up to another, which is not in it. half_hours says how many there are.';

-- Tolerances by type of register -----------------------------------------------------------------------------------------

alter table submeter.interval_settings
  add column type text,
  add constraint interval_settings_type_fkey foreign key (esco_id, type) references submeter.register_types (esco_id, code),
  add constraint interval_settings_of_one check (register_id is null or type is null),
  drop constraint interval_settings_once,
  add constraint interval_settings_once unique nulls not distinct (esco_id, site_id, nature, type, register_id);
comment on table submeter.interval_settings is 'How intervals are checked and estimated, where it is not as the program has it. The most specific row that says something wins, column by column: a register, a type of register at a site, a kind (nature) there, the site, a type, a kind, all.';
comment on column submeter.interval_settings.type is 'For registers of this type alone (register_types).';
comment on column submeter.interval_settings.register_id is 'For this register alone; then without site_id, nature and type.';

create or replace function submeter.interval_registers_for(registers_in uuid[])
returns table (register_id uuid, esco_id uuid, name text, serial text, unit text, direction text, zone text, may_export boolean,
  spans tstzmultirange, settings jsonb)
language sql stable set search_path = '' as $$
  select g.id, g.esco_id, g.name, m.serial, g.unit, g.direction, coalesce(p.zone, 'UTC'),
    coalesce((t.settings ->> 'may_export')::boolean, coalesce(p.generates, false) or c.solar),
    coalesce(p.spans, '{[,]}'), coalesce(t.settings, '{}')
  from submeter.registers g
  join submeter.meters m on m.id = g.meter_id
  left join lateral (
    select (array_agg(s.day_time_zone order by i.installed_at desc))[1] as zone, (array_agg(s.id order by i.installed_at desc))[1] as site_id,
      range_agg(tstzrange(i.installed_at, i.removed_at)) as spans,
      bool_or(exists (select from submeter.supply_points q where q.property_id = h.id and q.product = 'solar')) as generates
    from submeter.meter_installations i
    join submeter.supply_points p on p.id = i.supply_point_id
    join submeter.properties h on h.id = p.property_id
    join submeter.sites s on s.id = h.site_id
    where i.meter_id = g.meter_id) p on true
  cross join lateral (
    select exists (select from submeter.circuit_registers k join submeter.circuits c on c.id = k.circuit_id
                   where k.register_id = g.id and c.type = 'solar') as solar) c
  left join lateral (
    -- The last of equal names stands: the most specific one.
    select jsonb_object_agg(v.key, v.value order by n.register_id is not null, n.site_id is not null, n.type is not null, n.nature is not null)
      as settings
    from submeter.interval_settings n
    cross join lateral jsonb_each(jsonb_strip_nulls(to_jsonb(n))) v
    where n.esco_id = g.esco_id and (n.register_id is null or n.register_id = g.id) and (n.site_id is null or n.site_id = p.site_id)
      and (n.type is null or n.type = g.type) and (n.nature is null or n.nature = g.nature)) t on true
  where g.id = any (registers_in)
$$;

create or replace view public.interval_settings with (security_invoker) as
  select id, esco_id, site_id, nature, register_id, spike_percent, spike_floor, zero_hours, sum_difference, sum_percent, export_floor,
    may_export, installation, linear_minutes, like_days_least, like_days_most, reach_days, cap_days, created_at, updated_at, type
  from submeter.interval_settings;

-- The audit of whoever decides ---------------------------------------------------------------------------------------------

create or replace function submeter.write_audit(table_in text, action_in text, role_in text, old_in jsonb, new_in jsonb) returns void
language plpgsql security definer set search_path = '' as $$
declare
  row_now constant jsonb := coalesce(new_in, old_in);
  changes constant jsonb := case action_in when 'update' then submeter.changed_columns(old_in, new_in) else row_now end;
begin
  if changes <> '{}' then
    insert into submeter.audit (esco_id, database_role, actor, table_name, row_key, action, changes)
    values ((row_now ->> 'esco_id')::uuid, role_in,
      jsonb_strip_nulls(jsonb_build_object('sub', submeter.claim('sub'), 'key', submeter.claim('key'),
        'customer_id', submeter.claim('customer_id'))),
      table_in,
      case when row_now ? 'id' then jsonb_build_object('id', row_now -> 'id')
           -- Of tables whose key is other columns.
           else (
             select jsonb_object_agg(k.name, row_now -> k.name)
             from unnest(array['customer_id', 'account_id', 'circuit_id', 'register_id', 'code', 'esco_id', 'role', 'from_date',
               'start_at', 'period_start']) k (name)
             where row_now ->> k.name is not null) end,
      action_in, changes);
  end if;
end $$;

call submeter.make_audited('submeter.virtual_registers');
call submeter.make_audited('submeter.register_types');
call submeter.make_audited('submeter.registers');
call submeter.make_audited('submeter.circuits');
call submeter.make_audited('submeter.circuit_registers');
call submeter.make_audited('submeter.supply_points');
call submeter.make_audited('submeter.supply_point_identifiers');
comment on table submeter.audit is
  'Changes of parties, agreements, tariffs and payments, of what decides how quantities are counted, and decisions about meter data: who, when, what.';

-- A day that waits is decided about as a reading of the queue is: the decision is noted, and the row leaves with it.
alter table submeter.import_waiting
  add column decision text check (decision in ('accepted', 'turned down')),
  add column decision_reason text check (decision_reason <> ''),
  add constraint import_waiting_decided check ((decision is null) = (decision_reason is null));
comment on column submeter.import_waiting.decision is 'accepted or turned down, as it leaves.';
comment on column submeter.import_waiting.decision_reason is 'Why, by whoever decided.';
grant update (decision, decision_reason) on submeter.import_waiting to operator, service_role;
create trigger audit_decisions after update of decision on submeter.import_waiting
  for each row when (new.decision is not null) execute function submeter.audit_change();
-- What leaves by itself, because its meter is known or a newer day stands, is nobody's decision.
create trigger audit_leaving after delete on submeter.import_waiting
  for each row when (old.decision is not null) execute function submeter.audit_change();

drop function submeter.decide_waiting(bigint, boolean);
create function submeter.decide_waiting(waiting_in bigint, accept_in boolean, reason_in text) returns text
language plpgsql set search_path = '' as $$
declare
  found submeter.import_waiting;
  became text;
begin
  update submeter.import_waiting w
  set decision = case when accept_in then 'accepted' else 'turned down' end, decision_reason = reason_in
  where w.id = waiting_in and w.reason <> 'unknown';
  delete from submeter.import_waiting w where w.id = waiting_in and w.decision is not null returning * into found;
  if found.id is null then
    return null;
  end if;
  if not accept_in then
    insert into submeter.register_interval_versions (register_id, day, esco_id, starts_at, ends_at, clock, minutes, decimals, missing,
      standing, total, amounts, quality, ranges, version_at, file_at, file_id, line)
    values (found.register_id, found.day, found.esco_id, found.starts_at, found.ends_at, found.clock, found.minutes, found.decimals,
      found.missing, found.standing, found.total, found.amounts, found.quality, found.ranges, found.version_at, found.file_at,
      found.file_id, found.line);
    return 'turned down';
  end if;
  call submeter.make_staging();
  insert into pg_temp.staged_intervals (round, accepted, register_id, day, starts_at, ends_at, minutes, decimals, missing, standing, total,
    version_at, file_at, file_id, line, amounts, clock, quality, ranges)
  -- What a person decided counts as measured.
  values (0, true, found.register_id, found.day, found.starts_at, found.ends_at, found.minutes, found.decimals, found.missing, 2,
    found.total, found.version_at, found.file_at, found.file_id, found.line, found.amounts, found.clock, found.quality, found.ranges);
  select p.outcome into became from submeter.place_intervals(found.esco_id) p limit 1;
  return became;
end $$;
comment on function submeter.decide_waiting(bigint, boolean, text) is
  'Accepts or turns down a day that waits for a decision, with the reason. Says what became of it; null if there is none. Either way it is kept.';
grant execute on function submeter.decide_waiting(bigint, boolean, text) to operator, service_role;

drop function public.decide_import_waiting(bigint, boolean);
create function public.decide_import_waiting(id bigint, accept boolean, reason text) returns table (outcome text)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Decisions about meter data are taken by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.decide_import_waiting(bigint, boolean, text) is
  'Accepts or turns down a day of import_waiting, and says why. Returns what became of it: replaced, older, turned down. Audited. Served by the application.';
grant execute on function public.decide_import_waiting(bigint, boolean, text) to operator, service_role;

call submeter.describe_views();
