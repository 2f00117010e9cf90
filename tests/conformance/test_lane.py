"""The requests of all cases over the wire: the fast lane answers as the stock server does.

`make test` takes some of them, `make prove` all.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from conformance.case import Case, Step, all_cases
from conformance.test_cases import database_of
from conformance.world import WORLDS, World, config, scope
from integration.rowgate.lanes import Two, two_of
from integration.rowgate.wire import Reply, Wire, wire
from submeter.db.database import Database

__all__ = ["database_of"]

CASES = [
    case for number, case in enumerate(all_cases()) if os.environ.get("SUBMETER_PROVE") or number % 12 == 0
]
_AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))


@pytest.fixture(scope="module")
def pair_of(
    database_of: Callable[[str], tuple[Database, psycopg.Connection]],
) -> Iterator[Callable[[Case], Two]]:
    """Both servers for the world and settings of a case; kept until those of another are asked for."""
    with ExitStack() as stack:
        kept: dict[Any, Two] = {}

        def get(case: Case) -> Two:
            key = case.world, tuple(sorted(case.settings.items()))
            if key not in kept:
                stack.close()
                kept.clear()
                conninfo = database_of(case.world)[0].authenticator_conninfo
                kept[key] = stack.enter_context(two_of(config(conninfo, WORLDS[case.world], case.settings)))
            return kept[key]

        yield get


@pytest.mark.proof
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, database_of: Any, pair_of: Callable[[Case], Two]) -> None:
    world, pair = WORLDS[case.world], pair_of(case)
    answers = []
    for port in (pair.port, pair.stock):
        if world.refill:
            database_of(case.world)[1].execute(world.refill)
        answers.append([ask_often(port, step, world) for step in case.steps])
    assert answers[0] == answers[1]


def ask_often(port: int, step: Step, world: World) -> list[Reply | None]:
    """What is remembered is answered as what is new: first the shape, then the way, then the head."""
    with wire(port) as connection:
        return [ask(connection, step, world) for _ in range(4)]


def ask(connection: Wire, step: Step, world: World) -> Reply | None:
    """The answer; None where the server closes the connection instead."""
    connection.send(raw(step, world))
    try:
        reply = connection.reply(head=step.method == "HEAD")
    except EOFError:
        return None
    return without_times(reply)


def without_times(reply: Reply) -> Reply:
    """The answer short of how long anything took."""
    kept = tuple(pair for pair in reply.headers if pair[0] != b"server-timing")
    if b"analyze" not in (reply.header(b"content-type") or b""):
        return reply._replace(headers=kept)
    return reply._replace(headers=tuple(pair for pair in kept if pair[0] != b"content-length"), body=b"")


def raw(step: Step, world: World) -> bytes:
    """The step as a client would write it."""
    said = [(b"host", b"x"), *((name, value) for name, value in scope(step, world)["headers"])]
    if step.body or step.method in ("POST", "PATCH", "PUT"):
        said.append((b"content-length", b"%d" % len(step.body.encode())))
    lines = b"".join(b"%b: %b\r\n" % pair for pair in said)
    target = quote(step.url, safe=_AS_IT_IS).encode()
    return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (step.method.encode(), target, lines, step.body.encode())
