"""The values of virtual registers: sums, differences, shares, what a site has left.

Parts have times: outside of its own a part counts nothing. Where one is not known, nor is the result.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

import numpy as np

from submeter.metering.days import day_of, minute_of, starts_at
from submeter.metering.series import BoolArray, Series, rescale, window
from submeter.metering.virtual import Child, LossFactor, difference, parent_less_children, shares, total
from submeter.network.losses import factor_spans
from submeter.network.model import LossFactorRow

__all__ = ["Definition", "Grid", "Leaf", "Member", "Part", "Place", "evaluate", "steps_in_place"]

DAY = timedelta(days=1)


class Part(NamedTuple):
    """A register that a virtual one is made of, from a moment to a moment."""

    virtual_id: UUID
    register_id: UUID
    place: int
    weight: int
    start_at: datetime
    end_at: datetime | None


class Member(NamedTuple):
    """A register at the gate of a site, or behind it."""

    register_id: UUID
    meter_id: UUID
    supply_point_id: UUID
    is_gate: bool
    sign: int
    start_at: datetime
    end_at: datetime | None
    has_intervals: bool


class Place(NamedTuple):
    """A register that counts from a moment to a moment: `sign` 1, or -1 where it is taken off."""

    register_id: UUID
    sign: int
    start_at: datetime
    end_at: datetime | None


@dataclass(frozen=True, slots=True)
class Definition:
    """What a virtual register is computed of. The formula `places` sums registers in their places."""

    formula: str
    parts: tuple[Part, ...] = ()
    sharers: tuple[Part, ...] = ()
    """Of a share: all that share its register, itself among them, in the order that they are listed in."""
    members: tuple[Member, ...] = ()
    losses: Mapping[UUID, Sequence[LossFactorRow]] = field(default_factory=dict)
    """Of a residual: the loss factors of supply points."""
    places: tuple[Place, ...] = ()
    whole_steps: bool = False
    """Of places: a step counts only where the place lasts from its beginning to its end."""

    def steps(self, place: Place, grid: "Grid") -> slice:
        """The steps in which a register in its place counts."""
        return (grid.inside if self.whole_steps else grid.span)(place.start_at, place.end_at)


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps to compute: `minutes` each, or whole days (1440) whatever they last, of `[first, end)`."""

    first: date
    end: date
    clock: str
    minutes: int

    @property
    def of_days(self) -> bool:
        return self.minutes == 1440

    @property
    def losses_clock(self) -> str:
        """The clock by which a step belongs to a day. A grid of days counts them as if all had 24 hours."""
        return "UTC" if self.of_days else self.clock

    @property
    def starts(self) -> int:
        return minute_of(starts_at(self.first, self.losses_clock))

    @property
    def ends(self) -> int:
        return minute_of(starts_at(self.end, self.losses_clock))

    @property
    def count(self) -> int:
        return (self.ends - self.starts) // self.minutes

    def span(self, start_at: datetime, end_at: datetime | None) -> slice:
        """The steps that begin within; of days all that reach into it: on that of an exchange both do."""
        first, end = self._place(start_at, up=not self.of_days), self.count
        if end_at is not None:
            end = self._place(end_at, up=True)
        return slice(first, max(first, end))

    def inside(self, start_at: datetime, end_at: datetime | None) -> slice:
        """The steps that lie within from beginning to end."""
        first, end = self._place(start_at, up=True), self.count
        if end_at is not None:
            end = self._place(end_at, up=False)
        return slice(first, max(first, end))

    def _place(self, at: datetime, *, up: bool) -> int:
        if self.of_days:
            day = day_of(at, self.clock)
            minute = minute_of(datetime.combine(day, time(), UTC))
            minute += 1 if at > starts_at(day, self.clock) else 0
        else:
            minute = minute_of(at) + (up and bool(at.second or at.microsecond))
        steps = (minute - self.starts) / self.minutes
        place = -int(-steps // 1) if up else int(steps // 1)
        return min(max(place, 0), self.count)

    def nothing(self, *, known: bool) -> Series:
        """Zeros, or nothing known at all."""
        return Series(
            self.starts, self.minutes, 0, np.zeros(self.count, np.int64), np.full(self.count, known, np.bool_)
        )


Leaf = Callable[[UUID], Series]
"""What a register that is read counted, over the whole grid."""


def evaluate(register_id: UUID, definitions: Mapping[UUID, Definition], leaf: Leaf, grid: Grid) -> Series:
    """The values of a register. Refuses as the parts do: MTR387, MTR388, MTR393, MTR394."""
    return _Evaluation(definitions, leaf, grid).of(register_id)


def steps_in_place(definition: Definition, grid: Grid) -> BoolArray:
    """Whether some register is in its place, step by step."""
    there = np.zeros(grid.count, np.bool_)
    for place in definition.places:
        there[definition.steps(place, grid)] = True
    return there


@dataclass
class _Evaluation:
    definitions: Mapping[UUID, Definition]
    leaf: Leaf
    grid: Grid
    known: dict[UUID, Series] = field(default_factory=dict)

    def of(self, register_id: UUID) -> Series:
        if register_id not in self.known:
            definition = self.definitions.get(register_id)
            self.known[register_id] = self._made(definition) if definition else self.leaf(register_id)
        return self.known[register_id]

    def _made(self, definition: Definition) -> Series:
        if definition.formula == "residual":
            return self._residual(definition)
        if definition.formula == "places":
            return total([self._in_place(one, definition) for one in definition.places])
        if not definition.parts:
            return self.grid.nothing(known=False)
        if definition.formula == "share":
            return self._share(definition)
        if definition.formula == "sum":
            return total([self._within(part) for part in definition.parts])
        first = [self._within(part) for part in definition.parts if part.place == 1]
        others = [self._within(part) for part in definition.parts if part.place > 1]
        return difference(total(first), *others) if first else self.grid.nothing(known=False)

    def _within(self, part: Part | Member) -> Series:
        return within(self.of(part.register_id), self.grid.span(part.start_at, part.end_at))

    def _in_place(self, place: Place, definition: Definition) -> Series:
        series = within(self.of(place.register_id), definition.steps(place, self.grid))
        return _signed(series, place.sign)

    # --- shares ---

    def _share(self, definition: Definition) -> Series:
        """Piece by piece, as the sharers and their weights change."""
        pieces = [piece for part in definition.parts for piece in self._pieces(part, definition.sharers)]
        decimals = max((piece.decimals for _, piece in pieces), default=0)
        result = rescale(self.grid.nothing(known=True), decimals)
        for place, piece in pieces:
            exact = rescale(piece, decimals)
            result.values[place], result.known[place] = exact.values, exact.known
        return result

    def _pieces(self, part: Part, sharers: Sequence[Part]) -> Iterable[tuple[slice, Series]]:
        whole, own = self.of(part.register_id), self.grid.span(part.start_at, part.end_at)
        rows = [
            (row, self.grid.span(row.start_at, row.end_at))
            for row in sharers
            if row.register_id == part.register_id
        ]
        edges = {own.start, own.stop} | {edge for _, span in rows for edge in (span.start, span.stop)}
        inside = sorted(edge for edge in edges if own.start <= edge <= own.stop)
        for first, end in pairwise(inside):
            there = [row for row, span in rows if span.start <= first and end <= span.stop]
            minutes = [whole.starts + edge * whole.minutes for edge in (first, end)]
            yield slice(first, end), _share_of(part, there, window(whole, *minutes))

    # --- what a site has left ---

    def _residual(self, definition: Definition) -> Series:
        members = _counting(definition.members)
        gates = [_signed(self._within(one), one.sign) for one in members if one.is_gate]
        if not gates:
            return self.grid.nothing(known=False)
        children = [
            Child(
                _signed(self._within(one), one.sign),
                self._losses(definition.losses.get(one.supply_point_id, ())),
            )
            for one in members
            if not one.is_gate
        ]
        parent = total(gates)
        base = max(series.decimals for series in (parent, *(child.series for child in children)))
        extra = 3 if any(child.losses for child in children) else 0
        return parent_less_children(parent, children, self.grid.losses_clock, base + extra)

    def _losses(self, rows: Sequence[LossFactorRow]) -> tuple[LossFactor, ...]:
        if not rows:
            return ()
        return tuple(LossFactor(*span) for span in factor_spans(rows, self.grid.first, self.grid.end))


def within(series: Series, span: slice) -> Series:
    """The series in its span, and nothing (known to be nothing) outside of it."""
    counts = np.zeros(len(series.values), np.bool_)
    counts[span] = True
    return Series(
        series.starts,
        series.minutes,
        series.decimals,
        np.where(counts, series.values, 0),
        series.known | ~counts,
    )


def _signed(series: Series, sign: int) -> Series:
    return Series(series.starts, series.minutes, series.decimals, series.values * sign, series.known)


def _counting(members: Sequence[Member]) -> list[Member]:
    """Each meter by its intervals where it has any, else by its dials: never by both."""
    by_intervals = {one.meter_id for one in members if one.has_intervals}
    return [one for one in members if one.has_intervals or one.meter_id not in by_intervals]


def _share_of(part: Part, there: Sequence[Part], whole: Series) -> Series:
    weights = [row.weight for row in there]
    if not sum(weights):
        return Series(whole.starts, whole.minutes, whole.decimals, whole.values * 0, whole.known & False)
    own = next(n for n, row in enumerate(there) if row.virtual_id == part.virtual_id)
    return shares(whole, weights)[own]
