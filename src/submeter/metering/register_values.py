"""What a register counted, virtual or not: by intervals, or by days.

Staff see the registers of their ESCO; a customer those that measured them, while they did. Of a virtual
register a customer is told the result, not the parts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import numpy as np
import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering import values_store as store
from submeter.metering.consumption import Multiplier, advances, daily_use
from submeter.metering.days import minute_of, starts_at
from submeter.metering.model import DayRow
from submeter.metering.readings import Reading
from submeter.metering.selecting import check_days
from submeter.metering.series import BoolArray, Series, day_totals, series_of, window
from submeter.metering.value_sight import Sight
from submeter.metering.values_store import Below
from submeter.metering.virtual_values import DAY, Definition, Grid, Leaf, Place, evaluate, steps_in_place

__all__ = [
    "Asked",
    "DayValue",
    "IntervalValue",
    "find_sight",
    "list_day_values",
    "list_interval_values",
    "tell_days",
    "tell_intervals",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 800
_STAFF = ("operator", "service_role")
_STEPS = (1, 5, 10, 15, 30, 60)
_WHOLE = UUID(int=0)
"""Stands for the sum of registers in their places, which has no key."""


class IntervalValue(NamedTuple):
    """A step; the quantity is None where a part is not known."""

    starts_at: datetime
    quantity: Decimal | None


class DayValue(NamedTuple):
    """A billing day. `provisional`: an estimate is in it, which the next reading may correct."""

    day: date
    quantity: Decimal | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What values are asked of: a register at all times, or registers while they are in their places."""

    registers: tuple[UUID, ...]
    places: Definition | None = None

    @property
    def key(self) -> UUID:
        return _WHOLE if self.places else self.registers[0]

    def told(self, grid: Grid) -> BoolArray:
        """The steps of which anything is told."""
        return steps_in_place(self.places, grid) if self.places else np.ones(grid.count, np.bool_)

    @classmethod
    def in_places(cls, places: Sequence[Place], *, whole_steps: bool) -> "Asked":
        """Of registers while they are in their places, the latest first: its clock counts."""
        latest = sorted(places, key=lambda place: place.start_at, reverse=True)
        registers = tuple(dict.fromkeys(place.register_id for place in latest))
        return cls(registers, Definition("places", places=tuple(places), whole_steps=whole_steps))


def list_interval_values(
    database: Database, caller: Caller, register_id: UUID, first: date, end: date, minutes: int = 30
) -> tuple[IntervalValue, ...]:
    """Quantities in steps of `minutes` over the billing days `[first, end)`, in the unit that is counted.

    A customer is told the steps that lie in their own days, in full. Raises Refused: NET130 for a register
    that the caller does not see, NET127 and MTR403 for a period or step that cannot be computed, and as the
    parts do (MTR387, MTR388, MTR393, MTR394); NET129 instead of these to a customer.
    """
    sight = find_sight(database, caller)
    return tell_intervals(database, sight, _of_register(sight, register_id), first, end, minutes)


def list_day_values(
    database: Database, caller: Caller, register_id: UUID, first: date, end: date
) -> tuple[DayValue, ...]:
    """Consumption of each billing day of `[first, end)`; of a customer, of each of their own days.

    From intervals where all that is read has them; else day by day, of each register from its intervals or
    its dial. Raises Refused as `list_interval_values` does, and as readings do (MTR340 to MTR342).
    """
    sight = find_sight(database, caller)
    return tell_days(database, sight, _of_register(sight, register_id), first, end)


def find_sight(database: Database, caller: Caller) -> Sight:
    """What the caller may be told."""
    if caller.role in _STAFF:
        return Sight(caller, None)
    with transaction(database, caller) as connection:
        esco_id, spans = store.list_my_spans(connection)
    return Sight(Caller("operator", esco_id) if spans else caller, spans)


def _of_register(sight: Sight, register_id: UUID) -> Asked:
    if sight.spans is None:
        return Asked((register_id,))
    places = [span for span in sight.spans if span.register_id == register_id]
    if not places:
        raise _no_register(register_id)
    return Asked.in_places(places, whole_steps=True)


def _no_register(register_id: UUID) -> Refused:
    hint = "GET /registers lists those that you may see"
    return Refused(Problem("NET130", "There is no such register", str(register_id), hint))


def tell_intervals(
    database: Database, sight: Sight, asked: Asked, first: date, end: date, minutes: int
) -> tuple[IntervalValue, ...]:
    """Quantities in steps of `minutes`, of what is asked and may be told. As `list_interval_values`."""
    _refuse_period(first, end, minutes)
    with transaction(database, sight.reader) as connection:
        books = _books(connection, asked.registers, first, end)
    grid = Grid(first, end, books.clock, minutes)
    with sight.discreetly():
        series = books.evaluate(asked, lambda key: books.intervals(key, grid), grid)
    told = zip(series.amounts(), asked.told(grid).tolist(), strict=True)
    return tuple(
        IntervalValue(_EPOCH + timedelta(minutes=series.starts + n * minutes), amount)
        for n, (amount, is_told) in enumerate(told)
        if is_told
    )


def tell_days(database: Database, sight: Sight, asked: Asked, first: date, end: date) -> tuple[DayValue, ...]:
    """Consumption of days, of what is asked and may be told. As `list_day_values`."""
    _refuse_period(first, end, 30)
    with transaction(database, sight.reader) as connection:
        books = _books(connection, asked.registers, first, end)
    with sight.discreetly():
        series, told = _days_of(books, asked)
    days = [first + n * DAY for n in range((end - first).days)]
    return tuple(
        DayValue(day, amount, day in books.provisional)
        for day, amount, is_told in zip(days, series.amounts(), told.tolist(), strict=True)
        if is_told
    )


def _days_of(books: "_Books", asked: Asked) -> tuple[Series, BoolArray]:
    """The days, and whether anything is told of each."""
    if not all(one.has_intervals for one in books.registers if not one.formula):
        grid = Grid(*books.span, books.clock, 1440)
        return books.evaluate(asked, lambda key: books.days(key, grid), grid), asked.told(grid)
    grid = Grid(*books.span, books.clock, books.longest)
    series = books.evaluate(asked, lambda key: books.intervals(key, grid), grid)
    told = asked.told(grid)
    steps = Series(grid.starts, grid.minutes, 0, told.astype(np.int64), np.ones(grid.count, np.bool_))
    return books.daily(series), books.daily(steps).values > 0


def _refuse_period(first: date, end: date, minutes: int) -> None:
    check_days(first, end)
    if not 0 < (end - first).days <= _LONGEST or minutes not in _STEPS:
        detail = f"{first} to {end} in steps of {minutes} minutes"
        steps = ", ".join(map(str, _STEPS))
        hint = f"Ask for 1 to {_LONGEST} days, from_date before to_date, in steps of {steps} minutes"
        raise Refused(Problem("NET127", "The period cannot be computed", detail, hint))


def _books(connection: psycopg.Connection, asked: Sequence[UUID], first: date, end: date) -> "_Books":
    clock = store.find_clock(connection, asked[0])
    if clock is None:
        raise _no_register(asked[0])
    registers = store.list_below(connection, asked)
    read = [one for one in registers if not one.formula]
    rows = store.list_interval_days(connection, [one.id for one in read], first, end, clock)
    multipliers = {one.id: store.list_multipliers(connection, one.id) for one in read}
    dials = {
        one.id: _dial(store.list_readings(connection, one.id, clock), multipliers[one.id])
        for one in read
        if not one.has_intervals
    }
    definitions = store.list_definitions(connection, registers)
    return _Books(clock, registers, definitions, rows, multipliers, dials, (first, end))


Dial = Callable[[], Mapping[date, tuple[Decimal, bool]]]


def _dial(readings: Sequence[Reading], multipliers: Sequence[Multiplier]) -> Dial:
    """Use by days, worked out when somebody asks."""

    def use() -> Mapping[date, tuple[Decimal, bool]]:
        days = daily_use(advances(readings, multipliers))
        return {day.day: (day.quantity, day.provisional) for day in days}

    return use


@dataclass
class _Books:
    """All that the values of a register are computed of, read at one moment."""

    clock: str
    registers: Sequence[Below]
    definitions: Mapping[UUID, Definition]
    rows: Mapping[UUID, Sequence[DayRow]]
    multipliers: Mapping[UUID, Sequence[Multiplier]]
    dials: Mapping[UUID, Dial]
    span: tuple[date, date]
    provisional: set[date] = field(default_factory=set)

    def evaluate(self, asked: Asked, leaf: Leaf, grid: Grid) -> Series:
        """The values of what is asked, from those of what is read."""
        places = {asked.key: asked.places} if asked.places else {}
        return evaluate(asked.key, {**self.definitions, **places}, leaf, grid)

    @property
    def longest(self) -> int:
        """The longest interval that there is, half an hour at least."""
        return max([30, *(row.minutes for rows in self.rows.values() for row in rows)])

    def intervals(self, key: UUID, grid: Grid) -> Series:
        """What was counted in each step; nothing is known of a register without intervals."""
        rows = self.rows.get(key)
        if not rows:
            return grid.nothing(known=False)
        series = window(series_of(rows, grid.minutes), grid.starts, grid.ends)
        is_pulse = next(one.is_pulse for one in self.registers if one.id == key)
        return _multiplied(series, self.multipliers[key], self.clock) if is_pulse else series

    def days(self, key: UUID, grid: Grid) -> Series:
        """What was counted on each day, by intervals or by the dial."""
        if key in self.rows or key not in self.dials:
            steps = Grid(*self.span, self.clock, max([30, *(row.minutes for row in self.rows.get(key, ()))]))
            series = self.daily(self.intervals(key, steps))
            return Series(grid.starts, 1440, series.decimals, series.values, series.known)
        use = self.dials[key]()
        days = [self.span[0] + n * DAY for n in range(grid.count)]
        self.provisional |= {day for day in days if day in use and use[day][1]}
        return _exact([use[day][0] if day in use else None for day in days], grid)

    def daily(self, series: Series) -> Series:
        """Sums of days; one with an unknown part is not known."""
        totals = day_totals(series, *self.span, self.clock)
        amounts = {one.first: one.amount if not one.missing else None for one in totals}
        days = [self.span[0] + n * DAY for n in range((self.span[1] - self.span[0]).days)]
        grid = Grid(*self.span, self.clock, 1440)
        return _exact([amounts.get(day) for day in days], grid)


def _exact(amounts: Sequence[Decimal | None], grid: Grid) -> Series:
    """Decimals as a series that loses none of their digits."""
    decimals = max((-int(one.as_tuple().exponent) for one in amounts if one is not None), default=0)
    decimals = max(decimals, 0)
    values = [0 if one is None else int(one.scaleb(decimals)) for one in amounts]
    known = [one is not None for one in amounts]
    return Series(grid.starts, grid.minutes, decimals, np.array(values, np.int64), np.array(known, np.bool_))


def _multiplied(series: Series, multipliers: Sequence[Multiplier], clock: str) -> Series:
    """Pulses times what each is worth on its day; 1 where nothing is on record."""
    places = max((max(-int(row.value.normalize().as_tuple().exponent), 0) for row in multipliers), default=0)
    factors = np.full(len(series.values), 10**places, np.int64)
    times = series.starts + np.arange(len(series.values)) * series.minutes
    for row in multipliers:
        since = minute_of(starts_at(row.from_date, clock))
        until = None if row.to_date is None else minute_of(starts_at(row.to_date, clock))
        holds = (times >= since) & (times < until if until is not None else True)
        factors[holds] = int(row.value.scaleb(places))
    return Series(
        series.starts, series.minutes, series.decimals + places, series.values * factors, series.known
    )
