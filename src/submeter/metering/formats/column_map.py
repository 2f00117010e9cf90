"""A table that no source describes, as an operator describes it: which column is what, clock, unit, dates.

A map is TOML or JSON. It is checked as a whole; a wrong name gets the nearest right one. Until somebody has
compared the result with the source and set `confirmed`, all that is read by it says so.

```toml
name = "Acme data logger"
kind = "days"            # days: a row a day; intervals: a row an interval; reads: dial readings
clock = "Europe/London"  # of the file's times; not for reads; left out where each import names it
minutes = 30
date = "DD/MM/YYYY"      # or "MM/DD/YYYY", "YYYY-MM-DD", "YY-MM-DD"
decimal = "."            # or ","
thousands = ""           # or "," "." " " "'"
delimiter = ""           # found by itself where empty
skip_lines = 0
header = true            # without a header, columns are numbers from 1
stamp = "start"          # or "end": what a time says of its interval
scheme = "own"           # what the identifier is: nmi, icp, mpan, mprn, mirn, serial, own, any
identifier = "Logger"    # a column, or {value = "..."} for all rows
register = {value = "1"}
unit = {value = "kWh"}
direction = {value = "import"}
day = "Datum"            # days, reads; intervals where the time or period has a column of its own
time = "Zeit"            # intervals: with day
period = "SP"            # intervals: with day
stamp_column = "When"    # intervals: day and time in one
quality = "Flag"         # A, E, S or N
first_value = "00:00"    # days: the first of the interval columns, which follow one another
last_value = "23:30"     # days: the last of them; 24 hours' worth where it is not named
values = ["kWh"]         # intervals, reads: columns, or tables of column, unit, direction, register
confirmed = ""           # who has compared it, and when
```
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, BinaryIO

from submeter.core.problem import Refused
from submeter.metering.formats import findings
from submeter.metering.formats.clocks import clock_named, nearest_clocks
from submeter.metering.formats.dates import DateOrder
from submeter.metering.formats.long_rows import Long, read_long
from submeter.metering.formats.quantities import unit_of
from submeter.metering.formats.reads_csv import dial_of
from submeter.metering.formats.records import Record, read_records
from submeter.metering.formats.sources import Place, Source, Text
from submeter.metering.formats.tables import Table, key_of
from submeter.metering.formats.wide_rows import Wide, read_wide
from submeter.metering.model import DayRow, DialRead, FileError, Finding, Item, QualityRange, Stream

__all__ = ["ColumnMap", "as_json", "map_of", "parse", "read_map"]

_MINUTES = (5, 10, 15, 30, 60)
_SCHEMES = ("nmi", "icp", "mpan", "mprn", "mirn", "serial", "own", "any")
_DATES: dict[str, DateOrder] = {
    "DD/MM/YYYY": "day first",
    "MM/DD/YYYY": "month first",
    "YYYY-MM-DD": "day first",
    "YY-MM-DD": "year first",
}
Cell = str | int | Mapping[str, str]
"""A column by name or number (from 1), or {value = ...} for all rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """A checked map; see the module for what each setting says."""

    name: str
    kind: str
    identifier: Cell
    scheme: str = "own"
    clock: str = ""
    minutes: int = 30
    date: str = "DD/MM/YYYY"
    decimal: str = "."
    thousands: str = ""
    delimiter: str = ""
    skip_lines: int = 0
    header: bool = True
    stamp: str = "start"
    register: Cell = ""
    serial: Cell = ""
    unit: Cell = ""
    direction: Cell = ""
    day: str | int = ""
    time: str | int = ""
    period: str | int = ""
    stamp_column: str | int = ""
    quality: str | int = ""
    first_value: str | int = ""
    last_value: str | int = ""
    values: Sequence[str | int | Mapping[str, str | int]] = ()
    confirmed: str = ""


def read_map(text: str) -> ColumnMap:
    """A map from its TOML or JSON. Raises Refused (MTR190, MTR191)."""
    try:
        told = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as error:
        raise Refused(findings.unreadable_map(str(error))) from None
    return map_of(told)


def map_of(told: Mapping[str, Any]) -> ColumnMap:
    """A map from its settings. Raises Refused (MTR191)."""
    _check_names(told)
    checked = ColumnMap(**told)
    checked = replace(checked, clock=clock_named(checked.clock) or checked.clock)
    _check_values(checked)
    _check_columns(checked)
    return checked


def as_json(told: ColumnMap) -> dict[str, Any]:
    """The settings of a map that are not the usual ones, as `map_of` takes them."""
    said = {one.name: (getattr(told, one.name), one.default) for one in fields(ColumnMap)}
    return {name: value for name, (value, usual) in said.items() if value != usual}


_CELLS = ("identifier", "register", "serial", "unit", "direction")
_TYPES: dict[str, tuple[type, ...]] = {
    "minutes": (int,),
    "skip_lines": (int,),
    "header": (bool,),
    "values": (list,),
    **dict.fromkeys(_CELLS, (str, int, dict)),
    **dict.fromkeys(
        ("day", "time", "period", "stamp_column", "quality", "first_value", "last_value"), (str, int)
    ),
}


def _check_names(told: Mapping[str, Any]) -> None:
    known = [one.name for one in fields(ColumnMap)]
    for name, value in told.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise Refused(
                findings.bad_map(name, f"Is it {near[0]}?" if near else "Known: " + ", ".join(known))
            )
        types = _TYPES.get(name, (str,))
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            kinds = " or ".join(one.__name__ for one in types)
            raise Refused(findings.bad_map(f"{name} = {value!r}", f"It is {kinds}"))
    for name in ("name", "kind", "identifier"):
        if name not in told:
            raise Refused(findings.bad_map(name, "It is needed"))


def _check_values(told: ColumnMap) -> None:
    _one_of("kind", told.kind, ("days", "intervals", "reads"))
    _one_of("scheme", told.scheme, _SCHEMES)
    _one_of("minutes", told.minutes, _MINUTES)
    _one_of("date", told.date, tuple(_DATES))
    _one_of("decimal", told.decimal, (".", ","))
    _one_of("thousands", told.thousands, ("", ",", ".", " ", "'"))
    _one_of("delimiter", told.delimiter, ("", ",", ";", "\t", "|"))
    _one_of("stamp", told.stamp, ("start", "end"))
    if told.decimal == told.thousands:
        raise Refused(findings.bad_map("thousands", "It is the decimal mark already"))
    if told.skip_lines < 0:
        raise Refused(findings.bad_map("skip_lines", "It counts lines"))
    if told.clock and clock_named(told.clock) is None:
        why = findings.no_such_clock(told.clock, nearest_clocks(told.clock))
        raise Refused(findings.bad_map(f"clock = {told.clock!r}", why.hint))
    unit = told.unit.get("value", "") if isinstance(told.unit, dict) else ""
    if isinstance(told.unit, dict) and unit_of(unit) is None:
        raise Refused(findings.bad_map(f"unit = {unit!r}", "Use kWh, Wh, MWh, kvarh, kVAh, m3, L, MJ, ..."))


def _one_of(name: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        raise Refused(findings.bad_map(f"{name} = {value!r}", "One of " + ", ".join(map(repr, allowed))))


def _check_columns(told: ColumnMap) -> None:
    _check_cells(told)
    needed = {
        "days": ("day", "first_value", "unit"),
        "intervals": ("values",),
        "reads": ("day", "values"),
    }[told.kind]
    for name in needed:
        if not getattr(told, name):
            raise Refused(findings.bad_map(name, f"A map of {told.kind} needs it"))
    _check_streams(told)
    if told.kind == "intervals" and not told.unit and not all(_has_unit(value) for value in told.values):
        raise Refused(findings.bad_map("unit", "A map of intervals needs it"))
    timed = bool(told.stamp_column), bool(told.day and told.time), bool(told.day and told.period)
    if told.kind == "intervals" and sum(timed) != 1:
        hint = "Name stamp_column, or day with time, or day with period"
        raise Refused(findings.bad_map("stamp_column", hint))


def _check_cells(told: ColumnMap) -> None:
    """A column is a name, or a number from 1; what all rows have is {value = "..."}."""
    for one in fields(ColumnMap):
        said = getattr(told, one.name)
        if isinstance(said, dict) and (set(said) != {"value"} or not isinstance(said["value"], str)):
            raise Refused(findings.bad_map(f"{one.name} = {said!r}", 'Write {value = "..."}'))
        columns = said if one.name == "values" else [said] if one.name in _COLUMNS else []
        for column in columns:
            _check_number(one.name, column.get("column") if isinstance(column, dict) else column)


_COLUMNS = ("day", "time", "period", "stamp_column", "quality", "first_value", "last_value", *_CELLS)


def _check_number(name: str, column: object) -> None:
    if isinstance(column, int) and column < 1:
        raise Refused(findings.bad_map(f"{name} = {column}", "Columns count from 1"))


def _has_unit(value: object) -> bool:
    return isinstance(value, dict) and "unit" in value


_OF_A_VALUE = ("unit", "direction", "register")


def _check_streams(told: ColumnMap) -> None:
    """Several columns of numbers must differ in what they are; two of one stream contradict each other."""
    tables = [value for value in told.values if isinstance(value, dict)]
    for table in tables:
        if "column" not in table or set(table) - {"column", *_OF_A_VALUE}:
            raise Refused(
                findings.bad_map(f"values = {table!r}", "It has column, and unit, direction, register")
            )
        if "unit" in table and unit_of(str(table["unit"])) is None:
            raise Refused(
                findings.bad_map(f"unit = {table['unit']!r}", "Use kWh, Wh, MWh, kvarh, m3, L, MJ, ...")
            )
    differing = {tuple(table.get(name) for name in _OF_A_VALUE) for table in tables}
    if len(told.values) > 1 and (len(differing) < len(told.values) or told.kind == "reads"):
        raise Refused(
            findings.bad_map("values", "Several columns need tables that differ in direction or register")
        )


# --- reading by a map ------------------------------------------------------------------------------------


def parse(stream: BinaryIO, told: ColumnMap) -> Iterator[Item]:
    """What a map makes of a table. Raises FileError (MTR142, MTR150), also where the map does not fit it."""
    table = Table(stream, delimiter=told.delimiter, skip=told.skip_lines, header=told.header)
    items = _READERS[told.kind](table, told)
    if told.confirmed:
        yield from items
        return
    yield Finding(findings.unconfirmed_map(told.name), 0)
    yield from (_unverified(item) for item in items)


_UNVERIFIED = "column map not confirmed"


def _unverified(item: Item) -> Item:
    if isinstance(item, DialRead):
        return item._replace(notes="; ".join(filter(None, (item.notes, _UNVERIFIED))))
    if not isinstance(item, DayRow):
        return item
    whole = (QualityRange(1, len(item.amounts) // 4, item.quality),)
    return item._replace(ranges=tuple(one._replace(text=_UNVERIFIED) for one in item.ranges or whole))


def _column(table: Table, name: str | int) -> int:
    """A column by its name, or by its number from 1."""
    width = len(table.header) or len(table.peek())
    if isinstance(name, int):
        if name <= width:
            return name - 1
        raise FileError(findings.unmapped_column(f"number {name} of {width}", table.header), table.first_line)
    keys = [key_of(head) for head in table.header]
    if keys.count(key_of(name)) > 1:
        raise FileError(findings.doubled_column([name, name]), table.first_line)
    if key_of(name) in keys:
        return keys.index(key_of(name))
    raise FileError(findings.unmapped_column(name, table.header), table.first_line)


def _place(table: Table, cell: Cell, default: str = "") -> Place:
    if isinstance(cell, Mapping):
        return cell.get("value", default)
    return _column(table, cell) if cell else default


def _source(table: Table, told: ColumnMap) -> Source:
    return Source(
        told.scheme,
        _place(table, told.identifier),
        _place(table, told.register),
        _place(table, told.serial),
        _place(table, told.unit),
        _place(table, told.direction, "import"),
    )


def _text(told: ColumnMap) -> Text | None:
    """Rewrites a number with other marks into one with a point."""
    if told.decimal == "." and not told.thousands:
        return None
    return lambda cell: cell.strip().replace(told.thousands or "\0", "").replace(told.decimal, ".")


def _quality(table: Table, told: ColumnMap) -> int | None:
    return _column(table, told.quality) if told.quality else None


def _read_days(table: Table, told: ColumnMap) -> Iterator[Item]:
    first, day = _column(table, told.first_value), _column(table, told.day)
    last = _column(table, told.last_value) if told.last_value else first + 24 * 60 // told.minutes - 1
    layout = Wide(
        _source(table, told),
        day,
        tuple(range(first, last + 1)),
        told.clock,
        (),
        _quality(table, told),
        _DATES[told.date],
        told.minutes,
        _text(told),
    )
    return read_wide(table, layout)


def _read_intervals(table: Table, told: ColumnMap) -> Iterator[Item]:
    source = _source(table, told)
    when = [name for name in (told.stamp_column or told.day, told.time or told.period) if name]
    layout = Long(
        tuple(_value(table, source, value) for value in told.values),
        tuple(_column(table, name) for name in when),
        "period" if told.period else "end" if told.stamp == "end" else "start",
        told.clock,
        _quality(table, told),
        _DATES[told.date],
        told.minutes,
        _text(told),
    )
    return read_long(table, layout)


def _value(table: Table, source: Source, value: str | int | Mapping[str, str | int]) -> tuple[int, Source]:
    """A column of numbers; a table beside its name says how its stream differs from the map's."""
    if not isinstance(value, Mapping):
        return _column(table, value), source
    said = {name: str(value[name]) for name in _OF_A_VALUE if name in value}
    return _column(table, value["column"]), replace(source, **said)


def _read_reads(table: Table, told: ColumnMap) -> Iterator[Item]:
    value, source = _value(table, _source(table, told), told.values[0])
    columns = {"day": _column(table, told.day), "value": value}
    places = {"identifier": source.identifier, "register": source.register, "serial": source.serial}
    columns |= {name: place for name, place in places.items() if isinstance(place, int)}

    def make(record: Record) -> Item:
        said = {name: record.text(name) if isinstance(p, int) else p for name, p in places.items()}
        identifier = record.given("identifier") if isinstance(source.identifier, int) else said["identifier"]
        stream = Stream(told.scheme, identifier, said["register"], said["serial"], _unit_name(source.unit))
        return DialRead(stream, record.day("day"), None, dial_of(record, "value"), "ACTUAL", record.line)

    def record(row: Sequence[str], line: int) -> Record:
        return Record(columns, row, line, _DATES[told.date], _text(told))

    return read_records(table, max(columns.values()), record, make)


def _unit_name(unit: Place) -> str:
    known = unit_of(unit) if isinstance(unit, str) and unit else None
    return known.name if known else ""


_READERS = {"days": _read_days, "intervals": _read_intervals, "reads": _read_reads}
