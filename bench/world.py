"""A plain schema of two tenants for the bench of rowgate alone: forced row-level security, nothing else.

Every tenth customer belongs to the other tenant, so the policy has rows to keep apart.
"""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from submeter.db.embedded import open_server

SCHEMA = "metering"
AUTHENTICATOR = "bench_authenticator"
OPERATOR = "bench_operator"
ESCO = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-000000000002"
CUSTOMERS = 20_000
METERS = 500
DAYS = 10
INTERVALS = METERS * DAYS * 48
FIRST_DAY = "2026-03-01"
NEW = "New"
"""The name of a customer whom a request of the bench added."""

_TENANT = "(select (current_setting('request.jwt.claims', true)::json ->> 'esco_id')::uuid)"
_DEFAULT = "(current_setting('request.jwt.claims', true)::json ->> 'esco_id')::uuid"
VERSION = "select split_part(version(), ' on ', 1)"
_TABLES = ("escos", "customers", "accounts", "customer_accounts", "meters", "intervals")


@dataclass(frozen=True)
class Keys:
    """The ids of a table's rows that belong to the tenant of the token: 1, 11, 21 ... behind a prefix."""

    prefix: str
    last: int

    def text(self, number: int) -> str:
        return f"{self.prefix}-0000-4000-8000-{number:012d}"

    @property
    def sql(self) -> str:
        """The id of the number ``:n``, as pgbench's script writes it."""
        return f"('{self.prefix}-0000-4000-8000-' || lpad((:n)::text, 12, '0'))"


CUSTOMER_KEYS = Keys("10000000", CUSTOMERS - 300)  # behind each there are rows enough for a whole page
METER_KEYS = Keys("30000000", METERS)


def _id(keys: Keys, number: str = "n") -> str:
    return f"format('{keys.prefix}-0000-4000-8000-%s', lpad(({number})::text, 12, '0'))::uuid"


def _esco(number: str = "n") -> str:
    return f"case when ({number}) % 10 = 0 then '{OTHER}' else '{ESCO}' end::uuid"


_MAKE = f"""
create schema {SCHEMA};
set search_path = {SCHEMA};
create table escos (esco_id uuid primary key, code text not null unique);
create table customers (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default {_DEFAULT} references escos,
  name text not null,
  email text not null,
  status text not null,
  unique (esco_id, id)
);
create table accounts (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default {_DEFAULT} references escos,
  number text not null,
  unique (esco_id, id)
);
create table customer_accounts (
  esco_id uuid not null default {_DEFAULT},
  customer_id uuid not null,
  account_id uuid not null,
  role text not null,
  primary key (customer_id, account_id),
  foreign key (esco_id, customer_id) references customers (esco_id, id),
  foreign key (esco_id, account_id) references accounts (esco_id, id)
);
create index on customer_accounts (esco_id, account_id);
create table meters (
  id uuid primary key default gen_random_uuid(),
  esco_id uuid not null default {_DEFAULT},
  account_id uuid not null,
  serial text not null,
  unique (esco_id, id),
  foreign key (esco_id, account_id) references accounts (esco_id, id)
);
create table intervals (
  id bigint generated always as identity primary key,
  esco_id uuid not null default {_DEFAULT},
  register_id uuid not null,
  at timestamptz not null,
  kwh numeric(12, 3) not null,
  foreign key (esco_id, register_id) references meters (esco_id, id)
);
create index on intervals (esco_id, register_id, at);
create function find_customer(customer_id uuid) returns table (name text, status text)
language sql stable
begin atomic
  select customers.name, customers.status from customers where customers.id = find_customer.customer_id;
end;
"""

_FILL = f"""
insert into escos values ('{ESCO}', 'bench'), ('{OTHER}', 'other');
insert into customers
select {_id(CUSTOMER_KEYS)}, {_esco()}, 'Customer ' || n, 'customer' || n || '@example.org', 'active'
from generate_series(1, {CUSTOMERS}) n;
insert into accounts
select id, esco_id, 'A' || right(id::text, 12) from customers;
insert into customer_accounts
select esco_id, id, id, 'holder' from customers;
insert into meters
select {_id(METER_KEYS)}, {_esco()}, {_id(CUSTOMER_KEYS)}, 'M' || n from generate_series(1, {METERS}) n;
insert into intervals (esco_id, register_id, at, kwh)
select meters.esco_id, meters.id, at, (extract(epoch from at)::bigint / 1800 % 97) * 0.013
from meters, generate_series(
  '{FIRST_DAY} 00:00Z'::timestamptz, '{FIRST_DAY} 23:30Z'::timestamptz + interval '{DAYS - 1} days',
  interval '30 minutes') at
order by at;
"""

_POLICY = """
alter table {table} enable row level security, force row level security;
create policy tenant on {table} using (esco_id = {tenant}) with check (esco_id = {tenant});
"""

_GRANT = f"""
create role {OPERATOR} nologin;
create role {AUTHENTICATOR} login noinherit password '{{password}}';
grant {OPERATOR} to {AUTHENTICATOR};
-- pgbench parses the statements of a pipeline before it runs the first, so before the role is set.
grant usage on schema {SCHEMA} to {OPERATOR}, {AUTHENTICATOR};
grant select, insert, update, delete on all tables in schema {SCHEMA} to {OPERATOR};
grant execute on all functions in schema {SCHEMA} to {OPERATOR};
"""


@dataclass(frozen=True)
class World:
    """The filled database: how its owner and how a gateway reaches it."""

    owner: str
    authenticator: str

    def remove_new(self) -> None:
        """What writing requests left behind goes away, and with it what slows the next measurement."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            connection.execute(f"set search_path = {SCHEMA}")
            connection.execute(f"delete from customers where name = '{NEW}'")
            connection.execute("update customers set status = 'active' where status <> 'active'")
            connection.execute(f"delete from intervals where id > {INTERVALS}")
            connection.execute("vacuum analyze customers, intervals")
            connection.execute("checkpoint")

    def as_owner(self, query: str) -> Any:
        """The one value that a query answers with, past every policy."""
        with psycopg.connect(self.owner, options=f"-c search_path={SCHEMA}") as connection:
            return one_value(connection, query)


def one_value(connection: psycopg.Connection, query: str) -> Any:
    """The first column of the only row."""
    row = connection.execute(query.encode()).fetchone()
    assert row
    return row[0]


@contextmanager
def open_world() -> Iterator[World]:
    """A server of our own with the filled database, as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="sm-bench-", dir="/tmp") as name:
        directory = Path(name)
        directory.chmod(0o755)
        with open_server(directory / "db") as lease:
            yield _make_world(lease.conninfo())


def _make_world(superuser: str) -> World:
    password = secrets.token_hex(16)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("create database bench")
    owner = make_conninfo(superuser, dbname="bench")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(_MAKE)
        connection.execute(_FILL)
        for table in _TABLES:
            connection.execute(_POLICY.format(table=table, tenant=_TENANT))
        connection.execute(_GRANT.format(password=password))
        connection.execute("vacuum analyze")
    return World(owner, make_conninfo(owner, user=AUTHENTICATOR, password=password))
