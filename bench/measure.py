"""One kind of request, measured: each gateway over HTTP, and PostgreSQL alone with the same statements."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import load, pgbench
from bench.answers import Answer, ask, connect
from bench.kind import Kind, statements_of
from bench.load import Exchange
from bench.report import Measured, Row, Turn, pace
from bench.server import Server
from rowgate.config import Config
from rowgate.sql import Statement

WARM_UP_S = 1.0  # connections, prepared statements, caches
SAMPLE = 20  # answers of a kind that are compared with what the database says


@dataclass(frozen=True)
class Bench:
    """What the measurements of one run have in common.

    ``config`` is the gateway's, ``remove_new`` undoes what writing requests did, ``as_owner`` answers a
    query with its one value, past every policy; each measurement has ``seconds`` in so many ``turns``.
    """

    config: Config
    headers: Mapping[str, str]
    remove_new: Callable[[], None]
    as_owner: Callable[[str], Any]
    programs: Path
    connections: int
    seconds: float
    turns: int = 1
    prefix: str = ""
    with_pgbench: bool = True


def measure(kind: Kind, bench: Bench, servers: Sequence[Server]) -> Row:
    """All columns of one kind, in turns; between measurements the written rows are removed."""
    keys = [kind.random_key() for _ in range(kind.distinct)]
    asked = [(server, _warmed_up(kind, bench, server, keys)) for server in servers]
    statements = statements_of(kind, bench.headers, bench.config) if bench.with_pgbench else ()
    _remove_written(kind, bench)
    turns = []
    for _ in range(bench.turns):
        measured = [_over_http(kind, bench, server, exchanges, keys) for server, exchanges in asked]
        rates = [_alone(kind, bench, statements, pipelined=way) for way in (True, False) if statements]
        turns.append(Turn(measured, pace(), *rates))
    return Row(kind.name, turns)


def _warmed_up(kind: Kind, bench: Bench, server: Server, keys: Sequence[str]) -> Sequence[Exchange]:
    exchanges = _learn(kind, bench, server, keys)
    load.run(server.port, exchanges, bench.connections, WARM_UP_S)
    _remove_written(kind, bench)
    return exchanges


def _over_http(
    kind: Kind, bench: Bench, server: Server, exchanges: Sequence[Exchange], keys: Sequence[str]
) -> Measured:
    """What a gateway makes of this kind in a turn. Ends the run if any answer is not what it should be."""
    before = server.cpu_seconds()
    made = load.run(server.port, exchanges, bench.connections, bench.seconds / bench.turns)
    cpu = server.cpu_seconds() - before
    _check_written(kind, bench, made, keys)
    _remove_written(kind, bench)
    return Measured(server.name, made.rate, made.p50, made.p99, cpu / made.answers, made.cpu / made.answers)


def _learn(kind: Kind, bench: Bench, server: Server, keys: Sequence[str]) -> Sequence[Exchange]:
    """Ask everything once, look whether it is right, and remember it: what follows must be the same.

    One writing request tells how they all are answered.
    """
    texts = [kind.text(key, bench.headers, bench.prefix) for key in keys]
    with connect(server.port) as link:
        answers = [ask(link, text) for text in (texts[:1] if kind.writes else texts)]
    for key, answer in zip(keys, answers[:SAMPLE], strict=False):
        _check(kind, bench, key, answer)
    _remove_written(kind, bench)
    tails = [answer.tail.decode("latin-1") for answer in answers]
    return [Exchange(text, tails[number % len(tails)]) for number, text in enumerate(texts)]


def _check(kind: Kind, bench: Bench, key: str, answer: Answer) -> None:
    if not answer.success:
        raise SystemExit(f"{kind.name}: {answer.status} {answer.body.decode()}")
    if kind.truth and json.loads(answer.body) != bench.as_owner(kind.truth.replace("{key}", key)):
        raise SystemExit(f"{kind.name}: a wrong answer for {key}: {answer.body.decode()}")


def _check_written(kind: Kind, bench: Bench, made: load.Load, keys: Sequence[str]) -> None:
    """As many rows as were written by that many requests; a row that is changed twice is one row."""
    if not kind.written:
        return
    asked = len(set(keys[: made.answers])) if kind.method == "PATCH" else made.answers * kind.rows
    written = bench.as_owner(kind.written)
    if written != asked:
        raise SystemExit(f"{kind.name}: {asked} rows should have been written, {written} were")


def _alone(kind: Kind, bench: Bench, statements: Sequence[Statement], *, pipelined: bool) -> float:
    script = pgbench.write_script(statements, kind.keys, pipelined=pipelined)
    rate = pgbench.run(bench.programs, bench.config.db_uri, script, bench.seconds / bench.turns)
    _remove_written(kind, bench)
    return rate


def _remove_written(kind: Kind, bench: Bench) -> None:
    if kind.writes:
        bench.remove_new()
