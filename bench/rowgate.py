"""bench/rowgate: the gateway alone, as PostgREST would run, beside PostgreSQL itself, in one run.

For each of eight kinds of request: rowgate over HTTP; pgbench with the very statements that it sends,
pipelined and prepared (the most the server can give for them); pgbench with four round trips (BEGIN,
settings, statement, COMMIT), as most gateways work. The ratios are what counts.

    make bench                                    5 seconds a measurement
    make bench ARGS="--seconds 20 --kind patch"
"""

import argparse
import sys
from collections.abc import Sequence

from joserfc import jwt
from joserfc.jwk import OctKey

from bench.kind import Kind
from bench.measure import Bench, measure
from bench.report import HEADING, machine
from bench.server import Start, free_port, serving
from bench.world import (
    CUSTOMER_KEYS,
    CUSTOMERS,
    ESCO,
    FIRST_DAY,
    METER_KEYS,
    OPERATOR,
    SCHEMA,
    World,
    open_world,
)
from rowgate.config import from_values
from submeter.db.embedded import find_programs

SECRET = "a secret of the bench, long enough for HS256"  # noqa: S105 - it guards nothing
BULK = 500


def _bulk_body() -> str:
    rows = (
        f'{{"register_id":"{METER_KEYS.text(11)}","at":"2026-05-{n // 48 + 1:02d}T{n % 48 // 2:02d}:'
        f'{n % 2 * 30:02d}:00Z","kwh":{n % 97 / 100:.2f}}}'
        for n in range(BULK)
    )
    return f"[{','.join(rows)}]"


_MINIMAL = {"prefer": "return=minimal"}
_DAY = f"at=gte.{FIRST_DAY}T00:00:00Z&at=lt.{FIRST_DAY[:-1]}2T00:00:00Z"
_EMBEDDED = "select=id,name,escos(code),customer_accounts(role,account_id)"

KINDS = (
    Kind("by key", "GET", "/customers?id=eq.{key}", CUSTOMER_KEYS),
    Kind("page", "GET", "/customers?id=gt.{key}&order=id&limit=20", CUSTOMER_KEYS),
    Kind("embed", "GET", f"/customers?{_EMBEDDED}&id=gt.{{key}}&order=id&limit=20", CUSTOMER_KEYS),
    Kind("series", "GET", f"/intervals?select=at,kwh&register_id=eq.{{key}}&{_DAY}&order=at", METER_KEYS),
    Kind(
        "insert",
        "POST",
        "/customers",
        CUSTOMER_KEYS,
        '{"name":"New","email":"new@example.org","status":"pending"}',
        _MINIMAL,
    ),
    Kind("bulk", "POST", "/intervals", METER_KEYS, _bulk_body(), _MINIMAL),
    Kind("patch", "PATCH", "/customers?id=eq.{key}", CUSTOMER_KEYS, '{"status":"moved"}', _MINIMAL),
    Kind("function", "POST", "/rpc/find_customer", CUSTOMER_KEYS, '{"customer_id":"{key}"}'),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the kinds that were asked for and print a table."""
    options = _parser().parse_args(arguments)
    kinds = [kind for kind in KINDS if kind.name in (options.kind or [kind.name])]
    with open_world() as world:
        bench = _bench(world, options)
        _say_where(options, world)
        print(HEADING)
        with serving(_rowgate(world, bench, options.workers)) as server:
            for kind in kinds:
                print(measure(kind, bench, server).text(), flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    names = [kind.name for kind in KINDS]
    parser.add_argument("--kind", action="append", choices=names, help="this kind alone; may be repeated")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement (default 5)")
    parser.add_argument("--workers", type=int, default=1, help="processes of rowgate (default 1)")
    parser.add_argument("--connections", type=int, default=32, help="keep-alive connections (default 32)")
    return parser


def _settings(world: World) -> dict[str, str]:
    return {"db_uri": world.authenticator, "db_schemas": SCHEMA, "jwt_secret": SECRET}


def _bench(world: World, options: argparse.Namespace) -> Bench:
    token = jwt.encode({"alg": "HS256"}, {"role": OPERATOR, "esco_id": ESCO}, OctKey.import_key(SECRET))
    return Bench(
        config=from_values(_settings(world)),
        headers={"authorization": f"Bearer {token}"},
        remove_new=world.remove_new,
        programs=find_programs(),
        connections=options.connections,
        seconds=options.seconds,
    )


def _rowgate(world: World, bench: Bench, workers: int) -> Start:
    port = free_port()
    settings = {
        **_settings(world),
        "server_host": "127.0.0.1",
        "server_port": str(port),
        "server_workers": str(workers),
    }
    environment = {f"PGRST_{name.upper()}": value for name, value in settings.items()}
    return Start([sys.executable, "-m", "rowgate.cli"], environment, port, bench.headers)


def _say_where(options: argparse.Namespace, world: World) -> None:
    print(f"{machine()}, {world.version()}")
    print(
        f"{options.connections} connections, {options.workers} worker(s), {options.seconds:g} s each,"
        f" {CUSTOMERS} customers, an operator's token\n"
    )


if __name__ == "__main__":
    sys.exit(main())
