-- What the soak asks for. Tenants see their own rows; the shape of `shape`, `parts` and `shaped` changes while it runs.
create role soak_login login noinherit;
create role soak_tenant;
grant soak_tenant to soak_login;
create schema api;
create schema private;
grant usage on schema api to soak_tenant;

create function private.tenant() returns text language sql stable as
  $$ select current_setting('request.jwt.claims', true)::json ->> 'tenant' $$;
grant usage on schema private to soak_tenant;

create table api.customers (id int primary key, tenant text not null, name text not null);
create table api.meters (id int primary key, customer_id int not null references api.customers, tenant text not null, serial text not null);
create index on api.meters (customer_id);
insert into api.customers
  select n, tenant, tenant || '-customer-' || n
  from generate_series(1, 400) n, lateral (select case n % 2 when 0 then 'beta' else 'alpha' end) t(tenant);
insert into api.meters
  select 3 * c.id + k, c.id, c.tenant, c.tenant || '-meter-' || 3 * c.id + k from api.customers c, generate_series(0, 2) k;

-- No key is unique here: a row written twice must be seen.
create table api.written (id bigint generated always as identity, tenant text not null default private.tenant(), key text not null);
create index on api.written (key);
create table api.unique_keys (key text primary key, tenant text not null default private.tenant());
create table api.counters (id int primary key, tenant text not null, value int not null);

do $$
declare name text;
begin
  foreach name in array array['customers', 'meters', 'written', 'unique_keys', 'counters'] loop
    execute format('alter table api.%I enable row level security', name);
    execute format('create policy own on api.%I to soak_tenant using (tenant = (select private.tenant())) with check (tenant = (select private.tenant()))', name);
    execute format('grant select, insert, update on api.%I to soak_tenant', name);
  end loop;
end $$;
grant delete on api.counters to soak_tenant;

create function api.add(a int, b int) returns int language sql immutable as 'select a + b';
create function api.whose() returns text language sql stable as 'select private.tenant()';
create function api.rest(seconds float) returns text language sql volatile as $$ select pg_sleep(seconds)::text $$;
create function api.large(rows int) returns table (n int, text text) language sql stable as
  $$ select n, private.tenant() || repeat('x', 1000) from generate_series(1, rows) n $$;
create function api.refuse() returns void language plpgsql as
  $$ begin raise sqlstate 'PT402' using message = 'Pay first'; end $$;

create table private.version (number int primary key);
