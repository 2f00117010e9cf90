"""A few connections, kept open, for any number of threads."""

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.pq import TransactionStatus

_PATIENCE = 10.0  # seconds


class Pool:
    """Connections to one database as one user. The last one given back is the next one lent."""

    def __init__(self, conninfo: str, size: int = 8) -> None:
        self._conninfo = conninfo
        self._free = threading.BoundedSemaphore(size)
        self._idle: list[psycopg.Connection] = []
        self._closed = False

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        """Borrow a connection in autocommit; waits while all are lent. What is not clean is not kept."""
        with self._free:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def close(self) -> None:
        """Close the idle connections now, and the lent ones when they come back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> psycopg.Connection:
        while self._idle:
            connection = self._idle.pop()
            if _is_quiet(connection):
                return connection
            connection.close()
        return open_connection(self._conninfo)

    def _give_back(self, connection: psycopg.Connection) -> None:
        if self._closed or connection.info.transaction_status != TransactionStatus.IDLE:
            connection.close()
        else:
            self._idle.append(connection)


def open_connection(conninfo: str) -> psycopg.Connection:
    """A connection in autocommit. A server that is just coming up, or back after a crash, is waited for."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return psycopg.connect(conninfo, autocommit=True, connect_timeout=10)
        except psycopg.OperationalError as error:
            if "the database system is" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def _is_quiet(connection: psycopg.Connection) -> bool:
    """Whether nothing waits to be read: an idle connection gets bytes only when its server says goodbye."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
