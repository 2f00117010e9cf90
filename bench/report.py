"""The table that a run prints."""

import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Measured:
    """A gateway under load: requests a second, seconds, CPU seconds a request (its own, and the load's)."""

    name: str
    rate: float
    p50: float
    p99: float
    cpu: float
    load_cpu: float

    @property
    def tail(self) -> float:
        """How much longer a slow request takes than a usual one."""
        return self.p99 / self.p50


@dataclass(frozen=True)
class Turn:
    """One of the turns in which a kind is measured: each gateway, and PostgreSQL alone.

    ``pace`` is how many seconds of the processor a fixed piece of work took; ``pipelined`` and ``four_trips``
    are transactions a second, not a number where PostgreSQL alone was not asked.
    """

    gateways: Sequence[Measured]
    pace: float
    pipelined: float = math.nan
    four_trips: float = math.nan


@dataclass(frozen=True)
class Row:
    """One kind: the middle of what its turns measured, and of the ratios within each of them.

    A machine may change its pace from one second to the next; within a turn all sides have the same.
    """

    kind: str
    turns: Sequence[Turn]

    @property
    def own(self) -> Measured:
        return self.gateway(0)

    @property
    def has_rival(self) -> bool:
        return len(self.turns[0].gateways) > 1

    @property
    def pipelined(self) -> float:
        return self.middle(lambda turn: turn.pipelined)

    def gateway(self, place: int) -> Measured:
        """The middle of each of a gateway's figures."""
        ones = [turn.gateways[place] for turn in self.turns]
        figures = zip(*(astuple(one)[1:] for one in ones), strict=True)
        return Measured(ones[0].name, *map(statistics.median, figures))

    def middle(self, of: Callable[[Turn], float]) -> float:
        """The middle of something that each turn has."""
        return statistics.median(of(turn) for turn in self.turns)

    def text(self) -> str:
        """A line for each gateway."""
        return "\n".join(self._line(place) for place in range(len(self.turns[0].gateways)))

    def _line(self, place: int) -> str:
        one = self.gateway(place)
        cells = (
            f"{self.kind:<12} {one.name:<10} {one.rate:>8.0f}",
            _cell(self.pipelined, 10, 0),
            _cell(self.middle(lambda turn: turn.four_trips), 8, 0),
            _cell(self.middle(lambda turn: turn.gateways[place].rate / turn.pipelined), 8, 2),
            _cell(self.middle(lambda turn: turn.gateways[place].rate / turn.four_trips), 8, 2),
            f"{one.cpu * 1e6:>7.0f} {one.p50 * 1e3:>7.1f} {one.p99 * 1e3:>7.1f} {one.tail:>7.1f}",
            f"{one.load_cpu * 1e6:>7.0f}",
            _cell(self.middle(lambda turn: turn.pace) * 1e3, 7, 0),
        )
        return " ".join(cells)


def _cell(value: float, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if math.isnan(value) else f"{value:>{width}.{digits}f}"


HEADING = (
    f"{'kind':<12} {'gateway':<10} {'req/s':>8} {'pgbench':>10} {'pgbench':>8}"
    f" {'ratio to':>8} {'ratio to':>8} {'CPU us':>7} {'p50':>7} {'p99':>7} {'p99':>7}"
    f" {'load':>7} {'pace':>7}\n"
    f"{'':<23} {'':>8} {'pipelined':>10} {'4 trips':>8} {'pipel.':>8} {'4 trips':>8}"
    f" {'a req.':>7} {'ms':>7} {'ms':>7} {'/ p50':>7} {'CPU us':>7} {'ms':>7}"
)


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def pace() -> float:
    """How fast the machine is just now: seconds of the processor for a fixed piece of Python's own work."""
    before = time.process_time()
    held = {}
    for number in range(100_000):
        held[number & 1023] = (number, str(number))
    return time.process_time() - before
