"""Fill intervals that are missing, by the methods of the market; on demand instead of what was measured.

What is filled takes the place in the order of versions that the day had without it, so whatever a source says
later is current as if nothing had been filled. Done again, it fills again what was filled here before, from
what is known by then: the same data end in the same values, in whatever order they came.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering import interval_problems as problems
from submeter.metering import interval_store as store
from submeter.metering.day_versions import (
    OURS,
    Change,
    Kind,
    changed,
    filled_here,
    measured_only,
    missing_cells,
    sum_of,
)
from submeter.metering.days import DAY, count_of, minute_of, starts_at
from submeter.metering.estimation import (
    Estimate,
    Measured,
    Policy,
    Unestimated,
    check_reason,
    estimate,
    method_named,
)
from submeter.metering.interval_store import KeptDay, Span
from submeter.metering.model import MISSING, DayRow
from submeter.metering.selecting import IntervalRegister, Selection, chunked
from submeter.metering.series import BoolArray, Series, series_of, window

__all__ = ["EstimateOptions", "Estimated", "estimate_intervals", "refill"]

CHUNK_REGISTERS = 20
LONGEST_GAP = timedelta(days=366)
A_YEAR_BEFORE = timedelta(weeks=53)


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


def estimate_intervals(
    database: Database, caller: Caller, selection: Selection, options: EstimateOptions
) -> tuple[Estimated, ...]:
    """Fill what is missing of registers, between their first and last day or on the days asked for.

    Days that are billed (MTR408), have other intervals than those around (MTR413), or have nothing to be
    estimated from (MTR381, MTR382) are skipped, and told. What a person has set stays. Raises Refused MTR384
    for an unknown reason, MTR400 to MTR405.
    """
    _refuse(selection, options)
    with transaction(database, caller) as connection:
        some = store.find_registers(connection, selection)
    done: list[Estimated] = []
    for part in chunked(some, CHUNK_REGISTERS):
        with transaction(database, caller) as connection:
            done += _Run(connection, caller, selection, options).registers(part)
    return tuple(done)


def _refuse(selection: Selection, options: EstimateOptions) -> None:
    check_reason(options.reason_code)
    if not options.replace_measured:
        return
    if not options.reason.strip():
        raise Refused(problems.no_reason("measured values are replaced"))
    if selection.first is None or selection.end is None:
        raise Refused(problems.wrong_days("measured values are replaced on named days alone"))


def refill(connection: psycopg.Connection, caller: Caller, spans: Sequence[Span]) -> int:
    """Estimate again what had been estimated and came with gaps; how many days. For what has just changed."""
    work: dict[tuple[UUID, int, bool], set[date]] = {}
    for lost in store.lost_estimates(connection, spans):
        work.setdefault((lost.register_id, lost.reason_code, lost.cut), set()).add(lost.day)
    done: set[tuple[UUID, date]] = set()
    for (register_id, reason_code, cut), days in work.items():
        selection = Selection(first=min(days), end=max(days) + DAY)
        options = EstimateOptions("zero" if cut else "", reason_code)
        run = _Run(connection, caller, selection, options, frozenset(days))
        done |= {
            (one.register_id, one.day) for one in run.registers([register_id]) if one.outcome == "estimated"
        }
    return len(done)


def _list_days(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


class _New(NamedTuple):
    """A day as it becomes, with what is told of it and noted of it."""

    day: KeptDay
    told: list[Estimated]
    before: DayRow


@dataclass(frozen=True)
class _Run:
    connection: psycopg.Connection
    caller: Caller
    selection: Selection
    options: EstimateOptions
    only: frozenset[date] = frozenset()
    """No other days than these, if there are any."""

    def registers(self, some: Sequence[UUID]) -> Iterator[Estimated]:
        """A few registers, in one transaction."""
        registers = store.get_registers(self.connection, some)
        for esco_id in sorted({register.esco_id for register in registers.values()}):
            store.lock(self.connection, esco_id)
        there = {register: (first, last) for register, first, last in store.days_of(self.connection, some)}
        for register in registers.values():
            if register.id in there:
                yield from self._register(register, *there[register.id])

    def _register(self, register: IntervalRegister, first: date, last: date) -> Iterator[Estimated]:
        first, last = self.selection.first or first, self.selection.last or last
        if not first <= last <= first + LONGEST_GAP * 60:
            return
        policy = self._policy(register.settings.policy)
        days = self._load(register, first, last, policy)
        asked = [day for day in _list_days(first, last) if not self.only or day in self.only]
        found = tuple(_days(register, days, asked, policy, self.options))
        news = [one for one in found if isinstance(one, _New)]
        told = [one for one in found if isinstance(one, Estimated)]
        kept, skipped = self._allowed(news)
        if not self.options.dry_run:
            self._write(register, kept)
        yield from sorted(
            [*told, *skipped, *(one for new in kept for one in new.told)],
            key=lambda one: (one.day, one.first),
        )

    def _policy(self, policy: Policy) -> Policy:
        order = (
            (method_named(self.options.method, policy.installation),) if self.options.method else policy.order
        )
        return replace(policy, order=order, reason=self.options.reason_code)

    def _load(self, register: IntervalRegister, first: date, last: date, policy: Policy) -> list[KeptDay]:
        """The days in question, those that like days are looked for among, and those of the year before."""
        reach = (policy.reach_days + 1) * DAY
        spans = [(register.id, first - reach, last + reach)]
        spans.append(
            (
                register.id,
                first - A_YEAR_BEFORE - DAY,
                min(last - A_YEAR_BEFORE + 3 * 7 * DAY, first - reach - DAY),
            )
        )
        registers = {register.id: register}
        return sorted(store.load_days(self.connection, spans, registers), key=lambda day: day.row.day)

    def _allowed(self, news: Sequence[_New]) -> tuple[list[_New], list[Estimated]]:
        """Those whose days are not billed, and the others as skipped."""
        if self.options.include_billed or not news:
            return list(news), []
        billed = store.billed_days(self.connection, [new.day for new in news])
        kept = [new for new in news if (new.day.register_id, new.day.row.day) not in billed]
        skipped = [
            _skipped(one, problems.billed(one.day)) for new in news if new not in kept for one in new.told
        ]
        return kept, skipped

    def _write(self, register: IntervalRegister, news: Sequence[_New]) -> None:
        signed = [self._signed(new.day) for new in news]
        store.write_days(self.connection, signed, {register.id: register.esco_id})
        store.add_changes(self.connection, [
            self._noted(register, new, one) for new in news for one in new.told if one.outcome == "estimated"
        ])  # fmt: skip

    def _signed(self, day: KeptDay) -> KeptDay:
        who = self.caller.signature()
        if self.options.replace_measured:
            # Decided by a person, and so not replaced without asking one.
            return day._replace(standing=2, edited_by=who, source=None)
        return day._replace(source=f"estimated by {who}")

    def _noted(self, register: IntervalRegister, new: _New, one: Estimated) -> dict[str, Any]:
        assert one.estimate
        before = sum_of(new.before, one.first, one.last)
        return {
            "esco_id": register.esco_id, "register_id": register.id, "day": one.day, "first": one.first,
            "last": one.last, "kind": "substitute" if self.options.replace_measured else "estimate",
            "quality": one.estimate.quality, "method": one.estimate.method,
            "reason_code": one.estimate.reason, "reason": self.options.reason.strip(),
            "total_before": None if before is None else Decimal(before).scaleb(-new.before.decimals),
            "total_after": one.quantity, "made_by": self.caller.signature(),
        }  # fmt: skip


# One register, without the database -------------------------------------------------------------------------


def _days(
    register: IntervalRegister,
    days: Sequence[KeptDay],
    asked: Sequence[date],
    policy: Policy,
    options: EstimateOptions,
) -> Iterator[_New | Estimated]:
    """What becomes of each day that lacks something."""
    if not days:
        return
    like = _usual(days, min(asked), max(asked))
    there = {day.row.day: day for day in days}
    wanted: dict[date, BoolArray] = {}
    for day in asked:
        kept = there.get(day)
        problem = _in_the_way(kept, like)
        cells = _wanted_cells(
            register, kept.row if kept else _empty(like, day), replaces=options.replace_measured
        )
        if problem and cells.any():
            yield Estimated(register.id, str(register), day, 1, len(cells), "skipped", None, None, problem)
        elif cells.any():
            wanted[day] = cells
    if wanted:
        try:
            found = _estimates(days, like, wanted, policy, options)
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


def _empty(like: DayRow, day: date) -> DayRow:
    """A day that nothing is known of, in the clock and steps of another."""
    count = count_of(day, like.clock, like.minutes)
    amounts = np.full(count, MISSING, "<i4").tobytes()
    return DayRow(like.stream, day, like.clock, like.minutes, like.decimals, amounts, "N", (), None, 0)


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
        rows = [_without(row, wanted.get(row.day)) for row in rows]
    series = series_of(rows, like.minutes) if rows else _nothing(like, first)
    measured = Measured(series, like.clock)
    if policy.order == ("zero",):
        # Whoever asks for zero says that supply was cut.
        measured = _cut(measured, first, end)
    return estimate(measured, first, end, policy, _run_before(days, first)), series.decimals


def _fits(row: DayRow, like: DayRow) -> bool:
    return row.minutes <= like.minutes and like.minutes % row.minutes == 0 and row.clock == like.clock


def _without(row: DayRow, cells: BoolArray | None) -> DayRow:
    if cells is None:
        return row
    amounts = np.where(cells, MISSING, np.frombuffer(row.amounts, "<i4")).astype("<i4")
    return row._replace(amounts=amounts.tobytes())


def _nothing(like: DayRow, day: date) -> Series:
    return series_of([_empty(like, day)])


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
) -> Iterator[_New | Estimated]:
    """The estimates of each day put into it, where they are wanted."""
    estimates, decimals = found
    for day, cells in wanted.items():
        pieces = [piece for one in estimates if one.day == day for piece in _pieces(one, cells)]
        told = [_told(register, one, decimals) for one in pieces]
        kept = there.get(day) or KeptDay(register.id, _empty(like, day), None, 0, None, None, None)
        changes = [_change(one, decimals, options) for one in pieces if isinstance(one, Estimate)]
        row = changed(kept.row, changes, exact=False)
        if _same(row, kept.row):
            yield from (_unchanged(one) for one in told)
        else:
            yield _New(kept._replace(row=row), told, kept.row)


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


def _skipped(one: Estimated, problem: Problem) -> Estimated:
    return one._replace(outcome="skipped", problem=problem, quantity=None, estimate=None)


def _same(one: DayRow, other: DayRow) -> bool:
    return one[3:8] == other[3:8]
