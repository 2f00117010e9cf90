"""Many day rows as one block of whole numbers, so that a rule looks at all of them at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from submeter.metering.days import length_of, minute_of, starts_at
from submeter.metering.model import MISSING, DayRow, Stream
from submeter.metering.series import BoolArray, IntArray

__all__ = ["DayBlock", "Days", "blocks_of", "join"]


class Days(NamedTuple):
    """Days of one clock that have as many intervals each, column by column."""

    clock: str
    minutes: int
    """Length of an interval."""
    streams: IntArray
    """Of each day: which of some streams it is of."""
    days: IntArray
    """Each as the ordinal of its date."""
    lines: IntArray
    """Of the file."""
    decimals: IntArray
    amounts: NDArray[np.int32]
    """Days by intervals; `MISSING` where there is none."""

    def only(self, streams: BoolArray) -> "Days":
        """The days of those streams for which there is true."""
        which = streams[self.streams]
        if which.all():
            return self
        clock, minutes, of, days, lines, decimals, amounts = self
        return Days(clock, minutes, of[which], days[which], lines[which], decimals[which], amounts[which])


@dataclass(frozen=True, slots=True, eq=False)
class DayBlock:
    """Day rows with intervals of one length, ordered by stream and time; row r has `lengths[r]` intervals."""

    names: Sequence[Stream]
    """The streams, by their number."""
    clocks: Sequence[str]
    """Of each row."""
    streams: IntArray
    """Of each row: the number of its stream."""
    days: IntArray
    """Of each row: its date, as an ordinal."""
    lines: IntArray
    """Of each row: the line of the file."""
    starts: IntArray
    """Minute, since 1970 UTC, at which each row begins."""
    lengths: IntArray
    spans: IntArray
    """Minutes that each row's day has by its clock."""
    minutes: int
    decimals: int
    amounts: IntArray
    """Rows by intervals, whole numbers of 10^-`decimals`; 0 where not known."""
    known: BoolArray

    @property
    def inside(self) -> BoolArray:
        """Which cells are intervals of the day; shorter days end before the last column."""
        columns: IntArray = np.arange(self.amounts.shape[1])
        return columns < self.lengths[:, None]

    @property
    def ends(self) -> IntArray:
        return self.starts + self.lengths * self.minutes

    @property
    def follows(self) -> BoolArray:
        """Of each row but the first: whether it is of the same stream as the one before."""
        same: BoolArray = self.streams[1:] == self.streams[:-1]
        return same

    def stream(self, row: int) -> Stream:
        """Whose row it is."""
        return self.names[int(self.streams[row])]

    def day(self, row: int) -> date:
        """Which day it is by the source's clock."""
        return date.fromordinal(int(self.days[row]))

    def of_streams(self, holds: Callable[[Stream], bool]) -> BoolArray:
        """Of each row: whether something holds of its stream."""
        which: BoolArray = np.array([holds(name) for name in self.names], np.bool_)[self.streams]
        return which

    def whole(self, amount: Decimal) -> int:
        """An amount of the unit as a whole number of the block's decimals, cut."""
        return int(amount.scaleb(self.decimals))

    def amount(self, whole: int) -> Decimal:
        """A whole number of the block as an amount of the unit."""
        return Decimal(int(whole)).scaleb(-self.decimals)


def blocks_of(rows: Sequence[DayRow]) -> Iterator[DayBlock]:
    """The rows as blocks, one for each length of interval."""
    numbers: dict[Stream, int] = {}
    for row in rows:
        numbers.setdefault(row.stream, len(numbers))
    groups = groupby(sorted(rows, key=_shape), key=_shape)
    return join(tuple(numbers), [_days(tuple(group), numbers) for _, group in groups])


def _shape(row: DayRow) -> tuple[int, str, int]:
    return row.minutes, row.clock, len(row.amounts)


def _days(rows: Sequence[DayRow], numbers: Mapping[Stream, int]) -> Days:
    amounts = np.frombuffer(b"".join(row.amounts for row in rows), "<i4")
    return Days(
        rows[0].clock,
        rows[0].minutes,
        _whole(numbers[row.stream] for row in rows),
        _whole(row.day.toordinal() for row in rows),
        _whole(row.line for row in rows),
        _whole(row.decimals for row in rows),
        amounts.reshape(len(rows), -1),
    )


def _whole(numbers: Any) -> IntArray:
    return np.fromiter(numbers, np.int64)


def join(names: Sequence[Stream], parts: Sequence[Days]) -> Iterator[DayBlock]:
    """Days of whatever clocks and numbers of intervals as blocks, one for each length of interval."""
    filled = sorted((part for part in parts if len(part.days)), key=_minutes)
    for _, same in groupby(filled, key=_minutes):
        yield _block(names, tuple(same))


def _minutes(part: Days) -> int:
    return part.minutes


def _block(names: Sequence[Stream], parts: Sequence[Days]) -> DayBlock:
    streams, days, lines, decimals = (
        np.concatenate([part[column] for part in parts]) for column in range(2, 6)
    )
    bounds = [_bounds(part) for part in parts]
    starts, spans = (np.concatenate(both) for both in zip(*bounds, strict=True))
    lengths = np.repeat([part.amounts.shape[1] for part in parts], [len(part.days) for part in parts])
    clocks = [part.clock for part in parts for _ in part.days]
    order = np.lexsort((starts, streams))
    most = int(decimals.max())
    raw = _matrix(parts, int(lengths.max()))[order]
    known = raw != MISSING
    scale = 10 ** (most - decimals[order])
    return DayBlock(
        names, [clocks[place] for place in order.tolist()], streams[order], days[order], lines[order],
        starts[order], lengths[order], spans[order], parts[0].minutes, most,
        np.where(known, raw, 0) * scale[:, None], known,
    )  # fmt: skip


def _bounds(part: Days) -> tuple[IntArray, IntArray]:
    """The minute at which each day begins, and how many it has."""
    days, places = np.unique(part.days, return_inverse=True)
    dates = [date.fromordinal(day) for day in days.tolist()]
    starts = np.array([minute_of(starts_at(day, part.clock)) for day in dates], np.int64)
    return starts[places], np.array([length_of(day, part.clock) for day in dates], np.int64)[places]


def _matrix(parts: Sequence[Days], width: int) -> NDArray[np.int32]:
    """All days with as many columns; what a shorter one has not is missing."""
    padded = [
        np.pad(part.amounts, ((0, 0), (0, width - part.amounts.shape[1])), constant_values=MISSING)
        if part.amounts.shape[1] < width
        else part.amounts
        for part in parts
    ]
    return padded[0] if len(padded) == 1 else np.concatenate(padded)
