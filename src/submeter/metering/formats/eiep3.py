"""EIEP3, half-hour metering information of New Zealand: `HDR,ICPHH,...`, and a `DET` row a half-hour.

Layout of versions 10 and 11 (Electricity Authority; fields as public readers and their samples have them):
DET, ICP, data stream, F(inal) or E(stimate), DD/MM/YYYY, trading period 1 to 46, 48 or 50, kWh, kvarh, kVAh,
flow X (extraction, from the network) or I (injection), data stream type. `null` is nothing.
Trading periods run in New Zealand's local time. The header's date and time order versions of a day.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from submeter.core.problem import Problem
from submeter.metering.formats import findings
from submeter.metering.formats.clocks import periods_of
from submeter.metering.formats.dates import day_of, stamp_of
from submeter.metering.formats.days import Days, Page
from submeter.metering.formats.quantities import Unit, exact
from submeter.metering.formats.sources import day_in
from submeter.metering.formats.tables import Table, cut_off
from submeter.metering.model import FileError, Finding, Item, Stream
from submeter.network.identifiers import problem_with

__all__ = ["CLOCK", "parse"]

CLOCK = "Pacific/Auckland"
_DET_FIELDS = 11
_HDR_FIELDS = 13
_QUANTITIES = ((6, Unit("kWh")), (7, Unit("kvarh")), (8, Unit("kVAh")))
_QUALITIES = {"F": "A", "E": "E"}
_FLOWS = {"X": "import", "I": "export"}


class _Header(NamedTuple):
    rows: int
    run_at: datetime


def parse(stream: BinaryIO) -> Iterator[Item]:
    """The days of an EIEP3 file, after its last row.

    Raises FileError (MTR142, MTR173) if the header cannot be used.
    """
    table = Table(stream, delimiter=",")
    header, reader, found = _header(table.header, table.first_line), _Reader(), 0
    cut = False
    for line, row in table.rows():
        found += 1
        if not isinstance(row, Problem) and cut_off(table, line, row, _DET_FIELDS - 2) is not None:
            cut = True
            yield Finding(findings.unended_line(), line, len(row), row[-1])
        else:
            yield from reader.take(line, row)
    short = cut or found < header.rows
    if found != header.rows:
        yield Finding(findings.short_file(found, header.rows), table.first_line, 10, str(header.rows))
    yield from reader.days.items(header.run_at, whole_only=short)


def _header(fields: Sequence[str], line: int) -> _Header:
    if len(fields) != _HDR_FIELDS or [field.upper() for field in fields[:2]] != ["HDR", "ICPHH"]:
        raise FileError(findings.bad_header(f"{len(fields)} fields, {','.join(fields[:2])}"), line)
    day = day_of(fields[6])
    stamp = stamp_of(f"{fields[6]} {fields[7]}") if day else None
    if stamp is None:
        raise FileError(findings.bad_header(f"date and time {fields[6]} {fields[7]}"), line)
    if not (fields[9].isascii() and fields[9].isdigit()):
        raise FileError(findings.bad_header(f"number of rows {fields[9]!r}"), line)
    midnight = datetime.combine(stamp.day, datetime.min.time(), ZoneInfo(CLOCK))
    return _Header(int(fields[9]), midnight + timedelta(seconds=stamp.seconds))


_Wrong = tuple[Problem, int]
"""A problem and the field that has it, counted from 1."""
_Streams = tuple[tuple[int, Unit, Page], ...]


class _Reader:
    """Each spelling of who and when is looked at once: a file has millions of rows, and few of these."""

    def __init__(self) -> None:
        self.days = Days()
        self._looked_at: set[str] = set()
        self._whos: dict[object, tuple[_Streams, str] | _Wrong] = {}
        self._whens: dict[object, tuple[date, int] | _Wrong] = {}

    def take(self, line: int, row: Sequence[str] | Problem) -> Iterator[Finding]:
        if isinstance(row, Problem):
            yield Finding(row, line)
            return
        wrong = _wrong_record(row)
        if wrong is not None:
            yield _finding(wrong, line, row)
            return
        who, when = self._who(row), self._when(row, line)
        if row[1] not in self._looked_at:
            yield from self._doubts(row[1], line)
        if isinstance(who[0], Problem):
            yield _finding((who[0], who[1]), line, row)
        elif isinstance(when[0], Problem):
            yield _finding((when[0], when[1]), line, row)
        else:
            yield from _put(line, row, who[0], who[1], when[0], when[1])

    def _who(self, row: Sequence[str]) -> tuple[_Streams, str] | _Wrong:
        spelling = _WHO(row)
        known = self._whos.get(spelling)
        if known is None:
            known = self._whos[spelling] = self._streams([cell.strip() for cell in row])
        return known

    def _streams(self, fields: Sequence[str]) -> tuple[_Streams, str] | _Wrong:
        wrong = _wrong_codes(fields)
        if wrong is not None:
            return wrong
        told = (fields[1], fields[2], "")
        direction = _FLOWS[fields[9].upper()]
        pages = (
            (column, unit, self.days.page(Stream("icp", *told, unit.name, direction), CLOCK))
            for column, unit in _QUANTITIES
        )
        return tuple(pages), _QUALITIES[fields[3].upper()]

    def _when(self, row: Sequence[str], line: int) -> tuple[date, int] | _Wrong:
        spelling = _WHEN(row)
        known = self._whens.get(spelling)
        if known is None:
            known = self._whens[spelling] = _place(row[4], row[5].strip(), line)
        return known

    def _doubts(self, icp: str, line: int) -> Iterator[Finding]:
        self._looked_at.add(icp)
        problem = problem_with("icp", icp) if icp.strip() else None
        if problem is not None:
            yield Finding(findings.doubtful_identifier(problem), line, 2, icp)


_WHO, _WHEN = itemgetter(1, 2, 3, 9), itemgetter(4, 5)


def _put(
    line: int, row: Sequence[str], streams: _Streams, quality: str, day: date, place: int
) -> Iterator[Finding]:
    for column, unit, page in streams:
        cell = row[column]
        if cell.strip().lower() in {"", "null"}:
            continue
        number = exact(cell, unit)
        if isinstance(number, Problem):
            yield Finding(number, line, column + 1, cell)
        elif not page.put(day, place, *number, quality, line):
            yield Finding(findings.too_fine(cell), line, column + 1, cell)


def _finding(wrong: _Wrong, line: int, row: Sequence[str]) -> Finding:
    return Finding(wrong[0], line, wrong[1], row[wrong[1] - 1] if wrong[1] else "")


def _wrong_record(row: Sequence[str]) -> _Wrong | None:
    if row[0] != "DET" and row[0].strip().upper() != "DET":
        return findings.unknown_record(row[0]), 1
    return (findings.wrong_width(len(row), _DET_FIELDS), 0) if len(row) != _DET_FIELDS else None


def _wrong_codes(fields: Sequence[str]) -> _Wrong | None:
    if not fields[1]:
        return findings.missing_value("ICP"), 2
    if fields[3].upper() not in _QUALITIES:
        return findings.not_in_list("reading type", fields[3], _QUALITIES), 4
    if fields[9].upper() not in _FLOWS:
        return findings.not_in_list("flow direction", fields[9], _FLOWS), 10
    return None


def _place(text: str, number: str, line: int) -> tuple[date, int] | _Wrong:
    day = day_in(text, "day first", line)
    if isinstance(day, Problem):
        return day, 5
    periods = periods_of(CLOCK, day, 30)
    if number.isascii() and number.isdigit() and 1 <= int(number) <= periods:
        return day, int(number) - 1
    return findings.no_such_period(number, day, periods), 6
