"""Who waits for a connection may go away in the very moment it comes."""

import asyncio
import contextlib
from typing import Any

from integration.rowgate.conftest import Run
from integration.rowgate.test_transactions import get
from integration.rowgate.world import world_config
from rowgate.app import Gateway
from rowgate.execute.pool import Pool
from rowgate.response import Answer
from submeter.db.database import Database


def test_a_connection_that_comes_to_somebody_who_is_going_is_not_lost(world: Database, run: Run) -> None:
    async def use(pool: Pool) -> None:
        async with pool.connection():
            pass

    async def scenario() -> None:
        pool = Pool(world_config(world.authenticator_conninfo, db_pool=1, db_pool_acquisition_timeout=5))
        async with pool.connection():
            going, staying = asyncio.create_task(use(pool)), asyncio.create_task(use(pool))
            await asyncio.sleep(0)
            assert pool.waiting == 2
            going.cancel()  # in the same turn the connection is given back, to whoever is first in the queue
        await asyncio.wait([going])
        await staying
        assert (pool.available, pool.waiting) == (1, 0)
        pool.close()

    run(scenario())


def test_an_answer_to_somebody_who_is_going_disturbs_nobody(world: Database, run: Run) -> None:
    gateway = Gateway(world_config(world.authenticator_conninfo))
    told: list[Any] = []

    def begin(_: object, respond: Any) -> Any:
        told.append(respond)
        return lambda: None

    gateway.begin = begin  # type: ignore[method-assign]

    async def scenario() -> None:
        asking = asyncio.create_task(gateway.answer(get("/escos")))
        await asyncio.sleep(0)
        asking.cancel()
        told[0](Answer(200))
        with contextlib.suppress(asyncio.CancelledError):
            await asking
        assert asking.cancelled()

    run(scenario())
