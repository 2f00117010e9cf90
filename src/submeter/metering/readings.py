"""Readings of dials as values: where in time they stand, and what the rules want to know around one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from submeter.core.problem import Problem
from submeter.metering.days import starts_at
from submeter.metering.model import DialRead

__all__ = [
    "ESTIMATES",
    "SUB_TYPES",
    "Accepted",
    "Duplicate",
    "History",
    "Outcome",
    "Queued",
    "Reading",
    "ReadingCase",
    "RegisterFacts",
    "SupplyState",
    "Tolerance",
    "ToleranceRow",
    "is_change",
    "reading_of",
    "stands_at",
    "tolerance_for",
]

SUB_TYPES = ("ACTUAL", "ACTUALC", "ESTIMATE", "INVOICE_EST", "OPENING", "CLOSING", "MISREAD")
ESTIMATES = frozenset({"ESTIMATE", "INVOICE_EST"})

SupplyState = Literal["open", "vacant", "disconnected"]
"""Of a supply point on a day: an account is open, none is, or supply is cut."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a dial showed on a day, before any multiplier."""

    read_on: date
    value: Decimal
    sub_type: str = "ACTUAL"
    read_at: datetime | None = None
    add_factor: Decimal = Decimal(0)
    """What a dial that passed zero since the reading before is to be added: 10^digits, else 0."""
    temperature_factor: Decimal | None = None
    heating_value: Decimal | None = None

    @property
    def edge(self) -> date:
        """The first day that is not counted in this reading: its own for an OPENING, else the next."""
        return self.read_on if self.sub_type == "OPENING" else self.read_on + timedelta(days=1)

    @property
    def is_estimate(self) -> bool:
        return self.sub_type in ESTIMATES


def reading_of(read: DialRead) -> Reading:
    """What a file says of a dial, as a reading."""
    factors = (read.temperature_factor, read.heating_value)
    return Reading(read.read_on, read.value, read.sub_type, read.read_at, Decimal(0), *factors)


def is_change(one: Reading, other: Reading) -> bool:
    """Whether the two close one tenancy and open another."""
    return {one.sub_type, other.sub_type} == {"OPENING", "CLOSING"}


def stands_at(reading: Reading, clock: str) -> datetime:
    """The instant of a reading: its own, else the start of its day for an OPENING, the end for all others."""
    return reading.read_at or starts_at(reading.edge, clock)


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """What the rules need to know of a register."""

    meter_type: str = "ALLDAY"
    direction: str = "import"
    digits: int | None = None
    """Digits before the point; None where nobody knows."""
    installed_on: date | None = None
    removed_on: date | None = None
    multiplier: Decimal = Decimal(1)
    is_active: bool = True
    bills_energy_of_gas: bool = False
    """Volume is read, and the plan bills MJ or kWh: each reading needs both factors."""

    removed_at: datetime | None = None
    """The moment of removal, where more than its day is known."""

    @property
    def turn(self) -> Decimal | None:
        """One turn of the dial: 10^digits."""
        return None if self.digits is None else Decimal(10) ** self.digits


@dataclass(frozen=True, slots=True)
class History:
    """What use was before, as quantity a day (after the multiplier). None or empty where it is not known."""

    same_season: Decimal | None = None
    """Of the same season in the last twelve months."""
    last_periods: tuple[Decimal, ...] = ()
    """Of the periods before, newest first; three are looked at."""
    type_default: Decimal | None = None
    """What a meter of this type usually has."""
    zero_reads: int = 0
    """Readings without use in a row, up to the one before."""
    estimates: int = 0
    """Estimates in a row, up to the one before."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is still usual: the operator's data for a meter type and site; the defaults are Submeter's own."""

    high_percent: Decimal = Decimal(100)
    """Above what was expected: 100 = twice as much."""
    low_percent: Decimal = Decimal(75)
    """Below what was expected: 75 = a quarter of it."""
    floor_per_day: Decimal = Decimal(2)
    """Differences up to this quantity a day are never too high or too low."""
    gap_days: int = 100
    zero_reads: int = 2
    estimates: int = 3
    """Estimates in a row that are accepted."""
    accepts_vacant: bool = False
    """Readings of a supply point without an account are accepted, with a warning where they show use."""
    needs_gas_factors: bool = False
    """Gas is billed as energy: each reading needs temperature factor and heating value."""
    usual_per_day: Decimal | None = None
    """What such a register usually counts a day."""


@dataclass(frozen=True, slots=True)
class ToleranceRow:
    """A tolerance for a meter type, a site, both, or (both None) everything else."""

    meter_type: str | None
    site: str | None
    tolerance: Tolerance


def tolerance_for(rows: Sequence[ToleranceRow], meter_type: str, site: str) -> Tolerance:
    """The row for site and type; else that of the site, of the type, of neither; else the defaults."""
    by_key = {(row.meter_type, row.site): row.tolerance for row in rows}
    keys = ((meter_type, site), (None, site), (meter_type, None), (None, None))
    return next((by_key[key] for key in keys if key in by_key), Tolerance())


@dataclass(frozen=True, slots=True)
class ReadingCase:
    """A reading that asks to be accepted, and everything that its rules look at."""

    candidate: Reading
    today: date
    """At the site."""
    site_known: bool = True
    register: RegisterFacts | None = RegisterFacts()
    """None: the site has no such meter and register that is active."""
    previous: Reading | None = None
    last_actual: Reading | None = None
    """The last one before it that is no estimate; needed where `previous` is one."""
    next: Reading | None = None
    same_day: tuple[Reading, ...] = ()
    """What is held of this register for the candidate's day or moment, without misreads."""
    state: SupplyState = "open"
    """On the day of the reading."""
    last_billed: Reading | None = None
    history: History = field(default_factory=History)
    tolerance: Tolerance = field(default_factory=Tolerance)

    @property
    def base(self) -> Reading | None:
        """What the candidate is compared with. An actual corrects estimates, so it looks past them."""
        if self.previous is None or self.candidate.is_estimate or not self.previous.is_estimate:
            return self.previous
        return self.last_actual

    @property
    def later(self) -> Reading | None:
        """The next reading; not the CLOSING of a day whose OPENING this is: one reading serves both."""
        after, candidate = self.next, self.candidate
        if after is None or (after.read_on == candidate.read_on and is_change(after, candidate)):
            return None
        return after


@dataclass(frozen=True, slots=True)
class Accepted:
    """The reading may be stored; `warnings` are for people to look at."""

    reading: Reading
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Queued:
    """The reading waits for a person: process (again), force or delete. It is in no sum until then."""

    reading: Reading
    problems: tuple[Problem, ...]
    """Why, the first one the gravest: the queue groups by it."""
    warnings: tuple[Problem, ...]
    previous: Reading | None
    roll_over: Decimal | None
    """The add factor to offer, where the dial has probably passed zero."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The reading is held already: nothing to do or to say."""

    reading: Reading


Outcome = Accepted | Queued | Duplicate
