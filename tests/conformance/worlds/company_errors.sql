-- What can fail in SQL, and what SQL can say of an answer: for the cases of errors, headers and settings.
create view api.alarms as select * from (values ('08006'), ('40001'), ('53300'), ('57P01'), ('XX001')) alarm (state);
create function books.alarm() returns trigger language plpgsql as $$
begin
  raise exception using message = lower(tg_op) || ' is off', errcode = case tg_op when 'DELETE' then old.state else new.state end;
end $$;
create trigger alarm instead of insert or update or delete on api.alarms for each row execute function books.alarm();

create table api.rings (id int primary key);
alter table api.rings enable row level security;
create policy ring on api.rings using (exists (select from api.rings));

create function api.of_nothing() returns bigint language plpgsql stable as $$ begin return (select count(*) from nowhere); end $$;
create function api.two_names() returns text language sql stable as 'select (select name from books.esco)';
create function api.tick() returns int language plpgsql stable as $$ begin insert into books.chain values (9); return 9; end $$;
create function api.tock() returns int language plpgsql volatile as $$ begin insert into books.chain values (9); return 9; end $$;
create function api.raise_plainly(said text) returns void language plpgsql as $$ begin raise exception '%', said; end $$;
create function api.raise_with(message text, detail text) returns void language plpgsql as $$
begin raise sqlstate 'PGRST' using message = message, detail = detail; end $$;

-- Its trigger says what the answer is.
create view api.signals as select 1 as id, null::text as status, null::text as headers;
create function books.signal() returns trigger language plpgsql as $$
begin
  if tg_op <> 'DELETE' and new.status is not null then perform set_config('response.status', new.status, true); end if;
  if tg_op <> 'DELETE' then perform set_config('response.headers', new.headers, true); return new; end if;
  perform set_config('response.status', '205', true), set_config('response.headers', '[{"X-Gone": "yes"}]', true);
  return old;
end $$;
create trigger signal instead of insert or update or delete on api.signals for each row execute function books.signal();

-- Found by the path, not offered.
create schema tongue;
create domain tongue.loud as text check (value = upper(value));
create function tongue.shout(word text) returns text language sql immutable as $$ select upper(word) || '!' $$;
create function api.shouted(word text) returns text language plpgsql stable as $$ begin return shout(word); end $$;

-- Looks at every request, where the settings say so.
create function api.look() returns void language plpgsql as $$
declare asked json = current_setting('request.headers')::json;
begin
  if asked ->> 'x-refuse' is not null then
    raise sqlstate 'PT403' using message = 'Not today', detail = asked ->> 'x-refuse';
  end if;
  if asked ->> 'x-become' is not null then
    perform set_config('role', asked ->> 'x-become', true);
  end if;
  perform set_config('response.headers', '[{"X-Looked": "' || current_setting('request.method') || ' ' || current_setting('request.path') || '"}]', true);
  perform set_config('app.looked', current_user, true);
end $$;

grant usage on schema tongue to rowgate_anon, rowgate_writer, rowgate_reader;
grant execute on all functions in schema tongue to rowgate_anon, rowgate_writer, rowgate_reader;
grant all on api.alarms, api.rings, api.signals to rowgate_writer;
grant execute on all functions in schema api to rowgate_anon, rowgate_writer, rowgate_reader;
revoke execute on function api.spoil() from public, rowgate_anon, rowgate_reader;
