"""The soak: a load, and beside it everything that goes wrong in a long life."""

import asyncio
import contextlib
import json
import random
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import psycopg

from soak.book import Book
from soak.requests import Client, Outcome, Request, as_bytes, make_tokens
from soak.server import PATIENCE_S, GatewayProcess, OwnDatabase
from soak.shape import Shape, changes
from soak.wire import Broken, Wire, read_slowly, write_slowly

PROBES = (
    24  # on connections of their own: that one of two workers gets none of them is one case in 16 million
)
BOUND_S = 60  # trouble that is not over by then does not heal by itself
DROPS = 0.02
SLOW_READERS = 12  # more than the pool has connections
SLOW_WRITERS = 12
SLOW_ROWS = 6000
CROWD = 24


@dataclass(frozen=True)
class Size:
    """How long, and how much of it."""

    seconds: float
    clients: int = 32
    restarts: int = 3
    changes: int = 20
    crowds: int = 3


@dataclass
class Soak:
    """One run. ``memory`` has a sample a second of every process that serves."""

    size: Size
    seed: str
    database: OwnDatabase
    gateway: GatewayProcess
    book: Book = field(default_factory=Book)
    memory: list[dict[int, int]] = field(default_factory=list)
    changes_s: list[float] = field(default_factory=list)
    healing_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._tokens = make_tokens()
        self._stop = asyncio.Event()
        self.clients = [
            Client(number, random.Random(f"{self.seed}.{number}"), self._tokens)
            for number in range(self.size.clients)
        ]

    async def run(self) -> None:
        """All of it at once; what beside the load fails ends it."""
        size = self.size
        load = [self._ask(client) for client in self.clients]
        slow = [self._reader(number) for number in range(SLOW_READERS)]
        slow += [self._writer(number) for number in range(SLOW_WRITERS)]
        events = [
            self._every(size.restarts, self._restart),
            self._every(size.changes, self._change),
            self._every(size.crowds, self._crowd),
        ]
        self._versions = changes()
        self._numbers = [signal.SIGKILL, signal.SIGINT] * size.restarts
        async with asyncio.TaskGroup() as group:
            for one in (*load, *slow, self._watch()):
                group.create_task(one)
            try:
                await asyncio.gather(asyncio.sleep(size.seconds), *events)
            finally:
                self._stop.set()

    async def _every(self, count: int, event: Callable[[], Awaitable[None]]) -> None:
        """So many events, spread over the time, each somewhere in its own part of it."""
        if not count:
            return
        began, part = time.monotonic(), self.size.seconds / count
        for number in range(count):
            at = part * (number + self._rng.uniform(0.1, 0.6))
            await asyncio.sleep(max(0.0, began + at - time.monotonic()))
            await event()

    # The load

    async def _ask(self, client: Client) -> None:
        with contextlib.closing(Wire(self.gateway.port)) as wire:
            while not self._stop.is_set():
                request = client.next(self.book.newest)
                if client.rng.random() < DROPS:
                    await self._drop(wire, client, request)
                else:
                    await self._ask_once(wire, request)

    async def _ask_once(self, wire: Wire, request: Request) -> None:
        mark = self.book.mark()
        try:
            answer = await wire.ask(request.raw)
        except Broken as error:
            self.book.broken(request, error)
        else:
            self.book.judge(request, mark, answer)

    async def _drop(self, wire: Wire, client: Client, request: Request) -> None:
        await wire.drop(request.raw, client.rng)
        request.told(Outcome.UNKNOWN)
        self.book.dropped += 1

    async def _reader(self, number: int) -> None:
        raw = as_bytes("GET", f"/rpc/large?rows={SLOW_ROWS}", self._tokens["alpha"])
        while not self._stop.is_set():
            await read_slowly(self.gateway.port, raw, self._stop)
            await asyncio.sleep(0.1)

    async def _writer(self, number: int) -> None:
        body = json.dumps({"key": f"never-{number}", "more": "x" * 500}).encode()
        await write_slowly(
            self.gateway.port, as_bytes("POST", "/written", self._tokens["beta"], "", body), self._stop
        )

    # What goes wrong

    async def _restart(self) -> None:
        """The database ends, in order or not, is away for a while, and comes back."""
        self.book.outages += 1
        await asyncio.to_thread(self.database.end, self._numbers.pop())
        await asyncio.sleep(self._rng.uniform(0.5, 2))
        await asyncio.to_thread(self.database.start)
        self.healing_s.append(await self._until("the gateway heals", "/rpc/whose", lambda _: (200, "alpha")))
        self.book.healed = self.book.outages

    async def _change(self) -> None:
        shape, statement = next(self._versions)
        self.book.versions.append(shape)
        await asyncio.to_thread(self._apply, shape, statement)
        marker = f"/rpc/version_{shape.number}"
        seconds = await self._until("the schema is read", marker, lambda shape: shape.marker(shape.number))
        self.changes_s.append(seconds)
        self.book.settled = shape.number

    def _apply(self, shape: Shape, statement: str) -> None:
        """In one transaction, exactly once, although the database may go away meanwhile."""
        end = time.monotonic() + BOUND_S
        while True:
            try:
                with self.database.connect() as connection, connection.transaction():
                    done = connection.execute(
                        "insert into private.version values (%s) on conflict do nothing returning 1",
                        [shape.number],
                    ).fetchone()
                    if done:
                        connection.execute(statement)
                    connection.execute("notify pgrst, 'reload schema'")
                return
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    async def _until(self, what: str, path: str, right: Callable[[Shape], tuple[int, object]]) -> float:
        """Wait until every worker gives the right answer; how long it took. It must come within a bound."""
        began = time.monotonic()
        status, wanted = right(self.book.newest)
        raw = as_bytes("GET", path, self._tokens["alpha"], "Connection: close\r\n")
        while not await self._all_right(raw, status, json.dumps(wanted).encode()):
            assert time.monotonic() - began < BOUND_S, f"not within {BOUND_S} s: {what}"
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def _all_right(self, raw: bytes, status: int, body: bytes) -> bool:
        for _ in range(PROBES):
            answer = await Wire(self.gateway.port).ask(raw)
            if (answer.status, answer.body) != (status, body):
                return False
        return True

    async def _crowd(self) -> None:
        """More clients than the pool has connections, each with a query longer than the others may wait."""
        self.book.crowds += 1
        body = json.dumps({"seconds": PATIENCE_S + 2}).encode()
        raw = as_bytes("POST", "/rpc/rest", self._tokens["alpha"], "", body)
        request = Request("crowd", raw, "alpha", lambda _: (200, ""))
        with contextlib.ExitStack() as stack:
            wires = [stack.enter_context(contextlib.closing(Wire(self.gateway.port))) for _ in range(CROWD)]
            await asyncio.gather(*(self._ask_once(wire, request) for wire in wires))
        self.book.eased = self.book.crowds

    async def _watch(self) -> None:
        while not self._stop.is_set():
            self.memory.append(self.gateway.memory())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 1)
