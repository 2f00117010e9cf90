"""The whole database into one file, and back. A restore that fails loses nothing."""

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from submeter.core.problem import Problem, Refused
from submeter.db import migrations
from submeter.db.clients import get_client, run_client
from submeter.db.database import AUTHENTICATOR, Database, connect
from submeter.db.problems import disk_full, from_os_error

_MAGIC = b"PGDMP"

# What an owner without BYPASSRLS would silently leave out: forced policies, none of which shows all rows.
_HIDDEN = """
select format('%I.%I', n.nspname, c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relforcerowsecurity and c.relrowsecurity
  and (exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive)
    or not exists (
      select from pg_policy p cross join unnest(p.polroles) as r(oid)
      where p.polrelid = c.oid and p.polcmd in ('*', 'r') and pg_get_expr(p.polqual, p.polrelid) = 'true'
        and (r.oid = 0 or pg_has_role(r.oid, 'usage'))))
order by 1 limit 5
"""
_BYPASSES = "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
_EMPTY = """
select not exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                   where n.nspname !~ '^pg_' and n.nspname <> 'information_schema')
"""


def backup(database: Database, file: Path) -> Path:
    """Write the whole database to `file` (pg_dump's custom format), whole or not at all.

    Raises Refused: DBS301 (no fitting pg_dump), DBS302 (it failed), DBS303 (`file` is there already),
    DBS308 (its directory is not there),
    DBS105 (disk full), DBS307 (row-level security would hide rows from the backup).
    """
    if file.exists():
        raise Refused(Problem("DBS303", "The file is there already", str(file), "Choose another name."))
    if not file.absolute().parent.is_dir():
        detail = f"{file.absolute().parent} is not there"
        raise Refused(Problem("DBS308", "The file cannot be written", detail, "Make the directory first."))
    conninfo = database.admin_conninfo(database.name)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with connect(conninfo) as connection:
        program = get_client(database, "pg_dump", connection)
        policies = _row_security(connection)
    try:
        _touch(draft)
        done = run_client(program, ["--format=custom", *policies, f"--file={draft}"], conninfo)
        if done.returncode:
            raise _failed("pg_dump", done.stderr)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return file


def restore(
    database: Database,
    file: Path,
    *,
    replace_existing: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Put the backup `file` in the place of the database.

    It is restored into a new database first, which then takes the name of the old one: until that
    moment nothing is touched. Raises Refused: DBS301, DBS302, DBS304 (`file` is no backup), DBS305 (the
    database is not empty, and `replace_existing` was not said), DBS306 (databases may not be made or
    renamed).
    """
    _check_file(file)
    with connect(database.owner_conninfo) as connection:
        program = get_client(database, "pg_restore", connection)
        if not (replace_existing or _first(connection, _EMPTY)):
            hint = "Say --replace to give up what it holds now."
            raise Refused(Problem("DBS305", "The database is not empty", database.name, hint))
    _ensure_roles(database, say)
    with _new_database(database, "restoring") as fresh:
        say(f"restoring {file} into {fresh.name}")
        _load(program, file, fresh)
        _check_content(fresh, file)
        say(f"putting it in the place of {database.name}")
        _swap(database, fresh.name)


def _check_content(fresh: Database, file: Path) -> None:
    """An empty dump restores without complaint, and would leave nothing."""
    with connect(fresh.owner_conninfo) as connection:
        if _first(connection, "select to_regclass('submeter.escos') is null"):
            raise _no_backup(f"{file} holds no database of Submeter's")


def _row_security(connection: psycopg.Connection) -> list[str]:
    """No option where policies do not bind us; else the one for it, once every row is sure to be seen."""
    if _first(connection, _BYPASSES):
        return []
    hidden = [row[0] for row in connection.execute(_HIDDEN)]
    if hidden:
        hint = "Back up with a DATABASE_URL whose role has BYPASSRLS."
        raise Refused(Problem("DBS307", "Row-level security would hide rows", ", ".join(hidden), hint))
    return ["--enable-row-security"]


def _touch(path: Path) -> None:
    """The file holds personal data: nobody else's to read, from the first byte on."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise from_os_error(error) from error


def _check_file(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            magic = opened.read(len(_MAGIC))
    except OSError as error:
        raise _no_backup(f"{file}: {error.strerror}") from error
    if magic != _MAGIC:
        raise _no_backup(f"{file} was not made by `submeter db backup` or `pg_dump --format=custom`")


def _ensure_roles(database: Database, say: Callable[[str], None]) -> None:
    """A backup holds grants to roles, but roles belong to the server: a new one gets them by migrating."""
    with connect(database.owner_conninfo) as connection:
        if _first(connection, "select to_regrole(%s) is not null", AUTHENTICATOR):
            return
    with _new_database(database, "roles") as scratch:
        say("making the roles")
        migrations.apply(scratch)


@contextmanager
def _new_database(database: Database, purpose: str) -> Iterator[Database]:
    """A new database beside this one, dropped at the end if it still has its own name."""
    name = f"{database.name}_{purpose}_{secrets.token_hex(3)}"
    owner = make_conninfo(database.owner_conninfo, dbname=name)
    with _server(database) as connection:
        create = sql.SQL("create database {} template template0 owner {}")
        role = _first_of(database.owner_conninfo, "select current_user")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(str(role))))
    try:
        yield replace(database, owner_conninfo=owner)
    finally:
        with _server(database) as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )


def _load(program: Path, file: Path, fresh: Database) -> None:
    """Restore as the owner, whoever owned it where it comes from."""
    listed = run_client(program, ["--list", str(file)], fresh.owner_conninfo)
    if listed.returncode:
        raise _no_backup(listed.stderr.strip())
    entries = [line for line in listed.stdout.splitlines() if not line.startswith(";")]
    of_owner = [line for line in entries if " DEFAULT ACL " in line]
    with _list_file([line for line in entries if line not in of_owner]) as chosen:
        done = run_client(
            program,
            ["--no-owner", f"--use-list={chosen}", "--dbname", fresh.name, str(file)],
            fresh.owner_conninfo,
        )
    _check_errors(done.stderr, done.returncode)
    if of_owner:
        _load_default_privileges(program, file, of_owner, fresh)


def _load_default_privileges(program: Path, file: Path, entries: list[str], fresh: Database) -> None:
    """They name the owner where the backup comes from, whom this server may not know: they are ours now."""
    with _list_file(entries) as chosen:
        done = run_client(program, [f"--use-list={chosen}", "--file=-", str(file)], fresh.owner_conninfo)
    _check_errors(done.stderr, done.returncode)
    lines = [line for line in done.stdout.splitlines() if line.startswith("ALTER DEFAULT PRIVILEGES ")]
    with connect(fresh.owner_conninfo) as connection:
        for line in lines:
            ours = re.sub(r'FOR ROLE ("[^"]*"|\w+)', "FOR ROLE current_user", line, count=1)
            connection.execute(re.sub(r'(FROM|TO) ("[^"]*"|\w+);$', _grantee(line), ours).encode())


def _grantee(line: str) -> Callable[[re.Match[str]], str]:
    """Where the old owner is the grantee too, that is us as well."""
    owner = re.search(r'FOR ROLE ("[^"]*"|\w+)', line)
    return lambda found: f"{found[1]} current_user;" if owner and found[2] == owner[1] else found[0]


@contextmanager
def _list_file(lines: list[str]) -> Iterator[Path]:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"submeter-{secrets.token_hex(8)}.list"  # noqa: S108
    _touch(path)
    try:
        path.write_text("\n".join(lines) + "\n")
        yield path
    except OSError as error:
        raise from_os_error(error) from error
    finally:
        path.unlink(missing_ok=True)


def _check_errors(output: str, code: int) -> None:
    """pg_restore 17 and newer sets a parameter that older servers do not know: no reason to stop."""
    errors = [line for line in output.splitlines() if "error: " in line]
    real = [
        line for line in errors if 'unrecognized configuration parameter "transaction_timeout"' not in line
    ]
    if real or (code and not errors):
        raise _failed("pg_restore", "\n".join(real) or output)


def _swap(database: Database, fresh: str) -> None:
    """Both renames are one transaction: there is a database of the name at any moment."""
    old, aside, new = (
        sql.Identifier(name) for name in (database.name, f"{database.name}_{secrets.token_hex(3)}_old", fresh)
    )
    with _server(database) as connection:
        connection.execute(sql.SQL("alter database {} allow_connections false").format(old))
        try:
            query = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = any(%s)"
            connection.execute(query, ([database.name, fresh],))
            with connection.transaction():
                connection.execute(sql.SQL("alter database {} rename to {}").format(old, aside))
                connection.execute(sql.SQL("alter database {} rename to {}").format(new, old))
        except BaseException:
            connection.execute(sql.SQL("alter database {} allow_connections true").format(old))
            raise
        connection.execute(sql.SQL("drop database {} with (force)").format(aside))


@contextmanager
def _server(database: Database) -> Iterator[psycopg.Connection]:
    try:
        with connect(database.admin_conninfo("postgres")) as connection:
            yield connection
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse) as error:
        hint = "The role needs CREATEDB and may end the sessions of others; or stop what uses the database."
        problem = Problem("DBS306", "The database cannot be exchanged", str(error), hint)
        raise Refused(problem) from error


def _first(connection: psycopg.Connection, query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values or None).fetchone()
    return row[0] if row else None


def _first_of(conninfo: str, query: str) -> object:
    with connect(conninfo) as connection:
        return _first(connection, query)


def _no_backup(detail: str) -> Refused:
    return Refused(
        Problem("DBS304", "The file is no backup", detail, "Name a file that `submeter db backup` wrote.")
    )


def _failed(program: str, output: str) -> Refused:
    if "No space left on device" in output:
        return disk_full(f"{program}: {output.strip()}")
    tail = "\n".join(output.strip().splitlines()[-8:])
    return Refused(Problem("DBS302", f"{program} failed", tail, "Nothing was changed."))
