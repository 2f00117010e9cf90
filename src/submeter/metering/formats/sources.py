"""Whose data a row of a table is, of what quality, on which day: the columns that interval tables share."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from submeter.core.problem import Problem
from submeter.metering.formats import findings
from submeter.metering.formats.dates import DateOrder, day_of, looks_month_first
from submeter.metering.formats.quantities import Unit, unit_of
from submeter.metering.model import FileError, Finding, Stream
from submeter.network.identifiers import SCHEMES, problem_with

__all__ = ["Place", "Source", "Sources", "Text", "day_in", "quality_in"]

Place = int | str
"""A column, counted from 0; or what all rows have."""
Text = Callable[[str], str]
"""What an operator's map does to a number before it is read (a decimal comma)."""

_DIRECTIONS = {
    **dict.fromkeys(
        ("import", "active import", "consumption", "e", "x", "ai", "reactive_imp", "active"), "import"
    ),
    **dict.fromkeys(("export", "active export", "generation", "i", "ae", "reactive_exp"), "export"),
}
_QUALITIES = {
    **dict.fromkeys(("", "a", "actual", "read", "real", "valid", "f"), "A"),
    **dict.fromkeys(("e", "estimated", "estimate", "est"), "E"),
    **dict.fromkeys(("s", "substitute", "substituted"), "S"),
    **dict.fromkeys(("n", "null", "missing", "c", "padding"), "N"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a row says whose data it is."""

    scheme: str
    identifier: Place
    register: Place = ""
    serial: Place = ""
    unit: Place = "kWh"
    direction: Place = "import"


@dataclass(slots=True)
class Sources:
    """Streams by the cells that name them, and which identifiers have been looked at."""

    known: dict[tuple[str, ...], Stream | Problem] = field(default_factory=dict)
    looked_at: set[tuple[str, str]] = field(default_factory=set)

    def find(self, source: Source, row: Sequence[str]) -> tuple[Stream, Unit] | Problem:
        """The stream of a row and the unit of its numbers."""
        cells = tuple(
            row[place].strip() if isinstance(place, int) else place
            for place in (source.identifier, source.register, source.serial, source.unit, source.direction)
        )
        unit = unit_of(cells[3])
        if unit is None:
            return findings.unknown_unit(cells[3])
        key = (source.scheme, *cells)
        stream = self.known.get(key)
        if stream is None:
            stream = self.known[key] = _stream(source.scheme, cells, unit)
        return stream if isinstance(stream, Problem) else (stream, unit)

    def doubts(self, stream: Stream, line: int, source: Source) -> Iterator[Finding]:
        """One finding for each identifier that breaks the rule of its scheme."""
        if stream[:2] in self.looked_at:
            return
        self.looked_at.add(stream[:2])
        problem = problem_with(stream.scheme, stream.identifier) if stream.scheme in SCHEMES else None
        if problem is not None:
            column = source.identifier + 1 if isinstance(source.identifier, int) else 0
            yield Finding(findings.doubtful_identifier(problem), line, column, stream.identifier)


def _stream(scheme: str, cells: tuple[str, ...], unit: Unit) -> Stream | Problem:
    identifier, register, serial, _, told = cells
    direction = _DIRECTIONS.get(told.lower())
    if not identifier:
        return findings.missing_value(f"identifier ({scheme})")
    if direction is None:
        return findings.not_in_list("direction", told, ("import", "export"))
    plain = identifier.replace(" ", "") if scheme in {"mpan", "mprn"} else identifier
    return Stream(scheme, plain, register, serial, unit.name, direction)


def quality_in(row: Sequence[str], column: int | None) -> str | Problem:
    """The letter of the model for what the column says; A where there is no such column."""
    if column is None:
        return "A"
    told = row[column].strip() if column < len(row) else ""
    letter = _QUALITIES.get(told.lower())
    return letter or findings.not_in_list("quality", told, ("A", "E", "S", "N"))


def day_in(text: str, order: DateOrder, line: int) -> date | Problem:
    """The day that a cell names. Raises FileError (MTR160) if it shows that the file is month first."""
    day = day_of(text, order)
    if day is None and order == "day first" and looks_month_first(text):
        raise FileError(findings.month_first(text), line)
    return day or findings.not_a_day(text)
