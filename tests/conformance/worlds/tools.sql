-- Types whose operators live in extensions, foreign tables and other kinds of relations, refusals by triggers.
do $$
begin
  if to_regrole('rowgate_anon') is null then create role rowgate_anon; end if;
  grant rowgate_anon to authenticator;
end $$;

create table tool.topics (id int primary key, path extensions.ltree not null);
create function tool.depth(tool.topics) returns int language sql stable as $$ select extensions.nlevel($1.path) $$;
create function tool.below(root extensions.ltree) returns setof tool.topics language sql stable
  as $$ select * from tool.topics t where t.path operator(extensions.<@) root order by id $$;
create table tool.books (
  isbn extensions.isbn primary key, title extensions.citext not null unique, facts extensions.hstore,
  pages int4range, prices nummultirange
);
create function tool.sound(tool.books) returns boolean language sql stable as $$ select extensions.is_valid($1.isbn) $$;

create table tool.kinds (id int primary key, name text);
create table tool.notes (id int primary key, text text, kind_id int references tool.kinds);
create materialized view tool.counted as select kind_id, count(*) as notes from tool.notes group by kind_id;
create table tool.readings (
  day date, value int, kind_id int references tool.kinds, primary key (day)
) partition by range (day);
create table tool.readings_2025 partition of tool.readings for values from ('2025-01-01') to ('2026-01-01');
create table tool.readings_2026 partition of tool.readings for values from ('2026-01-01') to ('2027-01-01');

-- In the place of the extension safeupdate: no statement without a condition.
create table tool.careful (id int primary key, text text);
create function tool.demand_where() returns trigger language plpgsql as $$
begin
  if current_query() !~ '"careful"((?! RETURNING ).)* WHERE ' then
    raise sqlstate '21000' using message = format('%s requires a WHERE clause', tg_op);
  end if;
  return null;
end $$;
create trigger demand_where before update or delete on tool.careful
  for each statement execute function tool.demand_where();
create function tool.empty_careful() returns void language sql as 'delete from tool.careful';

create table tool.rooms (
  id int primary key, state text not null check (state in ('free', 'taken')), seats int constraint seats_enough check (seats > 1),
  used int4range, constraint used_once exclude using gist (used with &&)
);
comment on constraint seats_enough on tool.rooms is 'A room has two seats or more';

create function tool.fill() returns void language sql as $$
  truncate tool.topics, tool.books, tool.notes, tool.readings, tool.rooms, tool.kinds;
  alter table tool.careful disable trigger demand_where;
  delete from tool.careful;
  alter table tool.careful enable trigger demand_where;
  insert into tool.topics values (1, 'top'), (2, 'top.science'), (3, 'top.science.stars'), (4, 'top.hobby');
  insert into tool.books values
    ('978-0-393-04002-9', 'Dune Roads', 'pages=>310, ink=>NULL', '[1,100)', '{[1,2),[5,8)}'),
    ('978-0-306-40615-7', 'Salt', 'pages=>90', '[100,200)', '{[10,20)}');
  insert into tool.kinds values (1, 'red'), (2, 'blue');
  insert into tool.notes values (1, 'a', 1), (2, 'b', 1), (3, 'c', 2);
  refresh materialized view tool.counted;
  insert into tool.readings values ('2025-06-01', 5, 1), ('2026-06-01', 7, 2);
  insert into tool.careful values (1, 'a'), (2, 'b');
  insert into tool.rooms values (1, 'free', 4, '[1,5)');
$$;
grant usage on schema tool, extensions to rowgate_anon;
grant select, insert, update, delete on all tables in schema tool to rowgate_anon;
grant execute on all functions in schema tool to rowgate_anon;
revoke execute on function tool.fill() from rowgate_anon;
grant usage on schema tool to rowgate_far;
grant select, insert, update, delete on tool.notes to rowgate_far;
