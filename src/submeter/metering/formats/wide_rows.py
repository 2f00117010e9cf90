"""Interval tables with a row for each day: an identifier, a date, and a column for each interval."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from submeter.core.problem import Problem
from submeter.metering.formats import findings
from submeter.metering.formats.clocks import periods_of, starts_of
from submeter.metering.formats.dates import DateOrder
from submeter.metering.formats.days import little_endian
from submeter.metering.formats.held import Proof, held_back
from submeter.metering.formats.quantities import Unit, day_amounts, exact, fits
from submeter.metering.formats.sources import Source, Sources, Text, day_in, quality_in
from submeter.metering.formats.tables import Table, cut_off
from submeter.metering.model import MISSING, DayRow, Finding, Item, Stream

__all__ = ["Wide", "read_wide"]


@dataclass(frozen=True, slots=True)
class Wide:
    """Which column of a wide table is what, counted from 0.

    `seconds` are those from midnight to the beginning of each interval, where the columns' heads are times on
    the wall; empty where they count settlement periods, which run on when clocks change.
    """

    source: Source
    day: int
    columns: tuple[int, ...]
    clock: str
    seconds: tuple[int, ...] = ()
    quality: int | None = None
    order: DateOrder = "day first"
    minutes: int = 30
    text: Text | None = None


def read_wide(table: Table, layout: Wide) -> Iterator[Item]:
    """The days of a wide table, each as its row comes: memory does not grow with the file."""
    reader = _Reader(layout, max(len(table.header), layout.columns[-1] + 1))
    yield from held_back(_items(table, layout, reader), reader.proof)


def _items(table: Table, layout: Wide, reader: "_Reader") -> Iterator[Item]:
    for line, row in table.rows():
        if isinstance(row, Problem):
            yield Finding(row, line)
        elif (cut := cut_off(table, line, row, layout.columns[-1])) is not None:
            yield cut
        else:
            yield from reader.items(line, row)


class _Reader:
    def __init__(self, layout: Wide, width: int) -> None:
        self._layout, self._width = layout, width
        self._looked_at: set[str] = set()
        self._sources = Sources(layout.source, self._looked_at)
        self.proof = Proof()
        self._needed = max(self._sources.needed, layout.day, layout.columns[0])
        self._days: dict[Stream, dict[int, int]] = {}
        """Days stated so far, a bit for each in a number for each year: 2 GB of rows are millions of days."""
        first, last = layout.columns[0], layout.columns[-1]
        self._slice = slice(first, last + 1) if layout.columns == tuple(range(first, last + 1)) else None

    def items(self, line: int, row: list[str]) -> Iterator[Item]:
        layout = self._layout
        head = self._head(line, row)
        if isinstance(head, Finding):
            yield head
            return
        stream, unit, day, quality = head
        if stream.identifier not in self._looked_at:
            yield from self._sources.doubts(stream, line)
        if self._again(stream, day):
            yield Finding(findings.doubled_day(day), line, layout.day + 1, row[layout.day])
            return
        cells = self._cells(day, row)
        if isinstance(cells, Problem):
            yield Finding(cells, line, layout.columns[0] + 1)
        else:
            yield from self._day(
                DayRow(stream, day, layout.clock, layout.minutes, 0, b"", quality, (), None, line),
                cells,
                unit,
            )

    def _head(self, line: int, row: list[str]) -> tuple[Stream, Unit, date, str] | Finding:
        layout = self._layout
        if len(row) <= self._needed or (len(row) > self._width and any(row[self._width :])):
            return Finding(findings.wrong_width(len(row), self._width), line)
        found = self._sources.find(row)
        if isinstance(found, Problem):
            return Finding(found, line)
        day = day_in(row[layout.day], layout.order, line)
        if isinstance(day, Problem):
            return Finding(day, line, layout.day + 1, row[layout.day])
        self.proof.look(row[layout.day], layout.order)
        quality = quality_in(row, layout.quality)
        if isinstance(quality, Problem):
            return Finding(quality, line, (layout.quality or 0) + 1, row[layout.quality or 0])
        return *found, day, quality

    def _again(self, stream: Stream, day: date) -> bool:
        years = self._days.setdefault(stream, {})
        bits, bit = years.get(day.year, 0), 1 << (32 * day.month + day.day)
        years[day.year] = bits | bit
        return bool(bits & bit)

    def _cells(self, day: date, row: list[str]) -> list[str] | Problem:
        """A cell for each interval that the day has in its clock."""
        layout = self._layout
        cells = row[self._slice] if self._slice else [row[c] if c < len(row) else "" for c in layout.columns]
        if layout.text is not None:
            cells = [layout.text(cell) for cell in cells]
        if layout.seconds:
            if len(cells) < len(layout.columns):
                return findings.wrong_width(len(row), self._width)
            walls = starts_of(layout.clock, day, layout.minutes)
            return cells if walls == layout.seconds else _by_wall(layout, walls, day, cells)
        periods = periods_of(layout.clock, day, layout.minutes)
        if len(cells) == periods:
            return cells
        return _by_period(layout, periods, day, cells)

    def _day(self, shape: DayRow, cells: list[str], unit: Unit) -> Iterator[Item]:
        quick = day_amounts(cells, unit)
        if quick is not None and shape.quality != "N":
            yield shape._replace(amounts=little_endian(quick[0]), decimals=quick[1])
            return
        amounts, decimals, problems = _careful(cells, unit)
        column = self._layout.columns[0] + 1
        yield from (Finding(problem, shape.line, column + n, cells[n]) for n, problem in problems)
        missing = [n for n, amount in enumerate(amounts) if amount == MISSING]
        if missing:
            yield Finding(findings.missing_intervals(shape.day, missing, len(cells)), shape.line, column)
        if len(missing) < len(cells) and shape.quality != "N":
            yield shape._replace(amounts=little_endian(array("i", amounts)), decimals=decimals)


def _blank(cell: str) -> bool:
    return not cell.strip(" 0.-")


def _by_period(layout: Wide, periods: int, day: date, cells: list[str]) -> list[str] | Problem:
    """46 half-hours leave two of 48 columns over, which must be empty; 50 need two that may be absent."""
    over = [cell for cell in cells[periods:] if not _blank(cell)]
    if over:
        return findings.skipped_time(f"{day}, interval {periods + 1} and on", layout.clock)
    if len(cells) < min(periods, len(layout.columns)):
        return findings.wrong_width(len(cells), len(layout.columns))
    return [*cells[:periods], *[""] * (periods - len(cells))]


def _by_wall(layout: Wide, walls: Sequence[int], day: date, cells: list[str]) -> list[str] | Problem:
    """Columns by the time on the wall: an hour may be skipped; of one that comes twice nothing is known."""
    said = dict(zip(layout.seconds, cells, strict=False))
    skipped = [
        f"{s // 3600:02d}:{s % 3600 // 60:02d}" for s in said if s not in set(walls) and not _blank(said[s])
    ]
    if skipped:
        return findings.skipped_time(f"{day} {', '.join(skipped)}", layout.clock)
    return [said.get(wall, "") if walls.count(wall) == 1 else "" for wall in walls]


def _careful(cells: Sequence[str], unit: Unit) -> tuple[list[int], int, list[tuple[int, Problem]]]:
    """Cell by cell: what is empty is missing, what cannot be read is missing and has a problem."""
    problems: list[tuple[int, Problem]] = []
    numbers: list[tuple[int, int] | None] = []
    for n, cell in enumerate(cells):
        number = exact(cell, unit) if cell.strip() else None
        if isinstance(number, Problem):
            problems.append((n, number))
            number = None
        numbers.append(number)
    decimals = max((number[1] for number in numbers if number), default=0)
    amounts = [MISSING if number is None else number[0] * 10 ** (decimals - number[1]) for number in numbers]
    for n, amount in enumerate(amounts):
        if numbers[n] is not None and not fits(amount):
            problems.append((n, findings.too_fine(cells[n])))
            amounts[n] = MISSING
    return amounts, decimals, problems
