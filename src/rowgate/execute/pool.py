"""A few connections, shared by all requests; waiting for one is bounded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.execute.connection import Connection


class Pool:
    """Lends connections last-used first, so that a quiet server keeps few of them warm."""

    def __init__(self, config: Config) -> None:
        self._conninfo = config.db_uri
        self._patience = config.db_pool_acquisition_timeout
        self._free = asyncio.Semaphore(config.db_pool)
        self._idle: list[Connection] = []
        self._lent: set[Connection] = set()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection. One that broke, or was left in the middle of something, is not taken back."""
        try:
            # Bounds the making of a new connection too: a database that hangs must not hang the gateway.
            async with asyncio.timeout(self._patience):
                connection = await self._take()
        except TimeoutError:
            raise Refusal(504, "PGRST003", "Timed out acquiring connection from connection pool.") from None
        try:
            self._lent.add(connection)
            yield connection
        finally:
            self._lent.discard(connection)
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
            if connection.usable:
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

    def _give_back(self, connection: Connection) -> None:
        if connection.usable:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        for connection in (*self._idle, *self._lent):
            connection.close()
        self._idle.clear()
