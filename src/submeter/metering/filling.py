"""What becomes of the days of one register once their gaps are filled; no database is asked.

What is filled takes the place in the order of versions that the day had without it, so whatever a source says
later is current as if nothing had been filled. Done again, it fills again what was filled here before, from
what is known by then: the same data end in the same values, in whatever order they came.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.metering import interval_problems as problems
from submeter.metering.day_versions import (
    OURS,
    Change,
    KeptDay,
    Kind,
    changed,
    empty_day,
    filled_here,
    measured_only,
    missing_cells,
    without,
)
from submeter.metering.days import DAY, minute_of, starts_at
from submeter.metering.estimation import Estimate, Measured, Policy, Unestimated, estimate
from submeter.metering.model import DayRow
from submeter.metering.selecting import IntervalRegister
from submeter.metering.series import BoolArray, Series, series_of, window

__all__ = ["EstimateOptions", "Estimated", "Filled", "fill_days", "skipped"]


@dataclass(frozen=True, slots=True)
class EstimateOptions:
    """How to estimate. `method` is one of the market's names or codes; empty: the first that can."""

    method: str = ""
    reason_code: int = 0
    reason: str = ""
    replace_measured: bool = False
    include_billed: bool = False
    dry_run: bool = False


class Estimated(NamedTuple):
    """What became of intervals `first` to `last` of a day: estimated, unchanged or skipped, and why."""

    register_id: UUID
    register: str
    day: date
    first: int
    last: int
    outcome: str
    estimate: Estimate | None = None
    quantity: Decimal | None = None
    problem: Problem | None = None


class Filled(NamedTuple):
    """A day as it becomes, with what is told of it and noted of it."""

    day: KeptDay
    told: list[Estimated]
    before: DayRow


def fill_days(
    register: IntervalRegister,
    days: Sequence[KeptDay],
    asked: Sequence[date],
    policy: Policy,
    options: EstimateOptions,
) -> Iterator[Filled | Estimated]:
    """What becomes of each day that lacks something."""
    if not days:
        return
    like = _usual(days, min(asked), max(asked))
    there = {day.row.day: day for day in days}
    wanted: dict[date, BoolArray] = {}
    for day in asked:
        kept = there.get(day)
        problem = _in_the_way(kept, like)
        row = (kept or empty_day(register.id, like, day)).row
        cells = _wanted_cells(register, row, replaces=options.replace_measured)
        if problem and cells.any():
            yield Estimated(register.id, str(register), day, 1, len(cells), "skipped", None, None, problem)
        elif cells.any():
            wanted[day] = cells
    if wanted:
        try:
            found = _estimates(register, days, like, wanted, policy, options)
        except Refused as refused:
            day = min(wanted)
            yield Estimated(
                register.id, str(register), day, 1, len(wanted[day]), "skipped", None, None, refused.problem
            )
        else:
            yield from _merged(register, there, like, wanted, found, options)


def _usual(days: Sequence[KeptDay], first: date, last: date) -> DayRow:
    """A day in the clock and steps that most days have."""
    rows = [day.row for day in days if first <= day.row.day <= last] or [day.row for day in days]
    most = Counter((row.clock, row.minutes) for row in rows).most_common(1)[0][0]
    return next(row for row in rows if (row.clock, row.minutes) == most)


def _in_the_way(kept: KeptDay | None, like: DayRow) -> Problem | None:
    if kept is None:
        return None
    if (kept.row.clock, kept.row.minutes) != (like.clock, like.minutes):
        return problems.other_intervals(kept.row.day, f"{kept.row.minutes} minutes, {kept.row.clock}")
    return None


def _wanted_cells(register: IntervalRegister, row: DayRow, *, replaces: bool) -> BoolArray:
    """The intervals to fill: what is missing or was filled here, while the meter was in place."""
    cells = missing_cells(row) | filled_here(row)
    if replaces:
        cells = np.ones(len(cells), np.bool_)
    start = minute_of(starts_at(row.day, row.clock))
    starts = [start + n * row.minutes for n in range(len(cells))]
    present = np.array([register.has(minute, minute + row.minutes) for minute in starts], np.bool_)
    return cells & present


def _estimates(
    register: IntervalRegister,
    days: Sequence[KeptDay],
    like: DayRow,
    wanted: Mapping[date, BoolArray],
    policy: Policy,
    options: EstimateOptions,
) -> tuple[tuple[Estimate | Unestimated, ...], int]:
    """The estimates of all days from the first wanted to the last, and the decimals of their amounts."""
    first, end = min(wanted), max(wanted) + DAY
    rows = [measured_only(day.row) for day in days if _fits(day.row, like)]
    if options.replace_measured:
        rows = [without(row, wanted.get(row.day)) for row in rows]
    series = series_of(rows, like.minutes) if rows else _nothing(register, like, first)
    measured = Measured(series, like.clock)
    if policy.order == ("zero",):
        # Whoever asks for zero says that supply was cut.
        measured = _cut(measured, first, end)
    return estimate(measured, first, end, policy, _run_before(days, first)), series.decimals


def _fits(row: DayRow, like: DayRow) -> bool:
    return row.minutes <= like.minutes and like.minutes % row.minutes == 0 and row.clock == like.clock


def _nothing(register: IntervalRegister, like: DayRow, day: date) -> Series:
    return series_of([empty_day(register.id, like, day).row])


def _cut(measured: Measured, first: date, end: date) -> Measured:
    start, stop = (minute_of(starts_at(day, measured.clock)) for day in (first, end))
    series = measured.series
    wide = window(series, min(series.starts, start), max(series.ends, stop))
    return Measured(wide, measured.clock, cut=np.ones(len(wide.values), np.bool_))


def _run_before(days: Sequence[KeptDay], first: date) -> int:
    """How many days in a row before the first one have estimates."""
    there = {day.row.day: day.row for day in days}
    count = 0
    while (row := there.get(first - (count + 1) * DAY)) and filled_here(row).any():
        count += 1
    return count


def _merged(
    register: IntervalRegister,
    there: Mapping[date, KeptDay],
    like: DayRow,
    wanted: Mapping[date, BoolArray],
    found: tuple[tuple[Estimate | Unestimated, ...], int],
    options: EstimateOptions,
) -> Iterator[Filled | Estimated]:
    """The estimates of each day put into it, where they are wanted."""
    estimates, decimals = found
    for day, cells in wanted.items():
        pieces = [piece for one in estimates if one.day == day for piece in _pieces(one, cells)]
        told = [_told(register, one, decimals) for one in pieces]
        kept = there.get(day) or empty_day(register.id, like, day)
        changes = [_change(one, decimals, options) for one in pieces if isinstance(one, Estimate)]
        row = changed(kept.row, changes, exact=False)
        if _same(row, kept.row):
            yield from (_unchanged(one) for one in told)
        else:
            yield Filled(kept._replace(row=row), told, kept.row)


def _unchanged(one: Estimated) -> Estimated:
    return one._replace(outcome="unchanged") if one.estimate else one


def _pieces(one: Estimate | Unestimated, cells: BoolArray) -> Iterator[Estimate | Unestimated]:
    """The parts of an estimate that are wanted."""
    first = one.first
    while first <= one.last:
        last = first
        while last < one.last and cells[last] == cells[first - 1]:
            last += 1
        if cells[first - 1]:
            yield _part(one, first, last)
        first = last + 1


def _part(one: Estimate | Unestimated, first: int, last: int) -> Estimate | Unestimated:
    if isinstance(one, Unestimated):
        return replace(one, first=first, last=last)
    return replace(one, first=first, last=last, amounts=one.amounts[first - one.first : last - one.first + 1])


def _change(one: Estimate, decimals: int, options: EstimateOptions) -> Change:
    inputs = ", ".join(map(str, one.inputs))
    made = f"{one.name} of {inputs}" if inputs else one.name
    text = f"{OURS}{made}" + (f"; {options.reason.strip()}" if options.reason.strip() else "")
    return Change(one.first, one.amounts, decimals, Kind(one.quality, one.method, str(one.reason), text))


def _told(register: IntervalRegister, one: Estimate | Unestimated, decimals: int) -> Estimated:
    place = (register.id, str(register), one.day, one.first, one.last)
    if isinstance(one, Unestimated):
        return Estimated(*place, "skipped", None, None, one.problem)
    return Estimated(*place, "estimated", one, Decimal(sum(one.amounts)).scaleb(-decimals), None)


def _same(one: DayRow, other: DayRow) -> bool:
    return one[3:8] == other[3:8]


def skipped(one: Estimated, problem: Problem) -> Estimated:
    """The same gap, left as it is."""
    return one._replace(outcome="skipped", problem=problem, quantity=None, estimate=None)
