"""bench/rowgate: the gateway alone, as PostgREST would run, beside PostgreSQL itself, in one run.

For each of eight kinds of request: rowgate over HTTP; pgbench with the very statements that it sends,
pipelined and prepared (the most the server can give for them); pgbench with four round trips (BEGIN,
settings, statement, COMMIT), as most gateways work. The ratios are what counts.

    make bench                                    5 seconds a measurement
    make bench ARGS="--seconds 20 --kind patch"
"""

import argparse
import os
import pstats
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import OctKey

from bench.goals import judge
from bench.idle import allow_files, hold_idle
from bench.kinds import KINDS
from bench.measure import Bench, measure
from bench.report import HEADING, Row, machine
from bench.server import Server, Start, free_port, serving
from bench.world import CUSTOMERS, ESCO, OPERATOR, SCHEMA, VERSION, World, open_world
from rowgate.config import from_values
from submeter.db.embedded import find_programs

SECRET = "a secret of the bench, long enough for HS256"  # noqa: S105 - it guards nothing


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the kinds that were asked for, print a table, and say which goals are met."""
    options = _parser().parse_args(arguments)
    allow_files()
    with open_world() as world, ExitStack() as stack:
        bench = _bench(world, options)
        starts = [start_rowgate(world, bench, options), *start_rival(world, bench)]
        servers = [stack.enter_context(serving(start)) for start in starts]
        print(f"{machine()}, {world.as_owner(VERSION)}")
        print(f"{_conditions(options)}\n\n{HEADING}")
        rows = []
        for kind in KINDS:
            if kind.name in (options.kind or [kind.name]):
                rows.append(measure(kind, bench, servers))
                print(rows[-1].text(), flush=True)
        _conclude(rows, bench, servers, options)
    if options.profile:
        print_profile(options.profile)
    return 0


def _conclude(
    rows: Sequence[Row], bench: Bench, servers: Sequence[Server], options: argparse.Namespace
) -> None:
    if bench.with_pgbench:
        print()
        for line in judge(rows):
            print(line)
    if not options.kind:
        by_key = KINDS[0].text(KINDS[0].keys.text(1), bench.headers)
        for server in servers:
            print(f"{server.name}: {hold_idle(server, by_key).text()}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    names = [kind.name for kind in KINDS]
    parser.add_argument("--kind", action="append", choices=names, help="this kind alone; may be repeated")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement (default 5)")
    parser.add_argument("--turns", type=int, default=5, help="in which each kind is measured (default 5)")
    parser.add_argument("--workers", type=int, default=1, help="processes of rowgate (default 1)")
    parser.add_argument("--connections", type=int, default=32, help="keep-alive connections (default 32)")
    parser.add_argument("--alone", action="store_true", help="no pgbench, so no ratios and no goals")
    parser.add_argument("--profile", type=Path, help="write rowgate's cProfile there, and show where it was")
    return parser


def _settings(world: World) -> dict[str, str]:
    return {"db_uri": world.authenticator, "db_schemas": SCHEMA, "jwt_secret": SECRET}


def _bench(world: World, options: argparse.Namespace) -> Bench:
    token = jwt.encode({"alg": "HS256"}, {"role": OPERATOR, "esco_id": ESCO}, OctKey.import_key(SECRET))
    return Bench(
        config=from_values(_settings(world)),
        headers={"authorization": f"Bearer {token}"},
        remove_new=world.remove_new,
        as_owner=world.as_owner,
        programs=find_programs(),
        connections=options.connections,
        seconds=options.seconds,
        turns=options.turns,
        with_pgbench=not (options.alone or options.profile),
    )


def start_rowgate(world: World, bench: Bench, options: argparse.Namespace) -> Start:
    profiled = ["-m", "cProfile", "-o", str(options.profile)] if options.profile else []
    more = {"server_workers": str(options.workers)}
    return _start("rowgate", [sys.executable, *profiled, "-m", "rowgate.cli"], world, bench, more)


def start_rival(world: World, bench: Bench) -> Sequence[Start]:
    """PostgREST, where its binary is named."""
    program = os.environ.get("POSTGREST")
    return [_start("PostgREST", [program], world, bench)] if program else []


def _start(
    name: str, command: Sequence[str], world: World, bench: Bench, more: Mapping[str, str] | None = None
) -> Start:
    """On the settings that PostgREST reads, too."""
    port = free_port()
    own = {"server_host": "127.0.0.1", "server_port": str(port), **(more or {})}
    environment = {f"PGRST_{key.upper()}": value for key, value in (_settings(world) | own).items()}
    return Start(name, command, environment, port, bench.headers)


def print_profile(path: Path) -> None:
    pstats.Stats(str(path)).sort_stats("tottime").print_stats(30)


def _conditions(options: argparse.Namespace) -> str:
    return (
        f"{options.connections} connections, {options.workers} worker(s),"
        f" {options.seconds:g} s each in {options.turns} turns, {CUSTOMERS} customers, an operator's token"
    )


if __name__ == "__main__":
    sys.exit(main())
