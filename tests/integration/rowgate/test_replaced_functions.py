"""A function takes another's place while the catalog still tells of the old one: it may be refused, never misread."""

import json

import psycopg
import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.test_transactions import get, post
from rowgate.app import Gateway

TWO = "values (1, 'x'), (2, 'y')"
RESULTS: dict[str, tuple[str, str, object]] = {
    "one value": ("int", "select 7", 7),
    "another value": ("text", "select 'seven'", "seven"),
    "values": ("setof int", "values (1), (2)", [1, 2]),
    "one in a set": ("setof int", "select 7", [7]),
    "json": ("json", """select '{"a": 1}'::json""", {"a": 1}),
    "jsons": ("setof json", """select '{"a": 1}'::json""", [{"a": 1}]),
    "table": ("table (a int, b text)", TWO, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
    "table of one column": ("table (a int)", "values (1), (2)", [{"a": 1}, {"a": 2}]),
    "other table": ("table (b text, c int)", "select 'x', 1", [{"b": "x", "c": 1}]),
    "rows of a relation": ("setof api.pin", TWO, [{"a": 1, "result": "x"}, {"a": 2, "result": "y"}]),
    "a row of a relation": ("api.pin", "select 1, 'x'", {"a": 1, "result": "x"}),
}


@pytest.fixture(scope="module")
def replaced(owner: psycopg.Connection) -> psycopg.Connection:
    owner.execute("create table api.pin (a int, result text)")
    return owner


def define(owner: psycopg.Connection, result: str) -> object:
    returns, body, shown = RESULTS[result]
    owner.execute(
        f"drop function if exists api.pinned(int); create function api.pinned(n int default 1) returns {returns} "
        f"language sql stable as $${body}$$; grant execute on function api.pinned to rowgate_writer"
    )
    return shown


@pytest.mark.parametrize("before", RESULTS)
def test_what_takes_its_place_is_not_misread(
    gateway: Gateway, run: Run, replaced: psycopg.Connection, before: str
) -> None:
    for after in (name for name in RESULTS if name != before):
        shown = define(replaced, before)
        run(gateway.keeper.load())
        for request in (get("/rpc/pinned", "n=1"), post("/rpc/pinned", {"n": 1})):
            answer = run(gateway.answer(request))
            assert (answer.status, json.loads(answer.body)) == (200, shown)
        new = define(replaced, after)
        for request in (get("/rpc/pinned", "n=1"), post("/rpc/pinned", {"n": 1})):
            answer = run(gateway.answer(request))
            said = json.loads(answer.body)
            assert said == new if answer.status == 200 else answer.status in (400, 404), (before, after, said)


@pytest.mark.parametrize("kept", RESULTS)
def test_the_same_result_needs_no_reload(
    gateway: Gateway, run: Run, replaced: psycopg.Connection, kept: str
) -> None:
    define(replaced, kept)
    run(gateway.keeper.load())
    for _ in range(2):
        shown = define(replaced, kept)
        answer = run(gateway.answer(get("/rpc/pinned", "n=1")))
        assert (answer.status, json.loads(answer.body)) == (200, shown)
