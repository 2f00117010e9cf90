"""Interval tables with a row for each interval: an identifier, a time, a quantity."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Literal

from submeter.core.problem import Problem
from submeter.metering.formats import findings
from submeter.metering.formats.clocks import instants_of, period_of, periods_of
from submeter.metering.formats.dates import DateOrder, looks_month_first, stamp_of
from submeter.metering.formats.days import Days
from submeter.metering.formats.quantities import Unit, exact
from submeter.metering.formats.sources import Source, Sources, Text, day_in, quality_in
from submeter.metering.formats.tables import Table, cut_off
from submeter.metering.model import FileError, Finding, Item, Stream

__all__ = ["Long", "read_long"]


@dataclass(frozen=True, slots=True)
class Long:
    """Which column of a long table is what, counted from 0.

    `when` has one column with day and time, or two: a day with a time, or with a settlement period. `values`
    are the columns of numbers, each with the stream it belongs to.
    """

    values: tuple[tuple[int, Source], ...]
    when: tuple[int, ...]
    kind: Literal["start", "end", "period"]
    clock: str
    quality: int | None = None
    order: DateOrder = "day first"
    minutes: int = 30
    text: Text | None = None


def read_long(table: Table, layout: Long) -> Iterator[Item]:
    """The days of a long table, after its last row: rows may come in any order."""
    reader, width = _Reader(layout), len(table.header) or len(table.peek())
    for line, row in table.rows():
        if isinstance(row, Problem):
            yield Finding(row, line)
        elif len(row) <= reader.needed or any(row[width:]):
            yield Finding(findings.wrong_width(len(row), width), line)
        elif (cut := cut_off(table, line, row, reader.needed)) is not None:
            yield cut
        else:
            yield from reader.take(line, row)
    yield from reader.days.items()


_Places = tuple[tuple[date, int], ...]
"""The day of an interval and its place in it; two of them where the clock shows that time twice."""
_REMEMBERED = 200_000


class _Reader:
    def __init__(self, layout: Long) -> None:
        self._layout = layout
        self._looked_at: set[str] = set()
        self._sources = [(column, Sources(source, self._looked_at)) for column, source in layout.values]
        self.needed = max(*layout.when, *(max(column, one.needed) for column, one in self._sources))
        """The last column without which a row says nothing."""
        self._spelling: Callable[[Sequence[str]], object] = itemgetter(*layout.when)
        self._places: dict[object, _Places | Problem] = {}
        self.days = Days(layout.minutes)

    def take(self, line: int, row: Sequence[str]) -> Iterator[Finding]:
        layout = self._layout
        spelling = self._spelling(row)
        when = self._places.get(spelling)
        if when is None:
            when = self._remember(spelling, [row[column] for column in layout.when], line)
        if isinstance(when, Problem):
            yield Finding(when, line, layout.when[-1] + 1, row[layout.when[-1]])
            return
        quality = quality_in(row, layout.quality) if layout.quality is not None else "A"
        if isinstance(quality, Problem):
            yield Finding(quality, line, (layout.quality or 0) + 1, row[layout.quality or 0])
            return
        for column, sources in self._sources:
            found = sources.find(row)
            if isinstance(found, Problem):
                yield Finding(found, line)
                return
            stream, unit = found
            if stream.identifier not in self._looked_at:
                yield from sources.doubts(stream, line)
            if len(when) > 1:
                yield self._doubt(line, row, stream, when)
                continue
            problem = self._put(line, row[column], stream, unit, when[0], quality)
            if problem is not None:
                yield Finding(problem, line, column + 1, row[column])

    def _doubt(self, line: int, row: Sequence[str], stream: Stream, when: _Places) -> Finding:
        """The clock shows that time twice: whichever of the two is meant, neither is known."""
        layout = self._layout
        for day, place in when:
            self.days.page(stream, layout.clock).doubt(day, place, line)
        said = " ".join(row[column].strip() for column in layout.when)
        return Finding(findings.ambiguous_time(said, layout.clock), line, layout.when[-1] + 1, said)

    def _put(
        self, line: int, cell: str, stream: Stream, unit: Unit, when: tuple[date, int], quality: str
    ) -> Problem | None:
        page = self.days.page(stream, self._layout.clock)
        if quality == "N" or not cell.strip():
            return None
        number = exact(self._layout.text(cell) if self._layout.text else cell, unit)
        if isinstance(number, Problem):
            return number
        day, place = when
        return None if page.put(day, place, *number, quality, line) else findings.too_fine(cell)

    def _remember(self, spelling: object, cells: Sequence[str], line: int) -> _Places | Problem:
        if len(self._places) > _REMEMBERED:
            self._places.clear()
        period = self._layout.kind == "period"
        known = self._places[spelling] = self._numbered(cells, line) if period else self._stamped(cells, line)
        return known

    def _numbered(self, cells: Sequence[str], line: int) -> _Places | Problem:
        """A settlement period counts from 1 and runs on when the clock changes."""
        day = day_in(cells[0], self._layout.order, line)
        if isinstance(day, Problem):
            return day
        number = cells[1].strip()
        periods = periods_of(self._layout.clock, day, self._layout.minutes)
        if not (number.isascii() and number.isdigit() and 1 <= int(number) <= periods):
            return findings.no_such_period(number, day, periods)
        return ((day, int(number) - 1),)

    def _stamped(self, cells: Sequence[str], line: int) -> _Places | Problem:
        layout, text = self._layout, " ".join(cells)
        stamp = stamp_of(text, layout.order)
        if stamp is None:
            if layout.order == "day first" and looks_month_first(text):
                raise FileError(findings.month_first(text), line)
            return findings.not_a_day(text)
        instants = instants_of(layout.clock, stamp, end=layout.kind == "end")
        if not instants:
            return findings.skipped_time(text, layout.clock)
        back = 60 * layout.minutes if layout.kind == "end" else 0
        places = [period_of(layout.clock, instant - back, layout.minutes) for instant in instants]
        known = tuple(place for place in places if place is not None)
        return known if len(known) == len(places) else findings.off_grid(text, layout.minutes)
