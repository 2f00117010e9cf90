-- Dial readings: their kinds in full, tolerances of the checks as data, and the queue where a reading waits that a check
-- did not let pass. The checks are Python's (metering/reading_rules.py); what they look at is gathered here.

-- Kinds of readings --------------------------------------------------------------------------------------------------------

create function submeter.sub_type_of(status_in text, kind_in text) returns text
language sql immutable parallel safe set search_path = '' as $$
  select case
    when status_in = 'misread' then 'MISREAD'
    when kind_in = 'opening' then 'OPENING'
    when kind_in = 'closing' then 'CLOSING'
    when status_in in ('estimated', 'substituted') then case kind_in when 'invoice' then 'INVOICE_EST' else 'ESTIMATE' end
    when status_in = 'customer' then 'ACTUALC'
    else 'ACTUAL' end
$$;
comment on function submeter.sub_type_of(text, text) is
  'What the trade calls a reading of this status and kind: ACTUAL, ACTUALC, ESTIMATE, INVOICE_EST, OPENING, CLOSING or MISREAD.';
-- Whoever adds a reading makes the stored column.
grant execute on function submeter.sub_type_of(text, text) to authenticated, operator, service_role;

alter table submeter.readings
  drop constraint readings_status_check,
  drop constraint readings_kind_check,
  add constraint readings_status_check check (status in ('actual', 'customer', 'estimated', 'substituted', 'misread')),
  add constraint readings_kind_check check (kind in ('periodic', 'opening', 'closing', 'special', 'invoice')),
  add column sub_type text not null generated always as (submeter.sub_type_of(status, kind)) stored,
  add column add_factor numeric not null default 0 check (add_factor >= 0),
  add column temperature_factor numeric check (temperature_factor > 0),
  add column heating_value numeric check (heating_value > 0),
  add column next_read_on date,
  add column findings jsonb not null default '[]' check (jsonb_typeof(findings) = 'array');
comment on column submeter.readings.status is 'actual, customer (read by the customer), estimated, substituted, or misread (kept, and counts for nothing).';
comment on column submeter.readings.kind is 'periodic, opening, closing, special, or invoice (an estimate made for a bill).';
comment on column submeter.readings.sub_type is 'The trade''s name of status and kind: ACTUAL, ACTUALC, ESTIMATE, INVOICE_EST, OPENING, CLOSING, MISREAD.';
comment on column submeter.readings.add_factor is 'What is added where the dial passed zero since the reading before: one turn, 10 to the number of digits; else 0.';
comment on column submeter.readings.temperature_factor is 'Gas: factor of pressure and temperature for the period that ends here.';
comment on column submeter.readings.heating_value is 'Gas: heating value of the period that ends here, MJ (or kWh) per unit of volume.';
comment on column submeter.readings.next_read_on is 'When the source means to read again.';
comment on column submeter.readings.findings is 'What the checks said when it was taken: warnings, and what a person forced, with the reason.';

-- One reading of a moment, but an opening and a closing one may stand at it, too, and a misread is none. Rows are never
-- changed, so a unique index cannot tell which of them stand; the lock on the register stands for the index's.
drop index submeter.readings_once;

create procedure submeter.lock_register_readings(registers_in uuid[])
language plpgsql set search_path = '' as $$
begin
  -- In one order for everybody, so that nobody waits in a ring.
  perform pg_advisory_xact_lock(hashtextextended('submeter readings ' || r, 0))
  from (select distinct r from unnest(registers_in) r order by r) s;
end $$;
comment on procedure submeter.lock_register_readings(uuid[]) is
  'Until the end of the transaction nobody else adds readings to these registers.';
grant execute on procedure submeter.lock_register_readings(uuid[]) to authenticated, operator, service_role;

create function submeter.has_reading_at(register_in uuid, read_at_in timestamptz, kind_in text, replaces_in uuid) returns boolean
language sql stable set search_path = '' as $$
  select exists (
    select from submeter.readings r
    where r.register_id = register_in and r.read_at = read_at_in and r.status <> 'misread' and r.id is distinct from replaces_in
      and case when r.kind in ('opening', 'closing') then r.kind else '' end
        = case when kind_in in ('opening', 'closing') then kind_in else '' end
      -- A subquery rather than "not exists": one step through a key, also in a table that was filled a moment ago.
      and (select n.id from submeter.readings n where n.replaces_id = r.id) is null)
$$;
comment on function submeter.has_reading_at(uuid, timestamptz, text, uuid) is
  'Whether a reading that counts stands at the moment, but for the one that is to be replaced. Opening and closing ones stand beside others.';
grant execute on function submeter.has_reading_at(uuid, timestamptz, text, uuid) to authenticated, operator, service_role;

create function submeter.one_reading_of_a_moment() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  call submeter.lock_register_readings(array[new.register_id]);
  if new.status <> 'misread' and submeter.has_reading_at(new.register_id, new.read_at, new.kind, new.replaces_id) then
    raise exception 'the register has a reading at this time'
      using errcode = '23505', constraint = 'readings_once', table = 'readings', schema = 'submeter',
            detail = format('Register %s was read at %s.', new.register_id, new.read_at),
            hint = 'To correct it, send a new reading with replaces_id naming it.';
  end if;
  return new;
end $$;
comment on function submeter.one_reading_of_a_moment() is
  'Trigger: refuses (23505) a second standing reading of a register and moment, but for an opening or closing beside another.';
create trigger one_of_a_moment before insert on submeter.readings
  for each row execute function submeter.one_reading_of_a_moment();

-- Tolerances ---------------------------------------------------------------------------------------------------------------

create table submeter.reading_tolerances (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id) on delete cascade,
  site_id uuid references submeter.sites (id),
  meter_type text check (meter_type <> ''),
  high_percent numeric not null default 100 check (high_percent >= 0),
  low_percent numeric not null default 75 check (low_percent between 0 and 100),
  floor_per_day numeric not null default 2 check (floor_per_day >= 0),
  usual_per_day numeric check (usual_per_day >= 0),
  gap_days integer not null default 100 check (gap_days > 0),
  zero_reads integer not null default 2 check (zero_reads > 0),
  estimates integer not null default 3 check (estimates >= 0),
  accepts_vacant boolean not null default false,
  needs_gas_factors boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint reading_tolerances_once unique nulls not distinct (esco_id, site_id, meter_type),
  unique (esco_id, id)
);
call submeter.describe('submeter.reading_tolerances', 'What is still usual of a dial reading. The row of site and meter type decides, else the site''s, else the type''s, else the one of neither, which every ESCO begins with.', '{
  "site_id": "For this site; null: for all that have none of their own.",
  "meter_type": "For registers of this type, else for those that measure this (nature: power, gas, hot_water, ...); null: for all others.",
  "high_percent": "Use so much above what is expected is too high: 100 = twice as much.",
  "low_percent": "Use so much below what is expected is too low: 75 = a quarter of it.",
  "floor_per_day": "A difference of up to so much a day, in the unit of the register, is never too high or too low.",
  "usual_per_day": "What such a register usually counts a day; compared with where nothing is known of the past.",
  "gap_days": "More days since the reading before are worth a warning.",
  "zero_reads": "So many readings in a row without use, where somebody lives, are worth a warning.",
  "estimates": "So many estimates in a row are accepted.",
  "accepts_vacant": "Whether readings are accepted while no account is open.",
  "needs_gas_factors": "Gas billed as energy: each reading needs temperature_factor and heating_value."}');
call submeter.make_tenant_table('submeter.reading_tolerances');
call submeter.make_audited('submeter.reading_tolerances');

create function submeter.begin_with_tolerances() returns trigger
language plpgsql set search_path = '' as $$
begin
  -- With a key that follows from the ESCO's: what is made alike is alike.
  insert into submeter.reading_tolerances (id, esco_id) values (md5('reading_tolerances ' || new.id)::uuid, new.id)
  on conflict do nothing;
  return null;
end $$;
comment on function submeter.begin_with_tolerances() is 'Trigger: every ESCO begins with the default tolerances of dial readings.';
insert into submeter.reading_tolerances (id, esco_id)
select md5('reading_tolerances ' || e.id)::uuid, e.id from submeter.escos e;
create trigger begin_with_tolerances after insert on submeter.escos
  for each row execute function submeter.begin_with_tolerances();

-- The queue ----------------------------------------------------------------------------------------------------------------

create table submeter.reading_queue (
  id bigint generated always as identity primary key,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  register_id uuid references submeter.registers (id),
  reading_id uuid references submeter.readings (id),
  scheme text,
  identifier text,
  register text,
  serial text,
  unit text,
  direction text,
  read_on date not null,
  read_at timestamptz,
  reading numeric not null,
  status text not null default 'actual' check (status in ('actual', 'customer', 'estimated', 'substituted', 'misread')),
  kind text not null default 'periodic' check (kind in ('periodic', 'opening', 'closing', 'special', 'invoice')),
  sub_type text not null generated always as (submeter.sub_type_of(status, kind)) stored,
  add_factor numeric not null default 0 check (add_factor >= 0),
  temperature_factor numeric,
  heating_value numeric,
  next_read_on date,
  replaces_id uuid references submeter.readings (id),
  source text,
  notes text,
  file_id bigint references submeter.import_files (id),
  line integer,
  error_code text not null check (error_code ~ '^[A-Z]{3}[0-9]{3}$'),
  findings jsonb not null check (jsonb_typeof(findings) = 'array'),
  previous_reading numeric,
  previous_read_on date,
  roll_over numeric,
  decision text check (decision in ('forced', 'deleted')),
  reason text,
  waits_since timestamptz not null default now(),
  check (register_id is not null or identifier is not null)
);
call submeter.describe('submeter.reading_queue', 'Dial readings that a check did not let pass. They count for nothing until they pass, or a person forces or deletes them. What leaves the queue stays in the audit.', '{
  "id": "Number, to process, force or delete by.",
  "register_id": "The register, where it is known.",
  "reading_id": "The accepted reading that is meant, where one came between and it would not pass any more.",
  "scheme": "What kind of identifier the source gives.",
  "identifier": "What the source calls the supply point.",
  "register": "What the source calls the register.",
  "serial": "Serial number of the meter, where the source gives it.",
  "unit": "Unit that the source counts in, where it says so.",
  "direction": "import or export, by the source.",
  "read_on": "Day of the reading at the site.",
  "read_at": "Moment of the reading; null where the source gives a day alone.",
  "reading": "What the dial showed.",
  "status": "As in readings.",
  "kind": "As in readings.",
  "sub_type": "ACTUAL, ACTUALC, ESTIMATE, INVOICE_EST, OPENING, CLOSING, MISREAD.",
  "add_factor": "What is to be added where the dial passed zero.",
  "temperature_factor": "Gas: factor of pressure and temperature.",
  "heating_value": "Gas: heating value.",
  "next_read_on": "When the source means to read again.",
  "replaces_id": "The reading that this one would correct.",
  "source": "Where it came from.",
  "notes": "Free text of the source.",
  "file_id": "The file that it came in.",
  "line": "Line of the file.",
  "error_code": "The first check that failed; what the queue is grouped by.",
  "findings": "What failed, and warnings: code, title, detail, hint, whether it may be forced.",
  "previous_reading": "The reading before, by which it was judged.",
  "previous_read_on": "Its day.",
  "roll_over": "The add factor that would explain it, where the dial has probably passed zero.",
  "decision": "forced or deleted, as it leaves.",
  "reason": "Why, by whoever decided.",
  "waits_since": "Since when it waits."}');
call submeter.make_tenant_table('submeter.reading_queue');
-- What comes again while it waits waits once.
create unique index reading_queue_once on submeter.reading_queue
  (esco_id, register_id, reading_id, (case when register_id is null then scheme || ' ' || identifier || ' ' || register || ' ' || serial end),
   read_on, read_at, trim_scale(reading), status, kind, replaces_id) nulls not distinct;
create index on submeter.reading_queue (register_id, read_on);

create trigger audit_decisions after update of decision on submeter.reading_queue
  for each row when (new.decision is not null) execute function submeter.audit_change();
create trigger audit_leaving after delete on submeter.reading_queue for each row execute function submeter.audit_change();

-- A customer's reading may wait, too: of a register that measures them now, and of their own days. They are told its number.
create policy customer_reports on submeter.reading_queue for insert to authenticated
  with check (status = 'customer' and replaces_id is null and reading_id is null and file_id is null
              and decision is null and esco_id = (select submeter.my_esco())
              and register_id = any ((select submeter.my_current_registers())::uuid[])
              and exists (select from submeter.my_register_spans() s
                          where s.register_id = reading_queue.register_id and s.instants @> read_at));
create policy customer_reads on submeter.reading_queue for select to authenticated
  using (status = 'customer' and file_id is null and register_id = any ((select submeter.my_current_registers())::uuid[])
         and exists (select from submeter.my_register_spans() s
                     where s.register_id = reading_queue.register_id and s.instants @> read_at));
grant insert, select (id, register_id, read_at, reading) on submeter.reading_queue to authenticated;

-- What the checks look at ----------------------------------------------------------------------------------------------------

create function submeter.reading_facts(registers_in uuid[]) returns table (register_id uuid, facts jsonb)
language sql stable set search_path = '' as $$
  select g.id, jsonb_build_object(
    'esco_id', g.esco_id, 'meter_type', coalesce((
      select t.meter_type from submeter.reading_tolerances t
      where t.esco_id = g.esco_id and t.meter_type = g.type limit 1), g.nature), 'direction', g.direction, 'unit', g.unit, 'digits', g.digits, 'closed_at', g.closed_at,
    'esco_clock', (select e.time_zone from submeter.escos e where e.id = g.esco_id),
    'multipliers', coalesce((
      select jsonb_agg(jsonb_build_array(m.multiplier::text, m.from_date, m.to_date) order by m.from_date)
      from submeter.register_multipliers m where m.register_id = g.id), '[]'),
    'places', coalesce((
      select jsonb_agg(jsonb_build_object(
        'installed_at', nullif(i.installed_at, '1900-01-01 00:00+00'), 'removed_at', i.removed_at, 'site_id', s.id,
        'clock', s.day_time_zone, 'unsupplied', h.kind = 'common', 'closed', p.status = 'closed',
        'agreements', coalesce((
          select jsonb_agg(jsonb_build_array(a.from_date, a.to_date, a.billed_to_date) order by a.from_date)
          from submeter.agreements a where a.supply_point_id = p.id), '[]')) order by i.installed_at)
      from submeter.meter_installations i
      join submeter.supply_points p on p.id = i.supply_point_id
      join submeter.properties h on h.id = p.property_id
      join submeter.sites s on s.id = h.site_id
      where i.meter_id = g.meter_id), '[]'),
    'readings', coalesce((
      select jsonb_agg(jsonb_build_array(r.id, r.read_at, r.reading::text, r.sub_type, r.add_factor::text,
        r.temperature_factor::text, r.heating_value::text, r.findings) order by r.read_at)
      from submeter.readings r
      where r.register_id = g.id and r.status <> 'misread'
        and (select n.id from submeter.readings n where n.replaces_id = r.id) is null), '[]'),
    'tolerances', coalesce((
      select jsonb_agg(jsonb_build_array(t.meter_type, t.site_id, t.high_percent::text, t.low_percent::text, t.floor_per_day::text,
        t.gap_days, t.zero_reads, t.estimates, t.accepts_vacant, t.needs_gas_factors, t.usual_per_day::text))
      from submeter.reading_tolerances t where t.esco_id = g.esco_id and (t.meter_type is null or t.meter_type in (g.nature, g.type))), '[]'))
  from submeter.registers g
  where g.id = any (registers_in)
$$;
comment on function submeter.reading_facts(uuid[]) is
  'What the checks of a reading look at: the register, where it was when, who was supplied there, what is held, what is usual.';
grant execute on function submeter.reading_facts(uuid[]) to operator, service_role;

create function submeter.my_reading_facts() returns table (register_id uuid, facts jsonb)
language sql stable security definer set search_path = '' as $$
  select f.register_id, f.facts from submeter.reading_facts(submeter.my_current_registers()) f
$$;
comment on function submeter.my_reading_facts() is
  'The same of the registers that measure the customer of the token now. For the checks; what they say of others is not passed on.';
grant execute on function submeter.my_reading_facts() to authenticated;

-- Ways in --------------------------------------------------------------------------------------------------------------------

create or replace view public.meter_readings with (security_invoker) as
  select r.id, r.esco_id, g.meter_id, r.register_id, r.read_at as "timestamp", r.reading, r.status, r.kind,
    r.replaces_id, r.source, r.notes, r.created_at,
    r.sub_type, r.add_factor, r.temperature_factor, r.heating_value, r.next_read_on, r.findings,
    null::bigint as waiting_id, null::text as on_failure
  from submeter.readings r
  join submeter.registers g on g.id = r.register_id
  where not exists (select from submeter.readings n where n.replaces_id = r.id);
comment on view public.meter_readings is 'Values of dials at moments, as they stand: corrected readings are left out. Insert only; every reading is checked.';
comment on column public.meter_readings.status is 'actual, customer (read by the customer), estimated, substituted, or misread (kept, and counts for nothing).';
comment on column public.meter_readings.kind is 'periodic, opening, closing, special, or invoice (an estimate made for a bill).';
comment on column public.meter_readings.waiting_id is 'In the answer to an insert: the number in reading_queue of a reading that waits. Else null.';
comment on column public.meter_readings.on_failure is 'On insert: refuse (left out) or queue, for a reading that a check does not let pass. Never shown.';

-- In place of check_reading of the first days, which knew one kind of reading a moment and nothing that waits.
drop function submeter.check_reading(submeter.registers, timestamptz, numeric, uuid);

create function submeter.check_dial_value(reading_in numeric) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if reading_in is null then
    raise exception 'no reading given' using errcode = '23502', detail = 'The row has no value for reading.', hint = 'Send reading: what the dial shows.';
  elsif reading_in = 'NaN' or reading_in < 0 or reading_in = 'Infinity' then
    raise exception 'a reading cannot be %', reading_in using errcode = '23514', detail = 'A dial shows zero or more.',
      hint = 'Send what the dial shows. A dial that counts backwards is corrected by replaces_id, not by a negative reading.';
  end if;
end $$;
comment on function submeter.check_dial_value(numeric) is 'Refuses a reading that is missing (23502) or that no dial can show (23514).';

create function submeter.check_correction(register_in uuid, replaces_in uuid) returns void
language plpgsql stable set search_path = '' as $$
begin
  if not exists (select from submeter.readings r where r.id = replaces_in and r.register_id = register_in) then
    raise exception 'no reading % to correct', replaces_in using errcode = '23503',
      detail = 'There is no such reading of this register.', hint = 'replaces_id names a reading of the same register.';
  elsif exists (select from submeter.readings r where r.replaces_id = replaces_in) then
    raise exception 'reading % is corrected already', replaces_in using errcode = '23505',
      detail = 'Another reading replaces it.', hint = 'Correct the reading that stands now.';
  end if;
end $$;
comment on function submeter.check_correction(uuid, uuid) is 'Refuses a correction of nothing (23503), or of what is corrected already (23505).';

create function submeter.check_reading(register_in submeter.registers, row_in public.meter_readings) returns void
language plpgsql stable set search_path = '' as $$
begin
  if row_in.reading >= 10::numeric ^ register_in.digits then
    raise exception 'a reading cannot be %', row_in.reading using errcode = '23514',
      detail = format('The dial of this register has %s digits.', register_in.digits),
      hint = 'Send what the dial shows, without what stands after the point if it shows none.';
  elsif row_in."timestamp" < '1970-01-01' then
    raise exception 'the reading is from %', row_in."timestamp" using errcode = '22023',
      detail = 'It is older than 1970-01-01.', hint = 'Send the moment of the reading, with its time zone.';
  elsif row_in."timestamp" > now() + interval '1 minute' then
    raise exception 'the reading is in the future' using errcode = '22023',
      detail = format('timestamp %s is later than now, %s.', row_in."timestamp", now()),
      hint = 'Send the moment of the reading, with its time zone.';
  elsif row_in.status <> 'misread'
      and submeter.has_reading_at(register_in.id, row_in."timestamp", row_in.kind, row_in.replaces_id) then
    raise exception 'the register has a reading at this time' using errcode = '23505',
      detail = format('Register %s was read at %s.', register_in.id, row_in."timestamp"),
      hint = 'To correct it, send a new reading with replaces_id naming it.';
  end if;
end $$;
comment on function submeter.check_reading(submeter.registers, public.meter_readings) is
  'Refuses a reading of too many digits (23514), in the future (22023), or there already (23505). One that may wait is judged by the checks instead.';

create function submeter.my_right_to_report(register_in uuid, at_in timestamptz) returns void
language plpgsql stable set search_path = '' as $$
begin
  if not register_in = any (submeter.my_current_registers()) or not exists (
      select from submeter.my_register_spans() s where s.register_id = register_in and s.instants @> at_in) then
    raise exception 'this reading is not yours to report' using errcode = '42501',
      detail = 'Customers report readings of meters that measure them now, and of their own days.',
      hint = 'Ask the company that supplies you.';
  end if;
end $$;
comment on function submeter.my_right_to_report(uuid, timestamptz) is
  'Refuses (42501) a reading of another''s meter or days, before anything is told of what is held.';
grant execute on function submeter.my_right_to_report(uuid, timestamptz) to authenticated;

create function submeter.offered_reading(row_in public.meter_readings) returns public.meter_readings
language plpgsql stable set search_path = '' as $$
declare
  register constant submeter.registers := submeter.register_named(row_in.register_id, row_in.meter_id);
  meant text[] := case row_in.sub_type
    when 'ACTUAL' then '{actual,periodic}' when 'ACTUALC' then '{customer,periodic}' when 'ESTIMATE' then '{estimated,periodic}'
    when 'INVOICE_EST' then '{estimated,invoice}' when 'OPENING' then '{actual,opening}' when 'CLOSING' then '{actual,closing}'
    when 'MISREAD' then '{misread,periodic}' end;
  row_now public.meter_readings := row_in;
begin
  row_now.id := coalesce(row_in.id, gen_random_uuid());
  row_now.esco_id := coalesce(row_in.esco_id, register.esco_id);
  row_now.register_id := register.id;
  row_now.meter_id := register.meter_id;
  row_now."timestamp" := coalesce(row_in."timestamp", now());
  row_now.status := coalesce(row_in.status, meant[1], case current_user when 'authenticated' then 'customer' else 'actual' end);
  row_now.kind := coalesce(row_in.kind, meant[2], 'periodic');
  row_now.add_factor := coalesce(row_in.add_factor, 0);
  row_now.on_failure := coalesce(row_in.on_failure, 'refuse');
  row_now.sub_type := submeter.sub_type_of(row_now.status, row_now.kind);
  row_now.created_at := now();
  if row_in.sub_type is not null and row_in.sub_type is distinct from row_now.sub_type then
    raise exception 'a reading cannot be %', row_in.sub_type using errcode = '22023',
      detail = format('Status %s and kind %s are %s.', row_now.status, row_now.kind, row_now.sub_type),
      hint = 'Send sub_type alone: ACTUAL, ACTUALC, ESTIMATE, INVOICE_EST, OPENING, CLOSING or MISREAD.';
  elsif row_now.on_failure not in ('refuse', 'queue') then
    raise exception 'on_failure cannot be %', row_now.on_failure using errcode = '22023',
      detail = 'It says what becomes of a reading that a check does not let pass.', hint = 'Send refuse, queue, or nothing.';
  end if;
  if current_user = 'authenticated' then
    perform submeter.my_right_to_report(register.id, row_now."timestamp");
  elsif exists (select from submeter.virtual_registers v where v.register_id = register.id) then
    -- Nothing would ever let it pass.
    perform submeter.refuse('NET114', 'A virtual register is not read', format('register %s', register.name),
      'Enter readings and intervals of the registers that it is made of');
  end if;
  perform submeter.check_dial_value(row_now.reading);
  if row_now.replaces_id is not null then
    perform submeter.check_correction(register.id, row_now.replaces_id);
  end if;
  -- What may wait is left to the checks, which say it with a code.
  if row_now.on_failure = 'refuse' then
    perform submeter.check_reading(register, row_now);
  end if;
  return row_now;
end $$;
comment on function submeter.offered_reading(public.meter_readings) is
  'A row for meter_readings with all that can be told: its register, time, status and kind. Refuses what can be no reading of the caller.';

create function submeter.offered_readings(rows_in jsonb) returns setof public.meter_readings
language sql stable set search_path = '' as $$
  select o.*
  from jsonb_array_elements(rows_in) with ordinality as e (said, place)
  cross join lateral submeter.offered_reading(jsonb_populate_record(null::public.meter_readings, e.said)) o
  order by e.place
$$;
comment on function submeter.offered_readings(jsonb) is 'The same of many rows, in their order.';
grant execute on function submeter.check_dial_value(numeric), submeter.check_correction(uuid, uuid),
  submeter.check_reading(submeter.registers, public.meter_readings), submeter.offered_reading(public.meter_readings),
  submeter.offered_readings(jsonb) to authenticated, operator, service_role;

create or replace function submeter.meter_readings_insert() returns trigger
language plpgsql set search_path = '' as $$
declare
  -- Set by the gateway, whose request the application answers once every row has come through here.
  over_rest constant boolean := coalesce(current_setting('request.method', true), '') <> '';
  clock text;
begin
  new := submeter.offered_reading(new);
  if over_rest then
    return new;
  end if;
  clock := coalesce((
    select s.day_time_zone
    from submeter.meter_installations i
    join submeter.supply_points p on p.id = i.supply_point_id
    join submeter.properties h on h.id = p.property_id
    join submeter.sites s on s.id = h.site_id
    where i.meter_id = new.meter_id
    order by i.installed_at desc limit 1), 'UTC');
  new.findings := jsonb_build_array(jsonb_build_object('code', 'MTR265', 'title', 'The reading is not checked yet',
    'detail', 'it came by SQL', 'hint', 'Process it: `submeter readings process`, or rpc/process_reading.', 'may_force', false));
  insert into submeter.reading_queue (esco_id, register_id, read_on, read_at, reading, status, kind, add_factor, temperature_factor,
    heating_value, next_read_on, replaces_id, source, notes, error_code, findings)
  values (new.esco_id, new.register_id,
    ((new."timestamp" at time zone clock) - case new.kind when 'opening' then interval '0' else interval '1 microsecond' end)::date,
    new."timestamp", new.reading, new.status, new.kind, new.add_factor, new.temperature_factor, new.heating_value, new.next_read_on,
    new.replaces_id, new.source, new.notes, 'MTR265', new.findings)
  on conflict do nothing;
  new.id := null;
  return new;
end $$;
comment on function submeter.meter_readings_insert() is
  'Trigger: what is added to meter_readings is looked through. Over REST the application checks and places it; by SQL it waits in reading_queue until it does.';

create function submeter.meter_readings_served() returns trigger
language plpgsql set search_path = '' as $$
begin
  if coalesce(current_setting('request.method', true), '') <> '' then
    raise exception 'served by the application' using errcode = '0A000',
      detail = 'Readings are checked by the application.', hint = 'Add them through the REST API of Submeter.';
  end if;
  return null;
end $$;
comment on function submeter.meter_readings_served() is 'Trigger: over REST the application goes on from here.';
create trigger served after insert on public.meter_readings for each statement execute function submeter.meter_readings_served();

create view public.reading_tolerances with (security_invoker) as
  select id, esco_id, site_id, meter_type, high_percent, low_percent, floor_per_day, usual_per_day, gap_days, zero_reads, estimates,
    accepts_vacant, needs_gas_factors, created_at, updated_at
  from submeter.reading_tolerances;

create view public.reading_queue with (security_invoker) as
  select q.id, q.esco_id, a.account_number, coalesce(q.identifier, s.identifier) as supply_point_identifier,
    coalesce(m.serial, q.serial) as meter_serial, coalesce(g.name, q.register) as register_name, q.register_id, q.reading_id,
    q.read_on, q.read_at as "timestamp", q.reading, q.sub_type, q.add_factor, q.error_code, q.findings,
    q.previous_reading, q.previous_read_on, q.roll_over, q.temperature_factor, q.heating_value, q.source, q.notes,
    q.file_id, q.line, q.waits_since
  from submeter.reading_queue q
  left join submeter.registers g on g.id = q.register_id
  left join submeter.meters m on m.id = g.meter_id
  left join lateral (
    select i.supply_point_id from submeter.meter_installations i
    where i.meter_id = g.meter_id and i.installed_at < q.read_on + 2 and (i.removed_at is null or i.removed_at >= q.read_on - 1)
    order by i.installed_at desc limit 1) i on true
  left join lateral (
    select d.identifier from submeter.supply_point_identifiers d
    where d.supply_point_id = i.supply_point_id and d.from_date <= q.read_on and (d.to_date is null or d.to_date > q.read_on)
    order by d.scheme limit 1) s on true
  left join lateral (
    select c.account_number
    from submeter.agreements n join submeter.accounts c on c.id = n.account_id
    where n.supply_point_id = i.supply_point_id and n.from_date <= q.read_on and (n.to_date is null or n.to_date > q.read_on)) a on true;
comment on view public.reading_queue is 'Dial readings that wait, why, and what to do: each with its account, supply point and the reading before.';
comment on column public.reading_queue.account_number is 'Account supplied on the day of the reading.';
comment on column public.reading_queue.supply_point_identifier is 'What the source calls the supply point, else what it is called.';
comment on column public.reading_queue.meter_serial is 'Serial number of the meter.';
comment on column public.reading_queue.register_name is 'Name of the register.';
comment on column public.reading_queue."timestamp" is 'Moment of the reading; null where the source gives a day alone.';

create function submeter.reading_queue_refuse() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception 'the queue is not written'
    using errcode = '42501', detail = format('%s on reading_queue was refused.', tg_op),
          hint = 'Add to meter_readings with on_failure = queue; decide with rpc/process_reading, force_reading, delete_reading.';
end $$;
comment on function submeter.reading_queue_refuse() is 'Trigger: readings come into the queue by the checks, and leave it by decisions.';
create trigger refuse_change instead of insert or update or delete on public.reading_queue
  for each row execute function submeter.reading_queue_refuse();

grant select, insert, update, delete on public.reading_tolerances to operator, service_role;
grant select on public.reading_queue to operator, service_role;

-- Served by the application ----------------------------------------------------------------------------------------------

create function public.process_reading(id bigint default null, ids bigint[] default null, add_factor numeric default null)
returns table (waiting_id bigint, outcome text, reading_id uuid, codes text[])
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Readings are checked by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.process_reading(bigint, bigint[], numeric) is
  'Checks readings of reading_queue again, by id or ids, or all that wait: placed, duplicate, or waiting with the codes of what failed. add_factor notes that the dial passed zero. Served by the application.';
create function public.force_reading(reason text, id bigint default null, ids bigint[] default null)
returns table (waiting_id bigint, outcome text, reading_id uuid, codes text[])
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Readings are checked by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.force_reading(text, bigint, bigint[]) is
  'Places readings of reading_queue although checks failed, where those may be forced. Kept with the reason. Served by the application.';
create function public.delete_reading(reason text, id bigint default null, ids bigint[] default null)
returns table (waiting_id bigint, outcome text, reading_id uuid, codes text[])
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Readings are checked by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.delete_reading(text, bigint, bigint[]) is
  'Takes readings out of reading_queue; the audit keeps them, and the reason. Served by the application.';
create function public.mark_misread(reading_id uuid, reason text) returns setof public.meter_readings
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Readings are checked by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.mark_misread(uuid, text) is
  'Marks an accepted reading as MISREAD: it is kept, and counts for nothing from now on. Served by the application.';
create function public.register_consumption(register_id uuid, from_date date default null, to_date date default null)
returns table (first_day date, end_day date, from_reading numeric, to_reading numeric, add_factor numeric, advance numeric,
  multiplier numeric, quantity numeric, unit text, ends_with text, provisional boolean, method text, working text)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Consumption is worked out by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.register_consumption(uuid, date, date) is
  'What a register counted between each reading and the next, with the working; estimates are trued up by the actual after them. Served by the application.';
grant execute on function public.process_reading(bigint, bigint[], numeric), public.force_reading(text, bigint, bigint[]),
  public.delete_reading(text, bigint, bigint[]), public.mark_misread(uuid, text), public.register_consumption(uuid, date, date)
  to operator, service_role;

call submeter.tie_to_esco();
-- Numbers of files are no secret; the keys refuse those of others. Customers' rows name nothing of the ESCO's but registers.
drop trigger seen_file_id on submeter.reading_queue;
call submeter.describe_views();
