"""Start the server and wait until it answers; stop it and wait until it is gone.

Ready means that it lets us log in; no process number is believed. A server that recovers after a crash is
waited for as long as it lives, with a word to the user now and then.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from submeter.core.problem import Problem, Refused
from submeter.db.embedded.cluster import SUPERUSER, quiet_environment
from submeter.db.embedded.locks import Say
from submeter.db.embedded.place import Place, drop_socket_dir, make_socket_dir
from submeter.db.embedded.processes import Postmaster, find_postmaster, is_alive, list_servers, listener_of
from submeter.db.problems import disk_full, not_usable

_SILENCE = 5.0  # seconds between two words to a waiting user
_PATIENCE = 60.0  # seconds for what should take none: leftovers to go, a socket to appear
_GRACE = 3.0  # seconds an orphan has to notice by itself that its postmaster died
_LARGEST_LOG = 16 * 2**20

_children: list[subprocess.Popen[bytes]] = []  # so that a postmaster of ours never stays a zombie


class _Occupied(Exception):
    """Something of an earlier server is still in the way."""


def find_running(place: Place, say: Say) -> Postmaster | None:
    """The server of this cluster, once it lets us in; None if none runs."""
    _bury()
    started = time.monotonic()
    for waited in _ticks():
        running = find_postmaster(place.cluster)
        if running is None or not is_alive(running.pid) or listener_of(running.socket) is None:
            return None
        if _lets_in(place, running):
            return running
        if time.monotonic() - started > waited.next_word:
            say(f"waiting for the running database server to answer: {waited.word(started)}")
    raise AssertionError


def start(place: Place, programs: Path, options: tuple[str, ...], port: int | None, say: Say) -> Postmaster:
    """Start the server of an existing cluster; returns when it answers.

    Raises Refused: DBS101, DBS105, DBS106, DBS107, or DBS108 where an earlier server will not go away.
    """
    _rotate(place.log)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return _start_once(place, programs, options, port, say)
        except _Occupied as error:
            if time.monotonic() > deadline:
                raise _still_occupied(place, str(error)) from error
            _clear_the_way(place, say)


def stop(place: Place, running: Postmaster) -> None:
    """Stop the server: sessions are ended, work is saved. Returns when nothing of it is left."""
    listener = listener_of(running.socket)
    pid = listener or running.pid
    if listener is None and pid not in (list_servers(place.cluster) or ()):
        return
    _signal(pid, signal.SIGINT)
    if not _gone(place, pid, _PATIENCE):
        _signal(pid, signal.SIGQUIT)
        _gone(place, pid, _PATIENCE)
    drop_socket_dir(running.socket_dir)
    _bury()


def _start_once(
    place: Place, programs: Path, options: tuple[str, ...], port: int | None, say: Say
) -> Postmaster:
    sockets = make_socket_dir(place)
    begin = place.log.stat().st_size if place.log.exists() else 0
    child = _launch(place, programs, (*_arguments(sockets, port), *options))
    try:
        return _await_ready(place, child, begin, say)
    except BaseException:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
        drop_socket_dir(sockets)
        raise


def _arguments(sockets: Path, port: int | None) -> tuple[str, ...]:
    return (
        f"unix_socket_directories={sockets}",
        "unix_socket_permissions=0700",
        f"listen_addresses={'127.0.0.1' if port else ''}",
        f"port={port or 5432}",
        "logging_collector=off",
    )


def _launch(place: Place, programs: Path, settings: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """Its own session: a Ctrl-C at the terminal reaches us alone, and we then stop it in order."""
    command = [str(programs / "postgres"), "-D", str(place.cluster)]
    for setting in settings:
        command += ["-c", setting]
    with open(os.open(place.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as log:  # noqa: PTH123
        child = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=quiet_environment(),
            umask=0o077,
            start_new_session=True,
            **(place.account.popen_arguments() if place.account else {}),
        )
    _children.append(child)
    return child


def _await_ready(place: Place, child: subprocess.Popen[bytes], begin: int, say: Say) -> Postmaster:
    started = time.monotonic()
    for waited in _ticks():
        if child.poll() is not None:
            raise _failure(place, place.log.read_bytes()[begin:].decode(errors="replace"))
        running = find_postmaster(place.cluster)
        if running and running.pid == child.pid and listener_of(running.socket) and _lets_in(place, running):
            return running
        if time.monotonic() - started > waited.next_word:
            say(f"the database is recovering from an unclean stop: {waited.word(started)}")
    raise AssertionError


def _lets_in(place: Place, running: Postmaster) -> bool:
    """Whether one can log in now. Raises Refused DBS110 if our password is not the server's."""
    conninfo = make_conninfo(
        host=str(running.socket_dir),
        port=running.port,
        user=SUPERUSER,
        password=place.get_password(),
        dbname="postgres",
        connect_timeout=5,
    )
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            hint = "Put the file back from a copy of the data directory."
            detail = f"the server does not accept {place.password_file}"
            raise Refused(Problem("DBS110", "The superuser's password is lost", detail, hint)) from error
        return "connection slots" in str(error) or "too many clients" in str(error)
    return True


def _failure(place: Place, log: str) -> Exception:
    """What a server that ended at its start has to say, as a refusal."""
    tail = "\n".join(log.strip().splitlines()[-8:])
    if "No space left on device" in log:
        return disk_full(f"while starting the database in {place.home}")
    if 'FATAL:  lock file "' in log or "pre-existing shared memory block" in log:
        return _Occupied(tail)
    if "Address already in use" in log:
        hint = "Choose another SUBMETER_DB_PORT, or none: the socket needs no port."
        return Refused(Problem("DBS106", "The port of the database is taken", tail, hint))
    if "Permission denied" in log or "invalid permissions" in log or "wrong ownership" in log:
        return not_usable(tail, f"{place.cluster} must belong to the server's user, with mode 0700.")
    hint = f"The whole log is {place.log}."
    return Refused(Problem("DBS107", "The database server did not start", tail, hint))


def _clear_the_way(place: Place, say: Say) -> None:
    """Let go what a killed server left: orphaned backends, and lock files with a dead or reused number.

    The lock files of a zombie, or of a number that another process has by now, look alive to PostgreSQL.
    A postmaster that lives is never touched: it is starting, stopping, or somebody else's to end.
    """
    named = find_postmaster(place.cluster)
    servers = list_servers(place.cluster)
    if servers is None or (named and named.pid in servers and is_alive(named.pid)):
        time.sleep(0.2)
    elif servers:
        say(f"waiting for {len(servers)} process(es) of the earlier database server to end")
        _end_orphans(place)
    else:
        for left in (place.cluster / "postmaster.pid", *(place.home / "run").glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)


def _end_orphans(place: Place) -> None:
    """A busy backend may not notice for hours; killing it is safe, for recovery follows anyway."""
    for number, patience in ((None, _GRACE), (signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        servers = list_servers(place.cluster) or ()
        for pid in servers if number else ():
            _signal(pid, number or signal.SIGTERM)
        deadline = time.monotonic() + patience
        while list_servers(place.cluster):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return


def _still_occupied(place: Place, detail: str) -> Refused:
    hint = f"End the postgres processes that work in {place.cluster}, then repeat."
    return Refused(Problem("DBS108", "An earlier database server is still there", detail, hint))


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _gone(place: Place, pid: int, patience: float) -> bool:
    """Whether the server ended in time. Its lock file goes last, when everything else has been let go."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        _bury()
        if find_postmaster(place.cluster) is None or not is_alive(pid):
            return True
        time.sleep(0.02)
    return False


def _bury() -> None:
    _children[:] = [child for child in _children if child.poll() is None]


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.replace(log.with_name(f"{log.name}.1"))


class _Waited:
    """When to say the next word to somebody who waits."""

    def __init__(self) -> None:
        self.next_word = _SILENCE

    def word(self, started: float) -> str:
        self.next_word += _SILENCE
        return f"{time.monotonic() - started:.0f} s"


def _ticks() -> Iterator[_Waited]:
    """Without end: at once, then in small steps."""
    waited = _Waited()
    while True:
        yield waited
        time.sleep(0.02)
