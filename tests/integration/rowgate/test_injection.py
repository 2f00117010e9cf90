"""Hostile names and values against a real database: each is found or refused, and none is ever run as SQL."""

import json
from urllib.parse import quote

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.rowgate.conftest import Run
from integration.rowgate.world import bearer
from rowgate.app import Gateway
from rowgate.request import Headers, Incoming

ODD = "odd names; drop schema api --"
# Letters and the marks of SQL, of our own grammar, of JSON and of arrays.
TEXTS = st.text(st.sampled_from(["a", "é", "名", "'", '"', "\\", "$", "1", ";", "-", "/", "*", "%", "_", "(", ")", "{", "}", "[",
                                 "]", ",", ".", ":", ">", " ", "\n", "\t", "\u2028", "\U0001f600"]), max_size=15)  # fmt: skip
ONCE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return quote(f'"{escaped}"')


def ask(
    gateway: Gateway, run: Run, method: str, path: str, query: str, body: object = None
) -> tuple[int, object]:
    headers = {**bearer("writer"), "prefer": "return=representation"}
    raw = b"" if body is None else json.dumps(body).encode()
    answer = run(gateway.answer(Incoming(method, path, query.encode(), Headers(headers), raw)))
    return answer.status, json.loads(answer.body)


@ONCE
@given(value=TEXTS)
def test_a_value_is_stored_found_and_deleted_as_itself(
    gateway: Gateway, run: Run, owner: psycopg.Connection, value: str
) -> None:
    owner.execute("select books.fill()")
    status, rows = ask(
        gateway, run, "POST", "/customers", "select=name", {"name": f"x{value}", "meta": {f"k{value}": value}}
    )
    assert (status, rows) == (201, [{"name": f"x{value}"}])
    found = [{"name": f"x{value}"}]
    for query in (
        f"name=eq.{quote(f'x{value}')}",
        f"name=in.({quoted(f'x{value}')},other)",
        f"or=(name.eq.{quoted(f'x{value}')},id.lt.0)",
        f"meta-%3E%3E{quoted(f'k{value}')}=eq.{quote(value)}",
    ):
        assert ask(gateway, run, "GET", "/customers", f"select=name&{query}&id=gt.6") == (200, found), query
    patched = ask(
        gateway,
        run,
        "PATCH",
        "/customers",
        f"select=name&name=eq.{quote(f'x{value}')}",
        {"name": f"y{value}"},
    )
    assert patched == (200, [{"name": f"y{value}"}])
    deleted = ask(gateway, run, "DELETE", "/customers", f"select=name&name=eq.{quote(f'y{value}')}")
    assert deleted == (200, [{"name": f"y{value}"}])
    assert owner.execute("select count(*) from books.customer").fetchone() == (6,)
    assert ask(gateway, run, "GET", "/rpc/joined", f"words={quote(f'-{value}')}") == (200, f"-{value}")


@ONCE
@given(name=TEXTS)
def test_a_name_that_is_not_there_is_said_to_be_missing(gateway: Gateway, run: Run, name: str) -> None:
    for query in (
        f"select={quoted(f'x{name}')}",
        f"{quoted(f'x{name}')}=eq.1",
        f"order={quoted(f'x{name}')}",
        f"or=({quoted(f'x{name}')}.is.null)",
    ):
        status, body = ask(gateway, run, "GET", "/customers", query)
        assert (status, body["code"]) == (400, "42703"), (query, body)  # type: ignore[index]
    status, body = ask(gateway, run, "GET", f"/x{name}".replace("/x/", "/x"), "")
    assert status == 404
    status, body = ask(gateway, run, "POST", "/customers", "", {f"x{name}": 1})
    assert (status, body["code"]) == (400, "PGRST204")  # type: ignore[index]


@ONCE
@given(alias=TEXTS)
def test_an_alias_comes_back_as_it_was_written(gateway: Gateway, run: Run, alias: str) -> None:
    query = f"select={quoted(f'x{alias}')}:id,{quoted(f'y{alias}')}:escos(code)&id=eq.1"
    expected = [{f"x{alias}": 1, f"y{alias}": {"code": "SOUTH"}}]
    assert ask(gateway, run, "GET", "/customers", query) == (200, expected)


def test_columns_with_odd_names_can_be_written(gateway: Gateway, run: Run, owner: psycopg.Connection) -> None:
    owner.execute("select books.fill()")
    row = {"id": 9, 'a.b, "c" (d)': "x", "naïve 名": "y", "drop table": 1}
    assert ask(gateway, run, "POST", f"/{ODD}", "", row) == (201, [row])
    changed = ask(gateway, run, "PATCH", f"/{ODD}", "id=eq.9&select=id", {'a.b, "c" (d)': "';--"})
    assert changed == (200, [{"id": 9}])
    column = quoted('a.b, "c" (d)')
    status, body = ask(gateway, run, "GET", f"/{ODD}", f"{column}=eq.';--&select=id")
    assert (status, body) == (200, [{"id": 9}])
