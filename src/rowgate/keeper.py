"""Keeps the catalog: reads it, reads it again when told to, and goes on trying while there is no database."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from rowgate.catalog.load import load_catalog
from rowgate.catalog.model import Catalog
from rowgate.catalog.roles import RoleSettings, load_role_settings
from rowgate.catalog.rules import Rules, load_rules
from rowgate.config import Config
from rowgate.errors import Refusal

__all__ = ["Keeper", "Loaded", "backoff"]

log = logging.getLogger("rowgate")

DEBOUNCE_S = 0.1  # a migration says "reload" many times in a row
LONGEST_PAUSE_S = 32


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read at one moment, under which settings."""

    config: Config
    catalog: Catalog
    roles: RoleSettings = field(default_factory=RoleSettings)
    rules: Rules = field(default_factory=dict)


def backoff(attempt: int) -> int:
    """Seconds to wait after so many attempts in vain: 1, 2, 4, ... 32."""
    return int(min(2 ** max(attempt - 1, 0), LONGEST_PAUSE_S))


class Keeper:
    """``use`` is told of everything that was read, and from then on nothing older is served."""

    def __init__(self, config: Config, use: Callable[[Loaded], None]) -> None:
        self.config = config
        self._use = use
        self._catalog: Catalog | None = None
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.pause_s = 0
        self.loads = {"SUCCESS": 0, "FAIL": 0}
        self.load_s = 0.0

    @property
    def catalog(self) -> Catalog:
        """The catalog. Raises Refusal (503) while there is none."""
        if self._catalog is None:
            raise Refusal(
                503,
                "PGRST002",
                "Could not query the database for the schema cache. Retrying.",
                headers=(("Retry-After", str(max(self.pause_s, 1))),),
            )
        return self._catalog

    @property
    def ready(self) -> bool:
        return self._catalog is not None and self.pause_s == 0

    async def load(self) -> None:
        """Read the catalog now. psycopg's errors pass through; what was there before stays in use."""
        started = time.perf_counter()
        config = self.config
        try:
            connecting = psycopg.AsyncConnection.connect(config.db_uri, fallback_application_name="rowgate")
            async with await connecting as connection:
                catalog = await load_catalog(connection, config.db_schemas)
                roles = await load_role_settings(connection)
                rules = await load_rules(connection) if config.error_hints else {}
        except psycopg.Error:
            self.loads["FAIL"] += 1
            raise
        self.load_s = time.perf_counter() - started
        self.loads["SUCCESS"] += 1
        self._catalog, self.pause_s = catalog, 0
        self._use(Loaded(config, catalog, roles, rules))
        log.info(
            "Schema cache loaded %d Relations, %d Relationships, %d Functions",
            len(catalog.relations),
            sum(map(len, catalog.relationships.values())),
            len(catalog.routines),
        )

    def reload(self, config: Config | None = None) -> None:
        """Read it again soon, under other settings if there are any; several wishes in a row are one."""
        self.config = config or self.config
        self._wanted.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._reload())

    async def _reload(self) -> None:
        while self._wanted.is_set():
            await asyncio.sleep(DEBOUNCE_S)
            self._wanted.clear()
            await self._until_loaded()

    async def _until_loaded(self) -> None:
        attempt = 0
        while True:
            try:
                await self.load()
            except psycopg.Error as error:
                attempt += 1
                self.pause_s = backoff(attempt)
                log.error("Failed to load the schema cache; again in %d s: %s", self.pause_s, error)
                await self._pause()
            except Exception:
                log.exception("bug while loading the schema cache; the old one stays in use")
                return
            else:
                return

    async def _pause(self) -> None:
        """Wait out the pause; a wish to reload ends it early."""
        try:
            await asyncio.wait_for(self._wanted.wait(), self.pause_s)
            self._wanted.clear()
        except TimeoutError:
            pass

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
