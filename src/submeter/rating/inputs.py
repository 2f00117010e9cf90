"""From agreements and days to batches that the engine rates: alike in plan, terms, days and streams."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import psycopg

from submeter.core.problem import Problem, Refused
from submeter.metering.consumption import DayUse, advances, daily_use
from submeter.metering.days import starts_at
from submeter.metering.readings import Reading
from submeter.rating import problems, store
from submeter.rating.batching import (
    Form,
    Member,
    Shared,
    capacity_of,
    forms_of,
    usage_of,
)
from submeter.rating.books import Books, load_books
from submeter.rating.counting import (
    Count,
    Register,
    Window,
    by_dial,
    by_intervals,
    multiplied,
    problem_of,
    within,
)
from submeter.rating.model import Period, Terms, Usage
from submeter.rating.parts import Part, counts, reach, wants
from submeter.rating.store import Place
from submeter.rating.taken_peaks import peaks_taken
from submeter.tariffs.model import Calendar, Component
from submeter.tariffs.rows import StoredPlan

__all__ = ["Batch", "Failure", "load_batches"]

_CELLS = 8_000_000
"""Intervals that are in memory at a time, about."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What the engine rates in one call, and whose it is: a part for each row."""

    plan: StoredPlan
    calendar: Calendar
    periods: tuple[Period, ...]
    usage: Usage
    terms: Terms
    members: tuple[Member, ...]
    window: Window
    dials: Mapping[UUID, tuple[Reading, ...]]
    """Readings of registers that are read by dial."""
    idle: tuple[tuple[Register, ...], ...]
    """Of each row, registers that no component counts."""
    holiday_years: frozenset[int]
    """Of which years the public holidays are known."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A part that cannot be charged, and why."""

    part: Part
    problems: tuple[Problem, ...]


Parts = Mapping[UUID, Sequence[Part]]
Plans = Mapping[UUID, StoredPlan]


def load_batches(
    connection: psycopg.Connection,
    parts: Parts,
    places: Mapping[UUID, Place],
    plans: Plans,
    at: datetime | None = None,
) -> Iterator[Batch | Failure]:
    """Batches of the parts of many agreements, some thousand intervals of memory at a time.

    With `at`, meter data are as they stood then. Where some are missing, nothing is charged: a failure.
    """
    if not parts:
        return
    days = [(part.first, part.end) for of in parts.values() for part in of]
    first, end = min(day for day, _ in days), max(day for _, day in days)
    held = [places[key] for key in parts]
    needs = [plans[key].plan for key in {part.plan_id for of in parts.values() for part in of}]
    whole = reach(Period(first, end), Period(*_EVER), needs)
    books = load_books(connection, held, whole.first, whole.end)
    registers = store.list_registers(connection, parts, whole.first, whole.end)
    desk = _Desk(connection, places, plans, books, registers, at)
    for window, agreements in _by_window(parts, places, plans, books).items():
        size = max(1, _CELLS // (48 * (window.end - window.first).days))
        for start in range(0, len(agreements), size):
            chosen = {key: parts[key] for key in agreements[start : start + size]}
            yield from desk.batches(chosen, window)


_EVER = (date(1800, 1, 1), date(9000, 1, 1))


def _by_window(
    parts: Parts, places: Mapping[UUID, Place], plans: Plans, books: Books
) -> Mapping[Window, list[UUID]]:
    found: dict[Window, list[UUID]] = defaultdict(list)
    for agreement, of in parts.items():
        place = places[agreement]
        days = Period(min(part.first for part in of), max(part.end for part in of))
        needs = [plans[part.plan_id].plan for part in of]
        window = reach(days, place.held(*_EVER), needs)
        found[Window(*window, books.calendars[place.site_id].clock)].append(agreement)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Desk:
    """Where the parts of some agreements become batches."""

    connection: psycopg.Connection
    places: Mapping[UUID, Place]
    plans: Plans
    books: Books
    registers: Mapping[UUID, Sequence[Register]]
    at: datetime | None

    def batches(self, parts: Parts, window: Window) -> Iterator[Batch | Failure]:
        """The batches of agreements that have one window."""
        held = [register for agreement in parts for register in self._counting(agreement, parts[agreement])]
        counted, dials, wrong = self._count(held, window)
        alike: dict[_Key, list[Member]] = defaultdict(list)
        for part in (part for of in parts.values() for part in of):
            found = self._member(part, counted, wrong, window)
            if isinstance(found, Failure):
                yield found
            else:
                alike[self._key(found)].append(found)
        for key, members in alike.items():
            yield self._batch(key, members, window, dials)

    def _counting(self, agreement: UUID, parts: Iterable[Part]) -> list[Register]:
        """The registers that any of the plans looks at."""
        components = [one for part in parts for one in self.plans[part.plan_id].plan.components]
        return [one for one in self.registers.get(agreement, ()) if _is_counted(one, components)]

    def _count(
        self, registers: Sequence[Register], window: Window
    ) -> tuple[dict[UUID, Count], dict[UUID, tuple[Reading, ...]], dict[UUID, Problem]]:
        """What registers counted: by intervals where they have any in the window, else by the dial."""
        held = {register.id: register for register in registers}
        keys = [key for key, register in held.items() if register.has_intervals]
        blocks = store.list_blocks(self.connection, keys, window, self.at) if keys else []
        found = {keys[place]: count for place, count in by_intervals(blocks, len(keys), window).items()}
        pulses = [key for key in found if held[key].is_pulse]
        factors = store.list_multipliers(self.connection, pulses) if pulses else {}
        for place, key in enumerate(pulses):
            found[key] = multiplied(found[key], factors.get(place, ()), window)
        by_hand = [key for key in held if key not in found]
        dials, counts_, wrong = self._dials(by_hand, window)
        return {**found, **counts_}, dials, wrong

    def _dials(
        self, keys: Sequence[UUID], window: Window
    ) -> tuple[dict[UUID, tuple[Reading, ...]], dict[UUID, Count], dict[UUID, Problem]]:
        if not keys:
            return {}, {}, {}
        readings = store.list_readings(self.connection, keys, window.clock, self.at)
        factors = store.list_multipliers(self.connection, keys)
        found, wrong = {}, {}
        for place, of in readings.items():
            try:
                days: Sequence[DayUse] = daily_use(advances(of, factors.get(place, ())))
            except Refused as refused:
                wrong[keys[place]] = refused.problem
                continue
            count = by_dial(days, window)
            if count.known.any():
                found[keys[place]] = count
        return {keys[place]: tuple(of) for place, of in readings.items()}, found, wrong

    def _member(
        self, part: Part, counted: Mapping[UUID, Count], wrong: Mapping[UUID, Problem], window: Window
    ) -> Member | Failure:
        plan = self.plans[part.plan_id].plan
        mine = [one for one in self.registers.get(part.agreement_id, ()) if _is_counted(one, plan.components)]
        found = [
            wrong.get(one.id) or problem_of(one, counted.get(one.id), window, part.periods) for one in mine
        ]
        bad = [problem for problem in found if problem is not None]
        if not self.registers.get(part.agreement_id) and any(wants(one) for one in plan.components):
            bad.append(problems.no_meter())
        capacity = [one.code for one in plan.components if one.kind == "capacity" and part.capacity is None]
        bad += [problems.no_capacity(code) for code in capacity]
        if bad:
            return Failure(part, tuple(bad))
        held = self.places[part.agreement_id].held(window.first, window.end)
        pairs = ((one, within(one, counted[one.id], window, held)) for one in mine if one.id in counted)
        return Member(part, tuple(pairs))

    def _key(self, member: Member) -> "_Key":
        part = member.part
        place, plan = self.places[part.agreement_id], self.plans[part.plan_id]
        shared = self.books.shared(part, place, plan.plan)
        esco = place.esco_id if any(one.kind == "spot" for one in plan.plan.components) else None
        calendar = id(self.books.calendars[place.site_id])
        return _Key(part.plan_id, part.periods, calendar, esco, shared, forms_of(member))

    def _batch(
        self,
        key: "_Key",
        members: Sequence[Member],
        window: Window,
        dials: Mapping[UUID, tuple[Reading, ...]],
    ) -> Batch | Failure:
        part = members[0].part
        place, plan = self.places[part.agreement_id], self.plans[key.plan_id]
        calendar = self.books.calendars[place.site_id]
        usage = usage_of(members, key.forms, window)
        terms = Terms(
            taxes=self.books.taxes,
            loss_factors=dict(key.shared.loss_factors),
            conversions=dict(key.shared.conversions),
            conditions=key.shared.conditions,
            capacity=capacity_of(members),
            spot=self.books.spot(place, plan.plan, window),
            peaks=peaks_taken(
                plan.plan, [self.books.peaks.get(one.part.agreement_id, ()) for one in members]
            ),
        )
        return Batch(
            plan, calendar, key.periods, usage, terms, tuple(members), window, dials,
            tuple(self._idle(member.part) for member in members), self.books.holiday_years[place.site_id],
        )  # fmt: skip

    def _idle(self, part: Part) -> tuple[Register, ...]:
        components = self.plans[part.plan_id].plan.components
        held = self.registers.get(part.agreement_id, ())
        clock = self.books.calendars[self.places[part.agreement_id].site_id].clock
        first_at, end_at = starts_at(part.charged[0].first, clock), starts_at(part.end, clock)
        there = [
            one for one in held
            if (one.from_at is None or one.from_at < end_at) and (one.to_at is None or one.to_at > first_at)
        ]  # fmt: skip
        return tuple(one for one in there if not _is_counted(one, components))


@dataclass(frozen=True, slots=True)
class _Key:
    """What agreements of a batch have in common."""

    plan_id: UUID
    periods: tuple[Period, ...]
    calendar: int
    esco_id: UUID | None
    shared: Shared
    forms: tuple[Form, ...]


def _is_counted(register: Register, components: Iterable[Component]) -> bool:
    what = (register.product, register.type, register.direction, register.unit)
    return any(counts(component, *what) for component in components)
