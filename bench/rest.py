"""bench/rest: the REST face beside PostgreSQL itself, on the same server, in the same run.

For each kind of request: Submeter over HTTP, then pgbench with the very statements the gateway sends,
pipelined and prepared (the most the server can give for them), then pgbench with four round trips
(BEGIN, settings, statement, COMMIT), as most gateways work. The ratios are what counts.

    make bench-rest                         5 seconds a measurement
    make bench-rest ARGS="--seconds 20"
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.kind import Kind
from bench.measure import Bench, measure
from bench.report import HEADING, machine
from bench.server import Server, Start, free_port, serving
from bench.world import CUSTOMER_KEYS, CUSTOMERS, ESCO, OTHER, VERSION, one_value
from submeter.app import REST, gateway_config
from submeter.core.caller import Caller
from submeter.db import migrations
from submeter.db.database import Database, open_database
from submeter.db.embedded import find_programs
from submeter.parties.tokens import sign
from submeter.settings import Settings, load_settings

CONNECTIONS = 32

_FILL = f"""
insert into submeter.escos (id, code, name)
values ('{ESCO}', 'bench', 'Bench'), ('{OTHER}', 'other', 'Other');
insert into submeter.customers (id, esco_id, name, email, status)
select format('10000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid,
       case when n % 10 = 0 then '{OTHER}' else '{ESCO}' end::uuid,
       'Customer ' || n, 'customer' || n || '@example.org', 'active'
from generate_series(1, {CUSTOMERS}) n;
insert into submeter.sellers (id, esco_id, name)
values ('{ESCO}', '{ESCO}', 'Bench'), ('{OTHER}', '{OTHER}', 'Other');
insert into submeter.accounts (id, esco_id, account_number, seller_id)
select id, esco_id, 'A' || right(id::text, 12), esco_id from submeter.customers;
insert into submeter.customer_accounts (esco_id, customer_id, account_id, role, from_date)
select esco_id, id, id, 'holder', '2020-01-01' from submeter.customers;
-- pgbench parses the statements of a pipeline before it runs the first, so before the role is set.
grant usage on schema public, extensions to authenticator;
"""


KINDS = (
    Kind("by key", "GET", "/customers?id=eq.{key}", CUSTOMER_KEYS),
    Kind("20-row page", "GET", "/customers?id=gt.{key}&order=id&limit=20", CUSTOMER_KEYS),
    Kind(
        "embed",
        "GET",
        "/customers?select=id,name,escos(code),customer_accounts(role,account_id)&id=gt.{key}&order=id&limit=20",
        CUSTOMER_KEYS,
    ),
    Kind(
        "insert",
        "POST",
        "/customers",
        CUSTOMER_KEYS,
        '{"name":"New","email":"new@example.org","status":"pending"}',
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every kind and print a table. Exit code 1 if any answer was no success."""
    parser = argparse.ArgumentParser(prog="make bench-rest", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement (default 5)")
    parser.add_argument("--turns", type=int, default=5, help="in which each kind is measured (default 5)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sm-bench-", dir="/tmp") as name:
        directory = Path(name)
        directory.chmod(0o755)
        settings = load_settings({}, directory)
        with open_database(settings) as database:
            migrations.apply(database)
            _fill(database)
            bench = _bench(settings, database, options.seconds, options.turns)
            print(f"{machine()}, {bench.as_owner(VERSION)}")
            lasting = f"{options.seconds:g} s each in {options.turns} turns"
            print(f"{CONNECTIONS} connections, {lasting}, {CUSTOMERS} customers\n")
            print(HEADING)
            with _serving(directory, bench.headers) as server:
                for kind in KINDS:
                    print(measure(kind, bench, [server]).text(), flush=True)
    return 0


def _fill(database: Database) -> None:
    with database.connect_owner() as connection:
        connection.execute(_FILL)
        connection.execute("vacuum analyze")


def _bench(settings: Settings, database: Database, seconds: float, turns: int) -> Bench:
    secret, now, day = settings.get_jwt_secret(), datetime.now(UTC), timedelta(days=1)
    token = sign(Caller("operator", ESCO), secret, now, day).text
    return Bench(
        config=gateway_config(settings, database),
        headers={
            "apikey": sign(Caller("anon"), secret, now, day).text,
            "authorization": f"Bearer {token}",
        },
        remove_new=lambda: _remove_new(database),
        as_owner=lambda query: _as_owner(database, query),
        programs=find_programs(),
        connections=CONNECTIONS,
        seconds=seconds,
        turns=turns,
        prefix=REST,
    )


def _remove_new(database: Database) -> None:
    with database.connect_owner() as connection:
        connection.execute("delete from submeter.customers where name = 'New'")
        connection.execute("vacuum analyze submeter.customers")


def _as_owner(database: Database, query: str) -> Any:
    with database.connect_owner() as connection:
        return one_value(connection, query)


@contextmanager
def _serving(directory: Path, headers: Mapping[str, str]) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "submeter", "serve", "--port", str(port)]
    with serving(Start("submeter", command, {}, port, headers, f"{REST}/", directory)) as server:
        yield server


if __name__ == "__main__":
    sys.exit(main())
