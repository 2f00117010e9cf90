"""Databases for tests.

`database` is a fresh, migrated database, dropped after the test; `module_database` is one for a whole
module. Both are clones of a template that is migrated once a session, on one embedded server.

A test (class, module) marked `system_postgres` runs a second time against the oldest PostgreSQL of
the system, where its programs are found, or against SUBMETER_TEST_DATABASE_URL (an owner with CREATEDB
and CREATEROLE). SUBMETER_TEST_ALL_SERVERS=1 runs every test that uses a database so.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from submeter.db import migrations
from submeter.db.database import OWNER, Database, connect, embedded_database, url_database
from submeter.db.embedded import open_server
from submeter.db.embedded.binaries import major_of
from submeter.db.pool import Pool
from submeter.settings import Settings

# No test depends on how fast the machine is, nor on what else it is doing.
hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")

SECRET = "a secret of the tests, long enough for HS256"
_TEMPLATE = "submeter_template"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class DatabaseServer:
    """One server with a migrated template database."""

    template: Database

    @contextmanager
    def clone(self) -> Iterator[Database]:
        """A fresh copy of the template."""
        name = f"submeter_test_{os.getpid()}_{next(_numbers)}"
        self._run("create database {} template {} strategy file_copy", name, self.template.name)
        database = _renamed(self.template, name)
        try:
            yield database
        finally:
            database.pool.close()
            self._run("drop database {} with (force)", name)

    def _run(self, statement: str, *names: str) -> None:
        with connect(self.template.admin_conninfo("postgres")) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
            if statement.startswith("create") and self.template.lease:
                owned = sql.SQL("alter database {} owner to {}")
                connection.execute(owned.format(sql.Identifier(names[0]), sql.Identifier(OWNER)))


@pytest.fixture(scope="session")
def open_database_server() -> Iterator[Callable[[str], DatabaseServer]]:
    """Start (once) and get the server of a name: `embedded`, `system`, `url`, or an extension that it has.

    Skips the test where no PostgreSQL of the system has the extension.
    """
    servers: dict[str, DatabaseServer] = {}
    with ExitStack() as stack:

        def get(name: str) -> DatabaseServer:
            if name not in servers:
                servers[name] = stack.enter_context(_server(name))
            return servers[name]

        yield get


@pytest.fixture(scope="session")
def database_server(
    request: pytest.FixtureRequest, open_database_server: Callable[[str], DatabaseServer]
) -> DatabaseServer:
    """The server that this test's database lives on."""
    return open_database_server(request.param)


@pytest.fixture
def database(database_server: DatabaseServer) -> Iterator[Database]:
    """A fresh, migrated database for one test."""
    with database_server.clone() as clone:
        yield clone


@pytest.fixture(scope="module")
def module_database(database_server: DatabaseServer) -> Iterator[Database]:
    """A fresh, migrated database for all tests of one module: for those that mostly read."""
    with database_server.clone() as clone:
        yield clone


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A directory whose path is short enough for a socket and passable for the server's user."""
    with _short_directory() as directory:
        yield directory


def system_programs() -> Path | None:
    """The programs of the oldest PostgreSQL of the system that serves (15 or newer)."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    majors = sorted((int(path.parts[-3]), path.parent) for path in found if path.parts[-3].isdigit())
    return next((path for major, path in majors if major >= 15), None)


def programs_with(extension: str) -> Path | None:
    """The programs of the oldest PostgreSQL of the system that serves and has the extension at hand."""
    found = {path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")}
    found |= {Path(path).resolve().parent for path in [shutil.which("initdb")] if path}
    usable = ((major_of(path), path) for path in found if _offers(path, extension))
    return next((path for major, path in sorted(usable) if major >= 15), None)


def _offers(programs: Path, extension: str) -> bool:
    if not (programs / "pg_config").is_file():
        return False
    asked = [programs / "pg_config", "--sharedir"]
    shared = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    return (Path(shared) / "extension" / f"{extension}.control").is_file()


LONGEST = (
    "journeys/test_tenancy.py",
    "integration/metering/test_command.py",
    "docs/test_examples.py",
    "integration/rowgate/test_trust.py",
    "integration/db/test_cli.py",
    "soak/test_soak.py",
)
"""Files that take minutes. They come first, so that no core has one left when the others have ended."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, each as it was."""
    root = Path(__file__).parent
    places = {root / name: place for place, name in enumerate(LONGEST)}
    assert all(path.is_file() for path in places), "a file of LONGEST is gone"
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_server" not in metafunc.fixturenames:
        return
    names = ["embedded"]
    everywhere = os.environ.get("SUBMETER_TEST_ALL_SERVERS") == "1"
    if everywhere or metafunc.definition.get_closest_marker("system_postgres"):
        names += ["system"] if system_programs() else []
        names += ["url"] if os.environ.get("SUBMETER_TEST_DATABASE_URL") else []
    metafunc.parametrize("database_server", names, indirect=True, scope="session")


@contextmanager
def _server(name: str) -> Iterator[DatabaseServer]:
    settings = Settings(jwt_secret=SECRET)
    if name == "url":
        with _url_template(settings) as template:
            yield DatabaseServer(template)
        return
    programs = _programs(name)
    with _short_directory() as directory:
        quick = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "log_min_messages=fatal")
        with open_server(directory / "db", programs, options=quick) as lease:
            yield DatabaseServer(_migrated(embedded_database(lease, settings, _TEMPLATE)))


def _programs(name: str) -> Path | None:
    """The programs of a server by its name; None for those that came along."""
    if name == "embedded":
        return None
    found = system_programs() if name == "system" else programs_with(name)
    return found or pytest.skip(f"no PostgreSQL of this system has {name}")


@contextmanager
def _url_template(settings: Settings) -> Iterator[Database]:
    settings = replace(settings, database_url=os.environ["SUBMETER_TEST_DATABASE_URL"])
    found = url_database(settings)
    name = f"{_TEMPLATE}_{os.getpid()}"
    with connect(found.owner_conninfo) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        try:
            yield _migrated(_renamed(found, name))
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _migrated(template: Database) -> Database:
    migrations.apply(template)
    template.pool.close()
    return template


def _renamed(database: Database, name: str) -> Database:
    authenticator = make_conninfo(database.authenticator_conninfo, dbname=name)
    return replace(
        database,
        owner_conninfo=make_conninfo(database.owner_conninfo, dbname=name),
        authenticator_conninfo=authenticator,
        pool=Pool(authenticator),
    )


def _quick_disk() -> Path:
    """Memory, where there is plenty: a killed process loses as little there as on a disk."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**31
    return memory if roomy and not os.environ.get("SUBMETER_PROVE") else Path("/tmp")


@contextmanager
def _short_directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="sm-", dir=_quick_disk()))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
