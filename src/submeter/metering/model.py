"""The nouns of metering: what a file says, before anybody has looked up whose it is."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from submeter.core.problem import Problem

__all__ = [
    "MISSING",
    "DayRow",
    "DialRead",
    "FileError",
    "Finding",
    "Item",
    "MeterRow",
    "QualityRange",
    "Stream",
]

MISSING = -(2**31)
"""The amount of an interval that the source does not know. It is not zero."""


class Stream(NamedTuple):
    """Whose data it is, as the source names it.

    `scheme` says what the identifier is: `nmi`, `icp`, `mpan`, `serial`, `own`, ...; `any` where the source
    does not say (a `site_identifier`): whichever identifier of a supply point fits. `register` is the
    channel, suffix or register id within it (E1, B1, 1, ...). `unit` is the source's, spelled as in the
    database (kWh, kvarh, L, m3, MJ, ...), after scaling: a file in Wh or MWh gives kWh, without loss;
    empty where the source names none: the register's own.
    """

    scheme: str
    identifier: str
    register: str
    serial: str = ""
    unit: str = "kWh"
    direction: str = "import"
    """import (taken from the network) or export (put into it)."""


class QualityRange(NamedTuple):
    """The quality of the intervals from `first` to `last`, both counted from 1, both included."""

    first: int
    last: int
    quality: str
    method: str = ""
    """The source's code of how a value was made: 14, 51, ..."""
    reason: str = ""
    text: str = ""


class DayRow(NamedTuple):
    """A day of intervals of one stream, as one source stated it at one time.

    `amounts` are whole numbers of 10^-`decimals` of the stream's unit, little-endian 32-bit integers, one
    for each interval in order, `MISSING` where there is none. `clock` is the source's: UTC, Etc/GMT-10,
    Europe/London; the day has 23 to 25 hours where the clock says so.
    """

    stream: Stream
    day: date
    clock: str
    minutes: int
    decimals: int
    amounts: bytes
    quality: str
    """A actual, E estimated, F final substitute, S substitute, N null, V variable (see `ranges`)."""
    ranges: tuple[QualityRange, ...]
    """The qualities of all intervals, in order. Empty where `quality` says it all: no method, no reason."""
    version_at: datetime | None
    """When the source last changed it; orders versions of a day."""
    line: int


class DialRead(NamedTuple):
    """What a register's dial showed, before any multiplier."""

    stream: Stream
    read_on: date
    read_at: datetime | None
    """None where the source gives a day alone: the reading stands at the end of its local day."""
    value: Decimal
    sub_type: str
    """ACTUAL, ACTUALC, ESTIMATE, INVOICE_EST, OPENING, CLOSING or MISREAD."""
    line: int
    quality: str = "A"
    method: str = ""
    reason: str = ""
    notes: str = ""
    next_read_on: date | None = None
    temperature_factor: Decimal | None = None
    heating_value: Decimal | None = None
    version_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MeterRow:
    """A line of a meters file: a register of a meter at a supply point, new or to be closed."""

    stream: Stream
    meter_type: str
    status: str
    multiplier: Decimal
    digits: int | None
    installed_on: date | None
    removed_on: date | None
    line: int
    details: dict[str, str] = field(default_factory=dict)
    """Location, hazards, manufacturer, model, controlled load, timing, and whatever else the file has."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One bad row among many: where it stands, what was there, and what to do. The rest of the file loads.

    `problem` has a code MTR..., its hint says what to do. `column` counts fields from 1; 0 is the whole line.
    """

    problem: Problem
    line: int
    column: int = 0
    value: str = ""


Item = DayRow | DialRead | MeterRow | Finding


class FileError(Exception):
    """Nothing of a file can be used, and why: it is no file of this format, or its frame is broken."""

    def __init__(self, problem: Problem, line: int = 0) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.line = line
