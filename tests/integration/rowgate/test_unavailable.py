"""Every kind of request while there is no schema, no database, no free connection, or it breaks."""

import asyncio
import json
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from integration.rowgate.conftest import Run
from integration.rowgate.test_outages import terminate_all
from integration.rowgate.test_transactions import get, post
from integration.rowgate.world import bearer, wait_until, world_config
from rowgate.app import Gateway
from rowgate.request import Headers, Incoming
from rowgate.response import Answer
from submeter.db.database import Database

WRITER = Headers(bearer("writer"))
NEW = b'{"id": 9, "code": "X", "name": "x"}'
READ, CALL = get("/escos", "id=eq.1"), get("/rpc/add", "a=1")
INSERT = Incoming("POST", "/escos", b"", WRITER, NEW)
UPDATE = Incoming("PATCH", "/escos", b"id=eq.1", WRITER, b'{"name": "y"}')
DELETE = Incoming("DELETE", "/escos", b"id=eq.3", WRITER)
KINDS = pytest.mark.parametrize(
    "asked", [READ, INSERT, CALL, DELETE], ids=lambda asked: f"{asked.method} {asked.path}"
)


@pytest.fixture
def superuser(world: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(world.admin_conninfo("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def closed(world: Database, gateway: Gateway, run: Run, superuser: psycopg.Connection) -> Iterator[Gateway]:
    """A gateway whose database lets nobody in any more."""
    allow = sql.SQL("alter database {} with allow_connections {}")
    name = sql.Identifier(world.name)
    superuser.execute(allow.format(name, sql.SQL("false")))
    terminate_all(superuser)
    yield gateway
    superuser.execute(allow.format(name, sql.SQL("true")))
    assert run(gateway.answer(READ)).status == 200


def code(answer: Answer) -> str:
    return str(json.loads(answer.body)["code"])


@pytest.mark.row("11 PGRST000")
@KINDS
def test_a_database_that_lets_nobody_in(closed: Gateway, run: Run, asked: Incoming) -> None:
    run(closed.answer(asked))  # the connections that were there find out
    answer = run(closed.answer(asked))
    assert (answer.status, code(answer)) == (503, "PGRST000")
    assert ("Proxy-Status", "PostgREST; error=PGRST000") in answer.headers


@pytest.mark.row("11 PGRST001")
@pytest.mark.parametrize("asked", [INSERT, UPDATE, DELETE, post("/rpc/slow", {"seconds": 20})])
def test_a_connection_that_breaks_under_a_write(
    gateway: Gateway, run: Run, owner: psycopg.Connection, superuser: psycopg.Connection, asked: Incoming
) -> None:
    """A write that waits for a lock loses its connection: nobody knows whether it was done."""

    async def scenario() -> Answer:
        waiting = asyncio.create_task(gateway.answer(asked))
        await asyncio.to_thread(wait_until, lambda: _is_waiting(superuser))
        terminate_all(superuser)
        return await asyncio.wait_for(waiting, 10)

    owner.execute("select books.fill()")
    with owner.transaction():
        owner.execute("lock table books.esco")
        answer = run(scenario())
    assert (answer.status, code(answer)) == (503, "PGRST001")
    assert owner.execute("select count(*), max(name) from books.esco").fetchone() == (3, "Südhaus")


def _is_waiting(superuser: psycopg.Connection) -> bool:
    query = "select from pg_stat_activity where usename = 'authenticator' and state = 'active' and wait_event_type in ('Lock', 'Timeout')"
    return superuser.execute(query).fetchone() is not None


@pytest.mark.row("11 PGRST002")
@KINDS
def test_a_gateway_that_knows_no_schema_yet(world: Database, run: Run, asked: Incoming) -> None:
    answer = run(Gateway(world_config(world.authenticator_conninfo)).answer(asked))
    assert (answer.status, code(answer)) == (503, "PGRST002")
    assert ("Retry-After", "1") in answer.headers


@pytest.fixture(scope="module")
def crowded(world: Database, run: Run) -> Iterator[Callable[[Incoming], Answer]]:
    """Asks a gateway whose one connection is in use."""
    gateway = Gateway(world_config(world.authenticator_conninfo, db_pool=1, db_pool_acquisition_timeout=1))
    run(gateway.start())

    async def asking(asked: Incoming) -> Answer:
        holding = asyncio.create_task(gateway.answer(post("/rpc/slow", {"seconds": 30})))
        await asyncio.to_thread(wait_until, lambda: not gateway.pool.available)
        answer = await gateway.answer(asked)
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        await asyncio.to_thread(wait_until, lambda: gateway.pool.available)
        return answer

    yield lambda asked: run(asking(asked))
    gateway.stop()


@pytest.mark.row("11 PGRST003")
@KINDS
def test_no_connection_in_time(crowded: Callable[[Incoming], Answer], asked: Incoming) -> None:
    answer = crowded(asked)
    assert answer.status == 504
    assert json.loads(answer.body) == {
        "code": "PGRST003",
        "details": None,
        "hint": None,
        "message": "Timed out acquiring connection from connection pool.",
    }
