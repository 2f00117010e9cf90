-- Files that came in, what was wrong in them, rows that wait, and the one way by which days of intervals find their place.

create table submeter.import_files (
  id bigint generated always as identity primary key,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  name text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  size bigint not null check (size >= 0),
  format text not null,
  clocks text[] not null default '{}',
  made_at timestamptz not null,
  received_at timestamptz not null default now(),
  received_by text not null,
  status text not null default 'loading' check (status in ('loading', 'loaded')),
  items_done bigint not null default 0,
  counts jsonb not null default '{}' check (jsonb_typeof(counts) = 'object'),
  finished_at timestamptz,
  constraint import_files_once unique (esco_id, sha256),
  unique (esco_id, id)
);
call submeter.describe('submeter.import_files', 'Files of meter data that were loaded. The same bytes are loaded once.', '{
  "id": "Number of the file; rows of intervals name it.",
  "name": "Name under which it came.",
  "sha256": "Digest of its bytes.",
  "size": "Bytes.",
  "format": "What it was read as.",
  "clocks": "Clocks that its days are stated in.",
  "made_at": "When the file was made, as far as it is known; decides between versions whose source gives no time.",
  "received_at": "When its loading began.",
  "received_by": "Who loaded it: role and key of the token.",
  "status": "loading (or broken off: the next import of it goes on), or loaded.",
  "items_done": "Rows of the file that are dealt with.",
  "counts": "How many rows came to what.",
  "finished_at": "When its loading ended."}');
call submeter.make_tenant_table('submeter.import_files', 'select, insert, update');
create trigger no_delete before delete on submeter.import_files for each row execute function submeter.refuse_change();
create index on submeter.import_files (esco_id, received_at);

create table submeter.import_findings (
  file_id bigint not null references submeter.import_files (id),
  number integer not null,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  line integer not null,
  field integer not null default 0,
  value text not null default '',
  code text not null check (code ~ '^[A-Z]{3}[0-9]{3}$'),
  title text not null,
  detail text not null default '',
  hint text not null default '',
  primary key (file_id, number)
);
call submeter.describe('submeter.import_findings', 'What was wrong in a file, row by row. The rest of the file was loaded.', '{
  "file_id": "The file.",
  "number": "Order in the file.",
  "line": "Line of the file; 0 is the whole file.",
  "field": "Column of the line, counted from 1; 0 is the whole line.",
  "value": "What stood there.",
  "code": "Kind of finding; docs/reference/errors.md lists them.",
  "title": "The kind in words.",
  "detail": "This case.",
  "hint": "What to do."}');
call submeter.make_tenant_table('submeter.import_findings', 'select, insert');
call submeter.make_append_only('submeter.import_findings');

create table submeter.import_waiting (
  id bigint generated always as identity primary key,
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  reason text not null check (reason in ('unknown', 'lower_quality', 'billed', 'edited')),
  scheme text,
  identifier text,
  register text,
  serial text,
  unit text,
  direction text,
  register_id uuid references submeter.registers (id),
  day date not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  clock text not null,
  minutes smallint not null,
  decimals smallint not null,
  missing smallint not null,
  standing smallint not null,
  total bigint not null,
  amounts bytea not null,
  quality text not null,
  ranges jsonb,
  version_at timestamptz not null,
  file_at timestamptz not null,
  file_id bigint references submeter.import_files (id),
  line integer,
  waits_since timestamptz not null default now(),
  lookup text generated always as (upper(left(identifier, 10))) stored,
  check (reason = 'unknown' or register_id is not null)
);
call submeter.describe('submeter.import_waiting', 'Days of intervals that could not be placed: of a meter that is not known yet, which are tried again by themselves; or in conflict with what is there, which a person decides.', '{
  "id": "Number, to decide by.",
  "reason": "unknown (meter or register), lower_quality (less measured than what it would replace), billed or edited (what it would replace).",
  "scheme": "What kind of identifier the file gives.",
  "identifier": "The identifier.",
  "register": "Register, channel or suffix.",
  "serial": "Serial number of the meter, where the file has it.",
  "unit": "Unit.",
  "direction": "import or export.",
  "register_id": "The register, where it is known.",
  "day": "Day in the source''s own clock.",
  "starts_at": "Instant at which the day begins.",
  "ends_at": "Instant at which it ends.",
  "clock": "The source''s clock.",
  "minutes": "Length of an interval.",
  "decimals": "Amounts are whole numbers of 10^-decimals of the unit.",
  "missing": "How many intervals the source does not know.",
  "standing": "2 measured throughout, 1 in part, 0 not.",
  "total": "Sum of the amounts.",
  "amounts": "One int32 for each interval, little-endian.",
  "quality": "Quality of the day.",
  "ranges": "Quality of parts.",
  "version_at": "Update time by the source.",
  "file_at": "When the file was made.",
  "file_id": "The file.",
  "line": "Line of the file.",
  "waits_since": "Since when it waits.",
  "lookup": "What it is searched by when a meter appears: the beginning of the identifier, in capitals."}');
call submeter.make_tenant_table('submeter.import_waiting', 'select, insert, delete');
-- A row that comes again while it waits waits once.
create unique index import_waiting_once on submeter.import_waiting
  (esco_id, coalesce(register_id::text, scheme || ' ' || identifier || ' ' || register || ' ' || serial), day, version_at, md5(amounts), quality);
-- However an identifier is written, with its check digit or without: these are looked at again.
create index on submeter.import_waiting (esco_id, lookup) where reason = 'unknown';
create index on submeter.import_waiting (register_id, day) where reason <> 'unknown';

-- What a supply point is called, as files write it: an NMI with or without its check digit is the same one. A column, not an
-- index over the expression: functions that might tell what they saw are not tried before the policy of a table.
alter table submeter.supply_point_identifiers add lookup text
  generated always as (upper(case scheme when 'NMI' then left(identifier, 10) else identifier end)) stored;
comment on column submeter.supply_point_identifiers.lookup is 'What files are searched by: in capitals, an NMI without its check digit.';
create index supply_point_identifiers_as_in_files on submeter.supply_point_identifiers (esco_id, lookup);

-- Each step looks up what the step before has found, by its key, whatever the planner thinks of tables that were filled a
-- moment ago and that it knows nothing of: hence "offset 0".
create function submeter.resolve_streams(esco_in uuid, streams_in jsonb)
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
    where (p.lookup = s.identifier or p.scheme = 'NMI' and length(s.identifier) = 11)
      and s.scheme in ('ANY', upper(p.scheme))
    union all
    select s.*, m.id, null, null
    from stream s
    cross join lateral (
      select m.id from submeter.meters m where m.esco_id = esco_in and m.serial = s.as_written offset 0) m
    where s.scheme in ('SERIAL', 'ANY')
  ), candidate as (
    -- Where a point has several meters, the serial number chooses; where it has one, a serial written otherwise does no harm.
    select p.*, m.serial = p.serial as is_named, bool_or(m.serial = p.serial) over (partition by p.number) as some_named
    from place p
    cross join lateral (select m.serial from submeter.meters m where m.id = p.meter_id offset 0) m
  )
  select distinct c.number, g.id, g.unit, coalesce(c.from_at, '-infinity'), coalesce(c.to_at, 'infinity')
  from candidate c
  cross join lateral (
    select g.id, g.unit, g.name, g.direction from submeter.registers g where g.meter_id = c.meter_id offset 0) g
  where (c.is_named or not c.some_named)
    and (upper(g.name) = c.register or c.register = '' and g.direction = c.direction and c.unit in ('', g.unit))
    and coalesce(c.to_at, 'infinity') > coalesce(c.from_at, '-infinity')
$$;
comment on function submeter.resolve_streams(uuid, jsonb) is
  'Registers that streams of a file mean, and for what time: [[scheme, identifier, register, serial, unit, direction], ...], numbered from 0. A register without a name is the meter''s only one of the unit and direction.';

-- The one way into place -----------------------------------------------------------------------------------------------
-- Of a day's versions the current one is the greatest by (standing, version_at, file_at), whatever order they came in.
-- Where a newer one is not current because less of it was measured, a person is asked.

create procedure submeter.make_staging()
language plpgsql set search_path = '' as $$
begin
  create temporary table if not exists staged_intervals (
    round smallint not null, accepted boolean not null, register_id uuid not null, day date not null, starts_at timestamptz not null,
    ends_at timestamptz not null, minutes smallint not null, decimals smallint not null, missing smallint not null,
    standing smallint not null, total bigint not null, version_at timestamptz not null, file_at timestamptz not null, file_id bigint,
    line integer, amounts bytea not null, clock text not null, quality text not null, ranges jsonb
  ) on commit drop;
  create temporary table if not exists placed_intervals (register_id uuid not null, day date not null) on commit drop;
end $$;
comment on procedure submeter.make_staging() is 'Temporary tables from which place_intervals takes days of intervals.';

create function submeter.place_intervals(esco_in uuid)
returns table (outcome text, line integer, day date, number bigint)
language plpgsql set search_path = '' as $$
declare
  n bigint;
  new_rows bigint;
  turn smallint := 0;
begin
  -- One import of an ESCO at a time: what is there must not change between looking and writing.
  perform pg_advisory_xact_lock(hashtextextended('submeter.place_intervals ' || esco_in, 0));
  -- Nobody else knows what is in a temporary table; the planner must.
  analyze pg_temp.staged_intervals;
  insert into submeter.interval_starts (starts_at) select distinct s.starts_at from pg_temp.staged_intervals s on conflict do nothing;
  loop
    select count(*) into n from pg_temp.staged_intervals s where s.round = turn;
    exit when n = 0;
    with new as (
      insert into submeter.register_intervals (register_id, day, esco_id, starts_at, ends_at, clock, minutes, decimals, missing, standing,
        total, amounts, quality, ranges, version_at, file_at, file_id, line)
      select s.register_id, s.day, esco_in, s.starts_at, s.ends_at, s.clock, s.minutes, s.decimals, s.missing, s.standing,
        s.total, s.amounts, s.quality, s.ranges, s.version_at, s.file_at, s.file_id, s.line
      from pg_temp.staged_intervals s where s.round = turn
      on conflict do nothing
      returning register_intervals.register_id, register_intervals.day
    )
    insert into pg_temp.placed_intervals select * from new;
    get diagnostics new_rows = row_count;
    if new_rows > 0 then
      outcome := 'stored'; line := null; day := null; number := new_rows;
      return next;
    end if;
    if new_rows < n then
      analyze pg_temp.placed_intervals;
      return query select * from submeter.place_over(esco_in, turn);
    end if;
    delete from pg_temp.placed_intervals;
    turn := turn + 1;
  end loop;
  delete from pg_temp.staged_intervals;
end $$;
comment on function submeter.place_intervals(uuid) is
  'Puts the staged days of intervals into place and says what became of them: stored, repeated, replaced, older (each a number), or a line that waits for a decision: lower_quality, billed, edited.';

create function submeter.place_over(esco_in uuid, round_in smallint)
returns table (outcome text, line integer, day date, number bigint)
language plpgsql set search_path = '' as $$
begin
  create temporary table if not exists met_intervals (
    register_id uuid, day date, starts_at timestamptz, ends_at timestamptz, clock text, minutes smallint, decimals smallint,
    missing smallint, standing smallint, total bigint, amounts bytea, quality text, ranges jsonb, version_at timestamptz,
    file_at timestamptz, file_id bigint, line integer, outcome text, overtakes boolean
  ) on commit drop;
  delete from pg_temp.met_intervals;
  insert into pg_temp.met_intervals
  select s.register_id, s.day, s.starts_at, s.ends_at, s.clock, s.minutes, s.decimals, s.missing, s.standing, s.total, s.amounts,
    s.quality, s.ranges, s.version_at, s.file_at, s.file_id, s.line,
    case
      when v.same then case when v.higher and (s.version_at, s.file_at) > (c.version_at, c.file_at) then 'confirmed' else 'repeated' end
      when not v.higher then case when v.newer and not s.accepted then 'lower_quality' else 'older' end
      when s.accepted then 'replaced'
      when c.edited_by is not null then 'edited'
      -- Billed in part at least: a source's day may reach into two billing days.
      when exists (
        select from submeter.registers g
        join submeter.meter_installations i on i.meter_id = g.meter_id
        join submeter.agreements a on a.supply_point_id = i.supply_point_id and a.billed_to_date > a.from_date
        join submeter.supply_points p on p.id = a.supply_point_id
        join submeter.properties h on h.id = p.property_id
        join submeter.sites z on z.id = h.site_id
        where g.id = s.register_id
          and tstzrange(s.starts_at, s.ends_at) && (tstzrange(i.installed_at, i.removed_at)
            * tstzrange(a.from_date::timestamp at time zone z.day_time_zone, a.billed_to_date::timestamp at time zone z.day_time_zone)))
        then 'billed'
      else 'replaced' end,
    -- What was newer, but less measured, and stood only because nothing better was there.
    not v.same and v.higher and (c.version_at, c.file_at) > (s.version_at, s.file_at)
  from pg_temp.staged_intervals s
  join submeter.register_intervals c on c.register_id = s.register_id and c.day = s.day
  cross join lateral (select
    (s.standing, s.version_at, s.file_at) >= (c.standing, c.version_at, c.file_at) as higher,
    (s.version_at, s.file_at) >= (c.version_at, c.file_at) as newer,
    (s.amounts, s.decimals, s.minutes, s.starts_at, s.quality, s.ranges)
      is not distinct from (c.amounts, c.decimals, c.minutes, c.starts_at, c.quality, c.ranges) as same) v
  where s.round = round_in
    and not exists (select from pg_temp.placed_intervals p where p.register_id = s.register_id and p.day = s.day);
  analyze pg_temp.met_intervals;

  insert into submeter.import_waiting (esco_id, reason, register_id, day, starts_at, ends_at, clock, minutes, decimals, missing,
    standing, total, amounts, quality, ranges, version_at, file_at, file_id, line)
  select esco_in, w.outcome, w.register_id, w.day, w.starts_at, w.ends_at, w.clock, w.minutes, w.decimals, w.missing,
    w.standing, w.total, w.amounts, w.quality, w.ranges, w.version_at, w.file_at, w.file_id, w.line
  from pg_temp.met_intervals w where w.outcome in ('lower_quality', 'billed', 'edited')
  union all
  select esco_in, 'lower_quality', c.register_id, c.day, c.starts_at, c.ends_at, c.clock, c.minutes, c.decimals, c.missing,
    c.standing, c.total, c.amounts, c.quality, c.ranges, c.version_at, c.file_at, c.file_id, c.line
  from pg_temp.met_intervals w join submeter.register_intervals c on c.register_id = w.register_id and c.day = w.day
  where w.outcome = 'replaced' and w.overtakes
  on conflict do nothing;

  update submeter.register_intervals c
  set starts_at = w.starts_at, ends_at = w.ends_at, clock = w.clock, minutes = w.minutes, decimals = w.decimals, missing = w.missing,
    standing = w.standing, total = w.total, amounts = w.amounts, quality = w.quality, ranges = w.ranges, version_at = w.version_at,
    file_at = w.file_at, file_id = w.file_id, line = w.line, source = null, edited_by = null, created_at = now()
  from pg_temp.met_intervals w
  where w.outcome in ('confirmed', 'replaced') and c.register_id = w.register_id and c.day = w.day;

  insert into submeter.register_interval_versions (register_id, day, esco_id, starts_at, ends_at, clock, minutes, decimals, missing,
    standing, total, amounts, quality, ranges, version_at, file_at, file_id, line)
  select w.register_id, w.day, esco_in, w.starts_at, w.ends_at, w.clock, w.minutes, w.decimals, w.missing, w.standing, w.total,
    w.amounts, w.quality, w.ranges, w.version_at, w.file_at, w.file_id, w.line
  from pg_temp.met_intervals w
  where w.outcome = 'older'
    and not exists (
      select from submeter.register_interval_versions k
      where k.register_id = w.register_id and k.day = w.day
        and (k.amounts, k.decimals, k.minutes, k.starts_at, k.quality, k.ranges)
          is not distinct from (w.amounts, w.decimals, w.minutes, w.starts_at, w.quality, w.ranges));

  perform submeter.settle_overtaken(esco_in);

  return query
    select case w.outcome when 'confirmed' then 'repeated' else w.outcome end, null::integer, null::date, count(*)
    from pg_temp.met_intervals w where w.outcome in ('confirmed', 'repeated', 'replaced', 'older') group by 1
    union all
    select w.outcome, w.line, w.day, 1 from pg_temp.met_intervals w where w.outcome in ('lower_quality', 'billed', 'edited')
    union all
    select 'overtaken', w.line, w.day, 1 from pg_temp.met_intervals w where w.outcome = 'replaced' and w.overtakes;
end $$;
comment on function submeter.place_over(uuid, smallint) is 'The part of place_intervals for days that are there already.';

create function submeter.settle_overtaken(esco_in uuid) returns void
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
    where k.register_id = m.register_id and k.day = m.day and k.amounts = m.amounts and k.quality = m.quality);
end $$;
comment on function submeter.settle_overtaken(uuid) is 'Moves days that no longer wait for anything to the versions.';

-- Waiting rows -------------------------------------------------------------------------------------------------------------

create function submeter.retry_waiting(esco_in uuid, identifiers_in text[] default null) returns bigint
language plpgsql set search_path = '' as $$
declare
  found_rows bigint;
begin
  if not exists (
      select from submeter.import_waiting w
      where w.esco_id = esco_in and w.reason = 'unknown' and (identifiers_in is null or w.lookup = any (identifiers_in))) then
    return 0;
  end if;
  call submeter.make_staging();
  create temporary table if not exists found_streams (
    said jsonb, register_id uuid, from_at timestamptz, to_at timestamptz, unit text) on commit drop;
  create temporary table if not exists found_waiting (id bigint, register_id uuid) on commit drop;
  delete from pg_temp.found_streams;
  delete from pg_temp.found_waiting;
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
  -- Where a day belongs to two registers (an exchange) it must be divided: an import does that, not this.
  insert into pg_temp.found_waiting
  select w.id, (array_agg(f.register_id))[1]
  from submeter.import_waiting w
  join pg_temp.found_streams f on f.said = jsonb_build_array(w.scheme, w.identifier, w.register, w.serial, w.unit, w.direction)
    and f.from_at <= w.starts_at and f.to_at >= w.ends_at and w.unit in ('', f.unit)
  where w.esco_id = esco_in and w.reason = 'unknown'
  group by w.id
  having count(distinct f.register_id) = 1;
  analyze pg_temp.found_waiting;
  with taken as (
    delete from submeter.import_waiting w using pg_temp.found_waiting f where w.id = f.id
    returning w.*, f.register_id as found_register
  )
  insert into pg_temp.staged_intervals (round, accepted, register_id, day, starts_at, ends_at, minutes, decimals, missing, standing, total,
    version_at, file_at, file_id, line, amounts, clock, quality, ranges)
  select row_number() over (partition by t.found_register, t.day order by t.id) - 1, false, t.found_register, t.day, t.starts_at, t.ends_at,
    t.minutes, t.decimals, t.missing, t.standing, t.total, t.version_at, t.file_at, t.file_id, t.line, t.amounts, t.clock, t.quality, t.ranges
  from taken t;
  get diagnostics found_rows = row_count;
  if found_rows > 0 then
    perform submeter.place_intervals(esco_in);
  end if;
  return found_rows;
end $$;
comment on function submeter.retry_waiting(uuid, text[]) is
  'Tries again to place the days that wait for a meter; says how many found one. Identifiers by their first ten characters, in capitals; null: all.';

create function submeter.retry_when_known() returns trigger
language plpgsql set search_path = '' as $$
declare
  esco uuid;
  meter_column constant text := case tg_table_name when 'meters' then 'id' else 'meter_id' end;
begin
  -- Mostly there is nothing to do.
  if not exists (select from submeter.import_waiting w where w.reason = 'unknown') then
    return null;
  end if;
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
comment on function submeter.retry_when_known() is 'Trigger: days that waited for a meter find it when it appears, or when its name or place is corrected.';

do $$
declare
  relation_name text;
begin
  foreach relation_name in array array['registers', 'meter_installations', 'supply_point_identifiers', 'meters'] loop
    execute format('create trigger retry_waiting after insert on submeter.%I referencing new table as added
      for each statement execute function submeter.retry_when_known()', relation_name);
    execute format('create trigger retry_waiting_again after update on submeter.%I referencing new table as added
      for each statement execute function submeter.retry_when_known()', relation_name);
  end loop;
end $$;

create function submeter.decide_waiting(waiting_in bigint, accept_in boolean) returns text
language plpgsql set search_path = '' as $$
declare
  found submeter.import_waiting;
  became text;
begin
  delete from submeter.import_waiting w where w.id = waiting_in and w.reason <> 'unknown' returning * into found;
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
comment on function submeter.decide_waiting(bigint, boolean) is
  'Accepts or turns down a day that waits for a decision. Says what became of it; null if there is none. Either way it is kept.';

grant execute on function submeter.resolve_streams(uuid, jsonb), submeter.place_intervals(uuid),
  submeter.place_over(uuid, smallint), submeter.settle_overtaken(uuid), submeter.retry_waiting(uuid, text[]),
  submeter.decide_waiting(bigint, boolean) to operator, service_role;
grant execute on procedure submeter.make_staging() to operator, service_role;

call submeter.tie_to_esco();
-- Numbers of files are no secret, and these rows are written by imports alone; the keys above refuse those of others.
drop trigger seen_file_id on submeter.import_findings;
drop trigger seen_file_id on submeter.import_waiting;
