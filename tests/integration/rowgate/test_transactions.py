"""What a request leaves behind: nothing but its rows. Roles, claims and broken work stay in their transaction."""

import asyncio
import json
from typing import Any

import psycopg
import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.world import bearer, world_config
from rowgate.app import Gateway
from rowgate.request import Headers, Incoming
from rowgate.response import Answer
from submeter.db.database import Database


def get(path: str, query: str = "", role: str = "writer", **claims: Any) -> Incoming:
    headers = bearer(role, **claims) if role != "nobody" else {}
    return Incoming("GET", path, query.encode(), Headers(headers))


def post(path: str, body: Any, query: str = "", role: str = "writer", **headers: str) -> Incoming:
    return Incoming(
        "POST", path, query.encode(), Headers({**bearer(role), **headers}), json.dumps(body).encode()
    )


@pytest.fixture
def narrow(world: Database, run: Run) -> Any:
    """A gateway with a single connection, so that every request follows another on it."""
    gateway = Gateway(world_config(world.authenticator_conninfo, db_pool=1, db_pool_acquisition_timeout=20))
    run(gateway.start())
    yield gateway
    gateway.stop()


def whoami(answer: Answer) -> tuple[str, str | None]:
    said = json.loads(answer.body)
    assert said["role"] == said["user"]
    return said["role"], said["sub"]


@pytest.mark.row("10 transactions")
def test_neither_role_nor_claims_reach_the_next_request(narrow: Gateway, run: Run) -> None:
    for role, sub in (("writer", "ann"), ("reader", "bob"), ("writer", None), ("reader", "ann")):
        claims = {"sub": sub} if sub else {}
        assert whoami(run(narrow.answer(get("/rpc/whoami", role=role, **claims)))) == (f"rowgate_{role}", sub)
    assert whoami(run(narrow.answer(get("/rpc/whoami", role="nobody")))) == ("rowgate_anon", None)


@pytest.mark.row("10 transactions")
def test_what_a_function_does_to_the_settings_ends_with_its_request(narrow: Gateway, run: Run) -> None:
    assert run(narrow.answer(post("/rpc/spoil", {}))).body == b'"spoiled"'
    assert whoami(run(narrow.answer(get("/rpc/whoami", sub="ann")))) == ("rowgate_writer", "ann")
    assert run(narrow.answer(get("/rpc/answer", "status=418"))).status == 418
    assert run(narrow.answer(get("/rpc/answer"))).status == 200


@pytest.mark.row("10 transactions")
def test_an_error_undoes_the_whole_write_and_the_next_one_works(
    narrow: Gateway, run: Run, owner: psycopg.Connection
) -> None:
    owner.execute("select books.fill()")
    rows = [{"id": 7, "code": "A", "name": "a"}, {"id": 1, "code": "B", "name": "b"}]
    assert run(narrow.answer(post("/escos", rows))).status == 409
    assert run(narrow.answer(post("/escos", rows[:1]))).status == 201
    assert owner.execute("select count(*) from books.esco").fetchone() == (4,)


@pytest.mark.row("10 prepared statements")
def test_after_any_number_of_failures_the_connection_still_serves(narrow: Gateway, run: Run) -> None:
    """More failing statements than are kept prepared, in and out of explicit transactions."""
    one = {"prefer": "return=representation", "accept": "application/vnd.pgrst.object+json"}
    for number in range(540):
        name = f"a{number}"
        assert run(narrow.answer(get("/customers", f"select={name}:id&id=eq.x"))).status == 400
        if number > 510:
            several = post("/escos", [{"id": 50}, {"id": 51}], f"select={name}:id&columns=id,code", **one)
            assert run(narrow.answer(several)).status == 400
    assert run(narrow.answer(get("/escos", "select=id&id=eq.1"))).body == b'[{"id":1}]'


def test_a_write_that_is_undone_leaves_its_connection_in_use(narrow: Gateway, run: Run) -> None:
    one = {"prefer": "return=representation", "accept": "application/vnd.pgrst.object+json"}
    run(narrow.answer(get("/escos")))
    (before,) = narrow._executor._pool._idle
    rows = [{"id": 60, "code": "Y", "name": "y"}, {"id": 61, "code": "Z", "name": "z"}]
    assert run(narrow.answer(post("/escos", rows, **one))).status == 406
    assert run(narrow.answer(post("/escos", [{"id": 60}], **one))).status == 400
    assert narrow._executor._pool._idle == [before]
    assert before.usable
    assert run(narrow.answer(get("/escos", "id=gte.60"))).body == b"[]"


@pytest.mark.row("10 prepared statements")
def test_statements_that_fail_do_not_pile_up_in_the_server(narrow: Gateway, run: Run) -> None:
    """One that was prepared and then failed is known by name; nothing is left behind unnamed."""
    for number in range(20):
        run(narrow.answer(get("/customers", f"select=a{number}:id&id=eq.x")))
    (connection,) = narrow._executor._pool._idle
    rows = run(_query(connection, "select count(*) from pg_prepared_statements"))
    assert int(rows) == len(connection._names)


async def _query(connection: Any, text: str) -> bytes:
    from rowgate.sql import Statement

    rows = await connection.run([Statement(text, prepared=False)])
    return rows[0][0] or b""


@pytest.mark.row("10 transactions")
def test_a_hundred_at_once_with_different_tokens_never_see_each_other(gateway: Gateway, run: Run) -> None:
    async def ask(number: int) -> None:
        role, sub = ("writer", "reader")[number % 2], f"s{number}"
        if number % 5 == 0:
            await gateway.answer(get("/customers", "id=eq.x", role=role, sub=sub))
        answer = await gateway.answer(get("/rpc/whoami", role=role, sub=sub))
        assert whoami(answer) == (f"rowgate_{role}", sub)

    async def all_at_once() -> None:
        await asyncio.gather(*(ask(number) for number in range(100)))

    run(all_at_once())


def test_a_cancelled_request_does_not_poison_its_connection(
    narrow: Gateway, run: Run, owner: psycopg.Connection
) -> None:
    owner.execute("select books.fill()")

    async def cancel(incoming: Incoming) -> None:
        task = asyncio.create_task(narrow.answer(incoming))
        await asyncio.sleep(0.15)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    one = {"accept": "application/vnd.pgrst.object+json"}
    run(cancel(post("/rpc/slow", {"seconds": 3})))
    assert run(narrow.answer(get("/escos", "select=id&id=eq.1"))).body == b'[{"id":1}]'
    run(cancel(post("/rpc/slow", {"seconds": 3}, **one)))
    assert whoami(run(narrow.answer(get("/rpc/whoami", role="reader", sub="z")))) == ("rowgate_reader", "z")


def test_a_cancelled_wait_for_a_connection_keeps_none(narrow: Gateway, run: Run) -> None:
    async def scenario() -> bytes:
        holding = asyncio.create_task(narrow.answer(post("/rpc/slow", {"seconds": 0.5})))
        await asyncio.sleep(0.1)
        waiting = [asyncio.create_task(narrow.answer(get("/escos"))) for _ in range(5)]
        await asyncio.sleep(0.05)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await holding
        return (await narrow.answer(get("/escos", "select=id&id=eq.1"))).body

    assert run(scenario()) == b'[{"id":1}]'


@pytest.mark.row("11 PGRST003")
def test_who_waits_too_long_for_a_connection_is_told(world: Database, run: Run) -> None:
    gateway = Gateway(world_config(world.authenticator_conninfo, db_pool=1, db_pool_acquisition_timeout=1))

    async def scenario() -> tuple[Answer, Answer]:
        await gateway.start()
        holding = asyncio.create_task(gateway.answer(post("/rpc/slow", {"seconds": 2})))
        await asyncio.sleep(0.2)
        refused = await gateway.answer(get("/escos"))
        assert not holding.done()
        await holding
        return refused, await gateway.answer(get("/escos", "select=id&id=eq.1"))

    refused, served = run(scenario())
    gateway.stop()
    assert (refused.status, json.loads(refused.body)["code"]) == (504, "PGRST003")
    assert served.body == b'[{"id":1}]'
