"""A rowgate of its own over the festival, for clients of every kind."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from clients.python_clients import CLIENTS, Client
from integration.rowgate.test_process import Running
from integration.rowgate.world import token
from submeter.db.database import Database

WORLD = Path(__file__).with_name("world.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def staff() -> str:
    """The token of somebody who may change everything; without one, a visitor may only read."""
    return token("festival_staff")


@pytest.fixture(scope="module")
def festival(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address at which the festival is served."""
    with psycopg.connect(module_database.owner_conninfo, autocommit=True) as connection:
        connection.execute(WORLD)
    process = Running(
        tmp_path_factory.mktemp("rowgate"),
        module_database.authenticator_conninfo,
        PGRST_DB_SCHEMAS="festival,archive",
        PGRST_DB_ANON_ROLE="festival_visitor",
        PGRST_DB_AGGREGATES_ENABLED="true",
        PGRST_DB_PLAN_ENABLED="true",
        PGRST_DB_MAX_ROWS="100",
        PGRST_DB_TX_END="commit-allow-override",
    )
    try:
        process.wait_ready()
        yield process.url
    finally:
        process.stop()


@pytest.fixture(scope="module")
def visitor(festival: str) -> Iterator[httpx.Client]:
    """Somebody without a token, and without a client's help."""
    with httpx.Client(base_url=festival) as http:
        yield http


@pytest.fixture
def fresh(visitor: httpx.Client) -> None:
    """The festival as it was in the beginning."""
    answer = visitor.post("/rpc/start_over")
    assert answer.is_success, answer.text


@pytest.fixture(scope="module", params=list(CLIENTS))
def client(request: pytest.FixtureRequest, festival: str, staff: str) -> Iterator[Client]:
    """Each client from PyPI, as staff."""
    with CLIENTS[request.param](festival, staff) as made:
        yield made
