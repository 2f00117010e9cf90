"""The gateway as a process among clients and operators that do what they like: nothing is lost, nothing is held."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from integration.rowgate.test_process import Running, running_queries
from integration.rowgate.world import bearer, wait_until
from soak.server import alive
from soak.wire import Answer, Wire
from submeter.db.database import Database

ONE_ESCO = "/escos?select=id&id=eq.1"
SERVED = [{"id": 1}]
FILL_SQL = """
create function api.much(rows int) returns table (n int, text text) language sql stable as
  $$ select n, repeat('x', 1000) from generate_series(1, rows) n $$;
create function api.prepared() returns bigint language sql volatile as
  $$ select count(*) from pg_prepared_statements $$;
grant execute on all functions in schema api to rowgate_writer;
"""


@pytest.fixture(scope="module")
def superuser(world: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(world.admin_conninfo(world.name), autocommit=True) as connection:
        connection.execute(FILL_SQL)
        yield connection


@pytest.fixture
def start(world: Database, superuser: psycopg.Connection, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    with contextlib.ExitStack() as stack:

        def start(**settings: str) -> Running:
            running = Running(tmp_path, world.authenticator_conninfo, PGRST_LOG_LEVEL="crit", **settings)
            stack.callback(_end, running)
            running.wait_ready()
            return running

        yield start


def _end(running: Running) -> None:
    if running.process.poll() is None:
        running.stop()
    assert "Traceback" not in running.err.read_text()


def as_bytes(path: str, body: Any = None) -> bytes:
    """A request of the writer as it goes over the wire: POST where there is a body."""
    head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: x\r\n"
    head += f"Authorization: {bearer('writer')['authorization']}\r\n"
    if body is None:
        return f"{head}\r\n".encode()
    raw = json.dumps(body).encode()
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw


async def ask(port: int, raw: bytes) -> Answer:
    """One request on a connection of its own."""
    with contextlib.closing(Wire(port)) as wire:
        return await wire.ask(raw)


def metrics(running: Running) -> str:
    return httpx.get(f"{running.admin}/metrics").text


def children(running: Running) -> set[int]:
    path = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
    return set(map(int, path.read_text().split()))


# Starting and stopping


async def keep_asking(port: int, enough: Callable[[], bool], *, anew: bool = False) -> int:
    """Ask again and again on one keep-alive connection, as far as the server lets it live; how often.

    With ``anew`` each request has a connection of its own. Raises Broken where a request was sent on a
    connection that was open, and got no answer.
    """
    raw, count = as_bytes(ONE_ESCO), 0
    with contextlib.closing(Wire(port)) as wire:
        while not enough():
            answer = await wire.ask(raw)
            if anew:
                wire.close()
            assert (answer.status, answer.body) == (200, b'[{"id":1}]')
            count += 1
    return count


@pytest.mark.parametrize(("workers", "times"), [("1", 3), ("2", 1)])
def test_a_rolling_restart_loses_no_request(start: Callable[..., Running], workers: str, times: int) -> None:
    """A new process takes the port beside the old one, and the old one is told to end."""
    old = start(PGRST_SERVER_WORKERS=workers)
    restarts = 0

    async def restart(old: Running) -> Running:
        new = await asyncio.to_thread(start, PGRST_SERVER_PORT=str(old.port), PGRST_SERVER_WORKERS=workers)
        new.port = old.port
        await asyncio.to_thread(wait_until, lambda: new.err.read_text().count("API server") == int(workers))
        old.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(old.process.wait, 40) == 0
        return new

    async def scenario(running: Running) -> list[int]:
        nonlocal restarts
        port = running.port
        asking = [
            asyncio.create_task(keep_asking(port, lambda: restarts == times, anew=number % 4 == 0))
            for number in range(16)
        ]
        try:
            for _ in range(times):
                running = await restart(running)
                await asyncio.sleep(0.3)
                restarts += 1
        finally:
            restarts = times
        return await asyncio.gather(*asking)

    assert min(asyncio.run(scenario(old))) > 3


def test_the_last_answer_says_that_it_is_the_last(start: Callable[..., Running]) -> None:
    """Requests under way are finished, and their connections with them."""
    running = start()

    async def scenario() -> list[bytes]:
        asking = [
            asyncio.create_task(ask(running.port, as_bytes("/rpc/rest", {"seconds": 1}))) for _ in range(5)
        ]
        await asyncio.to_thread(wait_until, lambda: "pgrst_db_pool_available 5\n" in metrics(running))
        running.process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*asking)
        assert {(answer.status, answer.body) for answer in answers} == {(200, b'""')}
        return [answer.headers.get(b"connection", b"keep-alive") for answer in answers]

    assert asyncio.run(scenario()) == [b"close"] * 5
    assert running.process.wait(30) == 0


def test_a_stop_does_not_wait_for_connections_that_ask_nothing(start: Callable[..., Running]) -> None:
    running = start(PGRST_SERVER_PATIENCE="2")
    with contextlib.ExitStack() as stack:
        for sent in (b"", b"GET /esc", b"POST /escos HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"):
            connection = socket.create_connection(("127.0.0.1", running.port))
            stack.callback(connection.close)
            connection.sendall(sent)
        idle = stack.enter_context(httpx.Client(base_url=running.url, headers=bearer("writer")))
        assert idle.get(ONE_ESCO).json() == SERVED
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(60) == 0


def test_a_worker_that_is_killed_is_replaced_and_the_other_goes_on(start: Callable[..., Running]) -> None:
    running = start(PGRST_SERVER_WORKERS="2")
    wait_until(lambda: running.err.read_text().count("API server listening") == 2)
    before = children(running)
    victim = max(before)
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in children(running))
    for _ in range(10):  # the port is the other's alone now
        assert running.get(ONE_ESCO).json() == SERVED
    wait_until(lambda: running.err.read_text().count("API server listening") == 3)
    assert len(children(running)) == 2
    assert children(running) & before == before - {victim}
    assert {running.get(ONE_ESCO).text for _ in range(20)} == {'[{"id":1}]'}


def test_a_stop_while_a_worker_is_being_replaced(start: Callable[..., Running]) -> None:
    running = start(PGRST_SERVER_WORKERS="2")
    victim = max(children(running))
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in children(running))  # its successor comes after a pause
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(40) == 0


def test_no_worker_outlives_its_parent(start: Callable[..., Running]) -> None:
    """Else it would share the port with those of the next start, under settings of the last."""
    running = start(PGRST_SERVER_WORKERS="2")
    workers = children(running)
    running.process.kill()
    running.process.wait()
    wait_until(lambda: not any(map(alive, workers)))
    with pytest.raises(httpx.ConnectError):
        running.get(ONE_ESCO)


# Connections of the database


def test_a_slow_reader_holds_no_connection_of_the_database(start: Callable[..., Running]) -> None:
    running = start(PGRST_DB_POOL="1", PGRST_DB_POOL_ACQUISITION_TIMEOUT="5")
    readers: list[socket.socket] = []
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(60)
            reader.connect(("127.0.0.1", running.port))
            reader.sendall(as_bytes("/rpc/much?rows=12000"))
            assert reader.recv(100).startswith(b"HTTP/1.1 200")
            readers.append(reader)
        assert running.get(ONE_ESCO).json() == SERVED
        for reader in readers:
            read_to_the_end(reader)


def read_to_the_end(reader: socket.socket) -> None:
    """What a slow reader left is still there for it."""
    tail = b""
    while not tail.endswith(b'"}]'):
        chunk = reader.recv(1 << 20)
        assert chunk, "the answer was cut"
        tail = (tail + chunk)[-20:]


def test_slow_writers_hold_no_connection_of_the_database(start: Callable[..., Running]) -> None:
    running = start(PGRST_DB_POOL="1", PGRST_DB_POOL_ACQUISITION_TIMEOUT="5", PGRST_SERVER_PATIENCE="2")
    raw = as_bytes("/customers", {"name": "x" * 100})
    with contextlib.ExitStack() as stack:
        writers = []
        for number in range(40):
            writer = stack.enter_context(socket.create_connection(("127.0.0.1", running.port), 30))
            writer.sendall(raw[:20] if number % 2 else raw[:-10])
            writers.append(writer)
        for _ in range(5):
            assert running.get(ONE_ESCO).json() == SERVED
        for writer in writers[::2]:  # their bodies never came to an end
            assert writer.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_an_exhausted_pool_answers_in_bounded_time(
    start: Callable[..., Running], superuser: psycopg.Connection
) -> None:
    running = start(PGRST_DB_POOL="2", PGRST_DB_POOL_ACQUISITION_TIMEOUT="1")

    async def scenario() -> None:
        rest = as_bytes("/rpc/rest", {"seconds": 15})
        holding = [asyncio.create_task(ask(running.port, rest)) for _ in range(2)]
        await asyncio.to_thread(wait_until, lambda: running_queries(superuser) == 2)
        answers = await asyncio.gather(*(ask(running.port, as_bytes(ONE_ESCO)) for _ in range(30)))
        assert not any(task.done() for task in holding), "nobody had to wait"
        assert {(answer.status, json.loads(answer.body)["code"]) for answer in answers} == {(504, "PGRST003")}
        for task in holding:
            task.cancel()
        await asyncio.gather(*holding, return_exceptions=True)

    asyncio.run(scenario())
    assert "pgrst_db_pool_timeouts_total 30\n" in metrics(running)
    wait_until(lambda: running_queries(superuser) == 0)
    assert running.get(ONE_ESCO).json() == SERVED


def test_many_clients_that_vanish_take_their_queries_with_them(
    start: Callable[..., Running], superuser: psycopg.Connection
) -> None:
    """Those that have a connection, and those that still wait for one."""
    running = start(PGRST_DB_POOL="5", PGRST_DB_POOL_ACQUISITION_TIMEOUT="30")
    raw = as_bytes("/rpc/rest", {"seconds": 60})
    with contextlib.ExitStack() as stack:
        for _ in range(25):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", running.port)))
            connection.sendall(raw)
        wait_until(lambda: running_queries(superuser) == 5)
        waiting = "pgrst_db_pool_waiting 20\n"
        wait_until(lambda: waiting in metrics(running))
    wait_until(lambda: running_queries(superuser) == 0, 20)
    assert running.get(ONE_ESCO).json() == SERVED
    free = "pgrst_db_pool_available 5\n", "pgrst_db_pool_waiting 0\n"
    wait_until(lambda: all(line in metrics(running) for line in free), 10)
    assert running_queries(superuser) == 0


@pytest.mark.parametrize(("setting", "kept"), [("true", True), ("false", False)])
def test_statements_are_kept_prepared_or_not(start: Callable[..., Running], setting: str, kept: bool) -> None:
    """Behind a pooler of transactions nothing may be left on a connection."""
    running = start(PGRST_DB_POOL="1", PGRST_DB_PREPARED_STATEMENTS=setting)
    for _ in range(3):
        assert running.get(ONE_ESCO).json() == SERVED
        rolled_back = {"Prefer": "tx=rollback, return=representation"}
        assert running.get("/customers?select=id&limit=0", **rolled_back).json() == []
    count = httpx.post(f"{running.url}/rpc/prepared", json={}, headers=bearer("writer")).json()
    assert (count > 0) is kept


# The schema


@pytest.mark.parametrize("prepared", ["true", "false"])
def test_a_schema_that_changes_under_load_never_shows_a_wrong_shape(
    start: Callable[..., Running], superuser: psycopg.Connection, prepared: str
) -> None:
    running = start(PGRST_DB_PREPARED_STATEMENTS=prepared)
    superuser.execute("drop table if exists api.changing; create table api.changing (a int)")
    superuser.execute("insert into api.changing values (1); grant select on api.changing to rowgate_writer")
    superuser.execute("notify pgrst, 'reload schema'")
    wait_until(lambda: running.get("/changing").json() == [{"a": 1}])
    shapes = [
        b'[{"a":1}]',
        b'[{"a":1,"b":"x"}]',
        b'[{"a":"1","b":"x"}]',
        b'[{"c":"1","b":"x"}]',
        b'[{"c":"1"}]',
    ]
    newest, done = 0, False

    async def look(seen: set[bytes]) -> None:
        raw, oldest = as_bytes("/changing"), 0
        with contextlib.closing(Wire(running.port)) as wire:
            while not done:
                answer = await wire.ask(raw)
                if answer.status == 200:
                    assert answer.body in shapes[oldest : newest + 1]
                    oldest = shapes.index(answer.body)  # a table does not go back
                    seen.add(answer.body)
                else:
                    assert json.loads(answer.body)["code"] == "42703"

    async def scenario() -> set[bytes]:
        nonlocal newest, done
        seen: set[bytes] = set()
        asking = [asyncio.create_task(look(seen)) for _ in range(8)]

        async def until_seen(shape: bytes) -> None:
            await asyncio.to_thread(wait_until, lambda: shape in seen or any(task.done() for task in asking))

        try:
            await until_seen(shapes[0])
            for change in ("add b text default 'x'", "alter a type text", "rename a to c", "drop b"):
                newest += 1
                await asyncio.to_thread(superuser.execute, f"alter table api.changing {change}")
                await asyncio.to_thread(superuser.execute, "notify pgrst, 'reload schema'")
                await until_seen(shapes[newest])
        finally:
            done = True
        await asyncio.gather(*asking)
        return seen

    assert asyncio.run(scenario()) == set(shapes)
