-- What waits is kept whole and finds its place; locks are taken in one order; customers hear which check a reading
-- failed, never against what.

-- Days that wait -------------------------------------------------------------------------------------------------------
-- Two days are the same only if every part of them is: kWh and kvarh of one register, or what is taken and put into the
-- network, may well have the same numbers.

drop index submeter.import_waiting_once;
create unique index import_waiting_once on submeter.import_waiting
  (esco_id, coalesce(register_id::text, scheme || e'\n' || identifier || e'\n' || register || e'\n' || serial || e'\n' || unit || e'\n' || direction),
   day, version_at, md5(amounts), quality, decimals, minutes, starts_at, md5(coalesce(ranges::text, '')));

create or replace function submeter.settle_overtaken(esco_in uuid) returns void
language plpgsql set search_path = '' as $$
begin
  -- What waited because it was less measured than what it would replace needs no decision once a newer one stands, or
  -- waits itself.
  with moot as (
    delete from submeter.import_waiting w
    using pg_temp.met_intervals m, submeter.register_intervals c
    where w.esco_id = esco_in and w.reason = 'lower_quality' and w.register_id = m.register_id and w.day = m.day
      and c.register_id = m.register_id and c.day = m.day
      and ((c.version_at, c.file_at) >= (w.version_at, w.file_at) and c.standing >= w.standing
        or exists (
          select from submeter.import_waiting n
          where n.register_id = w.register_id and n.day = w.day and n.reason = 'lower_quality'
            and (n.version_at, n.file_at, n.id) > (w.version_at, w.file_at, w.id)))
    returning w.*
  )
  insert into submeter.register_interval_versions (register_id, day, esco_id, starts_at, ends_at, clock, minutes, decimals, missing,
    standing, total, amounts, quality, ranges, version_at, file_at, file_id, line)
  select distinct on (m.id) m.register_id, m.day, m.esco_id, m.starts_at, m.ends_at, m.clock, m.minutes, m.decimals, m.missing,
    m.standing, m.total, m.amounts, m.quality, m.ranges, m.version_at, m.file_at, m.file_id, m.line
  from moot m
  where not exists (
    select from submeter.register_interval_versions k
    where k.register_id = m.register_id and k.day = m.day
      and (k.amounts, k.decimals, k.minutes, k.starts_at, k.quality, k.ranges)
        is not distinct from (m.amounts, m.decimals, m.minutes, m.starts_at, m.quality, m.ranges));
end $$;

-- A day goes to the register that was in place, or to each its own part where the meter was exchanged on it: as an import
-- divides it (metering/placing.py). While meters are being entered, one whose days are not all accounted for waits on,
-- for the other meter may be next; from the next import on it is taken for what it is.

create function submeter.slots_before(starts_in timestamptz, ends_in timestamptz, minutes_in smallint, at_in timestamptz) returns integer
language sql immutable parallel safe set search_path = '' as $$
  select ceil(extract(epoch from least(greatest(at_in, starts_in), ends_in) - starts_in) / (60 * minutes_in))::int
$$;
comment on function submeter.slots_before(timestamptz, timestamptz, smallint, timestamptz) is
  'How many intervals of a day, from when to when and of so many minutes, began before a moment.';
grant execute on function submeter.slots_before(timestamptz, timestamptz, smallint, timestamptz) to operator, service_role;

create function submeter.part_of_amounts(amounts_in bytea, first_in integer, last_in integer) returns bytea
language sql immutable parallel safe set search_path = '' as $$
  select decode(repeat('00000080', first_in), 'hex') || substr(amounts_in, 4 * first_in + 1, 4 * (last_in - first_in))
    || decode(repeat('00000080', length(amounts_in) / 4 - last_in), 'hex')
$$;
comment on function submeter.part_of_amounts(bytea, integer, integer) is
  'The amounts of a day, those before an interval (counted from 0) and from another on made missing.';
grant execute on function submeter.part_of_amounts(bytea, integer, integer) to operator, service_role;

create or replace function submeter.retry_waiting(esco_in uuid, identifiers_in text[] default null) returns bigint
language plpgsql set search_path = '' as $$
declare
  found_rows bigint;
begin
  if not exists (
      select from submeter.import_waiting w
      where w.esco_id = esco_in and w.reason = 'unknown' and (identifiers_in is null or w.lookup = any (identifiers_in))) then
    return 0;
  end if;
  -- Before any row: an import that has this lock takes rows that wait, too.
  call submeter.lock_intervals(esco_in);
  call submeter.make_staging();
  create temporary table if not exists found_streams (
    said jsonb, register_id uuid, from_at timestamptz, to_at timestamptz, unit text) on commit drop;
  create temporary table if not exists found_parts (
    id bigint, register_id uuid, place integer, first integer, last integer, whole boolean) on commit drop;
  delete from pg_temp.found_streams;
  delete from pg_temp.found_parts;
  with stream as materialized (
    select jsonb_build_array(scheme, identifier, register, serial, unit, direction) as said, row_number() over () - 1 as number
    from submeter.import_waiting w
    where w.esco_id = esco_in and w.reason = 'unknown' and (identifiers_in is null or w.lookup = any (identifiers_in))
    group by scheme, identifier, register, serial, unit, direction
  ), every as materialized (select array_agg(said order by number) as said from stream)
  insert into pg_temp.found_streams
  select e.said[r.number + 1], r.register_id, r.from_at, r.to_at, r.unit
  from every e cross join lateral submeter.resolve_streams(esco_in, to_jsonb(e.said)) r;
  analyze pg_temp.found_streams;
  with fit as (
    select w.id, w.starts_at, w.ends_at, w.minutes, f.register_id, f.from_at, f.to_at, w.unit in ('', f.unit) as counts_alike,
      row_number() over one as place, lead(f.from_at) over one as next_from
    from submeter.import_waiting w
    join pg_temp.found_streams f on f.said = jsonb_build_array(w.scheme, w.identifier, w.register, w.serial, w.unit, w.direction)
      and f.from_at < w.ends_at and f.to_at > w.starts_at
    where w.esco_id = esco_in and w.reason = 'unknown'
    window one as (partition by w.id order by f.from_at, f.to_at)
  ), day as (
    select id, (array_agg(register_id))[1] as register_id, count(distinct register_id) = 1 as whole, count(*) as parts
    from fit
    group by id
    having bool_and(counts_alike) and (count(distinct register_id) = 1 or bool_and(coalesce(next_from >= to_at, true)))
      and (identifiers_in is null
        or min(from_at) <= min(starts_at) and max(to_at) >= min(ends_at) and bool_and(coalesce(next_from <= to_at, true)))
  )
  insert into pg_temp.found_parts
  select d.id, d.register_id, 1, 0, 0, true from day d where d.whole
  union all
  select d.id, f.register_id, f.place,
    case f.place when 1 then 0 else submeter.slots_before(f.starts_at, f.ends_at, f.minutes, f.from_at) end,
    submeter.slots_before(f.starts_at, f.ends_at, f.minutes, case f.place when d.parts then f.ends_at else f.to_at end), false
  from day d join fit f on f.id = d.id
  where not d.whole;
  analyze pg_temp.found_parts;
  with taken as (
    delete from submeter.import_waiting w using (select distinct id from pg_temp.found_parts) f where w.id = f.id
    returning w.*
  )
  insert into pg_temp.staged_intervals (round, accepted, register_id, day, starts_at, ends_at, minutes, decimals, missing, standing, total,
    version_at, file_at, file_id, line, amounts, clock, quality, ranges)
  select row_number() over (partition by f.register_id, t.day order by t.id) - 1, false, f.register_id, t.day, t.starts_at, t.ends_at,
    t.minutes, t.decimals, coalesce(s.missing, t.missing),
    case when f.whole then t.standing when s.missing = length(a.amounts) / 4 then 0 else least(t.standing, case s.missing when 0 then 2 else 1 end) end,
    coalesce(s.total, t.total), t.version_at, t.file_at, t.file_id, t.line, a.amounts, t.clock, t.quality, t.ranges
  from taken t
  join pg_temp.found_parts f on f.id = t.id
  cross join lateral (
    select case when f.whole then t.amounts else submeter.part_of_amounts(t.amounts, f.first, f.last) end as amounts) a
  left join lateral (
    select count(*) filter (where v is null) as missing, coalesce(sum(v), 0) as total from unnest(submeter.decode_amounts(a.amounts)) v) s
    on not f.whole;
  get diagnostics found_rows = row_count;
  if found_rows > 0 then
    perform submeter.place_intervals(esco_in);
  end if;
  return (select count(distinct id) from pg_temp.found_parts);
end $$;
comment on function submeter.retry_waiting(uuid, text[]) is
  'Tries again to place the days that wait for a meter; says how many found one. With identifiers (their first ten characters, in capitals) only theirs, and only those that are accounted for from begin to end.';

create function submeter.lock_waiting(waiting_in bigint) returns void
language plpgsql set search_path = '' as $$
declare
  esco constant uuid := (select w.esco_id from submeter.import_waiting w where w.id = waiting_in);
begin
  if esco is not null then
    call submeter.lock_intervals(esco);
  end if;
end $$;
comment on function submeter.lock_waiting(bigint) is
  'Before a day that waits is decided about: no import takes it meanwhile, nor waits for whoever decides.';
grant execute on function submeter.lock_waiting(bigint) to operator, service_role;

-- One order of locks ---------------------------------------------------------------------------------------------------

-- The moments of days belong to all. Two who add some at a time would wait for each other's rows in whatever order these
-- come; so whoever adds one is alone with it, and who adds none takes no lock.
create function submeter.one_start_at_a_time() returns trigger
language plpgsql set search_path = '' as $$
begin
  if exists (select from submeter.interval_starts s where s.starts_at = new.starts_at) then
    return null;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('submeter.interval_starts', 0));
  return new;
end $$;
comment on function submeter.one_start_at_a_time() is 'Trigger: new moments are added by one transaction at a time, those that are there by none.';
create trigger one_at_a_time before insert on submeter.interval_starts
  for each row execute function submeter.one_start_at_a_time();

-- Whoever adds meters holds first the keys of registers, then the intervals: both triggers of a statement, in this order.
-- The keys of one ESCO are nobody else's business.
create function submeter.lock_register_keys(escos_in uuid[]) returns void
language plpgsql set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('submeter.register_keys ' || e, 0))
  from (select distinct e from unnest(escos_in) e order by e) s;
end $$;
comment on function submeter.lock_register_keys(uuid[]) is 'Until the end of the transaction nobody else adds registers or installations of these ESCOs that have codes.';
grant execute on function submeter.lock_register_keys(uuid[]) to operator, service_role;

create or replace function submeter.verify_register_keys() returns trigger
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
  perform submeter.lock_register_keys(array(select a.esco_id from added a));
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

create or replace function submeter.retry_when_known() returns trigger
language plpgsql set search_path = '' as $$
declare
  esco uuid;
  meter_column constant text := case tg_table_name when 'meters' then 'id' else 'meter_id' end;
begin
  -- Mostly there is nothing to do.
  if not exists (select from submeter.import_waiting w where w.reason = 'unknown') then
    return null;
  end if;
  perform submeter.lock_register_keys(array(select a.esco_id from added a));
  for esco in select distinct a.esco_id from added a loop
    perform submeter.retry_waiting(esco, array(
      select upper(left(k.known, 10)) from (
        select m.serial from added a join submeter.meters m on m.id = (to_jsonb(a) ->> meter_column)::uuid
        union
        select p.identifier from added a
        join submeter.meter_installations i on i.meter_id = (to_jsonb(a) ->> meter_column)::uuid
        join submeter.supply_point_identifiers p on p.supply_point_id = i.supply_point_id
        union
        select to_jsonb(a) ->> 'identifier' from added a) k (known)
      where k.known is not null));
  end loop;
  return null;
end $$;

-- Readings as customers see them -----------------------------------------------------------------------------------------

create or replace view public.meter_readings with (security_invoker) as
  select r.id, r.esco_id, g.meter_id, r.register_id, r.read_at as "timestamp", r.reading, r.status, r.kind,
    r.replaces_id, r.source, r.notes, r.created_at,
    r.sub_type, r.add_factor, r.temperature_factor, r.heating_value, r.next_read_on,
    -- What a check compared with may be another's: customers are told which check it was.
    case when r.findings = '[]' or (select submeter.sight()) <> 'customer' then r.findings else (
      select coalesce(jsonb_agg(jsonb_build_object('code', f.one -> 'code', 'title', f.one -> 'title') order by f.place), '[]')
      from jsonb_array_elements(r.findings) with ordinality as f (one, place)
      where f.one ? 'code') end as findings,
    null::bigint as waiting_id, null::text as on_failure
  from submeter.readings r
  join submeter.registers g on g.id = r.register_id
  where not exists (select from submeter.readings n where n.replaces_id = r.id);
