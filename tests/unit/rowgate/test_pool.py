"""The pool, whatever comes when: few connections, each with one holder, and nobody waits too long."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.execute.connection import Connection, Flight
from rowgate.execute.errand import Errand
from rowgate.execute.pace import Pace
from rowgate.execute.pool import Pool, Waiting
from rowgate.sql import Statement
from unit.rowgate.clockwork import Clockwork

SIZE, PATIENCE_S, IDLE_S, LIFE_S = 3, 10, 30, 300


class Fake:
    """A connection that does what a test says."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.opened_at = self.used_at = world.loop.time()
        self.closed = self.broken = False
        self.took = 0.0
        self.tell: Callable[[Any], None] | None = None
        self.ended: asyncio.Event | None = None

    @property
    def usable(self) -> bool:
        return not (self.closed or self.broken or self.tell)

    @property
    def busy(self) -> bool:
        return self.tell is not None and not self.closed

    def start(self, flight: Flight) -> None:
        assert self.usable
        self.tell = flight.landed

    def finish(self, outcome: Any = None) -> None:
        tell, self.tell = self.tell, None
        if self.ended is not None:
            self.ended.set()
        if tell is not None:
            tell(outcome)

    async def cancel(self, patience_s: float) -> None:
        self.ended = asyncio.Event()
        try:
            await asyncio.wait_for(self.ended.wait(), patience_s)
        except TimeoutError:
            self.close()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.world.alive.remove(self)
            self.finish("closed")


@dataclass
class Asker:
    """Somebody who wants a connection, and what they were told."""

    since: float
    told: list[Any] = field(default_factory=list)
    place: Waiting | None = None
    task: "asyncio.Task[None] | None" = None
    gone: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def holds(self) -> Fake | None:
        given = bool(self.told) and isinstance(self.told[-1], Fake)
        return self.told[-1] if given and not self.done.is_set() else None

    @property
    def waits(self) -> bool:
        return not self.told and not self.gone


class World:
    """A pool, those who use it, and a database that may refuse or hang."""

    def __init__(self) -> None:
        self.loop = Clockwork()
        asyncio.set_event_loop(self.loop)
        self.alive: list[Fake] = []
        self.opening: list[asyncio.Future[Fake]] = []
        self.askers: list[Asker] = []
        config = Config(
            db_uri="unused",
            db_pool=SIZE,
            db_pool_acquisition_timeout=PATIENCE_S,
            db_pool_max_idletime=IDLE_S,
            db_pool_max_lifetime=LIFE_S,
        )
        self.pool = Pool(config)

    async def open(self, conninfo: str) -> Fake:
        answer: asyncio.Future[Fake] = self.loop.create_future()
        self.opening.append(answer)
        try:
            await answer
        finally:
            self.opening.remove(answer)
        connection = Fake(self)
        self.alive.append(connection)
        return connection

    def do(self, act: Callable[[], Any]) -> None:
        """As a callback of the loop, as everything in the pool's life is."""
        self.loop.call_soon(act)
        self.loop.settle()

    # What may happen, each with a number that chooses among several.

    def ask(self, _: int) -> None:
        asker = Asker(self.loop.now)
        self.askers.append(asker)

        def begin() -> None:
            asker.place = self.pool.ask(asker.told.append)  # type: ignore[arg-type]

        self.do(begin)

    def ask_by_task(self, _: int) -> None:
        asker = Asker(self.loop.now)
        self.askers.append(asker)

        async def use() -> None:
            try:
                async with self.pool.connection() as connection:
                    asker.told.append(connection)
                    await asker.done.wait()
            except Refusal as refusal:
                asker.told.append(refusal)
            finally:
                asker.done.set()

        def begin() -> None:
            asker.task = self.loop.create_task(use())

        self.do(begin)

    def give_back(self, number: int) -> None:
        self._leave(number, lambda connection: None)

    def give_back_broken(self, number: int) -> None:
        self._leave(number, lambda connection: setattr(connection, "broken", True))

    def give_back_busy(self, number: int) -> None:
        self._leave(number, lambda connection: setattr(connection, "tell", lambda outcome: None))

    def _leave(self, number: int, spoil: Callable[[Fake], None]) -> None:
        holders = [asker for asker in self.askers if asker.holds]
        if holders:
            asker = holders[number % len(holders)]
            self.do(lambda: self._end(asker, spoil))

    def _end(self, asker: Asker, spoil: Callable[[Fake], None]) -> None:
        connection = asker.holds
        assert connection is not None
        spoil(connection)
        asker.done.set()
        if asker.task is None:
            self.pool.give_back(connection)  # type: ignore[arg-type]

    def go_away(self, number: int) -> None:
        waiting = [asker for asker in self.askers if asker.waits]
        if waiting:
            self.do(lambda: self._go(waiting[number % len(waiting)]))

    def _go(self, asker: Asker) -> None:
        asker.gone = True
        if asker.task is not None:
            asker.task.cancel()
        elif asker.place is not None:
            asker.place.gone = True

    def go_away_as_one_is_given_back(self, number: int) -> None:
        """In one turn of the loop: whoever waits has no time to notice either."""
        waiting = [asker for asker in self.askers if asker.waits]
        holders = [asker for asker in self.askers if asker.holds and asker.task is None]
        if waiting and holders:
            going, giving = waiting[number % len(waiting)], holders[number % len(holders)]
            self.do(lambda: (self._go(going), self._end(giving, lambda connection: None)))

    def open_succeeds(self, number: int) -> None:
        self._answer(number, lambda answer: answer.set_result(None))  # type: ignore[arg-type]

    def open_fails(self, number: int) -> None:
        self._answer(number, lambda answer: answer.set_exception(psycopg.OperationalError("no")))

    def open_fails_oddly(self, number: int) -> None:
        self._answer(number, lambda answer: answer.set_exception(psycopg.ProgrammingError("odd")))

    def _answer(self, number: int, how: Callable[["asyncio.Future[Fake]"], None]) -> None:
        if self.opening:
            answer = self.opening[number % len(self.opening)]
            self.do(lambda: how(answer))

    def database_ends_what_was_cancelled(self, number: int) -> None:
        ending = [connection for connection in self.alive if connection.ended is not None and connection.tell]
        if ending:
            self.do(ending[number % len(ending)].finish)

    def database_drops_one(self, number: int) -> None:
        if self.alive:
            self.do(self.alive[number % len(self.alive)].close)

    def renew(self, _: int) -> None:
        self.do(self.pool.renew)

    def time_passes(self, number: int) -> None:
        self.loop.settle(later_s=(0.5, 3, PATIENCE_S, IDLE_S)[number % 4])

    def check(self) -> None:
        """What is true at any moment."""
        held = [asker.holds for asker in self.askers if asker.holds]
        assert len(held) == len(set(held)), "a connection has two holders"
        assert len(self.alive) + len(self.opening) <= SIZE, "more connections than there may be"
        assert all(len(asker.told) <= 1 for asker in self.askers), "told twice"
        assert not any(asker.told for asker in self.askers if asker.gone), "told, though gone"
        waiting = [asker for asker in self.askers if asker.waits]
        assert all(self.loop.now - asker.since < PATIENCE_S for asker in waiting), "waits too long"
        first = min((self.askers.index(asker) for asker in waiting), default=len(self.askers))
        assert not any(asker.told for asker in self.askers[first:]), "somebody was put first"
        assert len(held) <= SIZE

    def end(self) -> None:
        """Everybody leaves, and whatever still opens or ends comes to its end: nothing is left lent."""
        for asker in self.askers:
            if asker.holds:
                self.do(lambda asker=asker: self._end(asker, lambda connection: None))  # type: ignore[misc]
            self.check()
        self.loop.settle(later_s=2 * PATIENCE_S)
        self.check()
        assert not any(asker.waits for asker in self.askers)
        for asker in self.askers:
            if asker.holds:
                self.do(lambda asker=asker: self._end(asker, lambda connection: None))  # type: ignore[misc]
        self.loop.settle(later_s=PATIENCE_S)
        assert (self.pool.available, self.pool.waiting) == (SIZE, 0)
        self.loop.settle(later_s=2 * IDLE_S + 1)
        assert not self.alive, "idle connections are kept for ever"


@contextmanager
def a_world() -> Iterator[World]:
    world = World()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "open", world.open)
        try:
            yield world
        finally:
            world.pool.close()
            world.loop.settle()
            world.loop.close()
            asyncio.set_event_loop(None)


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as world:
        yield world


EVENTS = [World.ask, World.ask, World.ask_by_task, World.ask_by_task, World.give_back, World.give_back_broken,
          World.give_back_busy, World.go_away, World.go_away_as_one_is_given_back, World.open_succeeds,
          World.open_succeeds, World.open_fails, World.open_fails_oddly, World.database_ends_what_was_cancelled,
          World.database_drops_one, World.renew, World.time_passes]  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 9)), max_size=40))
def test_whatever_happens(events: list[tuple[Callable[[World, int], None], int]]) -> None:
    with a_world() as world:
        for event, number in events:
            event(world, number)
            world.check()
        world.end()


def fill(world: World) -> list[Asker]:
    """As many holders as there may be."""
    for _ in range(SIZE):
        world.ask(0)
        world.open_succeeds(0)
    assert all(asker.holds for asker in world.askers)
    return list(world.askers)


def test_whoever_waits_longest_is_next(world: World) -> None:
    fill(world)
    for _ in range(4):
        world.ask(0)
    for number in range(4):
        world.do(lambda number=number: world._end(world.askers[number], lambda connection: None))  # type: ignore[misc]
        assert [bool(asker.told) for asker in world.askers[SIZE:]] == [True] * (number + 1) + [False] * (
            3 - number
        )


def test_a_wait_that_is_too_long_is_told_so(world: World) -> None:
    fill(world)
    world.ask(0)
    world.loop.settle(later_s=PATIENCE_S - 1)
    world.ask(0)
    assert not world.askers[-2].told
    world.loop.settle(later_s=1)
    (refusal,) = world.askers[-2].told
    assert (refusal.status, refusal.code, world.pool.timeouts) == (504, "PGRST003", 1)
    assert world.askers[-1].waits


def test_an_opening_that_hangs_is_given_up(world: World) -> None:
    world.ask(0)
    world.loop.settle(later_s=PATIENCE_S + 1)
    assert world.askers[0].told[0].status == 504
    assert (world.opening, world.pool.available) == ([], SIZE)


def test_an_opening_that_fails_is_said_to_whoever_waits(world: World) -> None:
    world.ask(0)
    world.ask(0)
    world.open_fails(0)
    assert (world.askers[0].told[0].status, world.askers[0].told[0].code) == (503, "PGRST000")
    assert world.askers[1].waits
    assert world.opening


def test_whoever_leaves_in_the_moment_of_getting_one_takes_nothing_along(world: World) -> None:
    fill(world)
    world.ask_by_task(0)
    world.go_away_as_one_is_given_back(0)
    world.ask(0)
    assert world.askers[-1].holds
    assert not world.askers[-2].told


def test_those_who_wait_when_all_ends_are_told(world: World) -> None:
    holders = fill(world)
    world.ask(0)
    world.ask_by_task(0)
    world.do(world.pool.close)
    world.ask(0)
    assert [asker.told[0].status for asker in world.askers[SIZE:]] == [503] * 3
    assert not world.alive
    for holder in holders:
        world.do(lambda holder=holder: world._end(holder, lambda connection: None))  # type: ignore[misc]
    assert not world.opening


def test_an_errand_that_is_abandoned_twice_gives_back_once(world: World) -> None:
    told: list[Any] = []
    errand = Errand(world.pool, (Statement("select"),), told.append, Pace())
    world.do(errand.begin)
    world.open_succeeds(0)
    (connection,) = world.alive
    world.do(errand.abandon)
    world.do(errand.abandon)
    world.database_ends_what_was_cancelled(0)
    world.ask(0)
    world.ask(0)
    assert world.askers[0].holds is connection
    assert world.askers[1].waits
    assert told == []
