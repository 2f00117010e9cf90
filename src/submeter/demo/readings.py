"""A register's year: its days of intervals, and the dial that goes up with them to the watt-hour."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from submeter.demo.company import TIME_ZONE
from submeter.demo.days import HALF_HOUR, instant, list_months
from submeter.demo.metering import Meter, Register
from submeter.demo.usage import DayOfUse
from submeter.demo.weather import draws


@dataclass(frozen=True)
class DayOfRegister:
    """The half-hours [begin, end) of a local day that a register counted."""

    day: DayOfUse
    begin: int
    end: int

    @property
    def is_whole(self) -> bool:
        return self.begin == 0 and self.end == len(self.day.amounts)

    @property
    def amounts(self) -> Sequence[int | None]:
        """Watt-hours for each half-hour of the day; None where the register was not in place."""
        if self.is_whole:
            return self.day.amounts
        left_out = len(self.day.amounts) - self.end
        return [*[None] * self.begin, *self.day.amounts[self.begin : self.end], *[None] * left_out]

    @property
    def total(self) -> int:
        return sum(self.day.amounts[self.begin : self.end])


@dataclass(frozen=True)
class Reading:
    """What a dial showed, in Wh before the multiplier."""

    read_at: datetime
    dial_wh: int
    kind: str
    status: str
    notes: str | None = None


def list_days_of(meter: Meter, days: Iterable[DayOfUse]) -> Iterator[DayOfRegister]:
    """The days on which the meter was in place for a half-hour at least."""
    for day in days:
        begin = max(0, day.day.index_of(meter.installed_at))
        end = len(day.amounts)
        if meter.removed_at:
            end = min(end, day.day.index_of(meter.removed_at))
        if begin < end:
            yield DayOfRegister(day, begin, end)


def list_readings(
    meter: Meter, register: Register, days: Sequence[DayOfRegister], first: date, end: date
) -> tuple[Reading, ...]:
    """The readings of a register: first and last, firsts of months, and where people come and go."""
    advance_to = _advances(days)
    moments = sorted(_moments(meter, first, end).items())
    return tuple(
        Reading(
            read_at=at,
            dial_wh=register.opening_wh + advance_to[at] // register.multiplier,
            kind=kind,
            status=_status(register, at, kind),
            notes=notes,
        )
        for at, (kind, notes) in moments
    )


def _moments(meter: Meter, first: date, end: date) -> dict[datetime, tuple[str, str | None]]:
    moments: dict[datetime, tuple[str, str | None]] = {}
    for month in (*list_months(first, end), end):
        moments[instant(month, TIME_ZONE)] = ("periodic", None)
    for tenancy in meter.home.tenancies:
        if tenancy.to_date and tenancy.to_date < end:
            moments[instant(tenancy.to_date, TIME_ZONE)] = ("closing", "moved out")
        if tenancy.from_date > first:
            at = instant(tenancy.from_date, TIME_ZONE)
            # Where two tenancies meet, one reading closes the old and opens the new.
            moments[at] = ("opening", "moved out and in" if at in moments else "moved in")
    start = instant(first, TIME_ZONE)
    moments[max(start, meter.installed_at)] = (
        "opening",
        "taken over" if meter.installed_at < start else "new meter",
    )
    if meter.removed_at:
        moments[meter.removed_at] = ("closing", "meter exchanged")
    return {at: moment for at, moment in moments.items() if _is_in_place(meter, at)}


def _is_in_place(meter: Meter, at: datetime) -> bool:
    return meter.installed_at <= at and (meter.removed_at is None or at <= meter.removed_at)


def _status(register: Register, at: datetime, kind: str) -> str:
    """Most are read by a job; some by the customer; a few failed and were put together from the intervals."""
    chance = draws(register.id, at.date(), "status")()
    if kind != "periodic" or chance < 0.9:
        return "actual"
    return "customer" if chance < 0.95 else "substituted"


def _advances(days: Sequence[DayOfRegister]) -> dict[datetime, int]:
    """Wh since the first of `days`, by the instants at which a day begins or the register starts or stops."""
    advances: dict[datetime, int] = {}
    total = 0
    for counted in days:
        starts_at = counted.day.day.starts_at
        advances[starts_at + counted.begin * HALF_HOUR] = total
        total += counted.total
        advances[starts_at + counted.end * HALF_HOUR] = total
    return advances
