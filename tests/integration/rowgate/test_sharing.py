"""Quick reads share connections, and nobody notices but by the clock."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from typing import Any

import psycopg
import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.test_transactions import get
from integration.rowgate.world import world_config
from rowgate.app import Gateway
from rowgate.execute import pace, sharing
from rowgate.execute.connection import Connection
from rowgate.execute.pace import KNOWN_AFTER
from rowgate.response import Answer
from submeter.db.database import Database

FUNCTIONS = """
create function api.nap(seconds float8) returns text language plpgsql stable as
  $$ begin perform pg_sleep(seconds); return 'slept ' || seconds; end $$;
create function api.third(number int) returns int language sql stable as
  $$ select 12 / (number % 3) $$;
create function api.whose() returns text language sql stable as
  $$ select current_user || ' ' || (current_setting('request.jwt.claims')::json->>'sub')
       || ' ' || coalesce(nullif(current_setting('response.status', true), ''), '-') $$;
create function api.leave_a_trace() returns text language sql stable as
  $$ select set_config('response.status', '418', true) $$;
grant execute on function api.nap, api.third, api.whose, api.leave_a_trace to public;
"""


@pytest.fixture(scope="module", autouse=True)
def functions(owner: psycopg.Connection) -> None:
    owner.execute(FUNCTIONS)


@pytest.fixture(autouse=True)
def any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is quick is so on a slow machine too."""
    monkeypatch.setattr(pace, "SHORT_S", 1.0)
    monkeypatch.setattr(pace, "MEAN_S", 1.0)
    monkeypatch.setattr(sharing, "TOO_LONG_S", 1.0)


@pytest.fixture
def shared(world: Database, run: Run) -> Iterator[Gateway]:
    """A gateway that knows nothing yet of how long anything takes."""
    gateway = Gateway(world_config(world.authenticator_conninfo, db_pool=4, db_pool_acquisition_timeout=20))
    run(gateway.start())
    yield gateway
    gateway.stop()


@pytest.fixture
def deepest(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many were under way on a connection, at each start."""
    depths: list[int] = []
    start = Connection.start

    def counted(self: Connection, flight: object) -> None:
        start(self, flight)  # type: ignore[arg-type]
        depths.append(len(self._flights))

    monkeypatch.setattr(Connection, "start", counted)
    return depths


async def make_quick(gateway: Gateway, path: str, query: str) -> None:
    for _ in range(KNOWN_AFTER + 1):
        await gateway.answer(get(path, query))


def ask(gateway: Gateway, path: str, query: str = "", **claims: str) -> Coroutine[Any, Any, Answer]:
    incoming = get(path, query, **claims)  # now: to sign a token takes its time
    return asyncio.wait_for(gateway.answer(incoming), 20)


async def all_have_begun() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.row("10 transactions")
def test_each_is_a_transaction_of_its_own_caller(shared: Gateway, run: Run, deepest: list[int]) -> None:
    people = [f"person {number}" for number in range(60)]
    roles = ("writer", "reader")

    async def scenario() -> list[tuple[Answer, Answer]]:
        await make_quick(shared, "/rpc/whose", "")
        await make_quick(shared, "/rpc/leave_a_trace", "")

        async def one(number: int, person: str) -> tuple[Answer, Answer]:
            trace = ask(shared, "/rpc/leave_a_trace", role=roles[number % 2])
            whose = ask(shared, "/rpc/whose", role=roles[number % 2], sub=person)
            first, second = await asyncio.gather(trace, whose)
            return first, second

        return await asyncio.gather(*(one(number, person) for number, person in enumerate(people)))

    for number, (trace, whose) in enumerate(run(scenario())):
        assert trace.status == 418
        said = f"rowgate_{roles[number % 2]} {people[number]} -"
        assert (whose.status, json.loads(whose.body)) == (200, said)
    assert max(deepest) > 4


@pytest.mark.row("10 transactions")
def test_what_fails_fails_alone(shared: Gateway, run: Run, deepest: list[int]) -> None:
    async def scenario() -> list[Answer]:
        await make_quick(shared, "/rpc/third", "number=1")
        deepest.clear()
        return await asyncio.gather(*(ask(shared, "/rpc/third", f"number={n}") for n in range(90)))

    for number, answer in enumerate(run(scenario())):
        if number % 3:
            assert (answer.status, json.loads(answer.body)) == (200, 12 // (number % 3))
        else:
            assert (answer.status, json.loads(answer.body)["code"]) == (400, "22012")
    assert max(deepest) > 4


@pytest.mark.row("10 transactions")
def test_who_is_slow_after_all_holds_up_nobody_for_long(shared: Gateway, run: Run) -> None:
    """A lock that is never let go of, if anybody waited for the slow ones."""

    async def scenario() -> tuple[list[Answer], int, list[Answer]]:
        await make_quick(shared, "/rpc/nap", "seconds=0")
        slow = [asyncio.create_task(ask(shared, "/rpc/nap", "seconds=6")) for _ in range(2)]
        quick = await asyncio.gather(*(ask(shared, "/rpc/nap", "seconds=0") for _ in range(40)))
        still = sum(not task.done() for task in slow)
        return quick, still, await asyncio.gather(*slow)

    quick, still, slow = run(scenario())
    assert {(answer.status, answer.body) for answer in quick} == {(200, b'"slept 0"')}
    assert still == 2
    assert {(answer.status, answer.body) for answer in slow} == {(200, b'"slept 6"')}


@pytest.mark.row("12 connection")
def test_whoever_goes_away_takes_a_slow_query_along_and_no_other(
    shared: Gateway, run: Run, deepest: list[int]
) -> None:
    async def scenario() -> tuple[list[Answer], int]:
        await make_quick(shared, "/rpc/nap", "seconds=0.0")
        slow = asyncio.create_task(ask(shared, "/rpc/nap", "seconds=60"))
        others = [asyncio.create_task(ask(shared, "/rpc/nap", "seconds=0.0")) for _ in range(20)]
        await all_have_begun()
        slow.cancel()
        answers = await asyncio.gather(*others)
        while shared.pool.available < shared.pool.size:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.02)
        return answers, shared.pool.waiting

    answers, waiting = run(asyncio.wait_for(scenario(), 20))
    assert {(answer.status, answer.body) for answer in answers} == {(200, b'"slept 0"')}
    assert waiting == 0
    assert max(deepest) > 4


@pytest.mark.row("12 connection")
def test_a_connection_that_is_lost_costs_nobody_an_answer(
    shared: Gateway, run: Run, world: Database, deepest: list[int]
) -> None:
    """All that is under way only reads, so it is asked again."""
    with psycopg.connect(world.admin_conninfo(world.name), autocommit=True) as superuser:

        async def scenario() -> list[Answer]:
            await make_quick(shared, "/rpc/nap", "seconds=0.000")
            asking = asyncio.gather(*(ask(shared, "/rpc/nap", "seconds=0.001") for _ in range(64)))
            await all_have_begun()
            superuser.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'"
            )
            return await asking

        answers = run(scenario())
    assert {(answer.status, answer.body) for answer in answers} == {(200, b'"slept 0.001"')}
    assert max(deepest) > 4


@pytest.mark.row("12 connection")
def test_who_needs_a_connection_of_his_own_gets_one_though_others_share_without_end(
    world: Database, run: Run
) -> None:
    gateway = Gateway(world_config(world.authenticator_conninfo, db_pool=1, db_pool_acquisition_timeout=20))

    async def scenario() -> Answer:
        await gateway.start()
        await make_quick(gateway, "/escos", "id=eq.1&select=id")
        over = False

        async def keep_asking() -> None:
            while not over:
                assert (await ask(gateway, "/escos", "id=eq.1&select=id")).status == 200

        asking = asyncio.gather(*(keep_asking() for _ in range(8)))
        await asyncio.sleep(0.1)
        alone = await ask(gateway, "/rpc/whoami", role="writer", sub="ann")  # nobody knows yet how long
        over = True
        await asking
        return alone

    assert run(scenario()).status == 200
    gateway.stop()
