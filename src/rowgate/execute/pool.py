"""A few connections, shared by all requests; waiting for one is bounded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.execute.connection import Connection

CANCEL_PATIENCE_S = 5  # how long the database may take to end what nobody waits for any more


class Pool:
    """Lends connections last-used first, so that a quiet server keeps few of them warm."""

    def __init__(self, config: Config) -> None:
        self._conninfo = config.db_uri
        self._patience = config.db_pool_acquisition_timeout
        self._longest_idle = config.db_pool_max_idletime
        self._longest_life = config.db_pool_max_lifetime
        self.size = config.db_pool
        self.waiting = self.timeouts = 0
        self._free = asyncio.Semaphore(config.db_pool)
        self._idle: list[Connection] = []
        self._lent: set[Connection] = set()
        self._oldest = 0.0  # what was opened earlier is not used again
        self._ending: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.TimerHandle | None = None

    @property
    def available(self) -> int:
        """How many requests could be given a connection now."""
        return self.size - len(self._lent) - len(self._ending)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection. One that broke, or was left in the middle of something, is not taken back."""
        self.waiting += 1
        try:
            # Bounds the making of a new connection too: a database that hangs must not hang the gateway.
            async with asyncio.timeout(self._patience):
                connection = await self._take()
        except TimeoutError:
            self.timeouts += 1
            raise Refusal(504, "PGRST003", "Timed out acquiring connection from connection pool.") from None
        finally:
            self.waiting -= 1
        try:
            self._lent.add(connection)
            yield connection
        finally:
            self._lent.discard(connection)
            if connection.busy:
                self._end(connection)
            else:
                self._give_back(connection)
                self._free.release()

    async def _take(self) -> Connection:
        await self._free.acquire()
        try:
            return await self._idle_or_new()
        except BaseException:
            self._free.release()
            raise

    async def _idle_or_new(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and not self._too_old(connection):
                return connection
            connection.close()
        try:
            return await Connection.open(self._conninfo)
        except psycopg.OperationalError as error:
            raise Refusal(
                503,
                "PGRST000",
                "Could not connect with the database.",
                str(error).strip(),
                "Is the database running? The gateway tries again with the next request.",
            ) from error

    def _too_old(self, connection: Connection) -> bool:
        now = asyncio.get_running_loop().time()
        return connection.opened_at < self._oldest or now - connection.opened_at > self._longest_life

    def _end(self, connection: Connection) -> None:
        """Whoever asked has gone away: the database is told to stop, and the slot is free when it has."""

        async def end() -> None:
            try:
                await connection.cancel(CANCEL_PATIENCE_S)
            finally:
                self._give_back(connection)
                self._free.release()

        task = asyncio.get_running_loop().create_task(end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _give_back(self, connection: Connection) -> None:
        if not connection.usable or self._too_old(connection):
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.used_at = loop.time()
        self._idle.append(connection)
        if self._sweeper is None:
            self._sweeper = loop.call_later(self._longest_idle, self._sweep)

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

    async def probe(self) -> Any:
        """Whether the database can be reached now. Raises Refusal where it cannot."""
        async with self.connection():
            pass

    def close(self) -> None:
        for connection in (*self._idle, *self._lent):
            connection.close()
        self._idle.clear()
        for task in self._ending:
            task.cancel()
        if self._sweeper is not None:
            self._sweeper.cancel()
