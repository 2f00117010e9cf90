"""A few connections, shared by all requests; waiting for one is bounded."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg

from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.execute.connection import Connection

__all__ = ["Pool", "Waiting"]

CANCEL_PATIENCE_S = 5  # how long the database may take to end what nobody waits for any more
LOOK_S = 1  # how often connections at work are looked at, in case the loop has forgotten one

Give = Callable[[Connection | Refusal], None]


class Waiting:
    """Somebody's place in the queue; who has ``gone`` is passed over."""

    __slots__ = ("give", "gone", "until")

    def __init__(self, give: Give, until: float) -> None:
        self.give = give
        self.until = until
        self.gone = False


class Pool:
    """Lends connections last-used first, so that a quiet server keeps few of them warm."""

    def __init__(self, config: Config) -> None:
        self._conninfo = config.db_uri
        self._patience = config.db_pool_acquisition_timeout
        self._longest_idle = config.db_pool_max_idletime
        self._longest_life = config.db_pool_max_lifetime
        self.size = config.db_pool
        self.timeouts = 0
        self._queue: deque[Waiting] = deque()
        self._idle: list[Connection] = []
        self._lent: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()  # each opens a connection, or ends what one is doing
        self._oldest = 0.0  # what was opened earlier is not used again
        self._closed = False
        self._sweeper: asyncio.TimerHandle | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None

    @property
    def available(self) -> int:
        """How many requests could be given a connection now."""
        return self.size - len(self._lent) - len(self._tasks)

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for a connection, or did a moment ago."""
        return bool(self._queue)

    @property
    def waiting(self) -> int:
        return sum(not one.gone for one in self._queue)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection. Raises Refusal where none can be had in time."""
        connection = await self._wait()
        try:
            yield connection
        finally:
            self.give_back(connection)

    async def _wait(self) -> Connection:
        found: asyncio.Future[Connection | Refusal] = asyncio.get_running_loop().create_future()

        def give(given: Connection | Refusal) -> None:
            if not found.done():
                found.set_result(given)
            elif not isinstance(given, Refusal):
                self.give_back(given)  # whoever waited was cancelled, and does not know it yet

        waiting = self.ask(give)
        try:
            given = await found
        except asyncio.CancelledError:
            if waiting is not None:
                waiting.gone = True
            if not found.cancelled() and not isinstance(given := found.result(), Refusal):
                self.give_back(given)  # it came in the same moment
            raise
        if isinstance(given, Refusal):
            raise given
        return given

    def ask(self, give: Give) -> Waiting | None:
        """``give`` is called with a connection, to be given back, or with why there is none.

        That is at once where one lies idle; else what is returned is the place in the queue.
        """
        connection = self.take()
        if connection is not None:
            give(connection)
            return None
        if self._closed:
            give(_stopping())
            return None
        waiting = Waiting(give, asyncio.get_running_loop().time() + self._patience)
        self._queue.append(waiting)
        self._grow()
        self._set_alarm()
        return waiting

    def give_back(self, connection: Connection) -> None:
        """Take a connection back. One that broke, or was left in the middle of something, is not used again;
        what it is still busy with nobody waits for any more, so the database is told to stop.
        """
        self._lent.discard(connection)
        if connection.busy:
            self._spawn(self._end(connection))
        else:
            self._receive(connection)

    def take(self) -> Connection | None:
        """A connection that lies idle, to be given back."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and self.lasts(connection):
                return self._lend(connection)
            connection.close()
        return None

    def _lend(self, connection: Connection) -> Connection:
        self._lent.add(connection)
        if self._watch is None:
            self._watch = asyncio.get_running_loop().call_later(LOOK_S, self._look)
        return connection

    def _look(self) -> None:
        self._watch = None
        for connection in tuple(self._lent):
            connection.look()
        if self._lent and self._watch is None:
            self._watch = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def lasts(self, connection: Connection) -> bool:
        """Whether more may be sent over it: it is not closed, and neither too old nor of another schema."""
        opened = connection.opened_at
        return (
            not connection.closed
            and opened >= self._oldest
            and asyncio.get_running_loop().time() - opened <= self._longest_life
        )

    def _receive(self, connection: Connection) -> None:
        """Take one that was used; the next in the queue may need another in its place."""
        if connection.usable and self.lasts(connection):
            self._hand_on(connection)
        else:
            connection.close()
            self._grow()

    def _hand_on(self, connection: Connection) -> None:
        """Hand the connection to whoever waits longest, or lay it aside."""
        waiting = self._next()
        if waiting is not None:
            waiting.give(self._lend(connection))
            return
        loop = asyncio.get_running_loop()
        connection.used_at = loop.time()
        self._idle.append(connection)
        if self._sweeper is None:
            self._sweeper = loop.call_later(self._longest_idle, self._sweep)

    def _next(self) -> Waiting | None:
        while self._queue:
            waiting = self._queue.popleft()
            if not waiting.gone:
                return waiting
        return None

    def _grow(self) -> None:
        """Open another connection if somebody waits and there is room."""
        if self._queue and not self._idle and self.available > 0:
            self._spawn(self._open())

    async def _open(self) -> None:
        try:
            # A database that hangs must not hang the gateway.
            async with asyncio.timeout(self._patience):
                connection = await Connection.open(self._conninfo)
        except (psycopg.Error, OSError) as error:  # TimeoutError is one of the latter
            waiting = self._next()
            if waiting is not None:
                waiting.give(_unreachable(error))
        else:
            self._hand_on(connection)

    async def _end(self, connection: Connection) -> None:
        await connection.cancel(CANCEL_PATIENCE_S)
        self._receive(connection)

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._grow()

    def _set_alarm(self) -> None:
        """All wait equally long, so whoever came first is the next to have waited too long."""
        if self._alarm is None and self._queue:
            self._alarm = asyncio.get_running_loop().call_at(self._queue[0].until, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        now = asyncio.get_running_loop().time()
        while self._queue and (self._queue[0].gone or self._queue[0].until <= now):
            waiting = self._queue.popleft()
            if not waiting.gone:
                self.timeouts += 1
                waiting.give(_timed_out())
        self._set_alarm()

    def _sweep(self) -> None:
        """Close what has lain idle for too long: the oldest lie at the front."""
        now = asyncio.get_running_loop().time()
        kept = [one for one in self._idle if now - one.used_at < self._longest_idle]
        for connection in self._idle:
            if connection not in kept:
                connection.close()
        self._idle = kept
        self._sweeper = None
        if kept:
            self._sweeper = asyncio.get_running_loop().call_later(self._longest_idle, self._sweep)

    def renew(self) -> None:
        """Use none of the present connections again: what they prepared was for another schema."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        self._oldest = asyncio.get_running_loop().time()

    def close(self) -> None:
        """Drop all connections; what is under way fails, and so does what waits."""
        self._closed = True
        while (waiting := self._next()) is not None:
            waiting.give(_stopping())
        for connection in (*self._idle, *self._lent):
            connection.close()
        self._idle.clear()
        for task in self._tasks:
            task.cancel()
        for timer in (self._sweeper, self._alarm, self._watch):
            if timer is not None:
                timer.cancel()


def _timed_out() -> Refusal:
    return Refusal(504, "PGRST003", "Timed out acquiring connection from connection pool.")


def _stopping() -> Refusal:
    return Refusal(503, "PGRST000", "Could not connect with the database.", "The gateway is being stopped.")


def _unreachable(error: Exception) -> Refusal:
    if isinstance(error, TimeoutError):
        return _timed_out()
    return Refusal(
        503,
        "PGRST000",
        "Could not connect with the database.",
        str(error).strip(),
        "Is the database running? The gateway tries again with the next request.",
    )
