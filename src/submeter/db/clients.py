"""PostgreSQL's own client programs (`pg_dump`, `pg_restore`, `psql`), fit for the server at hand."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.embedded.binaries import find_programs, major_of

_SYSTEM = Path("/usr/lib/postgresql")
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "options": "PGOPTIONS",
}


def get_client(database: Database, name: str, connection: psycopg.Connection) -> Path:
    """The program `name` of the server's major version, else of the next newer one there is.

    Raises Refused DBS301 where there is none that is new enough: an older one would lose what it does
    not know.
    """
    if database.lease and (database.lease.programs / name).is_file():
        return database.lease.programs / name
    server = connection.info.server_version // 10000
    majors = sorted((major_of(directory), directory) for directory in _directories(name))
    fit = next((directory for major, directory in majors if major >= server), None)
    if fit:
        return fit / name
    found = ", ".join(str(major) for major, _ in majors) or "none"
    detail = f"the server is PostgreSQL {server}; {name} here: {found}"
    hint = f"Install PostgreSQL {server}'s programs (postgresql-{server}), or put them on the PATH."
    raise Refused(Problem("DBS301", f"There is no {name} that is new enough", detail, hint))


def environment(conninfo: str) -> dict[str, str]:
    """The environment that makes a client connect: a password on a command line is seen by everybody."""
    values = {key: str(value) for key, value in conninfo_to_dict(conninfo).items() if value is not None}
    ours = {_VARIABLES[key]: value for key, value in values.items() if key in _VARIABLES}
    others = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**others, **ours, "PGAPPNAME": "submeter"}


def run_client(program: Path, arguments: list[str], conninfo: str) -> subprocess.CompletedProcess[str]:
    """Run a client to its end, in plain English, and give its output back."""
    return subprocess.run(  # noqa: S603
        [program, "--no-password", *arguments],
        env={**environment(conninfo), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _directories(name: str) -> Iterator[Path]:
    on_path = shutil.which(name)
    candidates = [*_SYSTEM.glob("*/bin"), *([Path(on_path).resolve().parent] if on_path else [])]
    with suppress(Refused):
        candidates.append(find_programs())
    return (found for found in candidates if (found / name).is_file() and (found / "postgres").is_file())
