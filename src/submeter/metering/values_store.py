"""What values of registers are computed of, in the database."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import psycopg

from submeter.db.queries import load_queries
from submeter.metering.consumption import Multiplier
from submeter.metering.days import day_of, starts_at
from submeter.metering.model import DayRow, Stream
from submeter.metering.readings import Reading
from submeter.metering.virtual_values import Definition, Member, Part, Place
from submeter.network.model import LossFactorRow

__all__ = [
    "Below",
    "find_clock",
    "find_reading",
    "list_below",
    "list_circuit_places",
    "list_definitions",
    "list_interval_days",
    "list_multipliers",
    "list_my_spans",
    "list_readings",
]

_QUERIES = load_queries(__package__ or "", "value_queries.sql")
_NOBODY = Stream("own", "", "")
_MOMENT = timedelta(microseconds=1)


class Below(NamedTuple):
    """A register that another is computed of, or that register itself."""

    id: UUID
    formula: str | None
    unit: str
    is_pulse: bool
    has_intervals: bool


def find_clock(connection: psycopg.Connection, register_id: UUID) -> str | None:
    """The clock of the register's billing days; None if there is no such register."""
    row = connection.execute(_QUERIES["register_clock"], {"register_id": register_id}).fetchone()
    return row[1] if row else None


def list_circuit_places(connection: psycopg.Connection, circuit_id: UUID) -> tuple[Place, ...]:
    """The registers of kWh that count for a circuit, each while it does, in time."""
    rows = connection.execute(_QUERIES["circuit_places"], {"circuit_id": circuit_id})
    return tuple(Place(*row) for row in rows)


def list_my_spans(connection: psycopg.Connection) -> tuple[str, tuple[Place, ...]]:
    """The ESCO of the customer who asks, and the registers that measured them, each while it did."""
    rows = connection.execute(_QUERIES["my_spans"]).fetchall()
    return str(rows[0][0]) if rows else "", tuple(Place(key, 1, start, end) for _, key, start, end in rows)


def list_below(connection: psycopg.Connection, registers: Sequence[UUID]) -> tuple[Below, ...]:
    """The registers and all that they are computed of."""
    rows = connection.execute(_QUERIES["registers_below"], {"registers": list(registers)})
    return tuple(Below(*row) for row in rows)


def list_definitions(connection: psycopg.Connection, registers: Sequence[Below]) -> dict[UUID, Definition]:
    """How the virtual ones among registers are computed."""
    virtual = [one for one in registers if one.formula]
    parts = _grouped(_parts(connection, "parts", [one.id for one in virtual]))
    shared = {part.register_id for one in virtual if one.formula == "share" for part in parts.get(one.id, ())}
    sharers = tuple(_parts(connection, "shares_of", list(shared)))
    return {one.id: _definition(connection, one, parts.get(one.id, ()), sharers) for one in virtual}


def _definition(
    connection: psycopg.Connection, one: Below, parts: tuple[Part, ...], sharers: tuple[Part, ...]
) -> Definition:
    assert one.formula
    if one.formula != "residual":
        return Definition(one.formula, parts, sharers if one.formula == "share" else ())
    rows = connection.execute(_QUERIES["residual_members"], {"register_id": one.id})
    members = tuple(Member(*row) for row in rows)
    points = {member.supply_point_id for member in members if not member.is_gate}
    losses = {point: _losses(connection, point) for point in points}
    return Definition(
        one.formula, members=members, losses={point: rows for point, rows in losses.items() if rows}
    )


def _losses(connection: psycopg.Connection, point_id: UUID) -> tuple[LossFactorRow, ...]:
    rows = connection.execute(_QUERIES["losses_of"], {"supply_point_id": point_id})
    return tuple(LossFactorRow(*row) for row in rows)


def _parts(connection: psycopg.Connection, query: str, registers: Sequence[UUID]) -> Iterable[Part]:
    return (Part(*row) for row in connection.execute(_QUERIES[query], {"registers": list(registers)}))


def _grouped(parts: Iterable[Part]) -> Mapping[UUID, tuple[Part, ...]]:
    return {key: tuple(group) for key, group in groupby(parts, lambda part: part.virtual_id)}


def list_interval_days(
    connection: psycopg.Connection, registers: Sequence[UUID], first: date, end: date, clock: str
) -> dict[UUID, tuple[DayRow, ...]]:
    """The days of intervals that reach into the days `[first, end)` of a clock."""
    values = {
        "registers": list(registers), "first": first, "end": end,
        "from_at": starts_at(first, clock), "to_at": starts_at(end, clock),
    }  # fmt: skip
    rows = connection.execute(_QUERIES["interval_days"], values)
    return {key: tuple(_day(*row[1:]) for row in group) for key, group in groupby(rows, lambda row: row[0])}


def _day(day: date, clock: str, minutes: int, decimals: int, amounts: bytes) -> DayRow:
    return DayRow(_NOBODY, day, clock, minutes, decimals, bytes(amounts), "A", (), None, 0)


def list_multipliers(connection: psycopg.Connection, register_id: UUID) -> tuple[Multiplier, ...]:
    """The multipliers of a register, in time."""
    return tuple(
        Multiplier(*row) for row in connection.execute(_QUERIES["multipliers"], {"register_id": register_id})
    )


def find_reading(
    connection: psycopg.Connection, register_id: UUID, read_at: datetime
) -> tuple[Decimal, Decimal] | None:
    """What the dial is said to have shown then, and its turn; a final or first reading before any other."""
    values = {"register_id": register_id, "read_at": read_at}
    row = connection.execute(_QUERIES["find_reading"], values).fetchone()
    return (row[0], row[1]) if row else None


def list_readings(connection: psycopg.Connection, register_id: UUID, clock: str) -> tuple[Reading, ...]:
    """The readings of a register that stand and count, in time."""
    rows = connection.execute(_QUERIES["dial_readings"], {"register_id": register_id})
    return tuple(reading_of_row(clock, *row) for row in rows)


def reading_of_row(
    clock: str, read_at: datetime, value: Decimal, sub_type: str, add_factor: Decimal
) -> Reading:
    """A reading with its day: at midnight of the day that ends, an opening of the one that begins."""
    day = day_of(read_at if sub_type == "OPENING" else read_at - _MOMENT, clock)
    return Reading(day, value, sub_type, read_at, add_factor)
