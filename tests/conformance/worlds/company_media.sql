-- Functions of every form, media type handlers, and errors raised for the client.
create function api.one_out(num int, out plus int) language sql stable as 'select num + 1';
create function api.inout(inout num int) language sql stable as 'select num + 1';
create function api.two_inout(inout a int, inout b text default 'b') language sql stable as $$ select a * 2, b || '!' $$;
create function api.a_record() returns record language sql stable as $$ select 1 as a, 'x' as b $$;
create function api.one_column() returns table (n int) language sql stable as 'values (1), (2)';
create function api.no_value() returns text language sql stable as 'select null::text';
create function api.no_numbers() returns setof int language sql stable as 'select 1 where false';
create function api.count_to(n int) returns setof int language sql stable as 'select generate_series(1, n)';
create function api.sums(variadic numbers int[] default '{}') returns int
  language sql immutable as 'select coalesce(sum(n), 0)::int from unnest(numbers) n';
create function api.lead(word text, variadic rest text[]) returns text
  language sql immutable as $$ select word || ':' || array_to_string(rest, '+') $$;
create function api.list(items int[]) returns int language sql immutable as 'select cardinality(items)';
create function api.many_defaults(a int default 1, b int default 2, c text default 'c') returns text
  language sql stable as $$ select concat_ws(',', a, b, c) $$;
create function api."odd name"("an arg" text) returns text language sql stable as $$ select "an arg" $$;
create function api.over(a int) returns text language sql stable as $$ select 'a' $$;
create function api.over(a int, b int) returns text language sql stable as $$ select 'ab' $$;
create function api.over(c text) returns text language sql stable as $$ select 'c' $$;
create function api.over() returns text language sql stable as $$ select 'none' $$;
create function api.whole_json(json) returns json language sql stable as 'select $1';
create function api.whole_jsonb(jsonb) returns text language sql stable as 'select jsonb_typeof($1)';
create function api.whole_text(text) returns text language sql stable as $$ select '<' || $1 || '>' $$;
create function api.whole_xml(xml) returns text language sql stable as 'select $1::text';
create function api.whole_bytes(bytea) returns text language sql stable as $$ select encode($1, 'hex') $$;
create function api.whole_any(json) returns text language sql stable as $$ select 'json' $$;
create function api.whole_any(text) returns text language sql stable as $$ select 'text' $$;
create function api.whole_any(bytea) returns text language sql stable as $$ select 'bytes' $$;
create function api.whole_any(a int, b int) returns text language sql stable as $$ select 'named' $$;
create function api.whole_two(json) returns text language sql stable as $$ select 'json' $$;
create function api.whole_two(jsonb) returns text language sql stable as $$ select 'jsonb' $$;

create type books.point as (x int, y int);
create function api.a_point(x int, y int) returns books.point language sql stable as 'select x, y';
create function api.points(n int) returns setof books.point language sql stable as 'select i, i * i from generate_series(1, n) i';
create function api.out_rows(n int, out i int, out square int) returns setof record
  language sql stable as 'select i, i * i from generate_series(1, n) i';
create function api.records() returns setof record language sql stable as $$ values (1, 'a'), (2, 'b') $$;
create function api.an_array() returns int[] language sql stable as 'select array[1, 2]';
create function api.a_json() returns json language sql stable as $$ select '{"a": [1, 2.50]}'::json $$;
create function api.jsons() returns setof json language sql stable as $$ values ('{"a": 1}'::json), ('[2]') $$;
create function api.a_bool(v bool) returns bool language sql stable as 'select v';
create function api.kinds(k books.kind) returns books.kind language sql stable as 'select k';
create function api.when_is(t timestamptz) returns timestamptz language sql stable as 'select t';
create function api.nameless(int) returns int language sql stable as 'select $1';
create function api.half_named(int, b int) returns int language sql stable as 'select $1 + b';
create function api.escos_of(code text) returns setof api.escos rows 1 language sql stable
  as $$ select * from api.escos e where e.code = escos_of.code $$;
create function api.clash(select_ text default 's', "limit" int default 0) returns text language sql stable as $$ select select_ || "limit" $$;
create function books.hidden() returns int language sql stable as 'select 1';
create function archive.only_here() returns text language sql stable as $$ select 'archive' $$;
create procedure api.a_procedure() language sql as 'select 1';
create function api.erring(v int) returns int language sql stable as 'select 1 / v';
create function api.big() returns bigint language sql stable as 'select 9007199254740993';
create function api.exact() returns numeric language sql stable as 'select 1.50';

create function api.settings() returns json language sql volatile
  set statement_timeout = '7s' set default_transaction_isolation = 'serializable' set work_mem = '7MB'
  as $$ select json_build_object('timeout', current_setting('statement_timeout'),
    'isolation', current_setting('transaction_isolation')) $$;
create function api.hurried() returns text language sql volatile set statement_timeout = '50ms'
  as $$ select pg_sleep(5)::text $$;

create domain api."text/plain" as text;
create domain api."text/html" as text;
create domain api."application/octet-stream" as bytea;
create domain api."application/vnd.rows" as bytea;
create domain api."text/csv" as text;
create domain api."application/json" as json;
create domain api."*/*" as bytea;
create domain api."text/x-count" as text;
create domain books."text/x-notes" as text;

create function api.page(title text default 'Hi') returns api."text/html"
  language sql stable as $$ select '<h1>' || title || '</h1>' $$;
create function api.plain() returns api."text/plain" language sql stable as $$ select 'just text' $$;
create function api.bytes() returns api."application/octet-stream" language sql stable as $$ select 'raw'::bytea $$;
create function api.no_bytes() returns api."application/octet-stream" language sql stable as $$ select null::bytea $$;
create function api.anything() returns api."*/*" language plpgsql stable as $$
declare accept text = current_setting('request.headers', true)::json ->> 'accept';
begin
  if accept = 'image/png' then
    perform set_config('response.headers', '[{"Content-Type": "image/png"}]', true);
    return 'png'::bytea;
  end if;
  return 'any'::bytea;
end $$;

create function books.rows_step(state api."application/vnd.rows", item api.escos) returns api."application/vnd.rows"
  language sql immutable as $$ select coalesce(state, ''::bytea) || (item.id || ';')::bytea $$;
create aggregate api.rows_of_escos(api.escos) (
  sfunc = books.rows_step, stype = api."application/vnd.rows", initcond = '');
create function books.csv_step(state text, item api.escos) returns text
  language sql immutable as $$ select state || item.code || '|' $$;
create function books.csv_end(state text) returns api."text/csv" language sql immutable as $$ select state::api."text/csv" $$;
create aggregate api.csv_of_escos(api.escos) (
  sfunc = books.csv_step, stype = text, finalfunc = books.csv_end, initcond = 'own:');
create function books.json_step(state json, item archive.escos) returns json
  language sql immutable as $$ select json_build_object('before', state, 'id', item.id) $$;
create function books.json_end(state json) returns api."application/json" language sql immutable as $$ select state::api."application/json" $$;
create aggregate archive.json_of_escos(archive.escos) (
  sfunc = books.json_step, stype = json, finalfunc = books.json_end);
create function books.count_step(state int, item anyelement) returns int language sql immutable as 'select state + 1';
create function books.count_end(state int) returns api."text/x-count" language sql immutable as $$ select ('rows: ' || state)::api."text/x-count" $$;
create aggregate api.count_of_any(anyelement) (
  sfunc = books.count_step, stype = int, finalfunc = books.count_end, initcond = '0');

-- In the place of PostGIS, which the embedded server lacks: what makes GeoJSON of a row.
create function books.st_asgeojson(record) returns text language plpgsql stable as $$
begin return json_build_object('type', 'Feature', 'geometry', null, 'properties', row_to_json($1)); end $$;

create function api.raise_pgrst(message text, detail text default null) returns void language plpgsql stable as $$
begin
  if detail is null then
    raise sqlstate 'PGRST' using message = message;
  end if;
  raise sqlstate 'PGRST' using message = message, detail = detail;
end $$;
create function books.refuse() returns trigger language plpgsql as $$
begin
  raise sqlstate 'PGRST' using
    message = '{"code": "123", "message": "Payment Required", "details": "Quota exceeded", "hint": "Upgrade your plan"}',
    detail = '{"status": 402, "status_text": "Pay", "headers": {"X-Powered-By": "Nerd Rage", "Proxy-Status": "own"}}';
end $$;
create view api.priced with (security_invoker) as select id + 0 as id, code, name from books.esco;
create trigger refuse instead of insert or update or delete on api.priced for each row execute function books.refuse();

grant all on api.priced to rowgate_writer;
grant usage on schema api, books, archive to rowgate_anon, rowgate_writer, rowgate_reader;
grant execute on all functions in schema api, books, archive to rowgate_anon, rowgate_writer, rowgate_reader;
revoke execute on function api.spoil() from public, rowgate_anon, rowgate_reader;
