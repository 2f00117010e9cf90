"""The table that a run prints."""

import math
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass


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
class Row:
    """One kind: what each gateway made of it, and PostgreSQL alone (not a number where it was not asked)."""

    kind: str
    gateways: Sequence[Measured]
    pipelined: float
    four_trips: float

    @property
    def own(self) -> Measured:
        return self.gateways[0]

    @property
    def rival(self) -> Measured | None:
        return self.gateways[1] if len(self.gateways) > 1 else None

    def text(self) -> str:
        """A line for each gateway."""
        return "\n".join(self._line(one) for one in self.gateways)

    def _line(self, one: Measured) -> str:
        cells = (
            f"{self.kind:<12} {one.name:<10} {one.rate:>8.0f}",
            _cell(self.pipelined, 10, 0),
            _cell(self.four_trips, 8, 0),
            _cell(one.rate / self.pipelined, 8, 2),
            _cell(one.rate / self.four_trips, 8, 2),
            f"{one.cpu * 1e6:>7.0f} {one.p50 * 1e3:>7.1f} {one.p99 * 1e3:>7.1f} {one.tail:>7.1f}",
            f"{one.load_cpu * 1e6:>7.0f}",
        )
        return " ".join(cells)


def _cell(value: float, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if math.isnan(value) else f"{value:>{width}.{digits}f}"


HEADING = (
    f"{'kind':<12} {'gateway':<10} {'req/s':>8} {'pgbench':>10} {'pgbench':>8}"
    f" {'ratio to':>8} {'ratio to':>8} {'CPU us':>7} {'p50':>7} {'p99':>7} {'p99':>7} {'load':>7}\n"
    f"{'':<23} {'':>8} {'pipelined':>10} {'4 trips':>8} {'pipel.':>8} {'4 trips':>8}"
    f" {'a req.':>7} {'ms':>7} {'ms':>7} {'/ p50':>7} {'CPU us':>7}"
)


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
