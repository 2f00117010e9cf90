"""The database goes away and comes back; the gateway says so and heals by itself."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import psycopg
import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.test_transactions import get, post
from integration.rowgate.world import WORLD, world_config
from rowgate.app import Gateway
from rowgate.catalog.model import Catalog, Name, Relation
from rowgate.response import Answer
from submeter.db.database import Database
from submeter.db.embedded import open_server

SERVED = b'[{"id":1}]'
ONE_ESCO = get("/escos", "select=id&id=eq.1")


def terminate_all(owner: psycopg.Connection) -> int:
    """End every connection of the authenticator; how many there were."""
    return len(
        owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'"
        ).fetchall()
    )


def code(answer: Answer) -> str:
    return str(json.loads(answer.body)["code"])


@pytest.fixture
def superuser(world: Database) -> Any:
    with psycopg.connect(world.admin_conninfo(world.name), autocommit=True) as connection:
        yield connection


@pytest.mark.row("12 connection")
def test_idle_connections_that_were_ended_are_never_used_again(
    gateway: Gateway, run: Run, superuser: psycopg.Connection
) -> None:
    async def scenario() -> list[Answer]:
        await asyncio.gather(*(gateway.answer(ONE_ESCO) for _ in range(20)))
        assert terminate_all(superuser) > 1
        await asyncio.sleep(0.2)
        return await asyncio.gather(*(gateway.answer(ONE_ESCO) for _ in range(20)))

    assert {(answer.status, answer.body) for answer in run(scenario())} == {(200, SERVED)}


@pytest.mark.row("12 connection")
def test_a_connection_that_the_loop_has_forgotten_is_looked_at(gateway: Gateway, run: Run) -> None:
    async def scenario() -> Answer:
        await gateway.answer(ONE_ESCO)
        connection = gateway.pool._idle[-1]  # the next to be lent
        # As libuv does with a socket that has an error.
        asyncio.get_running_loop().remove_reader(connection._socket)
        return await asyncio.wait_for(gateway.answer(ONE_ESCO), 10)

    assert run(scenario()).body == SERVED


@pytest.mark.row("11 PGRST001")
@pytest.mark.parametrize("headers", [{}, {"accept": "application/vnd.pgrst.object+json"}])
def test_a_request_whose_connection_is_ended_gets_503_and_the_next_is_served(
    gateway: Gateway, run: Run, superuser: psycopg.Connection, headers: dict[str, str]
) -> None:
    async def scenario() -> tuple[Answer, Answer]:
        slow = asyncio.create_task(gateway.answer(post("/rpc/slow", {"seconds": 20}, **headers)))
        await asyncio.sleep(0.3)
        terminate_all(superuser)
        broken = await asyncio.wait_for(slow, 10)
        await asyncio.sleep(0.3)  # the other connections were ended too, a moment later
        return broken, await gateway.answer(ONE_ESCO)

    broken, served = run(scenario())
    assert (broken.status, code(broken)) == (503, "PGRST001")
    assert served.body == SERVED


@pytest.mark.row("12 connection")
def test_a_read_whose_connection_is_ended_is_asked_again(
    gateway: Gateway, run: Run, superuser: psycopg.Connection
) -> None:
    async def scenario() -> Answer:
        slow = asyncio.create_task(gateway.answer(get("/rpc/slow", "seconds=1")))
        await asyncio.sleep(0.3)
        assert terminate_all(superuser) == 1
        return await asyncio.wait_for(slow, 10)

    assert run(scenario()).status in (200, 204)


@pytest.mark.row("12 connection")
def test_a_storm_of_ended_connections_is_survived(
    gateway: Gateway, run: Run, superuser: psycopg.Connection
) -> None:
    async def scenario() -> set[int]:
        statuses: set[int] = set()

        async def keep_asking() -> None:
            for _ in range(30):
                statuses.add((await gateway.answer(ONE_ESCO)).status)

        asking = asyncio.gather(*(keep_asking() for _ in range(8)))
        for _ in range(15):
            await asyncio.to_thread(terminate_all, superuser)
            await asyncio.sleep(0.01)
        await asyncio.wait_for(asking, 60)
        return statuses

    assert run(scenario()) <= {200, 503}
    assert run(gateway.answer(ONE_ESCO)).body == SERVED


@pytest.mark.row("12 connection")
def test_the_server_stops_and_starts_again(short_tmp: Path) -> None:
    """503 while it is down, without hanging; 200 as soon as it is back."""
    with asyncio.Runner() as runner:
        with open_server(short_tmp / "db") as lease:
            config = _make_world(lease.conninfo("postgres"))
            gateway = Gateway(config)
            runner.run(gateway.start())
            assert runner.run(gateway.answer(ONE_ESCO)).body == SERVED
        down = [runner.run(asyncio.wait_for(gateway.answer(ONE_ESCO), 10)) for _ in range(3)]
        assert {(answer.status, code(answer)) for answer in down} <= {(503, "PGRST000"), (503, "PGRST001")}
        assert code(down[-1]) == "PGRST000"
        with open_server(short_tmp / "db"):
            assert runner.run(gateway.answer(ONE_ESCO)).body == SERVED
            gateway.stop()


def _make_world(conninfo: str) -> Any:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create role authenticator")
        connection.execute(WORLD)
    return world_config(conninfo, db_pool=1, db_pool_acquisition_timeout=2)


@pytest.mark.row("11 PGRST003")
def test_a_database_that_takes_connections_and_says_nothing_is_waited_for_within_bounds(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        config = world_config(f"host=127.0.0.1 port={port}", db_pool=1, db_pool_acquisition_timeout=1)
        gateway = Gateway(config)
        gateway.keeper._catalog = Catalog(
            {Name("api", "escos"): Relation(Name("api", "escos"), "view", {})}, {}, {}
        )

        async def scenario() -> list[Answer]:
            return [await asyncio.wait_for(gateway.answer(ONE_ESCO), 10) for _ in range(2)]

        answers = run(scenario())
    assert [(answer.status, code(answer)) for answer in answers] == [(504, "PGRST003")] * 2


@pytest.mark.row("11 PGRST002")
def test_no_database_at_all(world: Database, run: Run) -> None:
    gateway = Gateway(world_config("host=/nonexistent dbname=none"))
    answer = run(gateway.answer(ONE_ESCO))
    assert (answer.status, code(answer)) == (503, "PGRST002")
    assert dict(answer.headers)["Retry-After"] == "1"
    run(gateway.start())
    assert run(gateway.answer(ONE_ESCO)).status == 503
    gateway.stop()
