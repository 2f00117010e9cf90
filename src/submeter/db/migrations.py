"""Numbered SQL files, each applied once, in order, in a transaction of its own, and never edited after."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import psycopg

from submeter.core.problem import Problem, Refused
from submeter.db.authenticator import claim_authenticator
from submeter.db.database import Database

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_LOCK = 0x5375624D  # "SubM": one migration at a time in a database

_PREPARE = """
create schema if not exists submeter_migrations;
comment on schema submeter_migrations is 'Which migrations this database has seen.';
create table if not exists submeter_migrations.applied (
    version integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default clock_timestamp()
);
comment on table submeter_migrations.applied is 'One row for each migration file that was applied.';
"""


@dataclass(frozen=True)
class Migration:
    """One file: `0007_payments.sql` is version 7, name `payments`."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def file(self) -> str:
        return f"{self.version:04}_{self.name}.sql"


def list_migrations(directory: Traversable | None = None) -> tuple[Migration, ...]:
    """The migrations in `directory` (those of this Submeter), by version, from 1 without a gap.

    Raises Refused: MIG102 for a gap, MIG103 for a number used twice, MIG106 for a file with another name.
    """
    directory = directory or files("submeter") / "schema" / "migrations"
    entries = directory.iterdir() if directory.is_dir() else ()
    found = [_read(entry) for entry in entries if entry.name.endswith(".sql")]
    migrations = tuple(sorted(found, key=lambda migration: migration.file))
    for expected, migration in enumerate(migrations, 1):
        if migration.version < expected:
            raise _refusal("MIG103", "Two migrations have one number", migration.file)
        if migration.version > expected:
            raise _refusal(
                "MIG102", "A migration is missing", f"number {expected:04}, before {migration.file}"
            )
    return migrations


def plan(database: Database, migrations: tuple[Migration, ...] | None = None) -> tuple[Migration, ...]:
    """The migrations that `apply` would run. Changes nothing.

    Raises Refused: MIG101 if an applied file was edited, MIG104 if the database is newer than the code.
    """
    with database.connect_owner() as connection:
        return _pending(connection, list_migrations() if migrations is None else migrations)


def apply(
    database: Database,
    say: Callable[[str], None] = lambda _: None,
    migrations: tuple[Migration, ...] | None = None,
    *,
    new_secret: bool = False,
) -> tuple[Migration, ...]:
    """Bring the database up to date; returns what was applied. A second process waits, then finds nothing.

    Raises Refused: as `plan`, MIG105 where a file fails (it leaves nothing; those before it stay),
    MIG107 where a file ends its own transaction, DBS204, DBS207 or DBS208 about the login role.
    """
    migrations = list_migrations() if migrations is None else migrations
    with database.connect_owner() as connection, _alone(connection, say):
        pending = _pending(connection, migrations)
        claim_authenticator(connection, database, new_secret=new_secret)
        connection.execute(_PREPARE)
        for migration in pending:
            say(f"applying {migration.file}")
            _apply_one(connection, migration)
        claim_authenticator(connection, database)
        connection.execute("notify pgrst, 'reload schema'")
    return pending


def _read(entry: Traversable) -> Migration:
    matched = _NAME.fullmatch(entry.name)
    if not matched:
        raise _refusal("MIG106", "A migration is badly named", entry.name, "Name it NNNN_lower_case.sql.")
    text = entry.read_bytes().decode("utf-8").replace("\r\n", "\n")  # a checkout's line ends are no edit
    return Migration(int(matched[1]), matched[2], text)


def _pending(connection: psycopg.Connection, migrations: tuple[Migration, ...]) -> tuple[Migration, ...]:
    known = {migration.version: migration for migration in migrations}
    applied = _list_applied(connection)
    for version, (name, sha256) in applied.items():
        if version not in known:
            hint = "Run the Submeter that this database belongs to, or a newer one."
            raise _refusal("MIG104", "The database is newer than this Submeter", f"{version:04}_{name}", hint)
        if known[version].sha256 != sha256:
            hint = "Restore the file as it was, and put the change into a new migration."
            raise _refusal("MIG101", "An applied migration was edited", known[version].file, hint)
    return tuple(migration for migration in migrations if migration.version not in applied)


def _list_applied(connection: psycopg.Connection) -> dict[int, tuple[str, str]]:
    there = connection.execute("select to_regclass('submeter_migrations.applied') is not null").fetchone()
    if not there or not there[0]:
        return {}
    rows = connection.execute(
        "select version, name, sha256 from submeter_migrations.applied order by version"
    )
    return {version: (name, sha256) for version, name, sha256 in rows}


def _apply_one(connection: psycopg.Connection, migration: Migration) -> None:
    row = (migration.version, migration.name, migration.sha256)
    try:
        with connection.transaction():
            # A table that is in use must not make every later reader queue behind us for ever.
            connection.execute("set local lock_timeout = '30s'")
            begun = _transaction_id(connection)
            connection.execute(migration.sql.encode())
            if _transaction_id(connection) != begun:
                hint = "Remove commit, rollback and begin from it. What stood before them may have been kept."
                raise _refusal("MIG107", "A migration ends its own transaction", migration.file, hint)
            connection.execute("reset role")
            connection.execute(
                "insert into submeter_migrations.applied (version, name, sha256) values (%s, %s, %s)", row
            )
    except psycopg.Error as error:
        raise _failed(migration, error) from error
    connection.execute("reset all")


def _transaction_id(connection: psycopg.Connection) -> str:
    row = connection.execute("select pg_catalog.pg_current_xact_id()::text").fetchone()
    return str(row and row[0])


def _failed(migration: Migration, error: psycopg.Error) -> Refused:
    position = error.diag.statement_position
    line = migration.sql[: int(position)].count("\n") + 1 if position else None
    where = f"{migration.file}, line {line}" if line else migration.file
    context = {"file": migration.file, "line": line, "sqlstate": error.sqlstate}
    hint = error.diag.message_hint or "Nothing of this file was kept; the files before it were."
    return Refused(Problem("MIG105", "A migration failed", f"{where}: {error}", hint, context))


@contextmanager
def _alone(connection: psycopg.Connection, say: Callable[[str], None]) -> Iterator[None]:
    """The advisory lock ends with the session at the latest."""
    free = connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    if not free or not free[0]:
        say("waiting for another process that migrates")
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
    yield
    if not connection.closed:
        connection.execute("select pg_advisory_unlock(%s)", (_LOCK,))


def _refusal(code: str, title: str, detail: str, hint: str = "") -> Refused:
    return Refused(Problem(code, title, detail, hint))
