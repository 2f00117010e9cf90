"""What the cases cannot say as text: plans, raw bytes, and settings that change how the gateway answers."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.world import bearer, world_config
from rowgate.app import Gateway
from rowgate.request import Headers, Incoming
from rowgate.response import Answer
from submeter.db.database import Database

PLAN = "application/vnd.pgrst.plan"
Ask = Callable[..., Answer]


@pytest.fixture
def another(world: Database, run: Run) -> Iterator[Callable[..., Gateway]]:
    """Gateways with settings of their own."""
    made: list[Gateway] = []

    def make(**settings: Any) -> Gateway:
        made.append(Gateway(world_config(world.authenticator_conninfo, **settings)))
        run(made[-1].start())
        return made[-1]

    yield make
    for gateway in made:
        gateway.stop()


@pytest.fixture
def ask(gateway: Gateway, run: Run, owner: psycopg.Connection) -> Ask:
    owner.execute("select books.fill()")

    def asked(
        method: str, url: str, body: bytes = b"", *, by: Gateway | None = None, **headers: str
    ) -> Answer:
        path, _, query = url.partition("?")
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        incoming = Incoming(method, path, query.encode(), Headers({**bearer("writer"), **said}), body)
        answer: Answer = run((by or gateway).answer(incoming))
        return answer

    return asked


@pytest.mark.row("13 plans")
def test_a_plan_as_json(ask: Ask) -> None:
    for method, url, body in (
        ("GET", "/escos?id=eq.1", b""),
        ("GET", "/rpc/customers_from?min_id=1", b""),
        ("POST", "/escos", b'{"id": 9, "code": "x", "name": "x"}'),
        ("PATCH", "/escos?id=eq.1", b'{"name": "x"}'),
        ("DELETE", "/escos?id=eq.1", b""),
    ):
        found = ask(method, url, body, accept=f"{PLAN}+json")
        assert found.status == 200, found
        content_type = ("Content-Type", f'{PLAN}+json; for="application/json"; charset=utf-8')
        assert found.headers == (content_type, ("Vary", "Accept, Prefer, Range"))
        (plan,) = json.loads(found.body)
        assert plan["Plan"]["Total Cost"] > 0
        assert "Actual Rows" not in plan["Plan"]
    assert json.loads(ask("GET", "/escos?id=in.(1,9)&select=id,name").body) == [
        {"id": 1, "name": "Northside"}
    ]


@pytest.mark.row("13 plans")
def test_a_plan_as_text_and_its_options(ask: Ask) -> None:
    found = ask("GET", "/escos?id=eq.1", accept=PLAN)
    assert found.body.startswith(b"Aggregate  (cost=")
    assert b"\n  ->" in found.body
    found = ask("GET", "/escos?id=eq.1", accept=f"{PLAN}; options=analyze|verbose|buffers|settings|wal")
    assert b"actual time=" in found.body
    assert b"Output: " in found.body
    found = ask("GET", "/escos", accept=f'{PLAN}; for="application/vnd.pgrst.object+json"')
    assert found.status == 200  # however many rows there are


@pytest.mark.row("13 plans")
def test_an_analyzed_write_is_done(ask: Ask) -> None:
    found = ask("PATCH", "/escos?id=eq.1", b'{"name": "x"}', accept=f"{PLAN}+json; options=analyze")
    assert json.loads(found.body)[0]["Plan"]["Actual Rows"] == 1
    assert json.loads(ask("GET", "/escos?id=eq.1&select=name").body) == [{"name": "x"}]


@pytest.mark.row("13 plans")
def test_plans_are_shown_only_where_they_are_enabled(ask: Ask, another: Callable[..., Gateway]) -> None:
    found = ask("GET", "/escos", by=another(db_plan_enabled=False), accept=f"{PLAN}+json")
    assert (found.status, json.loads(found.body)["message"]) == (
        406,
        f'None of these media types are available: {PLAN}+json; for="application/json"',
    )


@pytest.mark.row("8 raw bytes")
def test_bytes_go_in_as_they_are(ask: Ask) -> None:
    raw = bytes(range(256)) * 3
    found = ask("POST", "/rpc/whole_bytes", raw, content_type="application/octet-stream")
    assert json.loads(found.body) == raw.hex()


@pytest.mark.row("8 raw bytes")
def test_bytes_come_back_as_they_are(
    ask: Ask, another: Callable[..., Gateway], owner: psycopg.Connection
) -> None:
    owner.execute(
        'create or replace function api.echo(bytea) returns api."application/octet-stream" '
        "language sql stable as 'select $1';"
        "grant execute on function api.echo to rowgate_writer"
    )
    raw, octets = bytes(range(256)) * 3, "application/octet-stream"
    found = ask("POST", "/rpc/echo", raw, by=another(), content_type=octets, accept=octets)
    assert (found.status, found.body) == (200, raw)


def test_xml_is_taken_whole(ask: Ask) -> None:
    found = ask("POST", "/rpc/whole_xml", b"<a>b</a>", content_type="text/xml")
    if found.status == 400:  # the server was built without libxml, and says so
        assert json.loads(found.body)["code"] == "0A000"
    else:
        assert found.body == b'"<a>b</a>"'


def test_csv_of_no_rows(ask: Ask) -> None:
    assert ask("GET", "/accounts?id=eq.99", accept="text/csv").body == b"\n"


@pytest.mark.row("13 exact lengths and spacing")
def test_json_is_spaced_as_postgresql_does(ask: Ask) -> None:
    assert ask("GET", "/escos?select=id&id=lt.3&order=id").body == b'[{"id":1}, \n {"id":2}]'
    stripped = ask(
        "GET", "/escos?select=id&id=lt.3&order=id", accept="application/vnd.pgrst.array+json;nulls=stripped"
    )
    assert stripped.body == b'[{"id":1},{"id":2}]'


@pytest.mark.row("12 role and function settings")
def test_only_the_named_settings_of_a_function_are_hoisted(ask: Ask, another: Callable[..., Gateway]) -> None:
    plain = ask("POST", "/rpc/settings", by=another(db_hoisted_tx_settings=()))
    assert json.loads(plain.body) == {"timeout": "7s", "isolation": "read committed"}
    some = ask("POST", "/rpc/settings", by=another(db_hoisted_tx_settings=("default_transaction_isolation",)))
    assert json.loads(some.body)["isolation"] == "serializable"
    assert json.loads(ask("POST", "/rpc/add", b'{"a": 1}').body) == 3


def test_errors_may_say_less(ask: Ask, another: Callable[..., Gateway]) -> None:
    terse = another(client_error_verbosity="minimal")
    found = ask("GET", "/rpc/raise?state=P0001", by=terse)
    assert found.body == b'{"code":"P0001","message":"said"}'
    assert ask("GET", "/nope", by=terse).body == (
        b'{"code":"PGRST205","message":"Could not find the table \'api.nope\' in the schema cache"}'
    )


def test_a_header_from_sql_replaces_ours(ask: Ask) -> None:
    found = ask("POST", "/priced", b'{"id": 9}')
    assert [value for name, value in found.headers if name.lower() == "proxy-status"] == ["own"]
