-- Writing through the views that join tables: accounts, meters, meter_readings. One-table views are updatable as they are.
-- The triggers run with the caller's rights, so policies and checks of the tables hold; they answer with the full new row.

create function submeter.accounts_insert() returns trigger
language plpgsql set search_path = '' as $$
declare
  key uuid;
begin
  if new.property_id is not null then
    raise exception 'an account has no property of its own'
      using errcode = '22023', detail = 'property_id, type and status of an account follow from its agreements.',
            hint = 'Leave property_id out and add an agreement between the account and a supply point of the property.';
  end if;
  insert into submeter.accounts (id, esco_id, seller_id, account_number, name, customer_type, delivery_method,
    payment_terms_days, external_reference, created_at)
  values (coalesce(new.id, gen_random_uuid()), coalesce(new.esco_id, submeter.default_esco()), new.seller_id,
    coalesce(new.account_number, nextval('submeter.account_number_seq')::text), new.name,
    coalesce(new.customer_type, 'residential'), coalesce(new.delivery_method, 'email'),
    coalesce(new.payment_terms_days, 14), new.external_reference, coalesce(new.created_at, now()))
  returning id into key;
  select a.* into new from public.accounts a where a.id = key;
  return new;
end $$;
comment on function submeter.accounts_insert() is 'Trigger: adds an account through its view.';

create function submeter.accounts_update() returns trigger
language plpgsql set search_path = '' as $$
begin
  if (new.property_id, new.type, new.status) is distinct from (old.property_id, old.type, old.status) then
    raise exception 'property_id, type and status of an account are derived'
      using errcode = '22023', detail = 'They follow from the agreements of the account.',
            hint = 'Change its agreements: end one by its to_date, add another.';
  end if;
  update submeter.accounts
  set (id, esco_id, seller_id, account_number, name, customer_type, delivery_method, payment_terms_days, external_reference)
    = (new.id, new.esco_id, new.seller_id, new.account_number, new.name, new.customer_type, new.delivery_method,
       new.payment_terms_days, new.external_reference)
  where id = old.id;
  if not found then
    return null;
  end if;
  select a.* into new from public.accounts a where a.id = new.id;
  return new;
end $$;
comment on function submeter.accounts_update() is 'Trigger: changes an account through its view.';

create function submeter.accounts_delete() returns trigger
language plpgsql set search_path = '' as $$
begin
  delete from submeter.accounts where id = old.id;
  return case when found then old end;
end $$;
comment on function submeter.accounts_delete() is 'Trigger: deletes an account through its view; refused (23503) while anything names it.';

create trigger insert_account instead of insert on public.accounts for each row execute function submeter.accounts_insert();
create trigger update_account instead of update on public.accounts for each row execute function submeter.accounts_update();
create trigger delete_account instead of delete on public.accounts for each row execute function submeter.accounts_delete();

create function submeter.only_supply_point(property_in uuid) returns uuid
language plpgsql stable set search_path = '' as $$
declare
  points constant uuid[] := array(select p.id from submeter.supply_points p where p.property_id = property_in limit 2);
begin
  if cardinality(points) <> 1 then
    raise exception 'which supply point?'
      using errcode = '22023',
            detail = format('Property %s has %s supply points.', property_in, case cardinality(points) when 0 then 'no' else 'several' end),
            hint = 'Send supply_point_id; property_id is enough only where the property has exactly one.';
  end if;
  return points[1];
end $$;
comment on function submeter.only_supply_point(uuid) is 'The only supply point of a property; 22023 if there are none or several.';
grant execute on function submeter.only_supply_point(uuid) to operator, service_role;

create function submeter.meters_insert() returns trigger
language plpgsql set search_path = '' as $$
declare
  key uuid;
  esco constant uuid := coalesce(new.esco_id, submeter.default_esco());
  point constant uuid := case when new.supply_point_id is null and new.property_id is not null
    then submeter.only_supply_point(new.property_id) else new.supply_point_id end;
begin
  insert into submeter.meters (id, esco_id, serial, name, hardware, mode, prepay_enabled, status, created_at)
  values (coalesce(new.id, gen_random_uuid()), esco, new.serial, new.name, new.hardware, coalesce(new.mode, 'active'),
    coalesce(new.prepay_enabled, false), coalesce(new.status, case when point is null then 'stock' else 'installed' end),
    coalesce(new.created_at, now()))
  returning id into key;
  if point is not null then
    insert into submeter.meter_installations (esco_id, meter_id, supply_point_id) values (esco, key, point);
  end if;
  select m.* into new from public.meters m where m.id = key;
  return new;
end $$;
comment on function submeter.meters_insert() is
  'Trigger: adds a meter through its view, and its installation where a supply point (or a property with only one) is given.';

create function submeter.meters_update() returns trigger
language plpgsql set search_path = '' as $$
begin
  if (new.property_id, new.supply_point_id) is distinct from (old.property_id, old.supply_point_id) then
    raise exception 'where a meter is installed is dated'
      using errcode = '22023', detail = 'property_id and supply_point_id of a meter follow from its installations.',
            hint = 'Set removed_at of the present row of meter_installations and add a new row.';
  end if;
  update submeter.meters
  set (id, esco_id, serial, name, hardware, mode, prepay_enabled, status)
    = (new.id, new.esco_id, new.serial, new.name, new.hardware, new.mode, new.prepay_enabled, new.status)
  where id = old.id;
  if not found then
    return null;
  end if;
  select m.* into new from public.meters m where m.id = new.id;
  return new;
end $$;
comment on function submeter.meters_update() is 'Trigger: changes a meter through its view.';

create function submeter.meters_delete() returns trigger
language plpgsql set search_path = '' as $$
begin
  delete from submeter.meters where id = old.id;
  return case when found then old end;
end $$;
comment on function submeter.meters_delete() is 'Trigger: deletes a meter through its view; refused (23503) while anything names it.';

create trigger insert_meter instead of insert on public.meters for each row execute function submeter.meters_insert();
create trigger update_meter instead of update on public.meters for each row execute function submeter.meters_update();
create trigger delete_meter instead of delete on public.meters for each row execute function submeter.meters_delete();

create function submeter.register_named(register_in uuid, meter_in uuid) returns submeter.registers
language plpgsql stable set search_path = '' as $$
declare
  found_registers submeter.registers[];
begin
  if register_in is null and meter_in is null then
    raise exception 'no meter given' using errcode = '23502', detail = 'A reading belongs to a register of a meter.',
      hint = 'Send register_id, or meter_id where the meter has one register.';
  end if;
  if meter_in is not null and not exists (select from submeter.meters m where m.id = meter_in) then
    raise exception 'no meter %', meter_in using errcode = '23503', detail = 'There is no such meter, or it is not yours.',
      hint = 'Look the meter up by its serial: GET /meters?serial=eq....';
  end if;
  found_registers := array(
    select r from submeter.registers r
    where (register_in is null or r.id = register_in) and (meter_in is null or r.meter_id = meter_in) and
      (register_in is not null or r.status = 'active')
    order by r.name);
  if cardinality(found_registers) = 0 then
    raise exception '%', case when register_in is null then format('meter %s has no register', meter_in)
                              else format('no register %s', register_in) end
      using errcode = '23503',
            detail = case when meter_in is null or register_in is null then 'There is no such register, or it is not yours.'
                          else format('Meter %s has no such register.', meter_in) end,
            hint = 'GET /registers?meter_id=eq.... lists the registers of a meter.';
  elsif cardinality(found_registers) > 1 then
    raise exception 'meter % has several registers', meter_in
      using errcode = '22023',
            detail = 'Its registers: ' || (select string_agg(format('%s (%s)', f.name, f.id), ', ') from unnest(found_registers) f) || '.',
            hint = 'Send register_id.';
  end if;
  return found_registers[1];
end $$;
comment on function submeter.register_named(uuid, uuid) is 'The register that a reading means by register_id, meter_id or both; refuses with 23502, 23503 or 22023.';
grant execute on function submeter.register_named(uuid, uuid) to authenticated, operator, service_role;

create function submeter.check_reading(register_in submeter.registers, read_at_in timestamptz, reading_in numeric, replaces_in uuid) returns void
language plpgsql stable set search_path = '' as $$
begin
  if reading_in is null then
    raise exception 'no reading given' using errcode = '23502', detail = 'The row has no value for reading.', hint = 'Send reading: what the dial shows.';
  elsif reading_in = 'NaN' or reading_in < 0 or reading_in = 'Infinity' then
    raise exception 'a reading cannot be %', reading_in using errcode = '23514', detail = 'A dial shows zero or more.',
      hint = 'Send what the dial shows. A dial that counts backwards is corrected by replaces_id, not by a negative reading.';
  elsif reading_in >= 10::numeric ^ register_in.digits then
    raise exception 'a reading cannot be %', reading_in using errcode = '23514',
      detail = format('The dial of this register has %s digits.', register_in.digits),
      hint = 'Send what the dial shows, without what stands after the point if it shows none.';
  elsif read_at_in < '1970-01-01' then
    raise exception 'the reading is from %', read_at_in using errcode = '22023',
      detail = 'It is older than 1970-01-01.', hint = 'Send the moment of the reading, with its time zone.';
  elsif read_at_in > now() + interval '1 minute' then
    raise exception 'the reading is in the future' using errcode = '22023',
      detail = format('timestamp %s is later than now, %s.', read_at_in, now()),
      hint = 'Send the moment of the reading, with its time zone.';
  elsif replaces_in is not null and not exists (
      select from submeter.readings r where r.id = replaces_in and r.register_id = register_in.id) then
    raise exception 'no reading % to correct', replaces_in using errcode = '23503',
      detail = 'There is no such reading of this register.', hint = 'replaces_id names a reading of the same register.';
  elsif exists (select from submeter.readings r where r.replaces_id = replaces_in) then
    raise exception 'reading % is corrected already', replaces_in using errcode = '23505',
      detail = 'Another reading replaces it.', hint = 'Correct the reading that stands now.';
  elsif exists (
      select from submeter.readings r
      where r.register_id = register_in.id and r.read_at = read_at_in and r.id is distinct from replaces_in
        and not exists (select from submeter.readings n where n.replaces_id = r.id)) then
    raise exception 'the register has a reading at this time' using errcode = '23505',
      detail = format('Register %s was read at %s.', register_in.id, read_at_in),
      hint = 'To correct it, send a new reading with replaces_id naming it.';
  end if;
end $$;
comment on function submeter.check_reading(submeter.registers, timestamptz, numeric, uuid) is
  'Refuses a reading that is negative (23514), in the future (22023), there already (23505) or correcting nothing (23503).';
grant execute on function submeter.check_reading(submeter.registers, timestamptz, numeric, uuid) to authenticated, operator, service_role;

create function submeter.meter_readings_insert() returns trigger
language plpgsql set search_path = '' as $$
declare
  register constant submeter.registers := submeter.register_named(new.register_id, new.meter_id);
  read_at_now constant timestamptz := coalesce(new."timestamp", now());
  key constant uuid := coalesce(new.id, gen_random_uuid());
begin
  perform submeter.check_reading(register, read_at_now, new.reading, new.replaces_id);
  insert into submeter.readings (id, esco_id, register_id, read_at, reading, status, kind, replaces_id, source, notes)
  values (key, coalesce(new.esco_id, register.esco_id), register.id, read_at_now, new.reading,
    coalesce(new.status, case current_user when 'authenticated' then 'customer' else 'actual' end),
    coalesce(new.kind, 'periodic'), new.replaces_id, new.source, new.notes);
  select m.* into new from public.meter_readings m where m.id = key;
  return new;
end $$;
comment on function submeter.meter_readings_insert() is 'Trigger: adds a reading through its view, found by register_id or by the meter''s only register.';

create function submeter.meter_readings_refuse() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception 'meter_readings is append-only'
    using errcode = '23001', detail = format('%s of reading %s was refused.', tg_op, old.id),
          hint = 'Add a new reading with replaces_id naming the old one.';
end $$;
comment on function submeter.meter_readings_refuse() is 'Trigger: an accepted reading stays.';

create trigger insert_reading instead of insert on public.meter_readings for each row execute function submeter.meter_readings_insert();
create trigger refuse_change instead of update or delete on public.meter_readings for each row execute function submeter.meter_readings_refuse();

create function submeter.intervals_refuse() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception 'intervals are not written here'
    using errcode = '42501', detail = format('%s on register_interval_hh was refused.', tg_op),
          hint = 'Import a meter file; it brings validation and versions with it.';
end $$;
comment on function submeter.intervals_refuse() is 'Trigger: intervals come by import. Without it the refusal would be a 500 (the view is not updatable).';
create trigger refuse_change instead of insert or update or delete on public.register_interval_hh
  for each row execute function submeter.intervals_refuse();
