"""A new cluster, made aside and put in place by one rename: a crash midway leaves nothing half-done."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from submeter.core.problem import Problem, Refused
from submeter.db.embedded.binaries import major_of
from submeter.db.embedded.place import Place
from submeter.db.problems import disk_full
from submeter.settings import write_private

SUPERUSER = "postgres"

_CONFIGURATION = """
# Submeter: a small, safe start. Change it as you like; it is not written again.
shared_buffers = 128MB
max_connections = 100
max_wal_size = 1GB
checkpoint_timeout = 15min
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_line_prefix = '%m [%p] '
"""


def make_cluster(place: Place, programs: Path) -> None:
    """Make the cluster of `place`. Raises Refused DBS105 (disk full), DBS107 (initdb failed)."""
    draft = place.home / "cluster.tmp"
    shutil.rmtree(draft, ignore_errors=True)
    if not place.password_file.exists():
        write_private(place.password_file, secrets.token_urlsafe(32) + "\n")
    draft.mkdir(mode=0o700)
    place.give(draft)
    try:
        _run_initdb(place, programs, draft)
        _configure(draft)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    draft.rename(place.cluster)
    _sync(place.home)


def check_version(place: Place, programs: Path) -> None:
    """Raises Refused DBS104 where the cluster was made by another major version of PostgreSQL."""
    made_by = (place.cluster / "PG_VERSION").read_text().strip()
    ours = str(major_of(programs))
    if made_by == ours:
        return
    detail = f"{place.cluster} was made by PostgreSQL {made_by}, the programs are {ours}"
    hint = (
        f"With a Submeter that brings PostgreSQL {made_by} (or SUBMETER_DB_BIN_DIR)"
        " run `submeter db backup FILE`; with this one, in a new data directory, `submeter db restore FILE`."
    )
    context = {"made_by": made_by, "programs": ours}
    raise Refused(Problem("DBS104", "The database is of another major version", detail, hint, context))


_KEPT = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")


def quiet_environment() -> dict[str, str]:
    """The environment for PostgreSQL's own programs: none of the user's PG* variables, plain messages."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    return {**kept, "LC_ALL": "C"}


def _run_initdb(place: Place, programs: Path, draft: Path) -> None:
    password = place.home / f"pw-{secrets.token_hex(8)}"
    write_private(password, place.get_password())
    try:
        place.give(password)
        done = subprocess.run(  # noqa: S603
            [programs / "initdb", "-D", draft, f"--pwfile={password}", *_options(major_of(programs))],
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=quiet_environment(),
            check=False,
            **(place.account.popen_arguments() if place.account else {}),
        )
    finally:
        password.unlink()
    if done.returncode:
        raise _initdb_failed(draft, done.stdout + done.stderr)


def _options(major: int) -> list[str]:
    """The same text order on every platform: the builtin C.UTF-8 locale, from PostgreSQL 17."""
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    shared = [f"--username={SUPERUSER}", "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums"]
    return shared + (locale if major >= 17 else ["--locale=C.UTF-8"])


def _configure(draft: Path) -> None:
    with (draft / "postgresql.conf").open("a") as file:
        file.write(_CONFIGURATION)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _initdb_failed(draft: Path, output: str) -> Refused:
    if "No space left on device" in output:
        return disk_full(f"while making the database in {draft.parent}")
    tail = "\n".join(output.strip().splitlines()[-8:])
    return Refused(Problem("DBS107", "The database server did not start", f"initdb: {tail}"))
