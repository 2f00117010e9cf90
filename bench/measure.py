"""One kind of request, measured: the gateway over HTTP, and PostgreSQL alone with the same statements."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import load, pgbench
from bench.kind import Kind, statements_of
from bench.report import Row
from bench.server import Server
from rowgate.config import Config


@dataclass(frozen=True)
class Bench:
    """What the measurements of one run have in common.

    ``config`` is the gateway's, ``remove_new`` undoes what writing requests did.
    """

    config: Config
    headers: Mapping[str, str]
    remove_new: Callable[[], None]
    programs: Path
    connections: int
    seconds: float
    prefix: str = ""


def measure(kind: Kind, bench: Bench, server: Server) -> Row:
    """All columns of one kind; between them the written rows are removed."""
    made, cpu = _over_http(kind, bench, server)
    statements = statements_of(kind, bench.headers, bench.config)
    bench.remove_new()
    rates = []
    for pipelined in (True, False):
        script = pgbench.write_script(statements, kind.keys, pipelined=pipelined)
        rates.append(pgbench.run(bench.programs, bench.config.db_uri, script, bench.seconds))
        bench.remove_new()
    return Row(kind.name, made.rate, made.p50 * 1e3, made.p99 * 1e3, cpu * 1e6, *rates)


def _over_http(kind: Kind, bench: Bench, server: Server) -> tuple[load.Load, float]:
    """What came of the load, and the gateway's CPU seconds for a request."""
    requests = [kind.text(kind.random_key(), bench.headers, bench.prefix) for _ in range(kind.distinct)]
    load.run(server.port, requests, bench.connections, 1.0)  # warm up: connections, statements, caches
    bench.remove_new()
    before = server.cpu_seconds()
    made = load.run(server.port, requests, bench.connections, bench.seconds)
    cpu = (server.cpu_seconds() - before) / made.answers
    bench.remove_new()
    return made, cpu
