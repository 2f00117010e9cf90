import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import psycopg
import pytest

from integration.rowgate.world import WORLD, world_config
from rowgate.app import Gateway
from submeter.db.database import Database

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs a coroutine on the one event loop that the module's gateway lives on."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="module")
def world(module_database: Database) -> Database:
    """A database with world.sql, and what the parts add to it."""
    with psycopg.connect(module_database.owner_conninfo, autocommit=True) as connection:
        connection.execute(WORLD)
    return module_database


@pytest.fixture(scope="module")
def owner(world: Database) -> Iterator[psycopg.Connection]:
    """A connection that may do everything in the world."""
    with psycopg.connect(world.owner_conninfo, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def gateway(world: Database, run: Run) -> Iterator[Gateway]:
    """The gateway over the world, logged in as the authenticator."""
    gateway = Gateway(world_config(world.authenticator_conninfo))
    run(gateway.start())
    yield gateway
    gateway.stop()
