"""bench/rest: the REST face beside PostgreSQL itself, on the same server, in the same run.

For each kind of request: Submeter over HTTP, then pgbench with the very statements the gateway sends,
pipelined and prepared (the most the server can give for them), then pgbench with four round trips
(BEGIN, settings, statement, COMMIT), as most gateways work. The ratios are what counts.

    make bench                         5 seconds a measurement
    make bench ARGS="--seconds 20"
"""

import argparse
import asyncio
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import http_load
from rowgate.app import Gateway
from rowgate.auth import Authenticator
from rowgate.config import Config
from rowgate.execute import Executor
from rowgate.plan import make_plan
from rowgate.request import Incoming, headers_as_json, parse_request
from rowgate.sql import Statement, render
from submeter.app import REST, gateway_config
from submeter.core.caller import Caller
from submeter.db import migrations
from submeter.db.database import Database, open_database
from submeter.db.embedded import find_programs
from submeter.parties.tokens import sign
from submeter.settings import Settings, load_settings

CONNECTIONS = 32
ROWS = 20_000
ESCO = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-000000000002"
_KEY = "10000000-0000-4000-8000-{:012d}"
_KEY_SQL = "('10000000-0000-4000-8000-' || lpad((:n)::text, 12, '0'))"

_FILL = f"""
insert into submeter.escos (id, code, name)
values ('{ESCO}', 'bench', 'Bench'), ('{OTHER}', 'other', 'Other');
insert into submeter.customers (id, esco_id, name, email, status)
select format('10000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid,
       case when n % 10 = 0 then '{OTHER}' else '{ESCO}' end::uuid,
       'Customer ' || n, 'customer' || n || '@example.org', 'active'
from generate_series(1, {ROWS}) n;
insert into submeter.sellers (id, esco_id, name)
values ('{ESCO}', '{ESCO}', 'Bench'), ('{OTHER}', '{OTHER}', 'Other');
insert into submeter.accounts (id, esco_id, account_number, seller_id)
select id, esco_id, 'A' || right(id::text, 12), esco_id from submeter.customers;
insert into submeter.customer_accounts (esco_id, customer_id, account_id, role, from_date)
select esco_id, id, id, 'holder', '2020-01-01' from submeter.customers;
-- pgbench parses the statements of a pipeline before it runs the first, so before the role is set.
grant usage on schema public, extensions to authenticator;
"""


@dataclass(frozen=True)
class Kind:
    """A kind of request: how it is asked over HTTP, ``{key}`` standing for a random customer's id."""

    name: str
    method: str
    target: str
    body: str = ""


KINDS = (
    Kind("by key", "GET", "/customers?id=eq.{key}"),
    Kind("20-row page", "GET", "/customers?id=gt.{key}&order=id&limit=20"),
    Kind(
        "embed",
        "GET",
        "/customers?select=id,name,escos(code),customer_accounts(role,account_id)&id=gt.{key}&order=id&limit=20",
    ),
    Kind("insert", "POST", "/customers", '{"name":"New","email":"new@example.org","status":"pending"}'),
)


@dataclass(frozen=True)
class Row:
    """What was measured for one kind: rates a second, times in ms, CPU in microseconds a request."""

    kind: str
    rest: float
    p50: float
    p99: float
    cpu: float
    pipelined: float
    four_trips: float

    def text(self) -> str:
        return (
            f"{self.kind:<12} {self.rest:>8.0f} {self.pipelined:>10.0f} {self.four_trips:>10.0f}"
            f" {self.rest / self.pipelined:>8.2f} {self.rest / self.four_trips:>8.2f}"
            f" {self.p50:>7.1f} {self.p99:>7.1f} {self.cpu:>7.0f}"
        )


HEADING = (
    f"{'kind':<12} {'REST':>8} {'pgbench':>10} {'pgbench':>10} {'REST /':>8} {'REST /':>8}"
    f" {'p50':>7} {'p99':>7} {'CPU us':>7}\n"
    f"{'':<12} {'req/s':>8} {'pipelined':>10} {'4 trips':>10} {'pipel.':>8} {'4 trips':>8}"
    f" {'ms':>7} {'ms':>7} {'a req.':>7}"
)


def main() -> int:
    """Measure every kind and print a table. Exit code 1 if any answer was no success."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement (default 5)")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="sm-bench-", dir="/tmp") as name:
        directory = Path(name)
        directory.chmod(0o755)
        settings = load_settings({}, directory)
        with open_database(settings) as database:
            migrations.apply(database)
            _fill(database)
            print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
            print(_version(database))
            print(f"{CONNECTIONS} connections, {seconds:g} s each, {ROWS} customers, an operator's token\n")
            print(HEADING)
            with _serving(directory) as (port, process):
                for kind in KINDS:
                    print(_measure(kind, settings, database, port, process, seconds).text(), flush=True)
    return 0


def _fill(database: Database) -> None:
    with database.connect_owner() as connection:
        connection.execute(_FILL)
        connection.execute("vacuum analyze")


def _version(database: Database) -> str:
    with database.connect_owner() as connection:
        row = connection.execute("select split_part(version(), ' on ', 1)").fetchone()
        assert row
        return str(row[0])


@contextmanager
def _serving(directory: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "submeter", "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=directory, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    line = next(line for line in process.stderr if "serving on" in line)
    try:
        time.sleep(1)
        yield int(re.findall(r":(\d+)/", line)[0]), process
    finally:
        process.terminate()
        process.wait(30)


def _measure(
    kind: Kind,
    settings: Settings,
    database: Database,
    port: int,
    process: subprocess.Popen[str],
    seconds: float,
) -> Row:
    token = sign(
        Caller("operator", ESCO), settings.get_jwt_secret(), datetime.now(UTC), timedelta(days=1)
    ).text
    anon = sign(Caller("anon"), settings.get_jwt_secret(), datetime.now(UTC), timedelta(days=1)).text
    headers = {"apikey": anon, "authorization": f"Bearer {token}", "content-type": "application/json"}
    requests = [_http(kind, headers, port) for _ in range(500)]
    _load(port, requests, 1.0)  # warm up: connections, prepared statements, caches
    before = _cpu_seconds(process.pid)
    rate, answers, p50, p99 = _load(port, requests, seconds)
    cpu = (_cpu_seconds(process.pid) - before) / answers
    _remove_new(database)
    statements = _statements(kind, headers, gateway_config(settings, database))
    pipelined = _pgbench(database, _script(statements, pipelined=True), seconds)
    _remove_new(database)
    four_trips = _pgbench(database, _script(statements, pipelined=False), seconds)
    _remove_new(database)
    return Row(kind.name, rate, p50 * 1e3, p99 * 1e3, cpu * 1e6, pipelined, four_trips)


def _remove_new(database: Database) -> None:
    with database.connect_owner() as connection:
        connection.execute("delete from submeter.customers where name = 'New'")
        connection.execute("vacuum analyze submeter.customers")


def _http(kind: Kind, headers: dict[str, str], port: int) -> str:
    target = REST + kind.target.format(key=_KEY.format(random.randint(1, ROWS - 30)))
    sent = {"host": f"127.0.0.1:{port}", **headers, "content-length": str(len(kind.body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"{kind.method} {target} HTTP/1.1\r\n{lines}\r\n{kind.body}"


def _load(port: int, requests: Sequence[str], seconds: float) -> tuple[float, int, float, float]:
    asked = {
        "host": "127.0.0.1",
        "port": port,
        "requests": requests,
        "connections": CONNECTIONS,
        "seconds": seconds,
    }
    run = subprocess.run(
        [sys.executable, http_load.__file__],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    elapsed, answers, failures, p50, p99 = json.loads(run.stdout)
    if failures:
        raise SystemExit(f"{failures} of {answers} answers were no success: nothing was measured")
    return answers / elapsed, answers, p50, p99


def _cpu_seconds(pid: int) -> float:
    if sys.platform != "linux":
        return float("nan")
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _statements(kind: Kind, headers: dict[str, str], config: Config) -> tuple[Statement, Statement]:
    """What the gateway sends for a request of this kind: the settings and the statement."""
    path, _, query = kind.target.format(key=_KEY.format(0)).partition("?")
    incoming = Incoming(kind.method, path, query.encode(), headers, kind.body.encode())
    caller = Authenticator(config).identify(headers)
    request = parse_request(incoming, config)
    gateway = Gateway(config)
    asyncio.run(gateway.start())
    plan = make_plan(request, gateway.catalog)
    settings = Executor(config).settings(
        caller, request, headers_as_json(headers), read_only=kind.method == "GET"
    )
    return settings, render(plan, request)


def _script(statements: Sequence[Statement], *, pipelined: bool) -> str:
    before, after = ("\\startpipeline", "\\endpipeline") if pipelined else ("BEGIN;", "COMMIT;")
    lines = [f"{_inlined(statement)};" for statement in statements]
    return "\n".join([f"\\set n random(1, {ROWS - 30})", before, *lines, after]) + "\n"


def _inlined(statement: Statement) -> str:
    """The statement with its values in it; the key is a variable of pgbench's, prepared as one."""

    def value(found: re.Match[str]) -> str:
        raw = statement.parameters[int(found[1]) - 1]
        assert raw is not None
        text = raw.decode()
        return f"{_KEY_SQL}::uuid" if text == _KEY.format(0) else "'" + text.replace("'", "''") + "'"

    return re.sub(r"\$(\d+)", value, statement.text)


def _pgbench(database: Database, script: str, seconds: float) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [
            str(find_programs() / "pgbench"),
            "-n",
            "-M",
            "prepared",
            "-c",
            "10",
            "-j",
            "1",
            "-T",
            f"{seconds:.0f}",
        ]
        run = subprocess.run(
            [*command, "-f", file.name, database.authenticator_conninfo],
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.search(r"tps = ([\d.]+)", run.stdout)
    if run.returncode or not found:
        raise SystemExit(f"pgbench failed:\n{run.stderr}\n{script}")
    return float(found[1])


if __name__ == "__main__":
    sys.exit(main())
