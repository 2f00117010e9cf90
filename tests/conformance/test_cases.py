"""Every case of cases/ against a real database; case.py says how a case is written."""

import asyncio
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from conformance.case import CASES, SETTINGS, Case, Step, all_cases
from conformance.compare import check, difference
from conformance.world import WORLDS, World, config, scope
from rowgate.app import Gateway
from rowgate.asgi import Asgi
from rowgate.response import Answer
from submeter.db.database import Database

ALL = all_cases()
Run = Callable[..., Any]
Databases = Callable[[str], tuple[Database, psycopg.Connection]]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="module")
def database_of(database_server: Any, open_database_server: Callable[[str], Any]) -> Iterator[Databases]:
    """The database of a world, and its owner's connection; made when first asked for."""
    made: dict[str, tuple[Database, psycopg.Connection]] = {}
    with ExitStack() as stack:

        def get(name: str) -> tuple[Database, psycopg.Connection]:
            if name not in made:
                world = WORLDS[name]
                server = open_database_server(world.extension) if world.extension else database_server
                database = stack.enter_context(server.clone())
                prepare(world, database)
                owner = stack.enter_context(psycopg.connect(database.owner_conninfo, autocommit=True))
                owner.execute(world.sql)
                made[name] = database, owner
            return made[name]

        yield get


def prepare(world: World, database: Database) -> None:
    """Do what only a superuser may."""
    if not world.before:
        return
    if database.lease is None:
        pytest.skip("the server's superuser is not ours")
    with psycopg.connect(database.admin_conninfo(database.name), autocommit=True) as connection:
        connection.execute(world.before)


class Gateways:
    """One gateway for each world and settings; a file's is stopped when another file's is asked for."""

    def __init__(self, database_of: Databases, run: Run) -> None:
        self._database_of = database_of
        self._run = run
        self._made: dict[Any, Asgi] = {}
        self._stops: dict[Any, Callable[[], None]] = {}

    def get(self, case: Case) -> Asgi:
        key = case.world, tuple(sorted(case.settings.items()))
        if key not in self._made:
            self.stop_all(but_usual=True)
            conninfo = self._database_of(case.world)[0].authenticator_conninfo
            gateway = Gateway(config(conninfo, WORLDS[case.world], case.settings))
            self._run(gateway.start())
            self._made[key], self._stops[key] = Asgi(gateway), gateway.stop
        return self._made[key]

    def stop_all(self, *, but_usual: bool = False) -> None:
        for key in [key for key in self._made if key[1] or not but_usual]:
            self._stops.pop(key)()
            del self._made[key]


@pytest.fixture(scope="module")
def gateways(database_of: Databases, run: Run) -> Iterator[Gateways]:
    gateways = Gateways(database_of, run)
    yield gateways
    gateways.stop_all()


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_case(case: Case, database_of: Databases, gateways: Gateways, run: Run) -> None:
    world = WORLDS[case.world]
    application = gateways.get(case)
    if world.refill:
        database_of(case.world)[1].execute(world.refill)
    for step in case.steps:
        check(step, run(ask(application, step, world)))


async def ask(application: Asgi, step: Step, world: World) -> Answer:
    """Hand the step to the application and put its answer together."""
    messages = [{"type": "http.request", "body": step.body.encode()}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        if not messages:
            await asyncio.Event().wait()  # the client stays
        return messages.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await application(scope(step, world), receive, send)
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"])
    refused_head = step.method == "HEAD" and sent[0]["status"] >= 400  # its body never leaves a server
    body = b"" if refused_head else b"".join(message["body"] for message in sent[1:])
    return Answer(sent[0]["status"], headers, body)


def test_a_wrong_answer_fails() -> None:
    """The comparison itself: what must not pass as the same."""
    assert difference('[{"a": 1.50}]', b'[{"a":1.50}]') is None
    assert difference('[{"a": 1.50}]', b'[{"a":1.5}]')
    assert difference("", b"[]")
    assert difference('~ {"code": "42703"}', b'{"code":"42P01"}')
    assert difference('= {"a":1}', b'{"a": 1}')
    assert difference("@ /a 1", b'{"a": 2}')
    assert difference("@ /a -", b'{"a": 2}')
    assert difference("has a\nhas not b", b"a b")


@pytest.mark.parametrize(
    "wrong",
    [
        Step("GET", "/", status=201),
        Step("GET", "/", status=200, answer_headers={"A": "c"}),
        Step("GET", "/", status=200, answer_headers={"A": "-"}),
        Step("GET", "/", status=200, answer_headers={"A": "~ b"}),
    ],
)
def test_a_wrong_status_or_header_fails(wrong: Step) -> None:
    answer = Answer(200, (("A", "bb"),))
    check(Step("GET", "/", status=200, answer_headers={"a": "~ b+", "B": "-"}), answer)
    with pytest.raises(AssertionError):
        check(wrong, answer)


def test_all_cases_are_read_and_live_somewhere() -> None:
    texts = "".join("\n" + path.read_text(encoding="utf-8") for path in CASES.rglob("*.txt"))
    assert sum(len(case.steps) for case in ALL) == texts.count("\n--- ")
    assert len(ALL) == texts.count("\n=== ")
    assert all(case.steps for case in ALL)
    assert {case.world for case in ALL} <= WORLDS.keys()
    assert {name for case in ALL for name in case.settings} <= SETTINGS
    assert {path.parent.name for path in CASES.rglob("*.txt")} <= SETTINGS | {"cases"}
