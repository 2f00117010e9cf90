"""Meters and registers in the database."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from submeter.db.queries import load_queries
from submeter.network.model import LossFactorRow, MeterPlace, Point, RegisterAt

__all__ = [
    "RegisterFacts",
    "add_meter",
    "add_multiplier",
    "add_register",
    "close_register",
    "copy_multiplier",
    "copy_register",
    "find_exchange",
    "find_meter",
    "find_points",
    "install",
    "list_losses",
    "list_registers_at",
    "list_registers_of",
    "list_types",
    "lock_point",
    "move_register",
    "names_of",
    "remove_meter",
    "reopen_register",
]

_QUERIES = load_queries(__package__ or "")
_METER = ("name", "hardware", "manufacturer", "approval_mark", "location", "hazards")
_FACTORS = ("multiplier", "ct_ratio", "vt_ratio", "pulse_weight")


class RegisterFacts(NamedTuple):
    """A register of a meter, by itself."""

    id: UUID
    name: str
    nature: str
    direction: str
    unit: str
    digits: int | None
    decimals: int | None
    type: str | None
    meter_code: str | None
    meter_register: str | None
    controlled_load: str | None
    timing: str | None


def find_points(
    connection: psycopg.Connection, esco_id: UUID, identifier: str, day: date
) -> tuple[Point, ...]:
    """The supply points that have this identifier on the day, of whatever scheme."""
    values = {"esco_id": esco_id, "identifier": identifier.upper(), "day": day}
    return tuple(Point(*row) for row in connection.execute(_QUERIES["find_points"], values))


def list_types(connection: psycopg.Connection, esco_id: UUID) -> tuple[str, ...]:
    """The codes of register types."""
    return tuple(code for (code,) in connection.execute(_QUERIES["register_types"], {"esco_id": esco_id}))


def list_registers_at(connection: psycopg.Connection, point_id: UUID) -> tuple[RegisterAt, ...]:
    """The registers that measure or measured a supply point, the oldest installation first."""
    rows = connection.execute(_QUERIES["registers_at"], {"point_id": point_id})
    return tuple(RegisterAt(*row) for row in rows)


def list_registers_of(connection: psycopg.Connection, meter_id: UUID) -> tuple[RegisterFacts, ...]:
    """The active registers of a meter that are read."""
    rows = connection.execute(_QUERIES["registers_of_meter"], {"meter_id": meter_id})
    return tuple(RegisterFacts(*row) for row in rows)


def list_losses(
    connection: psycopg.Connection, points: Iterable[UUID]
) -> dict[UUID, dict[str, tuple[LossFactorRow, ...]]]:
    """The loss factors that hold or held at supply points, by kind (MLF, DLF, internal); one query."""
    found: dict[UUID, dict[str, tuple[LossFactorRow, ...]]] = {}
    for point, kind, *row in connection.execute(_QUERIES["losses_at"], {"points": list(points)}):
        kinds = found.setdefault(point, {})
        kinds[kind] = (*kinds.get(kind, ()), LossFactorRow(*row))
    return found


def names_of(connection: psycopg.Connection, meter_id: UUID) -> dict[str, UUID]:
    """All registers that the meter has or had, by name."""
    rows = connection.execute(_QUERIES["names_of_registers"], {"meter_id": meter_id})
    return dict(rows.fetchall())


def find_meter(
    connection: psycopg.Connection,
    *,
    meter_id: UUID | None = None,
    esco_id: UUID | None = None,
    serial: str = "",
) -> MeterPlace | None:
    """A meter by id, or by serial number in an ESCO; locked until the transaction ends."""
    values = {"id": meter_id, "esco_id": esco_id, "serial": serial}
    row = connection.execute(_QUERIES["find_meter"], values).fetchone()
    return MeterPlace(*row) if row else None


def add_meter(connection: psycopg.Connection, esco_id: UUID, serial: str, about: Mapping[str, Any]) -> UUID:
    """A meter; `about` may have name, hardware, manufacturer, approval_mark, location, hazards, ..."""
    values = {name: about.get(name) or None for name in _METER}
    values |= {"esco_id": esco_id, "serial": serial, "attributes": json.dumps(about.get("attributes") or {})}
    return _key(connection.execute(_QUERIES["add_meter"], values))


def install(
    connection: psycopg.Connection,
    esco_id: UUID,
    meter_id: UUID,
    point_id: UUID,
    installed_at: datetime | None,
) -> UUID:
    """Put a meter into place; since the beginning, if nobody knows since when."""
    values = {"esco_id": esco_id, "meter_id": meter_id, "point_id": point_id, "installed_at": installed_at}
    return _key(connection.execute(_QUERIES["install"], values))


def add_register(connection: psycopg.Connection, values: Mapping[str, Any]) -> UUID:
    """A register, its unit and nature those of its type."""
    return _key(connection.execute(_QUERIES["add_register"], values))


def reopen_register(connection: psycopg.Connection, register_id: UUID, values: Mapping[str, Any]) -> None:
    """A register that was closed counts again."""
    connection.execute(_QUERIES["reopen_register"], {**values, "id": register_id})


def add_multiplier(
    connection: psycopg.Connection,
    esco_id: UUID,
    register_id: UUID,
    factors: Mapping[str, Any],
    day: date | None,
) -> None:
    """A multiplier, or CT, VT and pulse of which it is the product, from a day on."""
    values = {name: factors.get(name) for name in _FACTORS}
    values |= {"esco_id": esco_id, "register_id": register_id, "from_date": day}
    connection.execute(_QUERIES["add_multiplier"], values)


def close_register(connection: psycopg.Connection, register_id: UUID, at: datetime) -> None:
    """A register stops to count."""
    connection.execute(_QUERIES["close_register"], {"id": register_id, "at": at})


def remove_meter(connection: psycopg.Connection, installation_id: UUID, at: datetime) -> None:
    """Take a meter away, or correct when that was."""
    connection.execute(_QUERIES["remove_meter"], {"id": installation_id, "at": at})


def copy_register(
    connection: psycopg.Connection, register_id: UUID, meter_id: UUID, about: Mapping[str, Any]
) -> UUID:
    """The same register of another meter; `about` may have other digits and decimals."""
    values = {
        "id": register_id,
        "meter_id": meter_id,
        "digits": about.get("digits"),
        "decimals": about.get("decimals"),
    }
    return _key(connection.execute(_QUERIES["copy_register"], values))


def copy_multiplier(connection: psycopg.Connection, register_id: UUID, new_id: UUID, day: date) -> None:
    """The multiplier that holds on the day, from that day on for another register."""
    connection.execute(_QUERIES["copy_multiplier"], {"id": register_id, "new_id": new_id, "day": day})


def move_register(connection: psycopg.Connection, register_id: UUID, new_id: UUID, at: datetime) -> None:
    """What a register counted for, another counts for from now on: circuits and virtual registers."""
    values = {"id": register_id, "new_id": new_id, "at": at}
    connection.execute(_QUERIES["move_circuits"], values)
    connection.execute(_QUERIES["move_parts"], values)


def lock_point(connection: psycopg.Connection, point_id: UUID) -> None:
    """Nobody else exchanges a meter here until the transaction ends."""
    connection.execute(_QUERIES["lock_point"], {"id": point_id})


def find_exchange(
    connection: psycopg.Connection, installation_id: UUID, serial: str
) -> tuple[UUID, datetime] | None:
    """The meter of that serial number that came when the installation ended, and when that was."""
    row = connection.execute(_QUERIES["find_exchange"], {"id": installation_id, "serial": serial}).fetchone()
    return (row[0], row[1]) if row else None


def _key(cursor: psycopg.Cursor[Any]) -> UUID:
    row = cursor.fetchone()
    assert row
    found: UUID = row[0]
    return found
