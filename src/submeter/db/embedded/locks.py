"""Two locks on a data directory: one for whoever starts or stops the server, one shared by its users.

They are `flock`s: the system lets go of them when a process ends, however it ends.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Say = Callable[[str], None]


@contextmanager
def change_lock(data_dir: Path, say: Say) -> Iterator[None]:
    """Be the only one to start or stop the server of `data_dir`."""
    handle = _open(data_dir / "change.lock")
    try:
        _wait(handle, say)
        yield
    finally:
        os.close(handle)


class UserLock:
    """Held, shared, by every process that uses the server; taken and left under the change lock."""

    def __init__(self, data_dir: Path) -> None:
        self._handle = _open(data_dir / "users.lock")
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """Whether nobody else uses the server. Asked only on leaving: the answer may cost the lock."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        os.close(self._handle)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _wait(handle: int, say: Say) -> None:
    started = time.monotonic()
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told and time.monotonic() - started > 2:
                say("waiting for another process that is starting or stopping the database")
                told = True
            time.sleep(0.02)
        else:
            return
