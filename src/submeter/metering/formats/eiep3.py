"""EIEP3, half-hour metering information of New Zealand: `HDR,ICPHH,...`, and a `DET` row a half-hour.

Layout of versions 10 and 11 (Electricity Authority; fields as public readers and their samples have them):
DET, ICP, data stream, F(inal) or E(stimate), DD/MM/YYYY, trading period 1 to 46, 48 or 50, kWh, kvarh, kVAh,
flow X (extraction, from the network) or I (injection), data stream type. `null` is nothing.
Trading periods run in New Zealand's local time. The header's date and time order versions of a day.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from submeter.core.problem import Problem
from submeter.metering.formats import findings
from submeter.metering.formats.clocks import periods_of
from submeter.metering.formats.dates import day_of, stamp_of
from submeter.metering.formats.days import Days
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


class _Reader:
    def __init__(self) -> None:
        self.days = Days()
        self._looked_at: set[str] = set()

    def take(self, line: int, row: Sequence[str] | Problem) -> Iterator[Finding]:
        if isinstance(row, Problem):
            yield Finding(row, line)
            return
        fields = [field.strip() for field in row]
        problem = _wrong(fields, line)
        if problem is not None:
            yield Finding(problem[0], line, problem[1], row[problem[1] - 1] if problem[1] else "")
            return
        yield from self._doubts(fields[1], line)
        yield from self._quantities(line, fields)

    def _doubts(self, icp: str, line: int) -> Iterator[Finding]:
        if icp not in self._looked_at:
            self._looked_at.add(icp)
            problem = problem_with("icp", icp)
            if problem is not None:
                yield Finding(findings.doubtful_identifier(problem), line, 2, icp)

    def _quantities(self, line: int, fields: Sequence[str]) -> Iterator[Finding]:
        day = day_of(fields[4])
        assert day is not None  # _wrong has looked
        place, quality, direction = (
            int(fields[5]) - 1,
            _QUALITIES[fields[3].upper()],
            _FLOWS[fields[9].upper()],
        )
        for column, unit in _QUANTITIES:
            if fields[column].lower() in {"", "null"}:
                continue
            number = exact(fields[column], unit)
            if not isinstance(number, Problem):
                page = self.days.page(Stream("icp", fields[1], fields[2], "", unit.name, direction), CLOCK)
                if page.put(day, place, *number, quality, line):
                    continue
                number = findings.too_fine(fields[column])
            yield Finding(number, line, column + 1, fields[column])


def _wrong(fields: Sequence[str], line: int) -> tuple[Problem, int] | None:
    """What is wrong with a DET row, and in which field."""
    if fields[0].upper() != "DET":
        return findings.unknown_record(fields[0]), 1
    if len(fields) != _DET_FIELDS:
        return findings.wrong_width(len(fields), _DET_FIELDS), 0
    if not fields[1]:
        return findings.missing_value("ICP"), 2
    if fields[3].upper() not in _QUALITIES:
        return findings.not_in_list("reading type", fields[3], _QUALITIES), 4
    if fields[9].upper() not in _FLOWS:
        return findings.not_in_list("flow direction", fields[9], _FLOWS), 10
    day = day_in(fields[4], "day first", line)
    return (day, 5) if isinstance(day, Problem) else _wrong_period(fields[5], day)


def _wrong_period(number: str, day: date) -> tuple[Problem, int] | None:
    periods = periods_of(CLOCK, day, 30)
    if number.isascii() and number.isdigit() and 1 <= int(number) <= periods:
        return None
    return findings.no_such_period(number, day, periods), 6
