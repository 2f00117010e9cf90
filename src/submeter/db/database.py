"""One database to work with: the embedded one, or the one that DATABASE_URL names."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from submeter.core.problem import Problem, Refused
from submeter.db.embedded.lease import Lease, open_server
from submeter.db.embedded.place import find_place
from submeter.db.pool import Pool, open_connection
from submeter.db.problems import GIVEN_WAY, gave_way, unreachable
from submeter.settings import Settings

NAME = "submeter"
OWNER = "submeter_owner"
AUTHENTICATOR = "authenticator"
OLDEST = 15

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Database:
    """How to reach one database: as its owner (migrations only) and as `authenticator` (everything else)."""

    owner_conninfo: str = field(repr=False)
    authenticator_conninfo: str = field(repr=False)
    pool: Pool
    """Connections as `authenticator`."""
    authenticator_password: str | None = field(repr=False)
    """What `migrate` gives to `authenticator`; None where SUBMETER_AUTHENTICATOR_URL says how to log in."""
    default_esco: str | None = None
    lease: Lease | None = None
    """The embedded server; None for a DATABASE_URL."""

    @property
    def name(self) -> str:
        """The name of the database in its server."""
        return str(conninfo_to_dict(self.owner_conninfo).get("dbname", ""))

    def admin_conninfo(self, dbname: str) -> str:
        """How to reach another database of the server with the widest rights we have."""
        if self.lease:
            return self.lease.conninfo(dbname)
        return make_conninfo(self.owner_conninfo, dbname=dbname)

    def connect_owner(self) -> psycopg.Connection:
        """A new connection as the owner, in autocommit. Raises Refused DBS201, DBS202, DBS206."""
        return connect(self.owner_conninfo)


@contextmanager
def open_database(
    settings: Settings, say: Say = lambda _: None, *, must_exist: bool = False
) -> Iterator[Database]:
    """The database of `settings`, as long as the `with` lasts; the last user stops an embedded server.

    With `must_exist` an embedded database is not made: a command that is run in the wrong directory must
    not answer from a new, empty one. Raises Refused: DBS101 to DBS111 (embedded), DBS201 to DBS206
    (DATABASE_URL).
    """
    if must_exist:
        check_exists(settings)
    if settings.database_url:
        with _closing(url_database(settings)) as database:
            yield database
        return
    server = open_server(settings.data_dir, settings.db_bin_dir, say, port=settings.db_port)
    with server as lease, _closing(embedded_database(lease, settings)) as database:
        yield database


def check_exists(settings: Settings) -> None:
    """Raises Refused DBS111 where an embedded database is meant and there is none."""
    if settings.database_url or find_place(settings.data_dir):
        return
    hint = "Go to Submeter's directory, or set SUBMETER_DATA_DIR. `submeter migrate` makes a new one."
    raise Refused(Problem("DBS111", "There is no database here", str(settings.data_dir), hint))


def embedded_database(lease: Lease, settings: Settings, name: str = NAME) -> Database:
    """The database `name` of the embedded server; it and its owner are made if they are missing."""
    _ensure_owner_and_database(lease, name)
    password = authenticator_password(settings)
    conninfo = lease.conninfo(name, AUTHENTICATOR, password)
    return Database(
        owner_conninfo=lease.conninfo(name, OWNER),
        authenticator_conninfo=conninfo,
        pool=Pool(conninfo),
        authenticator_password=password,
        default_esco=settings.default_esco,
        lease=lease,
    )


def url_database(settings: Settings) -> Database:
    """The database of DATABASE_URL. Raises Refused DBS201 to DBS203 and DBS206."""
    owner = settings.database_url or ""
    with connect(owner) as connection:
        _check_version(connection.info.server_version)
        dbname = connection.info.dbname
    password = None if settings.authenticator_url else authenticator_password(settings)
    conninfo = settings.authenticator_url or make_conninfo(
        owner, dbname=dbname, user=AUTHENTICATOR, password=password
    )
    return Database(
        owner_conninfo=make_conninfo(owner, dbname=dbname),
        authenticator_conninfo=make_conninfo(conninfo),
        pool=Pool(conninfo),
        authenticator_password=password,
        default_esco=settings.default_esco,
    )


def authenticator_password(settings: Settings) -> str:
    """The password of `authenticator`: derived from the secret of the tokens, so that nothing is stored."""
    secret = settings.get_jwt_secret().encode()
    return hmac.new(secret, b"submeter: password of authenticator", hashlib.sha256).hexdigest()


def connect(conninfo: str) -> psycopg.Connection:
    """A connection in autocommit. Raises Refused DBS201, DBS202, DBS206."""
    try:
        return open_connection(conninfo)
    except psycopg.ProgrammingError:
        # What libpq says of it repeats the address, and the password in it.
        hint = "It looks like postgresql://user:password@host:5432/name"
        raise unreachable("DATABASE_URL is not an address", hint) from None
    except psycopg.OperationalError as error:
        raise connection_refused(error) from error


def connection_refused(error: psycopg.OperationalError, *, authenticator: bool = False) -> Refused:
    """The coded refusal for a login that failed, a connection that was lost, or work that had to give way."""
    if isinstance(error, GIVEN_WAY):
        return gave_way(error)
    text = str(error)
    if "password authentication failed" in text or ("role" in text and "does not exist" in text):
        hint = "Check the user and the password in DATABASE_URL."
        if authenticator:
            hint = "Run `submeter migrate`: it gives authenticator its password."
        return Refused(Problem("DBS202", "The database does not accept the login", text, hint))
    if "database" in text and "does not exist" in text:
        hint = "Create it (`createdb`), owned by the user of DATABASE_URL."
        return Refused(Problem("DBS206", "There is no such database", text, hint))
    return unreachable(text)


def _check_version(version: int) -> None:
    major = version // 10000
    if major < OLDEST:
        hint = f"Use PostgreSQL {OLDEST} or newer, or no DATABASE_URL: Submeter brings its own."
        detail = f"it is {major}, {OLDEST} is the oldest that serves"
        raise Refused(Problem("DBS203", "The database server is too old", detail, hint, {"major": major}))


def _ensure_owner_and_database(lease: Lease, name: str) -> None:
    """Also what a crash between initdb and here left undone."""
    with connect(lease.conninfo()) as connection:
        has_owner, has_database = connection.execute(
            "select to_regrole(%s) is not null, exists (select from pg_database where datname = %s)",
            (OWNER, name),
        ).fetchone() or (False, False)
        if not has_owner:
            create = sql.SQL("create role {} login createrole password {}")
            connection.execute(create.format(sql.Identifier(OWNER), sql.Literal(lease.password_of(OWNER))))
        if not has_database:
            create = sql.SQL("create database {} owner {}")
            connection.execute(create.format(sql.Identifier(name), sql.Identifier(OWNER)))


@contextmanager
def _closing(database: Database) -> Iterator[Database]:
    try:
        yield database
    finally:
        database.pool.close()
