-- Extensions that the embedded server has, and foreign tables: a file of the server's own, and this very database.
create extension ltree with schema extensions;
create extension isn with schema extensions;
create extension citext with schema extensions;
create extension hstore with schema extensions;
create extension file_fdw with schema extensions;
create extension postgres_fdw with schema extensions;

create schema tool authorization submeter_owner;
do $$
declare file text = current_setting('data_directory') || '/rates.csv';
begin
  execute format($copy$copy (values (1, 'cash', 0.5), (2, 'card', 1.25), (3, null, 2)) to %L with (format csv)$copy$, file);
  create server files foreign data wrapper file_fdw;
  execute format($table$create foreign table tool.rates (id int, name text, rate numeric(5, 2)) server files
    options (filename %L, format 'csv')$table$, file);
  execute format('create server here foreign data wrapper postgres_fdw options (host %L, port %L, dbname %L)',
    current_setting('unix_socket_directories'), current_setting('port'), current_database());
  if to_regrole('rowgate_far') is null then create role rowgate_far login; end if;
  alter role rowgate_far password 'of the tests';
  create user mapping for public server here options (user 'rowgate_far', password 'of the tests');
end $$;
create foreign table tool.far_notes (id int not null, text text, kind_id int) server here
  options (schema_name 'tool', table_name 'notes');
grant all on tool.rates, tool.far_notes to submeter_owner with grant option;
comment on foreign table tool.rates is 'What each way to pay costs';
