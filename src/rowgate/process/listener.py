"""Listens for ``NOTIFY pgrst, 'reload schema'`` and reconnects for as long as it takes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
from psycopg import sql

from rowgate.config import Config
from rowgate.keeper import backoff

__all__ = ["Listener", "listening"]

log = logging.getLogger("rowgate")


class Listener:
    """Calls back for each message; after a gap for both, since what was said meanwhile is lost."""

    def __init__(self, config: Config, on_schema: Callable[[], None], on_config: Callable[[], None]) -> None:
        self._config = config
        self._on_schema = on_schema
        self._on_config = on_config
        self.connected = False

    async def run(self) -> None:
        """Until cancelled."""
        attempt = 0
        while True:
            try:
                await self._listen(after_a_gap=attempt > 0)
            except psycopg.Error as error:
                attempt = 1 if self.connected else attempt + 1
                self.connected = False
                log.warning(
                    "Not listening on %r: %s",
                    self._config.db_channel,
                    str(error).strip() or "connection lost",
                )
            await asyncio.sleep(backoff(attempt))

    async def _listen(self, *, after_a_gap: bool) -> None:
        connecting = psycopg.AsyncConnection.connect(
            self._config.db_uri, autocommit=True, fallback_application_name="rowgate listener"
        )
        async with await connecting as connection:
            channel = sql.Identifier(self._config.db_channel)
            await connection.execute(sql.SQL("LISTEN {}").format(channel))
            self.connected = True
            log.info('Listening for database notifications on the "%s" channel', self._config.db_channel)
            if after_a_gap:
                self._on_config()
            async for message in connection.notifies():
                self._heed(message.payload)

    def _heed(self, payload: str) -> None:
        if payload in ("", "reload schema"):
            log.info('Received a schema cache reload message on the "%s" channel', self._config.db_channel)
            self._on_schema()
        elif payload == "reload config":
            log.info('Received a config reload message on the "%s" channel', self._config.db_channel)
            self._on_config()


@asynccontextmanager
async def listening(listener: Listener) -> AsyncIterator[None]:
    """Listen beside what the block does, for as long as it lasts."""
    task = asyncio.get_running_loop().create_task(listener.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
