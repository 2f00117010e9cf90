"""The fast lane while things change around it: clients that leave, tokens that expire, settings, schemas, tenants."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from integration.rowgate.lanes import Two, two
from integration.rowgate.traffic import BY_KEY
from integration.rowgate.wire import Reply, Wire, request, wire
from integration.rowgate.world import bearer, token, wait_until
from rowgate.auth import SKEW_S
from submeter.db.database import Database

SLOW = request("GET", "/rpc/slow?seconds=600")
RUNNING = "select count(*) from pg_stat_activity where datname = current_database() and state = 'active' and query like '%api%slow%' and pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def both(world: Database) -> Iterator[Two]:
    with two(world.authenticator_conninfo, db_pool=4) as both:
        yield both


@pytest.fixture(scope="module")
def watcher(world: Database) -> Iterator[psycopg.Connection]:
    """A connection that sees what the others do."""
    with psycopg.connect(world.admin_conninfo(world.name), autocommit=True) as connection:
        yield connection


def ask(connection: Wire, raw: bytes) -> Reply:
    connection.send(raw)
    return connection.reply()


def running(watcher: psycopg.Connection) -> int:
    found = watcher.execute(RUNNING).fetchone()
    assert found is not None
    return int(found[0])


def pool_is_whole(both: Two) -> bool:
    return both.gateway.pool.available == both.gateway.pool.size


def test_a_client_that_vanishes_takes_its_query_along(both: Two, watcher: psycopg.Connection) -> None:
    for _ in range(6):  # more often than there are connections
        with wire(both.port) as connection:
            taken, _ = both.taken(
                lambda connection=connection: (
                    connection.send(SLOW),
                    wait_until(lambda: running(watcher) == 1),
                )
            )  # type: ignore[misc]
            assert taken == 1
        wait_until(lambda: running(watcher) == 0)
    wait_until(lambda: pool_is_whole(both))
    with wire(both.port) as connection:
        assert ask(connection, BY_KEY).status == 200


def test_those_who_vanish_while_they_wait_for_a_connection(both: Two, watcher: psycopg.Connection) -> None:
    with (
        wire(both.port) as first,
        wire(both.port) as second,
        wire(both.port) as third,
        wire(both.port) as fourth,
    ):
        for connection in (first, second, third, fourth):
            connection.send(SLOW)
        wait_until(lambda: running(watcher) == 4)
        for _ in range(10):
            with wire(both.port) as connection:
                connection.send(BY_KEY)
                wait_until(lambda: both.gateway.pool.waiting == 1)
            wait_until(lambda: both.gateway.pool.waiting == 0)
        with wire(both.port) as patient:
            patient.send(BY_KEY)
            wait_until(lambda: both.gateway.pool.waiting == 1)
            first.close()
            assert patient.reply().body == b'[{"id":2}]'
    wait_until(lambda: running(watcher) == 0)
    wait_until(lambda: pool_is_whole(both))


def test_a_client_that_vanishes_takes_the_second_try_along(both: Two, watcher: psycopg.Connection) -> None:
    with wire(both.port) as connection:
        connection.send(SLOW)
        wait_until(lambda: running(watcher) == 1)
        (first,) = pids(watcher)
        watcher.execute("select pg_terminate_backend(%s)", [first])
        wait_until(lambda: pids(watcher) - {first})
    wait_until(lambda: running(watcher) == 0)
    wait_until(lambda: pool_is_whole(both))


def pids(watcher: psycopg.Connection) -> set[int]:
    return {pid for (pid,) in watcher.execute(RUNNING.replace("count(*)", "pid"))}


@pytest.mark.parametrize("through", ["port", "stock"])
def test_a_client_that_says_its_last_word_is_gone(
    both: Two, watcher: psycopg.Connection, through: str
) -> None:
    with wire(getattr(both, through)) as connection:
        connection.send(SLOW)
        wait_until(lambda: running(watcher) == 1)
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.ends()
        wait_until(lambda: running(watcher) == 0)


def test_a_big_answer_waits_for_its_reader(both: Two) -> None:
    count = 500_000
    with wire(both.port, receive_bytes=4096) as connection:
        connection.send(request("GET", f"/rpc/count_to?n={count}") + BY_KEY)
        wait_until(lambda: any(getattr(one, "_full", False) for one in list(both.lane.server.connections)))
        big, small = connection.reply(), connection.reply()
    assert big.header(b"content-range") == b"0-%d/*" % (count - 1)
    assert big.body.startswith(b"[1, ")
    assert big.body.endswith(b"%d]" % count)
    assert small.body == b'[{"id":2}]'


def test_a_client_that_leaves_a_big_answer_is_forgotten(both: Two) -> None:
    before = len(both.lane.server.connections)
    with wire(both.port, receive_bytes=4096) as connection:
        connection.send(request("GET", "/rpc/count_to?n=500000"))
        wait_until(lambda: any(getattr(one, "_full", False) for one in list(both.lane.server.connections)))
    wait_until(lambda: len(both.lane.server.connections) <= before)
    wait_until(lambda: pool_is_whole(both))


def test_a_token_that_expires_between_two_requests_of_one_head(
    both: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = request(
        "GET",
        "/escos?select=id&id=eq.1",
        Authorization=f"Bearer {token('rowgate_writer', exp=int(time.time()) + 60)}",
    )
    with wire(both.port) as connection:
        taken, before = both.taken(lambda: ask(connection, raw))
        assert (taken, before.status) == (1, 200)
        monkeypatch.setattr(both.gateway.authenticator, "_now", lambda: time.time() + 61 + SKEW_S)
        taken, after = both.taken(lambda: ask(connection, raw))
        assert (taken, after.status) == (1, 401)
        assert b"JWT expired" in after.body


def test_settings_that_change_are_obeyed_on_the_same_connection(world: Database) -> None:
    with two(world.authenticator_conninfo) as both, wire(both.port) as connection:
        raw = request("POST", "/rpc/same", b'{"v": "abcdef"}', Origin="https://a.example")
        assert ask(connection, raw).header(b"access-control-allow-origin") == b"*"
        use(both, server_cors_allowed_origins=("https://b.example",))
        assert ask(connection, raw).header(b"access-control-allow-origin") is None
        secret = "another secret of the tests, long enough for HS256"
        use(both, jwt_secret=secret)
        refused = ask(connection, raw)
        assert (refused.status, both.lane.left) == (401, 0)
        renewed = {"Authorization": f"Bearer {token('rowgate_writer', secret)}"}
        assert ask(connection, request("POST", "/rpc/same", b'{"v": "abcdef"}', **renewed)).status == 200
        use(both, max_body=5)
        assert ask(connection, request("POST", "/rpc/same", b'{"v": "abcdef"}', **renewed)).status == 413


def use(both: Two, **settings: Any) -> None:
    """Serve under other settings from here on."""
    config = replace(both.gateway.config, **settings)
    both.lane.loop.call_soon_threadsafe(both.gateway.keeper.reload, config)
    wait_until(lambda: both.gateway.config == config)


def test_a_schema_that_changes_is_obeyed_on_the_same_connection(both: Two, owner: psycopg.Connection) -> None:
    raw = request("GET", "/moving?select=a&a=eq.1")
    with wire(both.port) as connection:
        change(both, owner, "create view api.moving as select 1 as a; grant select on api.moving to public")
        assert [ask(connection, raw).body for _ in range(3)] == [b'[{"a":1}]'] * 3
        change(
            both,
            owner,
            "drop view api.moving; create view api.moving as select 2 as b; grant select on api.moving to public",
        )
        assert b"42703" in ask(connection, raw).body
        assert ask(connection, raw.replace(b"=a&a=", b"=b&b=gt.").replace(b"eq.", b"")).body == b'[{"b":2}]'
        change(
            both,
            owner,
            "drop view api.moving; create view api.moving as select 'x'::text as a; grant select on api.moving to public",
        )
        assert ask(connection, raw).body == b"[]"
        change(both, owner, "drop view api.moving")
        assert ask(connection, raw).status == 404
        assert both.gateway.preparer._known.keys()  # of the schema as it is


def change(both: Two, owner: psycopg.Connection, text: str) -> None:
    owner.execute(text)
    before = both.gateway.keeper.loads["SUCCESS"]
    both.lane.loop.call_soon_threadsafe(both.gateway.keeper.reload)
    wait_until(lambda: both.gateway.keeper.loads["SUCCESS"] > before)


def test_tenants_of_one_shape_never_see_each_other(both: Two, owner: psycopg.Connection) -> None:
    names = [f"tenant {number}" for number in range(8)]
    with owner.cursor() as cursor:
        cursor.executemany(
            "insert into books.note (owner, body) values (%s, %s)", [(name, f"of {name}") for name in names]
        )

    def go_through(name: str) -> set[bytes]:
        own = bearer("writer", sub=name)["authorization"]
        other = names[(names.index(name) + 1) % len(names)].replace(" ", "%20")
        mine = [
            request("GET", "/notes?select=body&body=like.*", Authorization=own),
            request("GET", f"/notes?select=body&owner=eq.{other}", Authorization=own),
            request(
                "PATCH",
                f"/notes?owner=eq.{other}&select=body",
                b'{"body": "stolen"}',
                Authorization=own,
                Prefer="return=representation",
            ),
            request(
                "DELETE",
                f"/notes?owner=eq.{other}&select=body",
                Authorization=own,
                Prefer="return=representation",
            ),
        ]
        with wire(both.port) as connection:
            connection.send(b"".join(mine * 25))
            replies = [connection.reply() for _ in mine * 25]
        assert {reply.body for reply in replies[0::4]} == {b'[{"body":"of %b"}]' % name.encode()}
        return {reply.body for number, reply in enumerate(replies) if number % 4}

    with ThreadPoolExecutor(len(names)) as threads:
        assert set().union(*threads.map(go_through, names)) == {b"[]"}


def test_a_connection_serves_on_after_refusals(both: Two) -> None:
    bad = [
        request("GET", "/nothing"),
        request("GET", "/escos?id=xx.1"),
        request("GET", "/escos?id=eq.x"),
        request("GET", "/escos", Authorization="Bearer x.y.z"),
        request("POST", "/escos", b"{"),
        request("GET", "/rpc/raise?state=PT503"),
        request("GET", "/escos?id=eq.%FF"),
    ]
    with wire(both.port) as connection:
        for raw in bad:
            assert ask(connection, raw).status >= 400
            assert ask(connection, BY_KEY).body == b'[{"id":2}]'
    with wire(both.port) as connection:  # and once it is the stock server's
        assert ask(connection, request("OPTIONS", "/escos")).status == 200
        for raw in bad:
            assert ask(connection, raw).status >= 400
            assert ask(connection, BY_KEY).body == b'[{"id":2}]'


def test_who_asked_is_told_as_the_stock_server_tells_it(world: Database) -> None:
    clients: dict[str, list[str]] = {"port": [], "stock": []}
    with two(world.authenticator_conninfo) as both:
        both.gateway.observe = lambda incoming, story, answer: clients["port"].append(incoming.client)
        both.alone.observe = lambda incoming, story, answer: clients["stock"].append(incoming.client)
        for said in ("", "9.9.9.9", "6.6.6.6, 9.9.9.9", "9.9.9.9, 127.0.0.1", "x", " , "):
            for through in ("port", "stock"):
                with wire(getattr(both, through)) as connection:
                    ask(connection, request("GET", "/escos", X_Forwarded_For=said))
        assert both.lane.left == 0
    assert clients["port"] == clients["stock"]
    assert clients["port"][:2] == ["127.0.0.1", "9.9.9.9"]
