"""Whose data a row of a table is, of what quality, on which day: the columns that interval tables share."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter

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
    "final substitute": "F",
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


class Sources:
    """The streams that the rows of a table name. Each spelling is looked at once."""

    def __init__(self, source: Source, looked_at: set[str]) -> None:
        self._source = source
        self._looked_at = looked_at
        places = (source.identifier, source.register, source.serial, source.unit, source.direction)
        self._places = places
        columns = tuple(place for place in places if isinstance(place, int))
        self._spelling: Callable[[Sequence[str]], object] = itemgetter(*columns) if columns else lambda _: ()
        self.needed = max(columns, default=-1)
        """The last column that says whose a row is."""
        self._known: dict[object, tuple[Stream, Unit] | Problem] = {}

    def find(self, row: Sequence[str]) -> tuple[Stream, Unit] | Problem:
        """The stream of a row and the unit of its numbers."""
        spelling = self._spelling(row)
        found = self._known.get(spelling)
        if found is None:
            found = self._known[spelling] = self._find(row)
        return found

    def _find(self, row: Sequence[str]) -> tuple[Stream, Unit] | Problem:
        cells = tuple(row[place].strip() if isinstance(place, int) else place for place in self._places)
        unit = unit_of(cells[3])
        if unit is None:
            return findings.unknown_unit(cells[3])
        stream = _stream(self._source.scheme, cells, unit)
        return stream if isinstance(stream, Problem) else (stream, unit)

    def doubts(self, stream: Stream, line: int) -> Iterator[Finding]:
        """One finding for each identifier that breaks the rule of its scheme."""
        if stream.identifier in self._looked_at:
            return
        self._looked_at.add(stream.identifier)
        problem = problem_with(stream.scheme, stream.identifier) if stream.scheme in SCHEMES else None
        if problem is not None:
            column = self._source.identifier + 1 if isinstance(self._source.identifier, int) else 0
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
