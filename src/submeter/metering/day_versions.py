"""A day of intervals that is kept, and what becomes of it where a part is estimated or edited."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.metering.days import count_of
from submeter.metering.model import MISSING, DayRow, QualityRange
from submeter.metering.series import BoolArray

__all__ = [
    "OURS",
    "Change",
    "KeptDay",
    "Kind",
    "changed",
    "empty_day",
    "filled_here",
    "kinds_of",
    "measured_cells",
    "measured_only",
    "missing_cells",
    "sum_of",
    "without",
]

OURS = "Submeter: "
"""How the text of a range begins that was estimated here: the next estimate may do it again."""
LARGEST = 2**31 - 1


class Kind(NamedTuple):
    """What is known of how one value was made."""

    quality: str
    method: str = ""
    reason: str = ""
    text: str = ""


class KeptDay(NamedTuple):
    """A day of intervals as it is kept, current or to become so."""

    register_id: UUID
    row: DayRow
    file_at: datetime | None
    standing: int
    file_id: int | None
    source: str | None
    edited_by: str | None


class Change(NamedTuple):
    """New amounts for intervals of a day, from `first` (counted from 1) on; None makes one unknown.

    Whole numbers of 10^-`decimals`.
    """

    first: int
    amounts: Sequence[int | None]
    decimals: int
    kind: Kind

    @property
    def last(self) -> int:
        return self.first + len(self.amounts) - 1


def kinds_of(row: DayRow) -> list[Kind]:
    """How each interval of a day was made, in order."""
    count = len(row.amounts) // 4
    kinds = [Kind(row.quality)] * count
    for part in row.ranges:
        kind = Kind(part.quality, part.method, part.reason, part.text)
        kinds[part.first - 1 : part.last] = [kind] * (min(part.last, count) - part.first + 1)
    return kinds


def missing_cells(row: DayRow) -> BoolArray:
    """Which intervals the day has no amount of."""
    cells: BoolArray = np.frombuffer(row.amounts, "<i4") == MISSING
    return cells


def measured_cells(row: DayRow) -> BoolArray:
    """Which intervals were measured: nothing else may be an input of an estimate."""
    if not row.ranges and row.quality == "A":
        return ~missing_cells(row)
    measured = np.array([kind.quality == "A" for kind in kinds_of(row)], np.bool_)
    return measured & ~missing_cells(row)


def filled_here(row: DayRow) -> BoolArray:
    """Which intervals were estimated here, and so may be estimated again."""
    return np.array([kind.text.startswith(OURS) for kind in kinds_of(row)], np.bool_)


def measured_only(row: DayRow) -> DayRow:
    """The day with what was measured of it alone."""
    cells = measured_cells(row)
    return row if cells.all() else without(row, ~cells)


def empty_day(register_id: UUID, like: DayRow, day: date) -> KeptDay:
    """A day that nothing is known of, in the clock and steps of another. Any source goes before it."""
    amounts = np.full(count_of(day, like.clock, like.minutes), MISSING, "<i4").tobytes()
    row = DayRow(like.stream, day, like.clock, like.minutes, like.decimals, amounts, "N", (), None, 0)
    return KeptDay(register_id, row, None, 0, None, None, None)


def without(row: DayRow, cells: BoolArray | None) -> DayRow:
    """The day without the amounts of some intervals."""
    if cells is None:
        return row
    amounts = np.where(cells, MISSING, np.frombuffer(row.amounts, "<i4")).astype("<i4")
    return row._replace(amounts=amounts.tobytes())


def sum_of(row: DayRow, first: int, last: int) -> int | None:
    """The sum of what is known of intervals `first` to `last`; None where nothing is."""
    part = np.frombuffer(row.amounts, "<i4")[first - 1 : last]
    known = part[part != MISSING]
    return int(known.sum(dtype=np.int64)) if len(known) else None


def changed(row: DayRow, changes: Iterable[Change], *, exact: bool) -> DayRow:
    """The day with parts of it changed, in as many decimals as the most exact of them.

    Where the numbers would not fit, they are rounded to the day's own decimals, halves to even; `exact`
    refuses that instead (MTR407).
    """
    changes = tuple(changes)
    decimals = max(row.decimals, *(change.decimals for change in changes)) if changes else row.decimals
    amounts = _amounts(row, changes, decimals)
    if amounts is None and not exact:
        decimals = row.decimals
        amounts = _amounts(row, changes, decimals)
    if amounts is None:
        raise _too_large(decimals)
    kinds = kinds_of(row)
    for change in changes:
        kinds[change.first - 1 : change.last] = [change.kind] * len(change.amounts)
    quality, ranges = _ranges(kinds)
    packed = np.array([MISSING if amount is None else amount for amount in amounts], "<i4").tobytes()
    return row._replace(amounts=packed, decimals=decimals, quality=quality, ranges=ranges)


def _amounts(row: DayRow, changes: Iterable[Change], decimals: int) -> list[int | None] | None:
    """All amounts in so many decimals; None where they do not fit into what is stored."""
    scale = 10 ** (decimals - row.decimals)
    stored = np.frombuffer(row.amounts, "<i4").tolist()
    found = [None if amount == MISSING else amount * scale for amount in stored]
    for change in changes:
        found[change.first - 1 : change.last] = [
            _scaled(one, decimals - change.decimals) for one in change.amounts
        ]
    fits = all(one is None or -LARGEST <= one <= LARGEST for one in found) and decimals <= 9
    return found if fits else None


def _scaled(amount: int | None, decimals: int) -> int | None:
    if amount is None or decimals >= 0:
        return None if amount is None else amount * int(10**decimals)
    unit = int(10**-decimals)
    whole, rest = divmod(amount, unit)
    twice = 2 * rest - unit
    return whole + (twice > 0 or (twice == 0 and whole % 2 == 1))


def _ranges(kinds: Sequence[Kind]) -> tuple[str, tuple[QualityRange, ...]]:
    """The quality of a day, and its parts where that does not say it all."""
    if set(kinds) == {Kind(kinds[0].quality)}:
        return kinds[0].quality, ()
    letters = {kind.quality for kind in kinds}
    return (letters.pop() if len(letters) == 1 else "V"), tuple(_runs(kinds))


def _runs(kinds: Sequence[Kind]) -> Iterator[QualityRange]:
    first = 1
    for kind, group in groupby(kinds):
        last = first + len(tuple(group)) - 1
        yield QualityRange(first, last, *kind)
        first = last + 1


def _too_large(decimals: int) -> Refused:
    detail = f"with {decimals} decimals an interval holds up to {LARGEST} of the last one"
    hint = "Give fewer decimals, or smaller quantities"
    return Refused(Problem("MTR407", "The quantities do not fit the intervals", detail, hint))
