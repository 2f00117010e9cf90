"""Requests whose way is known: they are sent at once, and whatever is not as it was goes the long way."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from integration.rowgate.lanes import Two, two
from integration.rowgate.wire import Reply, Wire, request, wire
from integration.rowgate.world import bearer, wait_until
from rowgate.auth import SKEW_S
from rowgate.express import Hurried
from submeter.db.database import Database

LEARNED = 3  # requests until a way and the head of its answers are known


@pytest.fixture
def both(world: Database) -> Iterator[Two]:
    with two(world.authenticator_conninfo) as both:
        yield both


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each request whether it was sent at once."""
    seen: list[bool] = []
    hurry = Hurried._hurry

    def noted(self: Hurried, data: bytes) -> bool:
        seen.append(hurry(self, data))
        return seen[-1]

    monkeypatch.setattr(Hurried, "_hurry", noted)
    return seen


def ask(link: Wire, raw: bytes) -> Reply:
    link.send(raw)
    return link.reply()


def by_key(key: str, **claims: int) -> bytes:
    token = bearer("writer", sub="ann", **claims)["authorization"]
    return request("GET", f"/escos?select=id&id=eq.{key}", Authorization=token)


def test_other_values_go_the_known_way(both: Two, hurried: list[bool]) -> None:
    with wire(both.port) as link:
        first = [ask(link, by_key("1")) for _ in range(LEARNED + 1)]
        other = [ask(link, by_key("2")), ask(link, by_key("999")), ask(link, by_key("x:y"))]
    assert hurried == [False, False, True, True, True, True, True]
    with wire(both.stock) as link:
        assert first == [ask(link, by_key("1"))] * (LEARNED + 1)
        assert other == [ask(link, by_key(key)) for key in ("2", "999", "x:y")]
    assert other[-1].status == 400


def test_a_token_ends_on_the_known_way_too(both: Two, hurried: list[bool]) -> None:
    ends = int(time.time()) + 600
    now = time.time()
    with wire(both.port) as link:
        for _ in range(LEARNED):
            assert ask(link, by_key("1", exp=ends)).status == 200
        both.gateway.authenticator._now = lambda: now + 600 + SKEW_S + 1
        late = ask(link, by_key("1", exp=ends))
    assert hurried == [False, False, True, False]
    assert (late.status, b"JWT expired" in late.body) == (401, True)


def test_tokens_are_counted_as_on_the_long_way(both: Two) -> None:
    cache = both.gateway.authenticator.cache
    with wire(both.port) as link:
        for _ in range(LEARNED + 3):
            ask(link, by_key("1"))
    assert (cache.requests, cache.hits) == (LEARNED + 3, LEARNED + 2)


def test_nothing_is_known_of_another_schema(both: Two, hurried: list[bool]) -> None:
    with wire(both.port) as link:
        for _ in range(LEARNED):
            ask(link, by_key("1"))
        known = both.gateway.current
        both.lane.loop.call_soon_threadsafe(both.gateway.keeper.reload)
        wait_until(lambda: both.gateway.current is not known)
        assert [ask(link, by_key("1")).status for _ in range(3)] == [200] * 3
    assert hurried == [False, False, True, False, False, True]


def test_what_is_lost_is_asked_again(both: Two, hurried: list[bool], world: Database) -> None:
    with wire(both.port) as link:
        expected = [ask(link, by_key("1")) for _ in range(LEARNED)]
        with psycopg.connect(world.admin_conninfo(world.name), autocommit=True) as superuser:
            superuser.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rowgate'"
            )
        assert ask(link, by_key("1")) == expected[0]
    assert hurried[-1]


def test_what_was_taken_is_answered_though_settings_change_meanwhile(
    both: Two, hurried: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    with wire(both.port) as link:
        expected = [ask(link, by_key(key)) for key in ("1", "2")]
        monkeypatch.setattr(both.lane.express, "read", lambda *_: None)
        assert ask(link, by_key("1")) == expected[0]
    assert hurried == [False, False, True]
