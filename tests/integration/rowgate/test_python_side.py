"""The port by which the application answers in the place of SQL."""

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.world import bearer, world_config
from rowgate.app import Gateway
from rowgate.catalog.model import Name
from rowgate.errors import Refusal
from rowgate.request import Headers, Incoming
from rowgate.response import Answer
from submeter.db.database import Database

SERVED = """
create function api.rate(customer int, months int default 1) returns table (month date, amount numeric)
  language plpgsql as $$ begin raise exception 'served by the application' using errcode = '0A000'; end $$;
create function api.refuse() returns text
  language plpgsql as $$ begin raise exception 'served by the application' using errcode = '0A000'; end $$;
create function api.import_file(body json) returns void
  language plpgsql as $$ begin raise exception 'served by the application' using errcode = '0A000'; end $$;
create table books.reading (id int generated always as identity, meter text, kwh numeric(10, 3));
create view api.readings with (security_invoker) as select meter, kwh from books.reading;
create table api.tickets (id int primary key, text text);
create function books.served() returns trigger
  language plpgsql as $$ begin raise exception 'served by the application' using errcode = '0A000'; end $$;
create trigger served instead of insert on api.readings for each row execute function books.served();
revoke execute on all functions in schema api from public;
grant execute on function api.rate, api.refuse, api.import_file to rowgate_writer;
create trigger served before insert on api.tickets for each row execute function books.served();
grant select, insert on api.readings to rowgate_writer;
grant select, insert, update on api.tickets to rowgate_writer;
"""


class Application:
    """Remembers how it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any, Any]] = []

    def rate(self, claims: Mapping[str, Any], arguments: Any) -> Any:
        self.calls.append(("rate", claims, arguments))
        return [
            {"month": f"2026-{n:02}-01", "amount": "12.34", "more": 1}
            for n in range(1, 1 + int(arguments.get("months", 1)))
        ]

    def refuse(self, claims: Mapping[str, Any], arguments: Any) -> Any:
        raise Refusal(409, "BIL101", "Already billed", {"bill": 7}, "Credit it first")

    def import_file(self, claims: Mapping[str, Any], arguments: Any) -> Any:
        self.calls.append(("import", claims, arguments))
        return []

    def tickets(self, claims: Mapping[str, Any], rows: Any) -> Any:
        self.calls.append(("tickets", claims, rows))
        return [rows]

    def readings(self, claims: Mapping[str, Any], rows: Any) -> Any:
        self.calls.append(("readings", claims, rows))
        return rows if isinstance(rows, list) else [rows]


@pytest.fixture(scope="module")
def application() -> Application:
    return Application()


@pytest.fixture(scope="module")
def ask(world: Database, run: Run, application: Application) -> Iterator[Callable[..., Answer]]:
    with psycopg.connect(world.owner_conninfo, autocommit=True) as connection:
        connection.execute(SERVED)
    side = {
        Name("api", "rate"): application.rate,
        Name("api", "refuse"): application.refuse,
        Name("api", "import_file"): application.import_file,
        Name("api", "readings"): application.readings,
        Name("api", "tickets"): application.tickets,
    }
    gateway = Gateway(world_config(world.authenticator_conninfo), side)
    run(gateway.start())

    def ask(method: str, url: str, body: Any = None, role: str = "writer", **headers: str) -> Answer:
        path, _, query = url.partition("?")
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        incoming = Incoming(
            method, path, query.encode(), Headers({**bearer(role, sub="ann"), **headers}), raw
        )
        return run(gateway.answer(incoming))  # type: ignore[no-any-return]

    yield ask
    gateway.stop()


def test_rows_get_their_declared_types_and_are_read_like_any(
    ask: Callable[..., Answer], application: Application
) -> None:
    answer = ask("POST", "/rpc/rate", {"customer": 1, "months": 3})
    assert json.loads(answer.body, parse_float=str)[0] == {"month": "2026-01-01", "amount": "12.34"}
    assert application.calls[-1] == (
        "rate",
        {"role": "rowgate_writer", "sub": "ann"},
        {"customer": 1, "months": 3},
    )
    answer = ask(
        "GET",
        "/rpc/rate?customer=1&months=3&select=month&amount=gt.5&order=month.desc&limit=1",
        prefer="count=exact",
    )
    assert (answer.status, answer.body) == (206, b'[{"month":"2026-03-01"}]')
    assert application.calls[-1][2] == {"customer": "1", "months": "3"}


def test_arguments_that_come_as_rows(ask: Callable[..., Answer], application: Application) -> None:
    csv = {"content-type": "text/csv"}
    for rows, headers in (([{"customer": 1}, {"customer": 2}], {}), (b"customer\n1\n2\n", csv)):
        assert ask("POST", "/rpc/rate", rows, **headers).status == 200
        assert str(application.calls[-1][2]["customer"]) == "1"


def test_an_insert_that_needs_a_decision(ask: Callable[..., Answer], application: Application) -> None:
    answer = ask("POST", "/readings?select=kwh", [{"meter": "a", "kwh": 1.5}], prefer="return=representation")
    assert (answer.status, answer.body) == (201, b'[{"kwh":1.500}]')
    assert application.calls[-1][::2] == ("readings", [{"meter": "a", "kwh": 1.5}])
    assert ask("POST", "/rpc/import_file", {"body": {"a": 1}}).status == 204


def test_what_is_inserted_is_exact_and_of_the_named_columns(
    ask: Callable[..., Answer], application: Application
) -> None:
    body = b'[{"meter": "a", "kwh": 0.12345678901234567890, "note": "x"}]'
    answer = ask("POST", "/readings?columns=kwh", body, prefer="return=representation")
    assert (answer.status, answer.body) == (201, b'[{"meter":null,"kwh":0.123}]')
    assert application.calls[-1][2] == [{"kwh": Decimal("0.12345678901234567890")}]


def test_the_database_decides_who_may_come_in(ask: Callable[..., Answer], application: Application) -> None:
    before = len(application.calls)
    assert ask("POST", "/rpc/rate", {"customer": 1}, role="reader").status == 403
    assert ask("POST", "/readings", {"meter": "a"}, role="reader").status == 403
    assert ask("POST", "/rpc/rate", {"customer": "x"}).status == 400
    assert ask("POST", "/readings", {"meter": "a", "kwh": "x"}).status == 400
    assert ask("POST", "/rpc/rate", {"nobody": 1}).status == 404
    assert len(application.calls) == before


def test_the_application_adds_rows_and_replaces_none(
    ask: Callable[..., Answer], application: Application
) -> None:
    row = {"id": 1, "text": "a"}
    before = len(application.calls)
    answer = ask("PUT", "/tickets?id=eq.1", row)
    assert (answer.status, json.loads(answer.body)["code"]) == (405, "PGRST117")
    assert len(application.calls) == before
    answer = ask("POST", "/tickets", row, prefer="resolution=merge-duplicates, return=representation")
    assert (answer.status, answer.body) == (201, b'[{"id":1,"text":"a"}]')
    assert dict(answer.headers)["Preference-Applied"] == "return=representation"


def test_what_the_application_refuses_is_the_answer(ask: Callable[..., Answer]) -> None:
    answer = ask("POST", "/rpc/refuse", {})
    assert answer.status == 409
    assert json.loads(answer.body) == {
        "code": "BIL101",
        "details": {"bill": 7},
        "hint": "Credit it first",
        "message": "Already billed",
    }


def test_a_number_that_python_will_not_read(ask: Callable[..., Answer]) -> None:
    answer = ask("POST", "/rpc/import_file", b'{"body": ' + b"9" * 5000 + b"}")
    assert (answer.status, json.loads(answer.body)["code"]) == (400, "PGRST102")
