"""Intervals in the database: whose they are, days to change, what was changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from submeter.core.problem import Refused
from submeter.db.queries import load_queries
from submeter.metering import interval_problems as problems
from submeter.metering.blocks import Days
from submeter.metering.day_versions import KeptDay
from submeter.metering.model import DayRow, QualityRange
from submeter.metering.placing import Sums, add_up, span_of
from submeter.metering.selecting import IntervalRegister, Selection, settings_of

__all__ = [
    "ChangeRow",
    "LostEstimate",
    "Span",
    "VersionRow",
    "add_changes",
    "billed_days",
    "days_of",
    "find_registers",
    "get_register",
    "get_registers",
    "list_changes",
    "list_days",
    "load_days",
    "lock",
    "lost_estimates",
    "span_columns",
    "versions_at",
    "write_days",
]

_QUERIES = load_queries(__package__ or "")
_DAY_ZERO = date(2000, 1, 1).toordinal()
"""The day from which PostgreSQL counts."""
Span = tuple[UUID, date, date]


class LostEstimate(NamedTuple):
    """A day that was estimated until it came with gaps."""

    register_id: UUID
    day: date
    reason_code: int
    cut: bool
    """Whether it was estimated as zero."""


class ChangeRow(NamedTuple):
    """An edit or an estimate."""

    day: date
    first: int
    last: int
    kind: str
    quality: str
    method: str
    reason: str
    made_by: str
    made_at: datetime


class VersionRow(NamedTuple):
    """A version of a day that holds a moment."""

    status: str
    """stands, waits or replaced."""
    day: date
    starts_at: datetime
    row: DayRow
    file_at: datetime | None
    file_id: int | None
    file_name: str | None
    line: int | None
    source: str | None
    edited_by: str | None
    stored_at: datetime
    replaced_at: datetime | None


# Which registers --------------------------------------------------------------------------------------------


def find_registers(connection: psycopg.Connection, selection: Selection) -> list[UUID]:
    """The registers that are meant, of those that have intervals. Raises Refused MTR400, MTR401, MTR402."""
    if selection.register:
        return [get_register(connection, selection)]
    site = _get_site(connection, selection) if selection.site else None
    rows = connection.execute(_QUERIES["list_interval_registers"], {"site": site})
    return [register_id for (register_id,) in rows]


def get_register(connection: psycopg.Connection, selection: Selection) -> UUID:
    """The one register that is meant. Raises Refused MTR400, MTR401."""
    said = selection.register
    place, _, register = said.rpartition("/")
    values = {"id": selection.register_id, "whole": said, "place": place, "register": register}
    rows = connection.execute(_QUERIES["find_register"], values).fetchall()
    if not rows:
        raise Refused(problems.no_register(said))
    if len(rows) > 1:
        raise Refused(problems.several_registers(said, [name for _, name in rows]))
    found: UUID = rows[0][0]
    return found


def _get_site(connection: psycopg.Connection, selection: Selection) -> UUID:
    values = {"id": selection.site_id, "name": selection.site}
    rows = connection.execute(_QUERIES["find_site"], values).fetchall()
    if len(rows) != 1:
        raise Refused(problems.no_site(selection.site, len(rows)))
    found: UUID = rows[0][0]
    return found


def get_registers(connection: psycopg.Connection, registers: Sequence[UUID]) -> dict[UUID, IntervalRegister]:
    """What checks and estimates need to know of them."""
    rows = connection.execute(_QUERIES["get_interval_registers"], {"registers": list(registers)})
    return {row[0]: _register(row) for row in rows}


def _register(row: Sequence[Any]) -> IntervalRegister:
    key, esco_id, name, serial, unit, direction, clock, may_export, settings, spans = row
    pairs = tuple((first, last) for first, last in spans)
    return IntervalRegister(
        key, esco_id, name, serial, unit, direction, clock, may_export, pairs, settings_of(settings)
    )


# Days -------------------------------------------------------------------------------------------------------


def days_of(connection: psycopg.Connection, registers: Sequence[UUID]) -> list[Span]:
    """First and last day of each register that has any."""
    rows = connection.execute(_QUERIES["days_of_registers"], {"registers": list(registers)})
    return [(register, first, last) for register, first, last in rows if first]


def load_days(
    connection: psycopg.Connection, spans: Sequence[Span], registers: Mapping[UUID, IntervalRegister]
) -> Iterator[KeptDay]:
    """The days that are current, by register and day."""
    streams = {key: register.stream for key, register in registers.items()}
    rows = connection.execute(_QUERIES["load_days"], span_columns(spans), binary=True)
    for (
        register_id,
        day,
        clock,
        minutes,
        decimals,
        amounts,
        quality,
        ranges,
        version_at,
        file_at,
        *more,
    ) in rows:
        standing, file_id, line, source, edited_by = more
        row = DayRow(
            streams[register_id],
            day,
            clock,
            minutes,
            decimals,
            amounts,
            quality,
            _ranges(ranges),
            version_at,
            line,
        )
        yield KeptDay(register_id, row, file_at, standing, file_id, source, edited_by)


def list_days(connection: psycopg.Connection, spans: Sequence[Span]) -> list[Days]:
    """The days that are current in columns, each with the number of its span: nothing for each day."""
    connection.execute(_QUERIES["begin_arrays"])
    rows = connection.execute(_QUERIES["list_day_columns"], span_columns(spans), binary=True).fetchall()
    connection.execute(_QUERIES["end_arrays"])
    return [_days(*row) for row in rows]


def _days(clock: str, minutes: int, count: int, *columns: bytes) -> Days:
    numbers, days, lines, decimals = (
        np.frombuffer(column, kind).astype(np.int64)
        for column, kind in zip(columns, (">i4", ">i4", ">i4", ">i2"), strict=False)
    )
    amounts = np.frombuffer(columns[-1], "<i4").reshape(-1, count)
    return Days(clock, minutes, numbers, days + _DAY_ZERO, lines, decimals, amounts)


def _ranges(stored: Iterable[Sequence[Any]] | None) -> tuple[QualityRange, ...]:
    return tuple(QualityRange(*part) for part in stored or ())


def span_columns(spans: Sequence[Span]) -> dict[str, list[Any]]:
    """Registers, first and last days as the parameters of a query."""
    names = ("registers", "firsts", "lasts")
    return {name: [span[place] for span in spans] for place, name in enumerate(names)}


# Changes ----------------------------------------------------------------------------------------------------


def lost_estimates(connection: psycopg.Connection, spans: Sequence[Span]) -> list[LostEstimate]:
    """Days that were estimated here, and whose newer version has gaps."""
    rows = connection.execute(_QUERIES["lost_estimates"], span_columns(spans))
    return [LostEstimate(register, day, int(reason or 0), cut) for register, day, reason, cut in rows]


def lock(connection: psycopg.Connection, esco_id: UUID) -> None:
    """No import of the ESCO changes intervals until the transaction ends."""
    connection.execute(_QUERIES["lock_intervals"], {"esco_id": esco_id})


def billed_days(connection: psycopg.Connection, days: Sequence[KeptDay]) -> set[tuple[UUID, date]]:
    """Which of the days stand on a bill, in part at least."""
    spans = [span_of(day.row.clock, day.row.day) for day in days]
    values = {
        "registers": [day.register_id for day in days], "days": [day.row.day for day in days],
        "starts": [span.starts_at for span in spans], "ends": [span.ends_at for span in spans],
    }  # fmt: skip
    return {(register, day) for register, day in connection.execute(_QUERIES["billed_days"], values)}


def write_days(connection: psycopg.Connection, days: Sequence[KeptDay], escos: Mapping[UUID, UUID]) -> None:
    """Make the days current; what they replace is kept."""
    if not days:
        return
    rows = [
        _written(day, sums, escos) for day, sums in zip(days, add_up([day.row for day in days]), strict=True)
    ]
    values = {name: [row[name] for row in rows] for name in rows[0]}
    connection.execute(_QUERIES["add_starts"], {"starts": values["starts_at"]})
    connection.execute(_QUERIES["write_days"], values)


def _written(day: KeptDay, sums: Sums, escos: Mapping[UUID, UUID]) -> dict[str, Any]:
    row, span = day.row, span_of(day.row.clock, day.row.day)
    return {
        "register_id": day.register_id, "day": row.day, "esco_id": escos[day.register_id],
        "starts_at": span.starts_at, "ends_at": span.ends_at, "clock": row.clock, "minutes": row.minutes,
        "decimals": row.decimals, "missing": sums.missing, "standing": day.standing, "total": sums.total,
        "amounts": row.amounts, "quality": row.quality,
        "ranges": Jsonb([list(part) for part in row.ranges]) if row.ranges else None,
        "version_at": row.version_at, "file_at": day.file_at, "file_id": day.file_id, "line": row.line,
        "source": day.source, "edited_by": day.edited_by,
    }  # fmt: skip


def add_changes(connection: psycopg.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note what was changed, how and by whom."""
    with connection.cursor() as cursor:
        cursor.executemany(_QUERIES["add_change"], rows)


def list_changes(
    connection: psycopg.Connection, register_id: UUID, days: tuple[date, date]
) -> list[ChangeRow]:
    """Edits and estimates of some days, the newest first."""
    values = {"register_id": register_id, "first": days[0], "last": days[1]}
    return [ChangeRow(*row) for row in connection.execute(_QUERIES["list_changes"], values)]


def versions_at(
    connection: psycopg.Connection, register: IntervalRegister, at: datetime, days: tuple[date, date]
) -> list[VersionRow]:
    """Every version of the day that holds a moment: the one that stands, what waits, what was replaced."""
    values = {"register_id": register.id, "at": at, "first": days[0], "last": days[1]}
    found, stream = [], register.stream
    for (
        status,
        day,
        begins,
        clock,
        minutes,
        decimals,
        amounts,
        quality,
        ranges,
        version_at,
        *more,
    ) in connection.execute(_QUERIES["versions_at"], values):
        row = DayRow(
            stream,
            day,
            clock,
            minutes,
            decimals,
            bytes(amounts),
            quality,
            _ranges(ranges),
            version_at,
            more[3] or 0,
        )
        found.append(VersionRow(status, day, begins, row, *more))
    return found
