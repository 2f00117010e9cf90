"""Registers in the database: found by the names that people have for them, and their days one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import NamedTuple
from uuid import UUID

import psycopg

from submeter.db.queries import load_queries
from submeter.metering.model import DayRow, QualityRange, Stream

__all__ = ["Place", "RegisterRow", "list_days", "list_names", "list_places", "list_registers"]

_QUERIES = load_queries(__package__ or "")
_DAYS_AT_ONCE = 500
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A register, its meter, and where that is installed, or was last."""

    id: UUID
    meter_id: UUID
    serial: str
    name: str
    nature: str
    unit: str
    direction: str
    status: str
    site_name: str | None
    clock: str | None
    """Of the site's billing days."""
    property_name: str | None
    scheme: str | None
    identifier: str | None
    first_day: date | None
    """Of the intervals that there are, in the source's clock."""
    last_day: date | None

    @property
    def label(self) -> str:
        """By which a command finds it: WLT240009/A."""
        return f"{self.serial}/{self.name}"


class Place(NamedTuple):
    """What a register was called from a moment to a moment; open ends are None."""

    scheme: str
    identifier: str
    from_at: datetime | None
    to_at: datetime | None

    def holds(self, at: datetime) -> bool:
        return (self.from_at is None or self.from_at <= at) and (self.to_at is None or at < self.to_at)


def list_registers(
    connection: psycopg.Connection, name: str | None = None, site: str | None = None
) -> tuple[RegisterRow, ...]:
    """The registers of a name, of a site (id, code or name), or all that the caller may see.

    A name is the id of a register or meter, a serial number or an identifier of a supply point; or one of the
    latter two with the register's name behind it: WLT240009/A.
    """
    rows = connection.execute(_QUERIES["list_registers"], {"name": name, "site": site})
    return tuple(RegisterRow(*row) for row in rows)


def list_names(connection: psycopg.Connection) -> tuple[str, ...]:
    """What `list_registers` could be asked for: serial numbers, identifiers, sites."""
    return tuple(name for (name,) in connection.execute(_QUERIES["list_names"]))


def list_places(connection: psycopg.Connection, register_id: UUID) -> tuple[Place, ...]:
    """What the register was called over time; a market's identifiers before the operator's own."""
    return tuple(
        Place(*row) for row in connection.execute(_QUERIES["list_places"], {"register_id": register_id})
    )


def list_days(
    connection: psycopg.Connection, register: RegisterRow, first: date, end: date
) -> Iterator[DayRow]:
    """The current days from `first` up to `end`, by the source's own clock.

    Some hundred are in memory at a time. Streams are named as on each day: by the identifier, else by
    the serial number.
    """
    places = list_places(connection, register.id)
    values = {"register_id": register.id, "first": first, "end": end}
    with connection.cursor(f"days_{next(_numbers)}") as cursor:
        cursor.itersize = _DAYS_AT_ONCE
        for *day, at in cursor.execute(_QUERIES["list_days"], values):
            yield _day_row(_stream(register, places, at), *day)


def _stream(register: RegisterRow, places: tuple[Place, ...], at: datetime) -> Stream:
    place = next((place for place in places if place.holds(at)), None)
    scheme, identifier = (place.scheme.lower(), place.identifier) if place else ("serial", register.serial)
    return Stream(scheme, identifier, register.name, register.serial, register.unit, register.direction)


def _day_row(
    stream: Stream,
    day: date,
    clock: str,
    minutes: int,
    decimals: int,
    amounts: bytes,
    quality: str,
    ranges: list[list[object]] | None,
    version_at: datetime | None,
    line: int,
) -> DayRow:
    parts = tuple(QualityRange(*part) for part in ranges or ())  # type: ignore[arg-type]
    return DayRow(stream, day, clock, minutes, decimals, amounts, quality, parts, version_at, line)
