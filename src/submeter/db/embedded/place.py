"""Where a data directory keeps its cluster, its locks and its socket.

    <data_dir>/            locks, log, and (usually) what stands below
    <home>/cluster         the cluster itself (PGDATA)
    <home>/superuser-password
    <home>/run             the socket, where its path is short enough

`home` is the data directory, unless root's data directory lies where the server's user cannot go
(under /root): then it is a directory under /var/lib/submeter, and `<data_dir>/cluster.path` names it.
"""

import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from submeter.core.problem import Problem, Refused
from submeter.db.embedded.account import Account, account_for
from submeter.db.embedded.binaries import SYSTEM_DIR
from submeter.db.problems import not_usable
from submeter.settings import create_data_dir, write_private

_LONGEST_SOCKET = 103  # macOS allows 103 bytes, Linux 107
_SOCKET_NAME = ".s.PGSQL.65535"


@dataclass(frozen=True)
class Place:
    """The directories of one embedded server, and the user it runs as (None: ourselves)."""

    data_dir: Path
    home: Path
    account: Account | None

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def password_file(self) -> Path:
        return self.home / "superuser-password"

    @property
    def log(self) -> Path:
        return self.data_dir / "server.log"

    @property
    def kept(self) -> Path:
        """There while the server was started to stay: then nobody stops it on leaving."""
        return self.data_dir / "kept"

    def give(self, path: Path) -> None:
        """Make `path`, which is ours, belong to the server's user."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)

    def get_password(self) -> str:
        """The superuser's password. Raises Refused DBS110 where it is gone."""
        try:
            return self.password_file.read_text("ascii").strip()
        except FileNotFoundError:
            hint = "Put the file back from a copy of the data directory."
            detail = f"{self.password_file} is missing beside its cluster"
            raise Refused(Problem("DBS110", "The superuser's password is lost", detail, hint)) from None


def find_place(data_dir: Path) -> Place | None:
    """The place of a data directory that has a cluster or has chosen where to put it; else None.

    Raises Refused: DBS109 where the cluster was put elsewhere and is gone, DBS101 where it is not ours.
    """
    home = _home(data_dir)
    if home is None:
        return None
    place = Place(data_dir, home, account_for(home / "cluster"))
    _check_owner(place)
    return place


def choose_place(data_dir: Path) -> Place:
    """The place of `data_dir`, chosen now and written down if it is new."""
    create_data_dir(data_dir)
    found = find_place(data_dir)
    if found:
        return found
    account = account_for(data_dir / "cluster")
    if account is None or account.may_pass(data_dir):
        return Place(data_dir, data_dir, account)
    home = SYSTEM_DIR / f"{data_dir.parent.name or 'root'}-{secrets.token_hex(4)}"
    home.mkdir(parents=True)
    for directory in (SYSTEM_DIR, home):
        directory.chmod(0o755)
    write_private(data_dir / "cluster.path", f"{home}\n")
    return Place(data_dir, home, account)


def make_socket_dir(place: Place) -> Path:
    """A private directory whose path is short enough for a socket."""
    directory = place.home / "run"
    if len(os.fsencode(directory / _SOCKET_NAME)) > _LONGEST_SOCKET:
        directory = Path(tempfile.mkdtemp(prefix="submeter-", dir="/tmp"))
    directory.mkdir(exist_ok=True)
    directory.chmod(0o700)
    place.give(directory)
    return directory


def drop_socket_dir(directory: Path) -> None:
    """Remove a socket directory outside the data directory; one within it stays for the next time."""
    if directory.parent == Path("/tmp") and directory.name.startswith("submeter-"):  # noqa: S108
        shutil.rmtree(directory, ignore_errors=True)


def _home(data_dir: Path) -> Path | None:
    pointer = data_dir / "cluster.path"
    if not pointer.exists():
        return data_dir if (data_dir / "cluster").exists() else None
    home = Path(pointer.read_text().strip())
    if not home.is_dir():
        hint = f"Bring {home} back from a copy, or remove {pointer} to begin an empty database."
        raise Refused(Problem("DBS109", "The database is not where it was put", f"{home} is gone", hint))
    return home


def _check_owner(place: Place) -> None:
    if not place.cluster.exists():
        return
    owner = place.cluster.stat().st_uid
    if owner == 0:
        name = place.account.name if place.account else "its user"
        raise not_usable(f"{place.cluster} belongs to root", f"chown -R {name} {place.cluster}")
    if place.account is None and owner != os.geteuid():
        raise not_usable(f"{place.cluster} belongs to user {owner}", "Run as that user, or as root.")
    if place.account and not place.account.may_pass(place.cluster):
        detail = f"user {place.account.name} cannot reach {place.cluster}"
        raise not_usable(detail, "Give the directories above it the x permission for others.")
