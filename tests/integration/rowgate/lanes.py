"""A gateway behind the fast lane, and the same behind the stock server alone."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from integration.rowgate.served import served
from integration.rowgate.wire import Reply, all_replies
from integration.rowgate.world import world_config
from rowgate.app import Gateway
from rowgate.asgi import Asgi
from rowgate.config import Config
from rowgate.lane import Lane, Part, Whole
from rowgate.patience import PatientProtocol


class Counting(Lane):
    """Counts the requests that it took, and those that it left to the stock server."""

    taken = left = 0
    loop: asyncio.AbstractEventLoop
    server: Any

    def __call__(self, config: Any, server_state: Any, app_state: Any, **more: Any) -> Any:
        self.loop, self.server = asyncio.get_running_loop(), server_state
        self.express.read = partial(Lane.read, self)  # what is read again is not taken twice
        connection = super().__call__(config, server_state, app_state, **more)
        hurry = connection._hurry
        connection._hurry = lambda data: self._count(hurried=hurry(data))  # type: ignore[method-assign]
        return connection

    def _count(self, *, hurried: bool) -> bool:
        self.taken += hurried
        return hurried

    def read(self, data: bytes, client: str) -> Whole | Part | None:
        whole = super().read(data, client)
        if whole is None:
            self.left += 1
        elif whole is not Part.HEAD:
            self.taken += 1
        return whole


class Two:
    """The same gateway twice: behind the lane, and behind the stock server alone."""

    def __init__(self, gateway: Gateway, lane: Counting, port: int, alone: Gateway, stock: int) -> None:
        self.gateway = gateway
        self.lane = lane
        self.port = port
        self.alone = alone
        self.stock = stock

    def agree(self, *parts: bytes, heads: tuple[bool, ...] = ()) -> list[Reply | str]:
        """What both answer."""
        mine, stock = all_replies(self.port, parts, heads), all_replies(self.stock, parts, heads)
        assert mine == stock
        return mine

    def taken(self, act: Callable[[], Any]) -> tuple[int, Any]:
        """How many requests of an act the lane took, and what the act gave."""
        before = self.lane.taken
        given = act()
        return self.lane.taken - before, given


@contextlib.contextmanager
def two(conninfo: str, **settings: Any) -> Iterator[Two]:
    """Both, over the world of the tests."""
    with two_of(world_config(conninfo, **settings)) as both:
        yield both


@contextlib.contextmanager
def two_of(config: Config) -> Iterator[Two]:
    """Both, under these settings."""
    gateway = Gateway(config)
    lane = Counting(gateway)
    alone = Gateway(gateway.config)
    with served(Asgi(gateway), lane) as port, served(Asgi(alone), PatientProtocol) as stock:
        yield Two(gateway, lane, port, alone, stock)
