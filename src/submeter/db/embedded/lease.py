"""One process's use of the embedded server: the first in starts it, the last out stops it."""

import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from psycopg.conninfo import make_conninfo

from submeter.db.embedded.binaries import find_programs, programs_for
from submeter.db.embedded.cluster import SUPERUSER, check_version, make_cluster
from submeter.db.embedded.locks import Say, UserLock, change_lock
from submeter.db.embedded.place import Place, choose_place, find_place
from submeter.db.embedded.postmaster import find_running, start, stop
from submeter.db.embedded.processes import Postmaster, find_postmaster, listener_of
from submeter.db.problems import from_os_error


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass
class Lease:
    """A running server that stays up while we hold this. Close it (or leave the `with`) when done."""

    place: Place
    postmaster: Postmaster
    programs: Path
    """The directory with `psql`, `pg_dump` and `pg_restore` of the server's version."""
    _lock: UserLock
    _opened_by: int = field(default_factory=os.getpid)

    def conninfo(self, dbname: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        """How to connect; the password of a user other than the superuser is derived from its secret."""
        return make_conninfo(
            host=str(self.postmaster.socket_dir),
            port=self.postmaster.port,
            dbname=dbname,
            user=user,
            password=password or self.password_of(user),
        )

    def password_of(self, user: str) -> str:
        """The password that we give to `user`: nothing to store, and it never changes."""
        secret = self.place.get_password()
        if user == SUPERUSER:
            return secret
        return hmac.new(secret.encode(), f"password of {user}".encode(), hashlib.sha256).hexdigest()

    def keep(self) -> None:
        """Let the server stay up when the last user leaves, until `stop_server`."""
        self.place.kept.touch()

    def close(self) -> None:
        """Leave; the last one out stops the server. A forked child leaves without a word."""
        if os.getpid() != self._opened_by:
            return
        with change_lock(self.place.data_dir, _silent):
            last = self._lock.is_last()
            if last and not self.place.kept.exists():
                stop(self.place, self.postmaster)
            self._lock.release()
        self._opened_by = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_server(
    data_dir: Path,
    bin_dir: Path | None = None,
    say: Say = _silent,
    *,
    port: int | None = None,
    options: tuple[str, ...] = (),
) -> Lease:
    """The server of `data_dir`: joined if it runs, else started, and made first if it is new.

    `bin_dir` names other programs than the bundled ones, `port` lets it listen on 127.0.0.1 as well,
    `options` are settings of PostgreSQL (`fsync=off`), `say` is told what takes long.
    Raises Refused with a code DBS101 to DBS110.
    """
    data_dir = data_dir.absolute()
    with _coded():
        programs = find_programs(bin_dir)
        place = choose_place(data_dir)
        with change_lock(data_dir, say):
            return _open_locked(place, programs, options, port, say)


def stop_server(data_dir: Path) -> bool:
    """Stop the server, whoever uses it, and forget that it was to be kept; False if none ran."""
    with _coded():
        place = find_place(data_dir.absolute())
        if place is None:
            return False
        with change_lock(data_dir, _silent):
            place.kept.unlink(missing_ok=True)
            running = find_postmaster(place.cluster)
            if running is None or listener_of(running.socket) is None:
                return False
            stop(place, running)
            return True


def _open_locked(place: Place, programs: Path, options: tuple[str, ...], port: int | None, say: Say) -> Lease:
    lock = UserLock(place.data_dir)
    try:
        programs = programs_for(place.account, programs)
        if not place.cluster.exists():
            say(f"making a new database in {place.home}")
            make_cluster(place, programs)
        check_version(place, programs)
        running = find_running(place, say)
        if running is None:
            place.kept.unlink(missing_ok=True)
            running = start(place, programs, options, port, say)
        return Lease(place, running, programs, lock)
    except BaseException:
        lock.release()
        raise


@contextmanager
def _coded() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise from_os_error(error) from error
