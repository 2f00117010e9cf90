-- More to write to, after world.sql: keys of all kinds, defaults of all kinds, targets of all kinds.
create domain books.grade as text default 'C' check (value in ('A', 'B', 'C'));

create table api.tools (
  id serial primary key,
  name text not null default 'tool',
  length int generated always as (length(name)) stored,
  grade books.grade,
  price numeric(8, 2) default 9.50,
  meta json
);
create view api.tool_view with (security_invoker) as select id, name as title, grade, price from api.tools;
create table api.parcels (region text, number int, note text, primary key (region, number));
create table api.stamps (at timestamptz primary key, note text);
create table api.counters (id int generated always as identity primary key, n int default 5);
create table api.labels (name text unique, n int);
create table api.pairs_once (a int, b int, note text, unique (a, b));
create table api."odd ta&ble" ("the key" text primary key, "a&b" text);
create table api.logs (day date not null default '2026-03-01', line text, primary key (day, line)) partition by range (day);
create table books.logs_first partition of api.logs for values from ('2026-01-01') to ('2026-02-01');
create table books.logs_rest partition of api.logs default;
create table api.knots (id int primary key, next int references api.knots deferrable initially deferred);

-- A view that no one could write to, but for its triggers; another with rules.
create view api.shelf as select name, count(*)::int as copies from api.tools group by name;
create function books.shelve() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into api.tools (name) select new.name from generate_series(1, new.copies);
    return new;
  elsif tg_op = 'UPDATE' then
    update api.tools set name = new.name where name = old.name;
    return new;
  end if;
  delete from api.tools where name = old.name;
  return old;
end $$;
create trigger shelve instead of insert or update or delete on api.shelf for each row execute function books.shelve();
create view api.ruled as select distinct name, n from api.labels;
create rule ruled_insert as on insert to api.ruled do instead
  insert into api.labels values (new.name, new.n) returning labels.name, labels.n;

create function api.raise_prices(by numeric) returns setof api.tools language sql volatile as
  $$ update api.tools set price = price + by returning * $$;
create function api.raise_all(by numeric) returns int language sql volatile as
  $$ update api.tools set price = price + by; select 1 $$;
create function api.some_tools() returns setof api.tools language sql stable as 'select * from api.tools';
create function api.zone() returns text language sql stable as $$ select current_setting('timezone') $$;

alter function books.fill() rename to fill_first;
create function books.fill() returns void language sql as $$
  select books.fill_first();
  truncate api.tools, api.parcels, api.stamps, api.counters, api.labels, api.pairs_once, api."odd ta&ble", api.logs, api.knots
    restart identity;
  insert into api.tools (name) values ('saw'), ('axe'), ('saw');
  insert into api.parcels values ('north', 1, 'n1'), ('north', 2, 'n2'), ('south', 1, 's1');
  insert into api.labels values ('one', 1), ('two', 2);
  insert into api.pairs_once values (1, 1, 'once');
  insert into api.stamps values ('2026-05-01 12:00Z', 'noon');
  insert into api.logs values ('2026-01-05', 'first'), ('2026-02-05', 'second');
  insert into api.knots values (1, null), (2, 1);
$$;
select books.fill();

grant all on all tables in schema api, books to rowgate_writer;
grant usage on all sequences in schema api to rowgate_writer;
grant select on api.tools to rowgate_reader;
grant execute on all functions in schema api to rowgate_writer;
