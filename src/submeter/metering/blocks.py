"""Many day rows as one block of whole numbers, so that a rule looks at all of them at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

import numpy as np

from submeter.metering.days import minute_of, starts_at
from submeter.metering.model import MISSING, DayRow, Stream
from submeter.metering.series import BoolArray, IntArray

__all__ = ["DayBlock", "blocks_of"]

_NOTHING = MISSING.to_bytes(4, "little", signed=True)


@dataclass(frozen=True, slots=True, eq=False)
class DayBlock:
    """Day rows with intervals of one length, ordered by stream and time; row r has `lengths[r]` intervals."""

    rows: tuple[DayRow, ...]
    streams: IntArray
    """Of each row: 0 for the first stream of the block, 1 for the next."""
    starts: IntArray
    """Minute, since 1970 UTC, at which each row begins."""
    lengths: IntArray
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

    def whole(self, amount: Decimal) -> int:
        """An amount of the unit as a whole number of the block's decimals, cut."""
        return int(amount.scaleb(self.decimals))

    def amount(self, whole: int) -> Decimal:
        """A whole number of the block as an amount of the unit."""
        return Decimal(int(whole)).scaleb(-self.decimals)


def blocks_of(rows: Sequence[DayRow]) -> Iterator[DayBlock]:
    """The rows as blocks, one for each length of interval."""
    for _, group in groupby(sorted(rows, key=_minutes), key=_minutes):
        yield _block(tuple(group))


def _minutes(row: DayRow) -> int:
    return row.minutes


def _block(rows: tuple[DayRow, ...]) -> DayBlock:
    numbers: dict[Stream, int] = {}
    begins = {(day, clock): _start(day, clock) for day, clock in {(row.day, row.clock) for row in rows}}
    streams = np.array([numbers.setdefault(row.stream, len(numbers)) for row in rows], np.int64)
    starts = np.array([begins[row.day, row.clock] for row in rows], np.int64)
    order = np.lexsort((starts, streams))
    streams, starts = streams[order], starts[order]
    rows = tuple(rows[place] for place in order.tolist())
    lengths = np.array([len(row.amounts) // 4 for row in rows], np.int64)
    decimals = max(row.decimals for row in rows)
    amounts, known = _matrix(rows, int(lengths.max()), decimals)
    return DayBlock(rows, streams, starts, lengths, rows[0].minutes, decimals, amounts, known)


def _matrix(rows: Sequence[DayRow], width: int, decimals: int) -> tuple[IntArray, BoolArray]:
    padded = b"".join(row.amounts + _NOTHING * (width - len(row.amounts) // 4) for row in rows)
    raw = np.frombuffer(padded, "<i4").reshape(len(rows), width)
    known = raw != MISSING
    scale = np.array([10 ** (decimals - row.decimals) for row in rows], np.int64)
    return np.where(known, raw, 0) * scale[:, None], known


def _start(day: date, clock: str) -> int:
    return minute_of(starts_at(day, clock))
