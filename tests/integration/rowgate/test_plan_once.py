"""Statements are planned once for all values where that is faster, and the answers stay the same."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.test_transactions import get, post
from integration.rowgate.world import world_config
from rowgate.app import Gateway
from rowgate.execute import PLAN_ONCE, planning
from rowgate.execute.connection import Connection, Flight
from rowgate.request import Incoming
from submeter.db.database import Database

Ask = Callable[..., list[tuple[int, bytes]]]

FUNCTIONS = """
create function api.mode() returns text language sql stable as
  $$ select current_setting('plan_cache_mode') $$;
create function api.unlucky(write boolean) returns text language plpgsql volatile as $$
  begin
    if current_setting('plan_cache_mode') = 'force_generic_plan' then
      raise sqlstate '57014' using message = 'canceling statement due to statement timeout';
    end if;
    return 'done';
  end $$;
create function api.unlucky_read() returns text language sql stable as $$ select api.unlucky(false) $$;
grant execute on function api.mode, api.unlucky, api.unlucky_read to public;
"""


@pytest.fixture(scope="module", autouse=True)
def functions(owner: psycopg.Connection) -> None:
    owner.execute(FUNCTIONS)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial begins soon, is short, and finds that to plan once is faster, on any machine."""
    for name, value in {"FIRST_TRIAL": 3, "EACH": 4, "BETTER": 1e9, "WORSE": 1e9, "FAR_S": 1e9}.items():
        monkeypatch.setattr(planning, name, value)


@pytest.fixture
def start(world: Database, run: Run) -> Iterator[Callable[..., Gateway]]:
    gateways = []

    def start(**settings: Any) -> Gateway:
        gateways.append(Gateway(world_config(world.authenticator_conninfo, db_pool=2, **settings)))
        run(gateways[-1].start())
        return gateways[-1]

    yield start
    for gateway in gateways:
        gateway.stop()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each flight, whether it is planned once for all values."""
    flights: list[bool] = []
    begin = Connection.start

    def noted(self: Connection, flight: Flight) -> None:
        flights.append(any(one.text.endswith(PLAN_ONCE) for one in flight.statements))
        begin(self, flight)

    monkeypatch.setattr(Connection, "start", noted)
    return flights


@pytest.fixture
def ask(run: Run) -> Ask:
    def ask(gateway: Gateway, *incoming: Incoming) -> list[tuple[int, bytes]]:
        async def all_of_them() -> list[tuple[int, bytes]]:
            answers = [await gateway.answer(one) for one in incoming]
            return [(answer.status, answer.body) for answer in answers]

        answers: list[tuple[int, bytes]] = run(all_of_them())
        return answers

    return ask


def test_what_is_faster_is_used_and_says_the_same(start: Any, sent: list[bool], ask: Ask) -> None:
    gateway = start()
    requests = [get("/escos", f"select=id&id=eq.{number % 3}") for number in range(40)]
    answers = ask(gateway, *requests)
    assert sent[:4] == [False] * 3 + [True]
    assert sent[11:20] == [True] * 9
    del sent[:]
    off = start(plan_once=False)
    assert ask(off, *requests) == answers
    assert not any(sent)


def test_it_holds_for_the_transaction_only(start: Any, ask: Ask) -> None:
    answers = ask(start(), *[get("/rpc/mode")] * 12, get("/rpc/mode", "select=mode"))
    assert answers[-2:] == [(200, b'"force_generic_plan"'), (200, b'"auto"')]


def test_a_role_that_says_how_it_plans_is_obeyed(
    start: Any, ask: Ask, world: Database, sent: list[bool]
) -> None:
    with psycopg.connect(world.admin_conninfo(world.name), autocommit=True) as superuser:
        superuser.execute("alter role rowgate_reader set plan_cache_mode = force_custom_plan")
        try:
            answers = ask(start(), *[get("/rpc/mode", role="reader")] * 20)
        finally:
            superuser.execute("alter role rowgate_reader reset plan_cache_mode")
    assert set(answers) == {(200, b'"force_custom_plan"')}
    assert not any(sent)


def test_where_nothing_stays_prepared_nothing_is_planned_once(start: Any, ask: Ask, sent: list[bool]) -> None:
    ask(start(db_prepared_statements=False), *[get("/rpc/mode")] * 20)
    assert not any(sent)


def test_a_read_that_had_no_time_is_asked_again(start: Any, ask: Ask, sent: list[bool]) -> None:
    answers = ask(start(), *[get("/rpc/unlucky_read")] * 9)
    assert set(answers) == {(200, b'"done"')}
    assert sent == [False] * 3 + [True] + [False] * 6  # and not tried again so soon


def test_a_write_that_had_no_time_is_refused_and_the_next_is_planned_otherwise(start: Any, ask: Ask) -> None:
    answers = ask(start(), *[post("/rpc/unlucky", {"write": True})] * 9)
    assert [status for status, _ in answers] == [200] * 3 + [500] + [200] * 5
