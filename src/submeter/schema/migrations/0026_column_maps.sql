-- Column maps are the operator's data, files remember how they were read, and a final reading of an exchange has its turn.

create table submeter.column_maps (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default submeter.default_esco() references submeter.escos (id),
  name text not null check (name = btrim(name) and name <> ''),
  kind text not null check (kind in ('days', 'intervals', 'reads')),
  confirmed text not null default '',
  settings jsonb not null check (jsonb_typeof(settings) = 'object'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (esco_id, id)
);
call submeter.describe('submeter.column_maps', 'How tables are to be read that no published source describes: which column is what, in the words of docs/reference/meter-files.md.', '{
  "name": "What imports name it by; capitals do not matter.",
  "kind": "days (a row a day), intervals (a row an interval) or reads (readings of dials).",
  "confirmed": "Who has compared the result with the source, and when; empty: nobody, and what is read by it says so.",
  "settings": "The map as it was given."}');
call submeter.make_tenant_table('submeter.column_maps');
call submeter.make_audited('submeter.column_maps');
create unique index column_maps_once on submeter.column_maps (esco_id, lower(name));

-- The same bytes read in another way are other data: a corrected map, another clock.
alter table submeter.import_files add read_with jsonb not null default '{}' check (jsonb_typeof(read_with) = 'object');
comment on column submeter.import_files.read_with is
  'What was named to read it with: the column map as it was then, the clock. The same bytes are loaded once for each.';
alter table submeter.import_files drop constraint import_files_once;
create unique index import_files_once on submeter.import_files (esco_id, sha256, md5(read_with::text));

create view public.column_maps with (security_invoker) as
  select id, esco_id, name, kind, confirmed, settings, created_at, updated_at from submeter.column_maps;

create or replace view public.import_files with (security_invoker) as
  select id, esco_id, name, sha256, size, format, clocks, made_at, received_at, received_by, status, items_done, counts, finished_at,
    read_with
  from submeter.import_files;

-- Whether a map fits together is Python's to say: keep_column_map writes, and here they are read and taken away.
grant select, delete on public.column_maps to operator, service_role;

-- Served by the application ----------------------------------------------------------------------------------------------

create function public.keep_column_map(settings jsonb)
returns table (id uuid, name text, kind text, confirmed text)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Column maps are checked by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.keep_column_map(jsonb) is
  'Keeps a column map, so that imports can name it; one of that name is replaced. settings: the map as an object, or its TOML as a string. Served by the application.';

drop function public.import_meter_data(text, text, text, text, boolean, boolean);
create function public.import_meter_data(name text, content text default null, content_base64 text default null,
  format text default null, all_or_nothing boolean default false, dry_run boolean default false, columns text default null,
  clock text default null)
returns table (file_id bigint, file_name text, status text, read_as text, counts jsonb, codes jsonb, findings jsonb, clocks text[])
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'Files of meter data are read by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.import_meter_data(text, text, text, text, boolean, boolean, text, text) is
  'Loads a file of meter data: its text as content, or its bytes (zip and gzip too) as content_base64; columns names a column map, clock the clock of a table that does not state its own. Returns the report: what became of its rows, what was wrong, and the clocks of its days. Served by the application.';

drop function public.exchange_meter(uuid, text, timestamptz, date, jsonb, jsonb, jsonb, jsonb);
create function public.exchange_meter(meter_id uuid, new_serial text, exchanged_at timestamptz default null, exchanged_on date default null,
  final_readings jsonb default '{}', opening_readings jsonb default '{}', new_meter jsonb default '{}', new_registers jsonb default '{}',
  add_factors jsonb default '{}')
returns table (outcome text, old_meter_id uuid, new_meter_id uuid, at timestamptz)
language plpgsql set search_path = '' as $$
begin
  raise exception 'served by the application' using errcode = '0A000',
    detail = 'An exchange is judged by the application.', hint = 'Call it through the REST API of Submeter.';
end $$;
comment on function public.exchange_meter(uuid, text, timestamptz, date, jsonb, jsonb, jsonb, jsonb, jsonb) is
  'Takes a meter away and puts another in its place, with the final readings of the one and the opening readings of the other, by name of register: {"1": 12345}. add_factors notes, by register, that the dial passed zero before the final reading: {"1": 100000}. All of it or nothing; again with the same values it changes nothing. Served by the application.';

grant execute on function public.keep_column_map(jsonb),
  public.import_meter_data(text, text, text, text, boolean, boolean, text, text),
  public.exchange_meter(uuid, text, timestamptz, date, jsonb, jsonb, jsonb, jsonb, jsonb) to operator, service_role;

call submeter.tie_to_esco();
call submeter.describe_views();
