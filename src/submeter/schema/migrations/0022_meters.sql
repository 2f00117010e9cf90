-- Meters and registers as the trade describes them: identifiers with their check digits, kinds of registers, multipliers
-- and where they come from, removal, virtual registers, gate meters, loss factors.

create function submeter.refuse(code_in text, title_in text, detail_in text, hint_in text, sqlstate_in text default '23514') returns void
language plpgsql set search_path = '' as $$
begin
  raise exception '%: %', code_in, title_in using errcode = sqlstate_in, detail = coalesce(detail_in, ''), hint = coalesce(hint_in, '');
end $$;
comment on function submeter.refuse(text, text, text, text, text) is
  'Ends the statement with a code of docs/reference/errors.md before the message, and a hint what to do.';
grant execute on function submeter.refuse(text, text, text, text, text) to operator, service_role;

-- Identifiers ----------------------------------------------------------------------------------------------------
-- The same rules as in submeter.network.identifiers; a test compares the two.

create function submeter.nmi_checksum(nmi_in text) returns text
language sql immutable strict parallel safe set search_path = '' as $$
  select ((10 - sum(digit::int) % 10) % 10)::text
  from generate_series(1, length(nmi_in)) place
  cross join lateral string_to_table((ascii(substr(nmi_in, place, 1)) * (2 - (length(nmi_in) - place) % 2))::text, null) digit
$$;
comment on function submeter.nmi_checksum(text) is
  'The eleventh character of a ten-character NMI: codes, every second one from the right doubled, their digits summed, up to the next ten.';

create function submeter.icp_checksum(icp_in text) returns text
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  crc int := 0;
  bit text;
begin
  for bit in
    select b from string_to_table(icp_in, null) with ordinality as c (character, n)
    cross join lateral string_to_table(ascii(character)::bit(8)::text, null) with ordinality as d (b, m)
    order by n, m
  loop
    crc := crc << 1 | bit::int;
    crc := case when crc & 4096 <> 0 then crc # 6159 else crc end;
  end loop;
  for place in 1 .. 12 loop
    crc := crc << 1;
    crc := case when crc & 4096 <> 0 then crc # 6159 else crc end;
  end loop;
  return upper(lpad(to_hex(crc), 3, '0'));
end $$;
comment on function submeter.icp_checksum(text) is 'The last three characters of an ICP, from its first twelve: CRC-12 of polynomial 0x180F, in hex.';

create function submeter.mpan_check_digit(core_in text) returns text
language sql immutable strict parallel safe set search_path = '' as $$
  select (sum(digit::int * prime) % 11 % 10)::text
  from string_to_table(core_in, null) with ordinality as d (digit, place)
  join unnest(array[3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43]) with ordinality as p (prime, place) using (place)
$$;
comment on function submeter.mpan_check_digit(text) is 'The thirteenth digit of an MPAN core, from its first twelve: primes, modulo 11.';

create function submeter.mprn_check_digits(number_in text) returns text
language sql immutable strict parallel safe set search_path = '' as $$
  select lpad((sum(digit::int * (length(number_in) + 1 - place)) % 11)::text, 2, '0')
  from string_to_table(number_in, null) with ordinality as d (digit, place)
$$;
comment on function submeter.mprn_check_digits(text) is 'The last two digits of a British MPRN, from those before: weights falling to 1, modulo 11.';

create function submeter.check_identifier(scheme_in text, identifier_in text,
  out canonical text, out code text, out title text, out detail text, out hint text)
language plpgsql immutable set search_path = '' as $$
declare
  scheme constant text := lower(scheme_in);
  compact constant text := upper(regexp_replace(identifier_in, E'[ \t\n\r\f\v-]', '', 'g'));
  given text := '';
  computed text := '';
begin
  canonical := case when scheme in ('sdp', 'own') then btrim(identifier_in, E' \t\n\r\f\v') else compact end;
  detail := format('%s %L', upper(scheme_in), identifier_in);
  title := 'Not the shape of such an identifier';
  code := 'NET102';
  case scheme
    when 'nmi' then hint := '10 letters and digits, or 11 with checksum';
    when 'mirn' then hint := '10 or 11 digits beginning with 5';
    when 'icp' then hint := '15 characters: 10 digits, 2 letters, 3 of checksum';
    when 'mpan' then hint := '13 digits, or 21 with the top line';
    when 'mprn' then hint := '6 to 10 digits, or 11 beginning with 10 in Ireland';
    when 'sdp', 'own' then hint := '1 to 40 letters, digits and . / _ -';
    else
      canonical := null; code := 'NET101'; title := 'Unknown scheme of identifiers'; detail := scheme_in;
      hint := 'One of nmi, mirn, icp, mpan, mprn, sdp, own';
      return;
  end case;
  if not identifier_in ~ '^[\u0001-\u007f]*$' or not canonical ~ (case scheme
      when 'nmi' then '^[A-HJ-NP-Z0-9]{10}[0-9]?$'
      when 'mirn' then '^5[0-9]{9,10}$'
      when 'icp' then '^[0-9]{10}[A-Z]{2}[0-9A-F]{3}$'
      when 'mpan' then '^([0-9]{2}[0-9A-Z]{6})?[0-9]{13}$'
      when 'mprn' then '^([0-9]{6,10}|10[0-9]{9})$'
      else '^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,39}$' end) then
    canonical := null;
    return;
  end if;
  case
    when scheme = 'nmi' and length(canonical) = 11 then
      given := right(canonical, 1); canonical := left(canonical, 10); computed := submeter.nmi_checksum(canonical);
    when scheme = 'icp' then
      given := right(canonical, 3); computed := submeter.icp_checksum(left(canonical, 12));
    when scheme = 'mpan' then
      canonical := right(canonical, 13); given := right(canonical, 1); computed := submeter.mpan_check_digit(left(canonical, 12));
    when scheme = 'mprn' and length(canonical) < 11 then
      given := right(canonical, 2); computed := submeter.mprn_check_digits(left(canonical, -2));
    else null;
  end case;
  if given = computed then
    code := null; title := null; detail := null; hint := null;
  else
    canonical := null; code := 'NET103'; title := 'The check digits do not fit';
    hint := format('The check is %s, not %s: compare with the bill or the meter', computed, given);
  end if;
end $$;
comment on function submeter.check_identifier(text, text) is
  'The one spelling under which an identifier is stored, or what is wrong with it (NET101 to NET103).';
grant execute on function submeter.nmi_checksum(text), submeter.icp_checksum(text), submeter.mpan_check_digit(text),
  submeter.mprn_check_digits(text), submeter.check_identifier(text, text) to operator, service_role;

alter table submeter.supply_point_identifiers drop constraint supply_point_identifiers_scheme_check;
alter table submeter.supply_point_identifiers
  add check (scheme in ('NMI', 'MIRN', 'ICP', 'MPAN', 'MPRN', 'SDP', 'own'));

-- What is there becomes canonical, where it can; what is wrong in it is told when somebody writes it again.
do $$
declare
  row_there record;
begin
  for row_there in
    select i.id, c.canonical from submeter.supply_point_identifiers i
    cross join lateral submeter.check_identifier(i.scheme, i.identifier) c
    where c.canonical <> i.identifier
  loop
    begin
      update submeter.supply_point_identifiers set identifier = row_there.canonical where id = row_there.id;
    exception when exclusion_violation then null;
    end;
  end loop;
end $$;

-- Triggers that judge a row are named verify_...: they come after those that refuse a parent that nobody may see.
create function submeter.verify_identifier() returns trigger
language plpgsql set search_path = '' as $$
declare
  found record;
begin
  if new.scheme is null or new.identifier is null then
    return new;
  end if;
  select * into found from submeter.check_identifier(new.scheme, new.identifier);
  if found.code is not null then
    perform submeter.refuse(found.code, found.title, found.detail, found.hint);
  end if;
  new.scheme := case lower(new.scheme) when 'own' then 'own' else upper(new.scheme) end;
  new.identifier := found.canonical;
  return new;
end $$;
comment on function submeter.verify_identifier() is
  'Trigger: an identifier has the shape and the check digits of its scheme, and is stored in its one spelling.';
create trigger verify_identifier before insert or update of scheme, identifier on submeter.supply_point_identifiers
  for each row execute function submeter.verify_identifier();

-- Kinds of registers -----------------------------------------------------------------------------------------------

create table submeter.register_types (
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  code text not null check (code ~ '^[A-Z0-9][A-Z0-9_-]{0,19}$'),
  name text not null check (name <> ''),
  product text not null check (product in
    ('power', 'heat', 'cooling', 'hot_water', 'cold_water', 'water', 'sewerage', 'gas', 'solar', 'ev', 'other')),
  unit text not null check (unit in ('kWh', 'kvarh', 'kVAh', 'kW', 'kVA', 'L', 'm3', 'ft3', 'MJ')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (esco_id, code)
);
call submeter.describe('submeter.register_types', 'Kinds of registers, by which price plans find what they price. Each ESCO begins with the usual ones, may change them and add its own.', '{
  "code": "Code, as files and price plans write it: ALLDAY, PEAK, OFFPEAK, SHOULDER, DEMAND, IMPORT1_01, COLD, HOT, STDGAS, or the operator''s own.",
  "name": "In words.",
  "product": "What it measures.",
  "unit": "Unit in which it is priced and, unless a register says otherwise, counted."}');
call submeter.make_tenant_table('submeter.register_types');
create policy customer_reads on submeter.register_types for select to authenticated
  using (esco_id = (select submeter.my_esco()));
grant select on submeter.register_types to authenticated;

create function submeter.add_register_types() returns trigger
language plpgsql set search_path = '' as $$
begin
  insert into submeter.register_types (esco_id, code, name, product, unit)
  select new.id, t.* from (values
    ('ALLDAY', 'All day', 'power', 'kWh'), ('PEAK', 'Peak', 'power', 'kWh'), ('OFFPEAK', 'Off-peak', 'power', 'kWh'),
    ('SHOULDER', 'Shoulder', 'power', 'kWh'), ('DEMAND', 'Demand', 'power', 'kW'), ('IMPORT1_01', 'Intervals', 'power', 'kWh'),
    ('COLD', 'Cold water', 'cold_water', 'm3'), ('HOT', 'Hot water', 'hot_water', 'm3'), ('STDGAS', 'Gas', 'gas', 'm3')
  ) as t (code, name, product, unit)
  on conflict do nothing;
  return null;
end $$;
comment on function submeter.add_register_types() is 'Trigger: a new ESCO has the usual kinds of registers.';
create trigger add_register_types after insert on submeter.escos for each row execute function submeter.add_register_types();

insert into submeter.register_types (esco_id, code, name, product, unit)
select e.id, t.* from submeter.escos e cross join (values
  ('ALLDAY', 'All day', 'power', 'kWh'), ('PEAK', 'Peak', 'power', 'kWh'), ('OFFPEAK', 'Off-peak', 'power', 'kWh'),
  ('SHOULDER', 'Shoulder', 'power', 'kWh'), ('DEMAND', 'Demand', 'power', 'kW'), ('IMPORT1_01', 'Intervals', 'power', 'kWh'),
  ('COLD', 'Cold water', 'cold_water', 'm3'), ('HOT', 'Hot water', 'hot_water', 'm3'), ('STDGAS', 'Gas', 'gas', 'm3')
) as t (code, name, product, unit);

-- Meters -----------------------------------------------------------------------------------------------------------

alter table submeter.meters
  add manufacturer text,
  add approval_mark text,
  add location text,
  add hazards text,
  add attributes jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object');
comment on column submeter.meters.manufacturer is 'Who made it; the model stands in hardware.';
comment on column submeter.meters.approval_mark is 'Mark of its type approval, as it stands on the meter.';
comment on column submeter.meters.location is 'Where in the building it hangs.';
comment on column submeter.meters.hazards is 'What whoever goes there must know: a dog, asbestos, a ladder.';
comment on column submeter.meters.attributes is 'What else a file or the operator says of it.';

-- Registers ----------------------------------------------------------------------------------------------------------

alter table submeter.registers
  add type text,
  add meter_code text check (meter_code ~ '^[^[:space:]]+( [^[:space:]]+)*$'),
  add meter_register text check (meter_register <> ''),
  add decimals smallint check (decimals between 0 and 9),
  add controlled_load text,
  add timing text,
  add closed_at timestamptz,
  add direction_indicator text generated always as (case direction when 'import' then 'E' else 'I' end) stored,
  add constraint registers_type_fkey foreign key (esco_id, type) references submeter.register_types (esco_id, code),
  alter nature drop default,
  alter unit drop default,
  drop constraint registers_unit_check,
  add constraint registers_unit_check check (unit in ('kWh', 'kvarh', 'kVAh', 'kW', 'kVA', 'L', 'm3', 'ft3', 'MJ', 'pulse'));
comment on column submeter.registers.nature is 'What is measured: power, heat, hot_water, water, gas, solar, ... Left out: what the type measures, else power.';
comment on column submeter.registers.unit is 'Unit of the dial and of intervals. Left out: that of the type, else kWh. pulse: raw pulses, which the multiplier makes into the type''s unit.';
comment on column submeter.registers.type is 'Kind of register, by which price plans find it (register_types).';
comment on column submeter.registers.meter_code is 'Code by which files name the meter, where it is not the serial number.';
comment on column submeter.registers.meter_register is 'Register by which files name it beside that code, where it is not the name.';
comment on column submeter.registers.decimals is 'Digits after the point that the dial shows.';
comment on column submeter.registers.controlled_load is 'Which controlled load it measures, as the network names it.';
comment on column submeter.registers.timing is 'Times at which it counts, as the network names them.';
comment on column submeter.registers.closed_at is 'When it was closed. Left out on closing: when the meter was removed.';
comment on column submeter.registers.direction_indicator is 'The direction as files write it: E taken from the network, I put into it.';
create index on submeter.registers (esco_id, type);

update submeter.registers g
set closed_at = coalesce((select max(i.removed_at) from submeter.meter_installations i where i.meter_id = g.meter_id), g.updated_at)
where g.status = 'closed';
alter table submeter.registers add constraint registers_closed_when check ((status = 'closed') = (closed_at is not null));

create function submeter.dimension_of(unit_in text) returns text
language sql immutable parallel safe set search_path = '' as $$
  select case when unit_in in ('kWh', 'MJ') then 'energy' when unit_in in ('L', 'm3', 'ft3') then 'volume'
    when unit_in in ('kW', 'kVA') then 'demand' else unit_in end
$$;
comment on function submeter.dimension_of(text) is 'What a unit measures: energy, volume, demand, or the unit itself.';
grant execute on function submeter.dimension_of(text) to operator, service_role;

create function submeter.verify_register() returns trigger
language plpgsql set search_path = '' as $$
declare
  kind submeter.register_types;
begin
  if new.type is not null then
    select t.* into kind from submeter.register_types t where t.esco_id = new.esco_id and t.code = new.type;
    if kind.code is null then
      perform submeter.refuse('NET104', 'The register type is not known', new.type,
        'Use a code of register_types (GET /register_types), or add it there', '23503');
    end if;
  end if;
  new.unit := coalesce(new.unit, kind.unit, 'kWh');
  new.nature := coalesce(new.nature,
    case when kind.product in ('cold_water', 'sewerage') then 'water' when kind.product = 'ev' then 'power' else kind.product end, 'power');
  if new.unit <> 'pulse' and submeter.dimension_of(new.unit) <> submeter.dimension_of(kind.unit) then
    perform submeter.refuse('NET105', 'The unit does not fit the register type', format('%s of type %s, which has %s', new.unit, new.type, kind.unit),
      'Correct the unit or the type of the register');
  end if;
  if new.status = 'active' and tg_op = 'UPDATE' and new.closed_at is not distinct from old.closed_at then
    new.closed_at := null;
  elsif new.status = 'closed' and new.closed_at is null then
    new.closed_at := (
      select case when bool_and(i.removed_at is not null) then max(i.removed_at) end
      from submeter.meter_installations i where i.meter_id = new.meter_id);
    if new.closed_at is null then
      perform submeter.refuse('NET106', 'A closed register has no day of closing', format('register %s', new.name),
        'Give closed_at, or remove the meter (removed_at of its installation) first');
    end if;
  elsif new.closed_at is not null then
    new.status := 'closed';
  end if;
  return new;
end $$;
comment on function submeter.verify_register() is
  'Trigger: type, unit and closing of a register fit each other; what is left out follows from the type.';
create trigger verify_register before insert or update on submeter.registers
  for each row execute function submeter.verify_register();

-- Over all installations of a supply point, a code and a register mean one register at a time.
create function submeter.verify_register_keys() returns trigger
language plpgsql set search_path = '' as $$
declare
  twice record;
begin
  if not exists (
      select from added a join submeter.registers g on g.meter_id = a.meter_id
      join submeter.meter_installations i on i.meter_id = g.meter_id
      join submeter.meter_installations n on n.supply_point_id = i.supply_point_id
      join submeter.registers o on o.meter_id = n.meter_id and o.meter_code is not null) then
    return null;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('submeter.register_keys', 0));
  with key as materialized (
    select g.id, i.id as installation_id, i.supply_point_id, i.meter_id, coalesce(g.meter_code, m.serial) as meter_code,
      coalesce(g.meter_register, g.name) as register,
      case when g.closed_at <= i.installed_at then 'empty'::tstzrange
        else tstzrange(i.installed_at, least(i.removed_at, g.closed_at)) end as span
    from submeter.meter_installations i
    join submeter.meters m on m.id = i.meter_id
    join submeter.registers g on g.meter_id = i.meter_id
    where i.supply_point_id in (
      select n.supply_point_id from added a join submeter.meter_installations n on n.meter_id = a.meter_id)
  )
  select k.meter_code, k.register, lower(k.span * o.span) as since into twice
  from key k join key o using (supply_point_id, meter_code, register)
  where k.id <> o.id and k.span && o.span
    and k.meter_id in (select a.meter_id from added a)
  limit 1;
  if twice.meter_code is not null then
    perform submeter.refuse('NET107', 'The supply point has this meter code and register already',
      format('code %s, register %s, since %s', twice.meter_code, twice.register, twice.since),
      'Remove the old meter or close its register first, or give the new one another code', '23505');
  end if;
  return null;
end $$;
comment on function submeter.verify_register_keys() is
  'Trigger: at a supply point, a meter code and a register name one register at a time.';

-- Installation and removal -----------------------------------------------------------------------------------------

create function submeter.measures_until(installation_in submeter.meter_installations) returns timestamptz
language sql stable set search_path = '' as $$
  -- A reading of the day of an exchange stands at the end of that day, which is the newcomer's.
  select case when exists (
      select from submeter.meter_installations n
      where n.supply_point_id = installation_in.supply_point_id and n.installed_at = installation_in.removed_at)
    then ((installation_in.removed_at at time zone s.day_time_zone)::date + 1)::timestamp at time zone s.day_time_zone
    else installation_in.removed_at end
  from submeter.supply_points p
  join submeter.properties h on h.id = p.property_id
  join submeter.sites s on s.id = h.site_id
  where p.id = installation_in.supply_point_id
$$;
comment on function submeter.measures_until(submeter.meter_installations) is
  'The last moment for which a reading of the meter may be dated; null while it is in place.';

create function submeter.is_after_removal(meter_in uuid, at_in timestamptz) returns boolean
language sql stable set search_path = '' as $$
  select coalesce(bool_and(i.removed_at is not null and at_in > submeter.measures_until(i)), false)
  from submeter.meter_installations i where i.meter_id = meter_in
$$;
comment on function submeter.is_after_removal(uuid, timestamptz) is 'Whether a meter was in place before, and is no more.';
grant execute on function submeter.measures_until(submeter.meter_installations), submeter.is_after_removal(uuid, timestamptz)
  to operator, service_role;

create function submeter.verify_reading() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  register constant submeter.registers := (select g from submeter.registers g where g.id = new.register_id);
begin
  if exists (select from submeter.virtual_registers v where v.register_id = new.register_id) then
    perform submeter.refuse('NET114', 'A virtual register is not read', format('register %s', register.name),
      'Enter readings and intervals of the registers that it is made of');
  end if;
  -- A misread is kept and counts for nothing.
  if new.status <> 'misread' and (submeter.is_after_removal(register.meter_id, new.read_at)
      or new.read_at > register.closed_at and not exists (
        select from submeter.meter_installations i where i.meter_id = register.meter_id and i.removed_at is not null)) then
    perform submeter.refuse('NET108', 'The meter was removed before the reading', format('read at %s', new.read_at),
      'Correct the date of the reading, or the removal (removed_at in meter_installations)');
  end if;
  return null;
end $$;
comment on function submeter.verify_reading() is 'Trigger: no reading after the removal of the meter, none of a virtual register.';
-- After the row: whoever may not enter a reading at all is told that first.
create trigger verify_reading after insert on submeter.readings for each row execute function submeter.verify_reading();

create function submeter.verify_meter() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.status in ('removed', 'scrapped') and exists (
      select from submeter.meter_installations i where i.meter_id = new.id and i.removed_at is null) then
    perform submeter.refuse('NET109', 'A removed meter has no day of removal', format('meter %s is in place', new.serial),
      'Set removed_at of its row in meter_installations; the status follows from it');
  end if;
  return new;
end $$;
comment on function submeter.verify_meter() is 'Trigger: a meter that is removed was removed on some day.';
create trigger verify_meter before update of status on submeter.meters for each row execute function submeter.verify_meter();

create function submeter.follow_installations() returns trigger
language plpgsql set search_path = '' as $$
declare
  late record;
begin
  update submeter.meters m set status = w.status
  from (
    select i.meter_id, case when bool_or(i.removed_at is null or i.removed_at > now()) then 'installed' else 'removed' end as status
    from submeter.meter_installations i where i.meter_id in (select meter_id from added) group by i.meter_id) w
  where m.id = w.meter_id and m.status <> w.status
    -- Removed and on the shelf, or thrown away: somebody says so, and it stays.
    and not (w.status = 'removed' and m.status in ('stock', 'scrapped'));
  select m.serial, r.read_at into late
  from added a
  join submeter.meters m on m.id = a.meter_id
  join submeter.registers g on g.meter_id = a.meter_id
  join submeter.readings r on r.register_id = g.id and r.read_at > a.removed_at
  where a.removed_at is not null and r.status <> 'misread' and submeter.is_after_removal(a.meter_id, r.read_at)
    and not exists (select from submeter.readings n where n.replaces_id = r.id)
  limit 1;
  if late.serial is not null then
    perform submeter.refuse('NET108', 'The meter was removed before the reading', format('meter %s was read at %s', late.serial, late.read_at),
      'Correct the removal, or the readings after it first');
  end if;
  return null;
end $$;
comment on function submeter.follow_installations() is 'Trigger: the status of meters follows where they are installed; no reading is left after a removal.';

do $$
declare
  relation_name text;
begin
  foreach relation_name in array array['registers', 'meter_installations'] loop
    execute format('create trigger verify_keys after insert on submeter.%I referencing new table as added
      for each statement execute function submeter.verify_register_keys()', relation_name);
    execute format('create trigger verify_keys_again after update on submeter.%I referencing new table as added
      for each statement execute function submeter.verify_register_keys()', relation_name);
  end loop;
end $$;
create trigger follow_installations after insert on submeter.meter_installations referencing new table as added
  for each statement execute function submeter.follow_installations();
create trigger follow_installations_again after update on submeter.meter_installations referencing new table as added
  for each statement execute function submeter.follow_installations();

-- Multipliers --------------------------------------------------------------------------------------------------------

alter table submeter.register_multipliers
  add ct_ratio numeric check (ct_ratio > 0),
  add vt_ratio numeric check (vt_ratio > 0),
  add pulse_weight numeric check (pulse_weight > 0);
comment on column submeter.register_multipliers.multiplier is 'Advance x multiplier = quantity. Left out: the product of the factors.';
comment on column submeter.register_multipliers.ct_ratio is 'Ratio of the current transformers: 40 for 200/5 A.';
comment on column submeter.register_multipliers.vt_ratio is 'Ratio of the voltage transformers.';
comment on column submeter.register_multipliers.pulse_weight is 'Quantity of a pulse, in the unit of the register''s type.';

create function submeter.verify_multiplier() returns trigger
language plpgsql set search_path = '' as $$
declare
  product constant numeric := trim_scale(coalesce(new.ct_ratio, 1) * coalesce(new.vt_ratio, 1) * coalesce(new.pulse_weight, 1));
  has_factors constant boolean := num_nonnulls(new.ct_ratio, new.vt_ratio, new.pulse_weight) > 0;
begin
  if has_factors and (new.multiplier is null or tg_op = 'UPDATE' and new.multiplier = old.multiplier) then
    new.multiplier := product;
  elsif has_factors and new.multiplier <> product then
    perform submeter.refuse('NET110', 'The multiplier is not the product of its factors',
      format('%s; CT x VT x pulse is %s', new.multiplier, product), 'Leave the multiplier out, or correct the factors');
  end if;
  return new;
end $$;
comment on function submeter.verify_multiplier() is 'Trigger: the multiplier is CT x VT x pulse, where these are given.';
create trigger verify_multiplier before insert or update on submeter.register_multipliers
  for each row execute function submeter.verify_multiplier();
call submeter.make_audited('submeter.register_multipliers');

-- Virtual registers ----------------------------------------------------------------------------------------------------

create table submeter.virtual_registers (
  register_id uuid primary key references submeter.registers (id),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  formula text not null check (formula in ('sum', 'difference', 'share', 'residual')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, register_id)
);
call submeter.describe('submeter.virtual_registers', 'Registers that nobody reads: their values are computed of others, whenever they are asked for.', '{
  "register_id": "The register; its meter is a name in the books, or the one whose registers it sums up.",
  "formula": "sum of its parts; difference: the first less the others; share of its one part, by weight; residual: the gates of the site less all else behind them, each times its loss factor (no parts)."}');
call submeter.make_tenant_table('submeter.virtual_registers');

create table submeter.virtual_register_parts (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  virtual_register_id uuid not null references submeter.virtual_registers (register_id),
  register_id uuid not null references submeter.registers (id),
  place smallint not null default 1 check (place > 0),
  weight integer not null default 1 check (weight >= 0),
  start_at timestamptz not null default '1900-01-01 00:00+00',
  end_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (end_at > start_at),
  constraint virtual_register_parts_once exclude using gist
    (virtual_register_id with =, register_id with =, tstzrange(start_at, end_at) with &&)
);
call submeter.describe('submeter.virtual_register_parts', 'What virtual registers are made of, from a moment to a moment: an exchange of a meter changes a part, not the whole.', '{
  "virtual_register_id": "The virtual register.",
  "register_id": "The register that is a part of it; it may be virtual itself.",
  "place": "Of a difference: 1 is what the others are taken off.",
  "weight": "Of a share: its weight beside the other shares of the same register; areas, or units of entitlement.",
  "start_at": "From this moment; left out, since the beginning.",
  "end_at": "Until this moment; null while it lasts."}');
call submeter.make_tenant_table('submeter.virtual_register_parts');
call submeter.make_audited('submeter.virtual_register_parts');
create index on submeter.virtual_register_parts (register_id);
create index on submeter.virtual_register_parts (virtual_register_id);

create function submeter.counted_unit(register_in uuid) returns text
language sql stable set search_path = '' as $$
  select case g.unit when 'pulse' then t.unit else g.unit end
  from submeter.registers g left join submeter.register_types t on t.esco_id = g.esco_id and t.code = g.type
  where g.id = register_in
$$;
comment on function submeter.counted_unit(uuid) is 'Unit of a register''s quantities: of a register of pulses that of its type.';
grant execute on function submeter.counted_unit(uuid) to operator, service_role;

create function submeter.verify_virtual_register() returns trigger
language plpgsql set search_path = '' as $$
begin
  if exists (select from submeter.readings r where r.register_id = new.register_id)
      or exists (select from submeter.interval_registers i where i.register_id = new.register_id) then
    perform submeter.refuse('NET114', 'A virtual register is not read', format('register %s has readings or intervals', new.register_id),
      'Add a register for what is computed');
  end if;
  if tg_op = 'UPDATE' and new.formula <> old.formula and exists (
      select from submeter.virtual_register_parts p where p.virtual_register_id = new.register_id) then
    perform submeter.refuse('NET113', 'The parts do not fit the formula', format('%s, which has parts', old.formula),
      'Take its parts away first, or add another virtual register');
  end if;
  return new;
end $$;
comment on function submeter.verify_virtual_register() is 'Trigger: what is read is not virtual, and a formula stays while there are parts.';
create trigger verify_virtual_register before insert or update on submeter.virtual_registers
  for each row execute function submeter.verify_virtual_register();

create function submeter.verify_virtual_part() returns trigger
language plpgsql set search_path = '' as $$
declare
  formula constant text := (select v.formula from submeter.virtual_registers v where v.register_id = new.virtual_register_id);
  units constant text[] := array[submeter.counted_unit(new.register_id), submeter.counted_unit(new.virtual_register_id)];
  path text;
begin
  -- Two parts added at a time could close a circle that neither sees.
  perform pg_advisory_xact_lock(hashtextextended('submeter.virtual_register_parts ' || new.esco_id, 0));
  with recursive below as (
    select new.register_id as id, array[new.virtual_register_id, new.register_id] as way
    union all
    select p.register_id, b.way || p.register_id
    from below b join submeter.virtual_register_parts p on p.virtual_register_id = b.id and p.id <> new.id
    where p.register_id <> all (b.way[2:])
  )
  select (select string_agg(m.serial || ' ' || g.name, ' -> ' order by n)
          from unnest(b.way) with ordinality as w (id, n)
          join submeter.registers g on g.id = w.id join submeter.meters m on m.id = g.meter_id)
  into path from below b where b.id = new.virtual_register_id limit 1;
  if path is not null then
    perform submeter.refuse('NET111', 'A virtual register would be a part of itself', path, 'Take one of these parts away');
  end if;
  if units[1] is distinct from units[2] then
    perform submeter.refuse('NET112', 'A part of a virtual register has another unit', format('%s in a register of %s', coalesce(units[1], 'pulse'), units[2]),
      'Use registers of one unit; pulses need a type, whose unit they are counted in');
  end if;
  if formula = 'residual' or formula = 'share' and exists (
      select from submeter.virtual_register_parts p
      where p.virtual_register_id = new.virtual_register_id and p.id <> new.id
        and tstzrange(p.start_at, p.end_at) && tstzrange(new.start_at, new.end_at)) then
    perform submeter.refuse('NET113', 'The parts do not fit the formula',
      case formula when 'share' then 'a share is one of one register at a time' else 'a residual has no parts: it follows from the gates of the site' end,
      'End the part that is there first, or use another formula');
  end if;
  return new;
end $$;
comment on function submeter.verify_virtual_part() is 'Trigger: no virtual register is a part of itself; units and number of parts fit the formula.';
create trigger verify_part before insert or update on submeter.virtual_register_parts
  for each row execute function submeter.verify_virtual_part();

create function submeter.verify_interval_register() returns trigger
language plpgsql set search_path = '' as $$
begin
  if exists (select from submeter.virtual_registers v where v.register_id = new.register_id) then
    perform submeter.refuse('NET114', 'A virtual register is not read', format('register %s', new.register_id),
      'Load intervals of the registers that it is made of');
  end if;
  return new;
end $$;
comment on function submeter.verify_interval_register() is 'Trigger: intervals are stored of what is measured.';
create trigger verify_register before insert on submeter.interval_registers
  for each row execute function submeter.verify_interval_register();

-- Gates and losses ---------------------------------------------------------------------------------------------------

create table submeter.site_gates (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  site_id uuid not null references submeter.sites (id),
  supply_point_id uuid not null references submeter.supply_points (id),
  from_date date not null default date '1900-01-01',
  to_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (to_date > from_date),
  constraint site_gates_one_at_a_time exclude using gist (supply_point_id with =, daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.site_gates', 'Parent (gate) supply points of sites: whose meters measure all that stands behind them. A site may have several.', '{
  "site_id": "The site.",
  "supply_point_id": "The gate: a supply point of the site. Those of the same product are behind it.",
  "from_date": "First day.",
  "to_date": "First day no longer; null while it lasts."}');
call submeter.make_tenant_table('submeter.site_gates');
call submeter.make_audited('submeter.site_gates');
create index on submeter.site_gates (site_id);

create function submeter.verify_site_gate() returns trigger
language plpgsql set search_path = '' as $$
begin
  if not exists (
      select from submeter.supply_points p join submeter.properties h on h.id = p.property_id
      where p.id = new.supply_point_id and h.site_id = new.site_id) then
    perform submeter.refuse('NET115', 'The gate does not stand in the site', format('supply point %s, site %s', new.supply_point_id, new.site_id),
      'Name a supply point of a property of the site: a property of kind common, for instance');
  end if;
  return new;
end $$;
comment on function submeter.verify_site_gate() is 'Trigger: a gate is a supply point of its own site.';
create trigger verify_site_gate before insert or update on submeter.site_gates
  for each row execute function submeter.verify_site_gate();

create function submeter.residual_members(register_in uuid)
returns table (register_id uuid, meter_id uuid, supply_point_id uuid, is_gate boolean, sign integer, start_at timestamptz, end_at timestamptz,
  has_intervals boolean)
language sql stable set search_path = '' as $$
  with home as (
    select s.id as site_id, s.day_time_zone, p.product, submeter.counted_unit(g.id) as unit
    from submeter.virtual_registers v
    join submeter.registers g on g.id = v.register_id
    cross join lateral (
      select n.supply_point_id from submeter.meter_installations n where n.meter_id = g.meter_id order by n.installed_at desc limit 1) i
    join submeter.supply_points p on p.id = i.supply_point_id
    join submeter.properties h on h.id = p.property_id
    join submeter.sites s on s.id = h.site_id
    where v.register_id = register_in and v.formula = 'residual'
  )
  select g.id, g.meter_id, p.id, k.id is not null, case g.direction when 'import' then 1 else -1 end,
    greatest(i.installed_at, k.from_date::timestamp at time zone home.day_time_zone),
    least(i.removed_at, g.closed_at, k.to_date::timestamp at time zone home.day_time_zone),
    exists (select from submeter.interval_registers x where x.register_id = g.id)
  from home
  join submeter.properties h on h.site_id = home.site_id
  -- What solar panels put into the network of the site, its homes use: both are behind the gate.
  join submeter.supply_points p on p.property_id = h.id
    and (p.product = home.product or home.product = 'power' and p.product in ('solar', 'ev'))
  join submeter.meter_installations i on i.supply_point_id = p.id
  join submeter.registers g on g.meter_id = i.meter_id and submeter.counted_unit(g.id) = home.unit
  left join submeter.site_gates k on k.supply_point_id = p.id
  where not exists (select from submeter.virtual_registers v where v.register_id = g.id)
$$;
comment on function submeter.residual_members(uuid) is
  'What a residual register is the difference of: registers of the gates of its site, and of all else of the same product behind them, each while it was in place.';
grant execute on function submeter.residual_members(uuid) to operator, service_role;

alter table submeter.supply_points add loss_factor_code text check (loss_factor_code <> '');
comment on column submeter.supply_points.loss_factor_code is 'Code under which the network publishes the loss factors that hold here.';

create table submeter.loss_factors (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  kind text not null check (kind in ('MLF', 'DLF', 'internal')),
  site_id uuid references submeter.sites (id),
  code text check (code <> ''),
  supply_point_id uuid references submeter.supply_points (id),
  factor numeric not null constraint loss_factors_plausible check (factor between 0.5 and 2),
  from_date date not null default date '1900-01-01',
  to_date date,
  source text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id),
  check (to_date > from_date),
  constraint loss_factors_of_one check (num_nonnulls(site_id, code, supply_point_id) = 1),
  constraint loss_factors_one_at_a_time exclude using gist
    (esco_id with =, kind with =, (coalesce(supply_point_id::text, site_id::text, 'code ' || code)) with =,
     daterange(from_date, to_date) with &&)
);
call submeter.describe('submeter.loss_factors', 'Loss factors from a day to a day, of a site, of a network''s code, or of a supply point. The nearer goes first: supply point, code, site.', '{
  "kind": "MLF (transmission), DLF (distribution), internal (between the gate of the site and a supply point behind it).",
  "site_id": "The site, if it is one of a site.",
  "code": "The code of the network, if it is one of a code: it holds where loss_factor_code of a supply point is the same.",
  "supply_point_id": "The supply point, if it is one of a supply point.",
  "factor": "Quantity x factor = quantity at the other end: 1.0234 for 2.34 percent of losses.",
  "from_date": "First day.",
  "to_date": "First day no longer; null while it lasts.",
  "source": "Where it was published."}');
call submeter.make_tenant_table('submeter.loss_factors');
call submeter.make_audited('submeter.loss_factors');
create index on submeter.loss_factors (site_id);
create index on submeter.loss_factors (supply_point_id);

create function public.loss_factors_on(supply_point_id_in uuid, day_in date)
returns table (kind text, factor numeric, given_by text)
language sql stable set search_path = '' as $$
  select distinct on (f.kind) f.kind, f.factor,
    case when f.supply_point_id is not null then 'supply point' when f.code is not null then 'code' else 'site' end
  from submeter.supply_points p
  join submeter.properties h on h.id = p.property_id
  join submeter.loss_factors f on f.esco_id = p.esco_id
    and (f.supply_point_id = p.id or f.code = p.loss_factor_code or f.site_id = h.site_id)
  where p.id = supply_point_id_in and daterange(f.from_date, f.to_date) @> day_in
  order by f.kind, num_nonnulls(f.supply_point_id) desc, num_nonnulls(f.code) desc
$$;
comment on function public.loss_factors_on(uuid, date) is
  'The loss factors that hold at a supply point on a day, one of each kind, and whose they are: the supply point''s, its code''s or the site''s.';
grant execute on function public.loss_factors_on(uuid, date) to operator, service_role;

-- Whose a stream of a file is ------------------------------------------------------------------------------------------
-- As before, and by meter code and register where these are others than serial number and name. A wrong check digit fits nothing.

create or replace function submeter.resolve_streams(esco_in uuid, streams_in jsonb)
returns table (number integer, register_id uuid, unit text, from_at timestamptz, to_at timestamptz)
language sql stable set search_path = '' as $$
  with stream as materialized (
    select (n - 1)::int as number, upper(s ->> 0) as scheme, upper(s ->> 1) as identifier, s ->> 1 as as_written,
      upper(s ->> 2) as register, s ->> 3 as serial, s ->> 4 as unit, s ->> 5 as direction
    from jsonb_array_elements(streams_in) with ordinality as e (s, n)
  ), place as (
    select s.*, i.meter_id,
      greatest(i.installed_at, p.from_date::timestamp at time zone p.zone) as from_at,
      least(i.removed_at, p.to_date::timestamp at time zone p.zone) as to_at
    from stream s
    cross join lateral (
      select p.supply_point_id, p.scheme, p.from_date, p.to_date, p.lookup, (
        select (
          select (select z.day_time_zone from submeter.sites z where z.id = h.site_id)
          from submeter.properties h where h.id = q.property_id)
        from submeter.supply_points q where q.id = p.supply_point_id) as zone
      from submeter.supply_point_identifiers p
      where p.esco_id = esco_in and p.lookup in (s.identifier, left(s.identifier, 10))
      offset 0) p
    cross join lateral (
      select i.meter_id, i.installed_at, i.removed_at
      from submeter.meter_installations i where i.supply_point_id = p.supply_point_id
      offset 0) i
    where (p.lookup = s.identifier or p.scheme = 'NMI' and length(s.identifier) = 11
        and right(s.identifier, 1) = submeter.nmi_checksum(p.lookup))
      and s.scheme in ('ANY', upper(p.scheme))
    union all
    select s.*, m.id, null, null
    from stream s
    cross join lateral (
      select m.id from submeter.meters m where m.esco_id = esco_in and m.serial = s.as_written offset 0) m
    where s.scheme in ('SERIAL', 'ANY')
  ), candidate as (
    -- Where a point has several meters, the serial number chooses; where it has one, a serial written otherwise does no harm.
    select p.number, p.from_at, least(p.to_at, g.closed_at) as to_at, g.id, g.unit,
      upper(g.name) = p.register or g.meter_code = p.serial and upper(g.meter_register) = p.register
        or p.register = '' and g.direction = p.direction and p.unit in ('', g.unit) as fits,
      (m.serial = p.serial or g.meter_code = p.serial) is true as is_named,
      bool_or(m.serial = p.serial or g.meter_code = p.serial) over (partition by p.number) is true as some_named
    from place p
    cross join lateral (select m.serial from submeter.meters m where m.id = p.meter_id offset 0) m
    cross join lateral (
      select g.id, g.unit, g.name, g.direction, g.meter_code, g.meter_register, g.closed_at
      from submeter.registers g where g.meter_id = p.meter_id offset 0) g
    where not exists (select from submeter.virtual_registers v where v.register_id = g.id)
  )
  select distinct c.number, c.id, c.unit, coalesce(c.from_at, '-infinity'), coalesce(c.to_at, 'infinity')
  from candidate c
  where c.fits and (c.is_named or not c.some_named)
    and coalesce(c.to_at, 'infinity') > coalesce(c.from_at, '-infinity')
$$;

call submeter.tie_to_esco();

-- The REST face --------------------------------------------------------------------------------------------------------

create or replace view public.supply_points with (security_invoker) as
  select id, esco_id, property_id, product, name, status, created_at, updated_at, loss_factor_code
  from submeter.supply_points;

create or replace view public.meters with (security_invoker) as
  select m.id, m.esco_id, m.serial, i.property_id, i.supply_point_id, m.name, m.hardware, m.mode, m.prepay_enabled,
    m.status, m.created_at, m.updated_at, m.manufacturer, m.approval_mark, m.location, m.hazards, m.attributes
  from submeter.meters m
  left join lateral (
    select n.supply_point_id, p.property_id
    from submeter.meter_installations n
    join submeter.supply_points p on p.id = n.supply_point_id
    where n.meter_id = m.id and (n.removed_at is null or n.removed_at > now())
    order by n.installed_at desc
    limit 1) i on true;

create or replace view public.registers with (security_invoker) as
  select id, esco_id, meter_id, name, nature, direction, unit, digits, status, created_at, updated_at, type, meter_code,
    meter_register, decimals, controlled_load, timing, closed_at, direction_indicator
  from submeter.registers;

create or replace view public.register_multipliers with (security_invoker) as
  select id, esco_id, register_id, multiplier, from_date, to_date, created_at, updated_at, ct_ratio, vt_ratio, pulse_weight
  from submeter.register_multipliers;

create view public.register_types with (security_invoker) as
  select esco_id, code, name, product, unit, created_at, updated_at from submeter.register_types;

create view public.virtual_registers with (security_invoker) as
  select register_id, esco_id, formula, created_at, updated_at from submeter.virtual_registers;

create view public.virtual_register_parts with (security_invoker) as
  select id, esco_id, virtual_register_id, register_id, place, weight, start_at, end_at, created_at, updated_at
  from submeter.virtual_register_parts;

create view public.site_gates with (security_invoker) as
  select id, esco_id, site_id, supply_point_id, from_date, to_date, created_at, updated_at from submeter.site_gates;

create view public.loss_factors with (security_invoker) as
  select id, esco_id, kind, site_id, code, supply_point_id, factor, from_date, to_date, source, created_at, updated_at
  from submeter.loss_factors;

grant select on public.register_types to authenticated;
grant select, insert, update, delete on public.register_types, public.virtual_registers, public.virtual_register_parts,
  public.site_gates, public.loss_factors to operator, service_role;

create or replace function submeter.meters_insert() returns trigger
language plpgsql set search_path = '' as $$
declare
  key uuid;
  esco constant uuid := coalesce(new.esco_id, submeter.default_esco());
  point constant uuid := case when new.supply_point_id is null and new.property_id is not null
    then submeter.only_supply_point(new.property_id) else new.supply_point_id end;
begin
  insert into submeter.meters (id, esco_id, serial, name, hardware, mode, prepay_enabled, status, manufacturer, approval_mark,
    location, hazards, attributes, created_at)
  values (coalesce(new.id, gen_random_uuid()), esco, new.serial, new.name, new.hardware, coalesce(new.mode, 'active'),
    coalesce(new.prepay_enabled, false), coalesce(new.status, case when point is null then 'stock' else 'installed' end),
    new.manufacturer, new.approval_mark, new.location, new.hazards, coalesce(new.attributes, '{}'), coalesce(new.created_at, now()))
  returning id into key;
  if point is not null then
    insert into submeter.meter_installations (esco_id, meter_id, supply_point_id) values (esco, key, point);
  end if;
  select m.* into new from public.meters m where m.id = key;
  return new;
end $$;

create or replace function submeter.meters_update() returns trigger
language plpgsql set search_path = '' as $$
begin
  if (new.property_id, new.supply_point_id) is distinct from (old.property_id, old.supply_point_id) then
    raise exception 'where a meter is installed is dated'
      using errcode = '22023', detail = 'property_id and supply_point_id of a meter follow from its installations.',
            hint = 'Set removed_at of the present row of meter_installations and add a new row.';
  end if;
  update submeter.meters
  set (id, esco_id, serial, name, hardware, mode, prepay_enabled, status, manufacturer, approval_mark, location, hazards, attributes)
    = (new.id, new.esco_id, new.serial, new.name, new.hardware, new.mode, new.prepay_enabled, new.status, new.manufacturer,
       new.approval_mark, new.location, new.hazards, coalesce(new.attributes, '{}'))
  where id = old.id;
  if not found then
    return null;
  end if;
  select m.* into new from public.meters m where m.id = new.id;
  return new;
end $$;

-- Served by the application --------------------------------------------------------------------------------------------

create function public.exchange_meter(meter_id uuid, new_serial text, exchanged_at timestamptz default null, exchanged_on date default null,
  final_readings jsonb default '{}', opening_readings jsonb default '{}', new_meter jsonb default '{}', new_registers jsonb default '{}')
returns table (outcome text, old_meter_id uuid, new_meter_id uuid, at timestamptz)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'An exchange is judged by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.exchange_meter(uuid, text, timestamptz, date, jsonb, jsonb, jsonb, jsonb) is
  'Takes a meter away and puts another in its place, with the final readings of the one and the opening readings of the other, by name of register: {"1": 12345}. All of it or nothing; again with the same values it changes nothing. Served by the application.';

create function public.register_intervals(register_id uuid, from_date date, to_date date, minutes integer default 30)
returns table ("timestamp" timestamptz, quantity numeric)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Virtual registers are computed by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.register_intervals(uuid, date, date, integer) is
  'Quantities of a register, virtual or not, in steps of so many minutes, over the billing days [from_date, to_date) of its site; null where a part is not known. Served by the application.';

create function public.register_days(register_id uuid, from_date date, to_date date)
returns table (day date, quantity numeric, provisional boolean)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Virtual registers are computed by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.register_days(uuid, date, date) is
  'Consumption of a register, virtual or not, by billing day: from its intervals, else from its dial; null where a part is not known. Served by the application.';
grant execute on function public.exchange_meter(uuid, text, timestamptz, date, jsonb, jsonb, jsonb, jsonb),
  public.register_intervals(uuid, date, date, integer), public.register_days(uuid, date, date) to operator, service_role;

call submeter.describe_views();
