"""The checks of interval data, each over many days at once: one row of `INTERVAL_RULES` each.

What a check finds names stream, day and intervals. Tolerances are data. The rules are the trade's of
validation, estimation and editing (VEE): spike check and sum check are California's of 1998, for instance.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from submeter.core.problem import Problem
from submeter.metering.blocks import DayBlock, blocks_of
from submeter.metering.model import DayRow, Stream
from submeter.metering.series import BoolArray, IntArray, Series, rescale, window

__all__ = [
    "INTERVAL_RULES",
    "Hit",
    "IntervalContext",
    "IntervalFinding",
    "IntervalRule",
    "IntervalTolerance",
    "RegisterAdvance",
    "check_block",
    "check_intervals",
]


@dataclass(frozen=True, slots=True)
class IntervalTolerance:
    """What is still usual: the operator's data for a meter type and site. Amounts in the stream's unit."""

    spike_percent: int = 180
    """By how much a day's peak may be above its third peak."""
    spike_floor: Decimal = Decimal("0.5")
    """Peaks that exceed the third by no more than this are no spikes."""
    zero_hours: int = 72
    sum_difference: Decimal = Decimal(1)
    """Between intervals and register: a dial that shows whole units is up to one away from them."""
    sum_percent: Decimal = Decimal(0)
    export_floor: Decimal = Decimal(0)
    """What an interval of a stream of export may have where nothing generates."""
    children_difference: Decimal = Decimal(0)


class RegisterAdvance(NamedTuple):
    """What the register of a stream counted from one minute (since 1970 UTC) to another, multiplied."""

    stream: Stream
    starts: int
    ends: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class IntervalContext:
    """What is known besides the intervals themselves."""

    tolerance: IntervalTolerance = field(default_factory=IntervalTolerance)
    generators: frozenset[Stream] = frozenset()
    """Streams of export where something may be exported."""
    advances: tuple[RegisterAdvance, ...] = ()
    children: Mapping[Stream, Series] = field(default_factory=dict)
    """Of a parent's stream: the sum of its children."""


class Hit(NamedTuple):
    """A row of the block and the intervals in it, counted from 1, both included."""

    row: int
    first: int
    last: int
    detail: str


@dataclass(frozen=True, slots=True)
class IntervalFinding:
    """What is wrong with intervals `first` to `last` of a day, counted from 1. `line` is that of the file."""

    problem: Problem
    severity: str
    stream: Stream
    day: date
    first: int
    last: int
    starts: int
    """Minute, since 1970 UTC, at which the first begins."""
    ends: int
    line: int


@dataclass(frozen=True, slots=True)
class IntervalRule:
    """One check."""

    code: str
    title: str
    hint: str
    check: Callable[[DayBlock, IntervalContext], Iterator[Hit]]
    severity: Literal["exception", "warning"] = "exception"

    def findings(self, block: DayBlock, context: IntervalContext) -> Iterator[IntervalFinding]:
        """All that this rule has against the block."""
        for hit in self.check(block, context):
            about = {"first": hit.first, "last": hit.last}
            problem = Problem(self.code, self.title, hit.detail, self.hint, about)
            start = int(block.starts[hit.row])
            starts, ends = start + (hit.first - 1) * block.minutes, start + hit.last * block.minutes
            yield IntervalFinding(
                problem, self.severity, block.stream(hit.row), block.day(hit.row), hit.first, hit.last,
                starts, ends, int(block.lines[hit.row]),
            )  # fmt: skip


def check_intervals(
    rows: Sequence[DayRow], context: IntervalContext | None = None
) -> tuple[IntervalFinding, ...]:
    """Everything that the rules find in the rows, rule by rule, each by stream and time."""
    context = context or IntervalContext()
    return tuple(found for block in blocks_of(rows) for found in check_block(block, context))


def check_block(block: DayBlock, context: IntervalContext) -> Iterator[IntervalFinding]:
    """Everything that the rules find in a block, rule by rule, each by stream and time."""
    for rule in INTERVAL_RULES:
        yield from rule.findings(block, context)


def _runs(cells: BoolArray) -> Iterator[tuple[int, int, int]]:
    """The runs of true cells: row, first and last, counted from 1."""
    if not cells.any():
        return
    edge = np.zeros((len(cells), 1), np.int8)
    steps = np.diff(cells.astype(np.int8), axis=1, prepend=edge, append=edge)
    rows, firsts = np.nonzero(steps == 1)
    lasts = np.nonzero(steps == -1)[1]
    for row, first, last in zip(rows.tolist(), firsts.tolist(), lasts.tolist(), strict=True):
        yield row, first + 1, last


# Within a day -----------------------------------------------------------------------------------------------


def wrong_length(block: DayBlock, _: IntervalContext) -> Iterator[Hit]:
    for row in np.nonzero(block.lengths * block.minutes != block.spans)[0].tolist():
        count, wanted = int(block.lengths[row]), int(block.spans[row]) / block.minutes
        yield Hit(row, 1, count, f"{count} intervals, the day has {wanted:g} in {block.clocks[row]}")


def gap(block: DayBlock, _: IntervalContext) -> Iterator[Hit]:
    for row, first, last in _runs(block.inside & ~block.known):
        yield Hit(row, first, last, f"{last - first + 1} of {block.lengths[row]} intervals are missing")


def negative(block: DayBlock, _: IntervalContext) -> Iterator[Hit]:
    for row, first, last in _runs(block.amounts < 0):
        lowest = block.amounts[row, first - 1 : last].min()
        yield Hit(row, first, last, f"as low as {block.amount(lowest)}")


def spike(block: DayBlock, context: IntervalContext) -> Iterator[Hit]:
    """Peak over third peak: a kettle and an oven may make two high half-hours, one alone is suspect."""
    if block.amounts.shape[1] < 3:
        return
    # What is not known must not be among the three: it is put below everything that is.
    top = np.partition(np.where(block.known, block.amounts, block.amounts.min()), -3, axis=1)
    third, peak = _roomy(top[:, -3]), _roomy(top[:, -3:].max(axis=1))
    over = (peak - third) * 100 > third * context.tolerance.spike_percent
    over &= (peak - third) > block.whole(context.tolerance.spike_floor)
    for row in np.nonzero(over & (block.known.sum(axis=1) >= 3))[0].tolist():
        place = int((block.known[row] & (block.amounts[row] == peak[row])).argmax()) + 1
        detail = f"{block.amount(peak[row])}, the third peak of the day is {block.amount(third[row])}"
        yield Hit(row, place, place, detail)


def _roomy(amounts: IntArray) -> IntArray:
    """The same numbers; as Python's own, which have no limit, where products might not fit 64 bits."""
    fits = np.abs(amounts).max(initial=0) < 2**48
    return amounts if fits else cast("IntArray", amounts.astype(object))


def reverse_flow(block: DayBlock, context: IntervalContext) -> Iterator[Hit]:
    suspect = block.of_streams(lambda one: one.direction == "export" and one not in context.generators)
    cells = block.amounts > block.whole(context.tolerance.export_floor)
    for row, first, last in _runs(cells & suspect[:, None]):
        total = block.amount(block.amounts[row, first - 1 : last].sum())
        yield Hit(row, first, last, f"{total} were put into the network, and nothing generates there")


# From day to day --------------------------------------------------------------------------------------------


def overlap(block: DayBlock, _: IntervalContext) -> Iterator[Hit]:
    early = block.ends[:-1] - block.starts[1:]
    for row in (np.nonzero(block.follows & (early > 0))[0] + 1).tolist():
        count = min(-(-int(early[row - 1]) // block.minutes), int(block.lengths[row]))
        yield Hit(row, 1, count, f"{early[row - 1]} minutes are in the row of {block.day(row - 1)} too")


def missing_days(block: DayBlock, _: IntervalContext) -> Iterator[Hit]:
    late = block.starts[1:] - block.ends[:-1]
    for row in (np.nonzero(block.follows & (late > 0))[0] + 1).tolist():
        hours, before = late[row - 1] / 60, block.day(row - 1)
        yield Hit(row, 1, 1, f"nothing is known for {hours:g} hours after {before}")


def zero_run(block: DayBlock, context: IntervalContext) -> Iterator[Hit]:
    """Runs go on over midnight; a missing interval or another stream ends them."""
    rows, columns = np.nonzero((block.amounts == 0) & block.known)
    if not len(rows):
        return
    times = block.starts[rows] + columns * block.minutes
    joined = (np.diff(times) == block.minutes) & (np.diff(block.streams[rows]) == 0)
    firsts = np.nonzero(~np.concatenate(([False], joined)))[0]
    lasts = np.nonzero(~np.concatenate((joined, [False])))[0]
    hours = (lasts - firsts + 1) * block.minutes / 60
    for place in np.nonzero(hours > context.tolerance.zero_hours)[0].tolist():
        first, last = firsts[place], lasts[place]
        row, start = int(rows[first]), int(columns[first]) + 1
        same_day = rows[last] == row
        end = int(columns[last]) + 1 if same_day else int(block.lengths[row])
        yield Hit(row, start, end, f"{hours[place]:g} hours without use, up to {block.day(rows[last])}")


# Against other data -----------------------------------------------------------------------------------------


def sum_check(block: DayBlock, context: IntervalContext) -> Iterator[Hit]:
    """Only where all intervals of the advance are there: a gap is told as such."""
    numbers = {stream: number for number, stream in enumerate(block.names)}
    for advance in context.advances:
        rows, columns = _cells(block, advance, numbers.get(advance.stream, -1))
        if len(rows) * block.minutes != advance.ends - advance.starts:
            continue
        if not len(rows) or not block.known[rows, columns].all():
            continue
        total = block.amount(block.amounts[rows, columns].sum())
        percent = abs(advance.quantity) * context.tolerance.sum_percent / 100
        if abs(total - advance.quantity) > max(context.tolerance.sum_difference, percent):
            row, first = int(rows[0]), int(columns[0]) + 1
            last = int(columns[rows == row][-1]) + 1
            detail = f"intervals up to {block.day(rows[-1])}: {total}, register: {advance.quantity}"
            yield Hit(row, first, last, detail)


def _cells(
    block: DayBlock, advance: RegisterAdvance, stream: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the intervals that an advance has counted."""
    about = (block.streams == stream) & (block.starts < advance.ends) & (block.ends > advance.starts)
    places = np.nonzero(about)[0]
    times = block.starts[places, None] + np.arange(block.amounts.shape[1]) * block.minutes
    within = (times >= advance.starts) & (times + block.minutes <= advance.ends)
    rows, columns = np.nonzero(block.inside[places] & within)
    return places[rows], columns


def below_children(block: DayBlock, context: IntervalContext) -> Iterator[Hit]:
    """A parent that measures less than its children do."""
    of_parents = block.of_streams(context.children.__contains__)
    for row in np.nonzero(of_parents)[0].tolist():
        children = context.children.get(block.stream(row))
        if children is None or children.minutes != block.minutes:
            continue
        decimals = max(block.decimals, children.decimals)
        part = rescale(window(children, int(block.starts[row]), int(block.ends[row])), decimals)
        length = int(block.lengths[row])
        parent = block.amounts[row, :length] * 10 ** (decimals - block.decimals)
        allowed = int(context.tolerance.children_difference.scaleb(decimals))
        lacking = (part.values - parent > allowed) & part.known & block.known[row, :length]
        for _, first, last in _runs(lacking[None, :]):
            lack = int((part.values - parent)[first - 1 : last].sum())
            yield Hit(row, first, last, f"the children have {Decimal(lack).scaleb(-decimals)} more")


INTERVAL_RULES: tuple[IntervalRule, ...] = (
    IntervalRule(
        "MTR351",
        "The day has another number of intervals than its clock",
        "Give the data the clock that its source states: market time has 48 half-hours all year, "
        "local time 46 and 50 when clocks change",
        wrong_length,
    ),
    IntervalRule(
        "MTR352",
        "Two days of intervals overlap",
        "Keep the newer version; check the clock of the source",
        overlap,
    ),
    IntervalRule(
        "MTR353",
        "Intervals are missing",
        "Ask the source for them, or let them be estimated",
        gap,
        "warning",
    ),
    IntervalRule(
        "MTR354",
        "Days are missing",
        "Ask the source for them, or let them be estimated",
        missing_days,
        "warning",
    ),
    IntervalRule(
        "MTR355",
        "An amount is negative",
        "Look for a swapped direction; energy into the network has a stream of its own",
        negative,
    ),
    IntervalRule(
        "MTR356",
        "A peak stands alone",
        "Compare with the register; substitute it if it is wrong, else accept it",
        spike,
        "warning",
    ),
    IntervalRule(
        "MTR357",
        "No use for a long time",
        "See whether the meter has stopped, supply is cut, or nobody is there",
        zero_run,
        "warning",
    ),
    IntervalRule(
        "MTR358",
        "Intervals and register do not agree",
        "Look for missing or doubled intervals, the multiplier of the dial, and the clock of the source",
        sum_check,
    ),
    IntervalRule(
        "MTR359",
        "Energy flows backwards where nothing generates",
        "Register the solar panels or battery, or have the connection looked at",
        reverse_flow,
        "warning",
    ),
    IntervalRule(
        "MTR360",
        "A parent meter shows less than its children",
        "Look for a child that belongs to another parent, doubled data, or clocks that differ",
        below_children,
        "warning",
    ),
)
"""All checks, in their order."""
