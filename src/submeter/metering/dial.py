"""A register's dial and all that is known around it, as the checks of a reading look at it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from submeter.core.problem import Refused
from submeter.metering.consumption import Multiplier, chain, list_actuals, multiplier_over
from submeter.metering.days import starts_at
from submeter.metering.readings import (
    History,
    Reading,
    ReadingCase,
    RegisterFacts,
    SupplyState,
    Tolerance,
    ToleranceRow,
    is_change,
    stands_at,
    tolerance_for,
)

__all__ = [
    "Agreement",
    "Dial",
    "Held",
    "Place",
    "case_of",
    "clock_of",
    "is_beside",
    "next_of",
    "reading_at",
    "standing_at",
]

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who is supplied does not matter here; only from when to when, and to when it is billed."""

    from_date: date
    to_date: date | None
    billed_to: date | None

    def covers(self, day: date) -> bool:
        return self.from_date <= day and (self.to_date is None or day < self.to_date)


@dataclass(frozen=True, slots=True)
class Place:
    """A supply point that the meter measures, from when to when."""

    installed_at: datetime | None
    """None where nobody knows: since the beginning."""
    removed_at: datetime | None
    site_id: str
    clock: str
    unsupplied: bool = False
    """A common area: nobody has an account there, and nobody is to."""
    closed: bool = False
    agreements: tuple[Agreement, ...] = ()

    @property
    def installed_on(self) -> date | None:
        return None if self.installed_at is None else _local_day(self.installed_at, self.clock)

    @property
    def removed_on(self) -> date | None:
        """The last day; a removal at midnight belongs to the day that ends there."""
        return (
            None
            if self.removed_at is None
            else _local_day(self.removed_at - timedelta(microseconds=1), self.clock)
        )


@dataclass(frozen=True, slots=True)
class Held:
    """An accepted reading that stands."""

    id: str
    at: datetime
    reading: Reading
    forced: frozenset[str] = frozenset()
    """Codes of checks that a person overruled."""


@dataclass(frozen=True, slots=True)
class Dial:
    """A register, its places and multipliers, what is usual of it, and the readings that are held."""

    register_id: str
    esco_id: str
    meter_type: str = ""
    direction: str = "import"
    unit: str = "kWh"
    digits: int | None = None
    esco_clock: str = "UTC"
    multipliers: tuple[Multiplier, ...] = ()
    places: tuple[Place, ...] = ()
    tolerances: tuple[ToleranceRow, ...] = ()
    held: tuple[Held, ...] = ()

    def find(self, reading_id: str | None) -> Held | None:
        """The held reading of an id."""
        return next((one for one in self.held if one.id == reading_id), None)

    def with_held(self, held: Held, replaces: str | None = None) -> "Dial":
        """The dial when one more reading is held, perhaps in the place of another."""
        others = [one for one in self.held if one.id != replaces]
        return replace(self, held=tuple(sorted((*others, held), key=lambda one: one.at)))

    def without(self, reading_id: str) -> "Dial":
        """The dial as if a reading had never been."""
        return replace(self, held=tuple(one for one in self.held if one.id != reading_id))

    def place_on(self, day: date) -> Place | None:
        """Where the meter was on a day; else where it went next, or was last."""
        fits = [place for place in self.places if _is_in_place(place, day)]
        after = [place for place in self.places if (place.installed_on or date.min) > day]
        return next(iter((*fits[-1:], *after[:1], *self.places[-1:])), None)


def _is_in_place(place: Place, day: date) -> bool:
    return (place.installed_on or date.min) <= day <= (place.removed_on or date.max)


def _local_day(at: datetime, clock: str) -> date:
    return at.astimezone(ZoneInfo(clock)).date()


def clock_of(dial: Dial, at: datetime | None = None) -> str:
    """The clock of the site where the meter was at a moment, or is; the ESCO's where it is nowhere."""
    place = dial.place_on(at.date() if at else date.max)
    return place.clock if place else dial.esco_clock


def reading_at(dial: Dial, at: datetime, reading: Reading) -> Reading:
    """The reading with the day that an instant belongs to, in the site's clock.

    Midnight itself ends a day, for an OPENING it begins one; it is told as a day without a time.
    """
    clock = clock_of(dial, at)
    local = at.astimezone(ZoneInfo(clock))
    day = local.date()
    if at == starts_at(day, clock):
        return replace(reading, read_on=day if reading.sub_type == "OPENING" else day - DAY, read_at=None)
    return replace(reading, read_on=day, read_at=local)


def standing_at(dial: Dial, reading: Reading) -> datetime:
    """The instant of a reading. A day alone is as long as the meter was in place."""
    at = stands_at(reading, clock_of(dial, reading.read_at))
    place = dial.place_on(reading.read_on)
    if place is None or reading.read_at is not None:
        return at
    if place.removed_at is not None and reading.read_on == place.removed_on:
        return min(at, place.removed_at)
    if place.installed_at is not None and reading.read_on == place.installed_on:
        return max(at, place.installed_at)
    return at


# The case -------------------------------------------------------------------------------------------------


def case_of(dial: Dial, candidate: Reading, now: datetime, *without: str) -> ReadingCase:
    """All that the rules look at when a reading asks to be accepted, as if `without` were not held."""
    held = [one.reading for one in dial.held if one.id not in without]
    before = [one for one in held if one.edge < candidate.edge and not _changes_with(one, candidate)]
    before.sort(key=_rank)
    after = sorted((one for one in held if one.edge > candidate.edge), key=_rank)
    place = dial.place_on(candidate.read_on)
    tolerance = tolerance_for(dial.tolerances, dial.meter_type, place.site_id if place else "")
    previous = before[-1] if before else None
    return ReadingCase(
        candidate,
        _local_day(now, place.clock if place else dial.esco_clock),
        register=_register(dial, place, candidate, tolerance),
        previous=previous,
        last_actual=_last_actual(before, candidate),
        next=after[0] if after else None,
        same_day=tuple(one for one in held if is_beside(one, candidate)),
        state=_state(place, candidate.read_on),
        last_billed=_last_billed(place, candidate, held),
        history=_history(dial, before, candidate, tolerance),
        tolerance=tolerance,
    )


def next_of(dial: Dial, reading: Reading) -> Held | None:
    """The held reading that follows, and would be judged by this one."""
    after = [one for one in dial.held if one.reading.edge > reading.edge]
    return min(after, key=lambda one: _rank(one.reading), default=None)


def _last_actual(before: Sequence[Reading], candidate: Reading) -> Reading | None:
    """The last one that is no estimate, as the dial of today would have shown it: less its turns since.

    But for turns that were estimated too early: a dial that stands higher than then has not passed zero.
    """
    rolled = Decimal(0)
    for one in reversed(before):
        if not one.is_estimate:
            stays = not rolled or (candidate.value >= one.value and not candidate.add_factor)
            return one if stays else replace(one, value=one.value - rolled)
        rolled += one.add_factor
    return None


def _changes_with(one: Reading, candidate: Reading) -> bool:
    return one.read_on == candidate.read_on and is_change(one, candidate)


def is_beside(one: Reading, candidate: Reading) -> bool:
    """Of the same day; or where the days meet: the end of one is the beginning of the other."""
    if one.read_on == candidate.read_on:
        return True
    return one.edge == candidate.edge and not (one.is_estimate or candidate.is_estimate)


def _rank(reading: Reading) -> tuple[date, bool]:
    """In time; of one moment an estimate comes first, so that the better one is nearer to what follows."""
    return reading.edge, not reading.is_estimate


def _register(dial: Dial, place: Place | None, candidate: Reading, tolerance: Tolerance) -> RegisterFacts:
    return RegisterFacts(
        dial.meter_type,
        dial.direction,
        dial.digits,
        place.installed_on if place else None,
        place.removed_on if place else None,
        _multiplier(dial, candidate.edge - DAY),
        bills_energy_of_gas=tolerance.needs_gas_factors,
        removed_at=place.removed_at if place else None,
    )


def _multiplier(dial: Dial, day: date) -> Decimal:
    return multiplier_over(dial.multipliers, day, day + DAY)


def _state(place: Place | None, day: date) -> SupplyState:
    if place is None or place.unsupplied or any(one.covers(day) for one in place.agreements):
        return "open"
    return "disconnected" if place.closed else "vacant"


def _last_billed(place: Place | None, candidate: Reading, held: Sequence[Reading]) -> Reading | None:
    """The reading up to which the agreement of the day, or the last one before it, is billed."""
    day = candidate.read_on
    begun = [one for one in (place.agreements if place else ()) if one.from_date <= day]
    last = [] if candidate.sub_type == "OPENING" else begun[-1:]
    own = [one for one in begun if one.covers(day)] or last
    billed = [one.billed_to for one in own if one.billed_to is not None and one.billed_to > one.from_date]
    if not billed:
        return None
    values = [one.value for one in held if one.edge == billed[-1]]
    return Reading(billed[-1] - DAY, values[-1] if values else Decimal(0))


# The past -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Period:
    first: date
    end: date
    quantity: Decimal

    @property
    def per_day(self) -> Fraction:
        return Fraction(self.quantity) / (self.end - self.first).days


def _history(dial: Dial, before: Sequence[Reading], candidate: Reading, tolerance: Tolerance) -> History:
    """Of what came before, from one actual reading to the next; estimates prove nothing."""
    actuals = list(list_actuals(before))
    periods = tuple(_periods(dial, actuals))
    recent = tuple(_decimal(period.per_day) for period in reversed(periods[-3:]))
    base = actuals[-1] if actuals and not candidate.is_estimate else before[-1] if before else None
    return History(
        _same_season(periods, base.edge, candidate.edge) if base else None,
        recent,
        tolerance.usual_per_day,
        _run(period.quantity == 0 for period in reversed(periods)),
        _run(one.is_estimate for one in reversed(before)),
    )


def _periods(dial: Dial, actuals: Sequence[Reading]) -> Iterator[_Period]:
    try:
        placed = chain(actuals)
    except Refused:  # two values for one moment, forced by somebody: nothing can be learnt from them
        return
    for (first, start), (end, last) in pairwise(placed):
        advance = last.value + last.add_factor - start.value
        factor = _multiplier_or_none(dial, first, end)
        if advance >= 0 and factor is not None:
            yield _Period(first, end, advance * factor)


def _multiplier_or_none(dial: Dial, first: date, end: date) -> Decimal | None:
    try:
        return multiplier_over(dial.multipliers, first, end)
    except Refused:
        return None


def _same_season(periods: Sequence[_Period], first: date, end: date) -> Decimal | None:
    """The use a day on the same days of the year before, where all of them are known."""
    first, end = _year_before(first), _year_before(end)
    total, days = Fraction(), 0
    for period in periods:
        common = (min(period.end, end) - max(period.first, first)).days
        if common > 0:
            total += period.per_day * common
            days += common
    return _decimal(total / days) if days and days == (end - first).days else None


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _decimal(value: Fraction) -> Decimal:
    return round(Decimal(value.numerator) / value.denominator, 9)


def _run(found: Iterable[bool]) -> int:
    count = 0
    for one in found:
        if not one:
            break
        count += 1
    return count
