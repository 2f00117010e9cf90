"""Connections that several quick reads have under way at once.

To send and to wake cost more than a quick read itself. Sent behind one another, several reads cost one waking
on either side; each is still a transaction of its own. Nobody is held up by it for long: who waits behind one
that is not quick after all is sent again, elsewhere.
"""

import asyncio
import os
from collections import deque
from typing import Protocol

from rowgate.execute.connection import Connection
from rowgate.execute.pool import Pool

__all__ = ["Rider", "Sharing"]

DEEPEST = 16  # reads under way on one connection
LOOK_S = 0.02  # how often it is looked at who holds up others
TOO_LONG_S = 0.05  # at work, while others wait behind it


class Rider(Protocol):
    """A read that shares a connection."""

    def stand_alone(self) -> None:
        """The connection is yours: nobody is behind you any more, and you give it back."""

    def move(self) -> None:
        """Leave the connection, and begin again on another."""


class Sharing:
    """Lends connections of the pool to several at once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._widest = max(1, min(pool.size // 2, os.cpu_count() or 2))
        self._riders: dict[Connection, deque[Rider]] = {}
        self._watch: asyncio.TimerHandle | None = None

    def take(self, rider: Rider) -> Connection | None:
        """A connection on which to start; None where the rider has to ask the pool, as everybody does.

        Whoever waits for a connection of his own goes first: then nobody new comes aboard.
        """
        if self._pool.wanted:
            return None
        connection = self._choose()
        if connection is not None:
            self._riders[connection].append(rider)
        return connection

    def _choose(self) -> Connection | None:
        best, least = None, DEEPEST
        for connection, riders in self._riders.items():
            if len(riders) < least and self._pool.lasts(connection):
                best, least = connection, len(riders)
        if best is None or (least and len(self._riders) < self._widest):
            return self._another() or best
        return best

    def _another(self) -> Connection | None:
        if len(self._riders) >= self._widest:
            return None
        connection = self._pool.take()
        if connection is not None:
            self._riders[connection] = deque()
            if self._watch is None:
                self._watch = asyncio.get_running_loop().call_later(LOOK_S, self._look)
        return connection

    def leave(self, connection: Connection) -> None:
        """The first of the connection's riders is done."""
        riders = self._riders.get(connection)
        if riders is None:
            return  # it was broken up; whoever came first has it
        riders.popleft()
        if not riders:
            del self._riders[connection]
            self._pool.give_back(connection)

    def _look(self) -> None:
        self._watch = None
        loop = asyncio.get_running_loop()
        late = loop.time() - TOO_LONG_S
        for connection in tuple(self._riders):
            if connection.turned_at < late:
                connection.look()  # it may be we who are late: what was read is not held up
            riders = self._riders.get(connection)
            if riders and connection.turned_at < late:
                self._break_up(connection, riders)
        if self._riders:
            self._watch = loop.call_later(LOOK_S, self._look)

    def _break_up(self, connection: Connection, riders: deque[Rider]) -> None:
        """Leave the connection to the first; the others need not wait for it."""
        del self._riders[connection]
        riders.popleft().stand_alone()
        for rider in riders:
            rider.move()
