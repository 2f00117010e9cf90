"""A file as its items: opened, recognised, parsed, one after the other, never as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, NamedTuple

from submeter.core.problem import Refused
from submeter.metering.formats import column_map, findings
from submeter.metering.formats.clocks import clock_named, nearest_clocks
from submeter.metering.formats.column_map import ColumnMap
from submeter.metering.formats.detect import detect, format_named
from submeter.metering.formats.opening import opened
from submeter.metering.model import Item

__all__ = ["How", "Part", "how_to_read", "parts"]


@dataclass(frozen=True, slots=True)
class How:
    """What is named of a file beside the file. `how_to_read` makes sure that it fits together."""

    format: str = ""
    columns: ColumnMap | None = None
    """What describes a table that no source does. It states its clock."""
    clock: str = ""
    """The clock of a table that does not state its own; all others keep theirs."""

    def as_json(self) -> dict[str, Any]:
        """What the data depends on, and is kept with the file: the map as it is now, the clock."""
        told = {"columns": column_map.as_json(self.columns)} if self.columns else {}
        return told | ({"clock": self.clock} if self.clock else {})


def how_to_read(format_name: str = "", columns: ColumnMap | None = None, clock: str = "") -> How:
    """What is named, if it can be. Raises Refused: MTR155 no such format, MTR193 no such clock, MTR195."""
    known = clock_named(clock) if clock else ""
    if known is None:
        raise Refused(findings.no_such_clock(clock, nearest_clocks(clock)))
    if format_name:
        format_named(format_name)
    if columns is None:
        return How(format_name, None, known)
    if format_name:
        detail = f"the format {format_name} and the column map {columns.name}"
        raise Refused(findings.contradiction(detail, "A column map describes a file that is of no format"))
    return How("", _in_clock(columns, known))


def _in_clock(columns: ColumnMap, clock: str) -> ColumnMap:
    """The map with its clock, or with the one that was named."""
    if columns.kind == "reads":
        return columns
    if clock and columns.clock not in ("", clock):
        detail = f"the column map {columns.name} has {columns.clock}, {clock} was named"
        hint = "Leave the clock out, or take it out of the map where it differs from file to file"
        raise Refused(findings.contradiction(detail, hint))
    if not (clock or columns.clock):
        hint = "Name the clock of the file's times, in the map (clock) or beside it"
        raise Refused(findings.contradiction(f"the column map {columns.name} has no clock", hint))
    return replace(columns, clock=clock or columns.clock)


class Part(NamedTuple):
    """What was sent, or a member of the archive that was sent. Its items are read before the next part."""

    name: str
    format: str
    items: Iterator[Item]


def parts(stream: BinaryIO, name: str, how: How | None = None) -> Iterator[Part]:
    """The files in what was sent. Raises FileError where one cannot be opened or recognised."""
    how = how or How()
    for member in opened(stream, name):
        if how.columns is not None:
            yield Part(member.name, "column-map", column_map.parse(member.stream, how.columns))
        else:
            found = format_named(how.format) if how.format else detect(member.head)
            yield Part(member.name, found.name, found.read(member.stream, how.clock))
