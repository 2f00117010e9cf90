"""Amounts of one register in a row of equal steps: what day rows become before anything is computed of them.

All arithmetic is on whole numbers and exact. What is not known stays not known: a step, a day or a month with
an unknown part has no amount, and says how many parts it lacks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from submeter.core.problem import Problem, Refused
from submeter.metering.days import DAY, count_of, length_of, minute_of, starts_at
from submeter.metering.model import MISSING, DayRow

__all__ = [
    "BoolArray",
    "IntArray",
    "Series",
    "Total",
    "coarsen",
    "day_totals",
    "local_day",
    "rescale",
    "series_of",
    "window",
]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Step n begins at `starts` + n x `minutes`; its amount is `values[n]` x 10^-`decimals` if `known[n]`."""

    starts: int
    """Minutes since 1970 UTC."""
    minutes: int
    decimals: int
    values: IntArray
    """0 where not known."""
    known: BoolArray

    @property
    def ends(self) -> int:
        return self.starts + len(self.values) * self.minutes

    def amounts(self) -> tuple[Decimal | None, ...]:
        """The amounts in the unit; None where not known."""
        pairs = zip(self.values.tolist(), self.known.tolist(), strict=True)
        return tuple(Decimal(value).scaleb(-self.decimals) if known else None for value, known in pairs)


@dataclass(frozen=True, slots=True)
class Total:
    """The sum over a day or month. With `missing` > 0 it is what is known, not the whole."""

    first: date
    amount: Decimal
    missing: int
    """Steps without an amount."""


def series_of(rows: Sequence[DayRow], minutes: int | None = None) -> Series:
    """The day rows of one register as one series, in steps of `minutes` (the longest of the rows, if None).

    Between rows nothing is known. Refuses rows that overlap in time (MTR393), and rows that do not fit the
    steps, being coarser for instance: an amount is not split without a method (MTR394).
    """
    assert rows, "no rows"
    step = minutes or max(row.minutes for row in rows)
    decimals = max(row.decimals for row in rows)
    parts = sorted((_coarse_row(row, step, decimals) for row in rows), key=lambda part: part.starts)
    for earlier, later in pairwise(parts):
        if later.starts < earlier.ends:
            raise _overlap(earlier, later)
    return _joined(parts, step, decimals)


def _coarse_row(row: DayRow, step: int, decimals: int) -> Series:
    raw = np.frombuffer(row.amounts, "<i4").astype(np.int64)
    known = raw != MISSING
    start = minute_of(starts_at(row.day, row.clock))
    series = Series(start, row.minutes, row.decimals, np.where(known, raw, 0), known)
    return coarsen(rescale(series, decimals), step)


def _joined(parts: Iterable[Series], step: int, decimals: int) -> Series:
    parts = tuple(parts)
    start, end = parts[0].starts, max(part.ends for part in parts)
    whole = Series(start, step, decimals, *_nothing((end - start) // step))
    for part in parts:
        place = slice(_steps(part.starts - start, step), _steps(part.ends - start, step))
        whole.values[place], whole.known[place] = part.values, part.known
    return whole


def _nothing(count: int) -> tuple[IntArray, BoolArray]:
    return np.zeros(count, np.int64), np.zeros(count, np.bool_)


def rescale(series: Series, decimals: int) -> Series:
    """The same amounts with more decimals. Fewer would lose some: that is not done here."""
    if decimals == series.decimals:
        return series
    assert decimals > series.decimals, "decimals are never dropped"
    values = series.values * 10 ** (decimals - series.decimals)
    return Series(series.starts, series.minutes, decimals, values, series.known)


def window(series: Series, start: int, end: int) -> Series:
    """The steps from minute `start` to minute `end`; not known where the series does not reach."""
    first, last = (_steps(minute - series.starts, series.minutes) for minute in (start, end))
    values, known = _nothing(last - first)
    low, high = max(first, 0), max(min(last, len(series.values)), first, 0)
    values[low - first : high - first] = series.values[low:high]
    known[low - first : high - first] = series.known[low:high]
    return Series(start, series.minutes, series.decimals, values, known)


def coarsen(series: Series, minutes: int) -> Series:
    """Longer steps, counted from the start of the series; one with an unknown part is unknown."""
    if minutes == series.minutes:
        return series
    if minutes % series.minutes or len(series.values) * series.minutes % minutes:
        raise _does_not_fit(f"{len(series.values)} steps of {series.minutes} minutes in steps of {minutes}")
    count = minutes // series.minutes
    known: BoolArray = np.all(series.known.reshape(-1, count), axis=1)
    sums = series.values.reshape(-1, count).sum(axis=1)
    return Series(series.starts, minutes, series.decimals, np.where(known, sums, 0), known)


def local_day(series: Series, day: date, clock: str, minutes: int = 30) -> Series:
    """The half-hours of a day of another clock: of a site's billing day from rows in market time, say."""
    count = count_of(day, clock, minutes)
    start = minute_of(starts_at(day, clock))
    return coarsen(window(series, start, start + count * minutes), minutes)


def day_totals(series: Series, first: date, end: date, clock: str) -> tuple[Total, ...]:
    """The sums of the days of a clock from `first` up to `end`, which is not in it."""
    days = [first + n * DAY for n in range((end - first).days)]
    return _totals(series, [day for day in days if length_of(day, clock)], end, clock)


def _totals(series: Series, firsts: Sequence[date], end: date, clock: str) -> tuple[Total, ...]:
    if not firsts:
        return ()
    edges = [minute_of(starts_at(day, clock)) for day in (*firsts, end)]
    whole = window(series, edges[0], edges[-1])
    places = [_steps(edge - edges[0], series.minutes) for edge in edges[:-1]]
    sums = np.add.reduceat(whole.values, places).tolist()
    missing = np.add.reduceat(~whole.known, places, dtype=np.int64).tolist()
    return tuple(
        Total(first, Decimal(amount).scaleb(-series.decimals), lacks)
        for first, amount, lacks in zip(firsts, sums, missing, strict=True)
    )


def _steps(minutes: int, step: int) -> int:
    count, rest = divmod(minutes, step)
    if rest:
        raise _does_not_fit(f"an edge lies {rest} minutes into a step of {step}")
    return count


def _does_not_fit(detail: str) -> Refused:
    return Refused(
        Problem(
            "MTR394",
            "The intervals do not fit the days or steps that they are to be summed to",
            detail,
            "Ask for longer steps, or set the site's billing clock to that of the source",
        )
    )


def _overlap(earlier: Series, later: Series) -> Refused:
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001  said with its clock below
    when = epoch + timedelta(minutes=later.starts)
    detail = f"one begins at {when:%Y-%m-%d %H:%M} UTC, {earlier.ends - later.starts} minutes too early"
    hint = "Keep one version of each day; give the day the clock that its source states"
    return Refused(Problem("MTR393", "Two days of intervals overlap", detail, hint))
