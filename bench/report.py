"""The table that a run prints."""

import os
import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured for one kind: rates a second, times in ms, CPU in microseconds a request."""

    kind: str
    rate: float
    p50: float
    p99: float
    cpu: float
    pipelined: float
    four_trips: float

    def text(self) -> str:
        return (
            f"{self.kind:<12} {self.rate:>8.0f} {self.pipelined:>10.0f} {self.four_trips:>10.0f}"
            f" {self.rate / self.pipelined:>8.2f} {self.rate / self.four_trips:>8.2f}"
            f" {self.p50:>7.1f} {self.p99:>7.1f} {self.cpu:>7.0f}"
        )


HEADING = (
    f"{'kind':<12} {'gateway':>8} {'pgbench':>10} {'pgbench':>10} {'gate. /':>8} {'gate. /':>8}"
    f" {'p50':>7} {'p99':>7} {'CPU us':>7}\n"
    f"{'':<12} {'req/s':>8} {'pipelined':>10} {'4 trips':>10} {'pipel.':>8} {'4 trips':>8}"
    f" {'ms':>7} {'ms':>7} {'a req.':>7}"
)


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
