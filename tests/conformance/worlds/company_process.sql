-- For the cases of the process and of the request's context: roles with settings, views of every kind.
do $$
declare name text;
begin
  foreach name in array array['rowgate_timed', 'rowgate_strict'] loop
    if to_regrole(name) is null then execute format('create role %I', name); end if;
    execute format('grant %I to authenticator', name);
  end loop;
  execute format('alter role rowgate_timed in database %I set statement_timeout to ''150ms''', current_database());
  execute format('alter role rowgate_timed in database %I set lock_timeout to ''7s''', current_database());
  execute format('alter role rowgate_timed in database %I set search_path to ''books''', current_database());
  execute format('alter role rowgate_strict in database %I set default_transaction_isolation to ''serializable''', current_database());
end $$;

create function api.setting(name text) returns text language sql stable as 'select current_setting(name, true)';
create function api.rest(seconds float) returns text language sql volatile as $$ select pg_sleep(seconds)::text $$;
create function api.cookie(name text) returns text language sql stable as
  $$ select current_setting('request.cookies')::json ->> name $$;
create function api.vary(said text) returns text language plpgsql stable as $$
begin perform set_config('response.headers', json_build_array(json_build_object('Vary', said))::text, true); return 'ok'; end $$;
create function api.check_request() returns void language plpgsql as $$
begin
  if current_setting('request.headers', true)::json ->> 'x-block' = current_user then
    raise insufficient_privilege using message = 'No, you are blocked', hint = 'Go away';
  end if;
  perform set_config('app.checked', current_user, true);
end $$;

create view api.handmade with (security_invoker) as select distinct id + 0 as id, name from books.esco;
create function api.put_handmade() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger put instead of insert on api.handmade for each row execute function api.put_handmade();
create view api.grouped_names with (security_invoker) as select name, count(*) from books.esco group by name;
create table api.without_key (a int);
create table api.with_key (a int primary key);

grant usage on schema api, books, archive to rowgate_timed, rowgate_strict;
grant select on all tables in schema api, books to rowgate_timed, rowgate_strict, rowgate_writer;
grant execute on all functions in schema api to rowgate_timed, rowgate_strict, rowgate_writer, rowgate_reader, rowgate_anon;
revoke execute on function api.spoil() from public, rowgate_anon, rowgate_reader;
grant insert on archive.customers_1 to rowgate_writer;
