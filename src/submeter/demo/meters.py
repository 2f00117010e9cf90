"""Rows of what measures: meters, registers, where they hang, circuits, readings, days of intervals."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from submeter.demo.company import TIME_ZONE, Home
from submeter.demo.metering import (
    Meter,
    Register,
    circuit_id,
    list_natures,
    supply_point_id,
)
from submeter.demo.parties import Rows
from submeter.demo.people import key_id
from submeter.demo.readings import DayOfRegister, Reading
from submeter.metering.model import MISSING, DayRow, Stream


def rows_of_circuits(home: Home) -> Rows:
    """The uses of energy in a home."""
    label = f"Plot {home.plot}" if home.is_home else "Landlord"
    for nature in list_natures(home):
        row = {"id": circuit_id(home, nature), "esco_id": home.estate.id, "type": nature}
        yield "circuits", {**row, "name": f"{label} {nature}"}


def rows_of_meter(meter: Meter) -> Rows:
    """A meter with its installation and its registers, and what they count for."""
    own = {"esco_id": meter.home.estate.id}
    yield "meters", {
        "id": meter.id, **own, "serial": meter.serial, "hardware": meter.hardware,
        "mode": "active" if meter.home.is_home else "passive", "prepay_enabled": meter.is_prepay,
        "status": "removed" if meter.removed_at else "installed",
    }  # fmt: skip
    yield "meter_installations", {
        "id": key_id(meter.id, "installation"), **own, "meter_id": meter.id,
        "supply_point_id": supply_point_id(meter.home, meter.product),
        "installed_at": meter.installed_at, "removed_at": meter.removed_at,
    }  # fmt: skip
    for register in meter.registers:
        yield from _rows_of_register(meter, register)


def rows_of_readings(
    meter: Meter, register: Register, readings: Sequence[Reading]
) -> Iterator[dict[str, Any]]:
    """The readings, in kWh as the dial has them."""
    for reading in readings:
        yield {
            "id": key_id(register.id, reading.read_at), "esco_id": meter.home.estate.id,
            "register_id": register.id, "read_at": reading.read_at, "reading": _kwh(reading.dial_wh),
            "status": reading.status, "kind": reading.kind, "replaces_id": None,
            "source": "demo", "notes": reading.notes,
        }  # fmt: skip


def with_correction(rows: Sequence[dict[str, Any]], index: int) -> tuple[dict[str, Any], ...]:
    """The same readings, but one was estimated too high first, and corrected by the one that stands."""
    right = rows[index]
    estimate = {
        **right,
        "status": "estimated",
        "reading": right["reading"] + Decimal("12.5"),
        "notes": "no access",
    }
    correction = {
        **right, "id": key_id(right["id"], "correction"), "status": "actual", "replaces_id": right["id"],
        "notes": "read at a second visit",
    }  # fmt: skip
    return (*rows[:index], estimate, correction, *rows[index + 1 :])


def rows_of_intervals(meter: Meter, register: Register, days: Iterable[DayOfRegister]) -> Iterator[DayRow]:
    """A row for each day, on the local clock, in whole Wh, as a file would have it."""
    stream = Stream("serial", meter.serial, register.name, direction=register.direction)
    for counted in days:
        local = counted.day.day
        yield DayRow(
            stream, local.day, TIME_ZONE.key, 30, 3, _packed(counted), "A", (),
            local.starts_at + timedelta(hours=30), 0,
        )  # fmt: skip


def _rows_of_register(meter: Meter, register: Register) -> Rows:
    own = {"esco_id": meter.home.estate.id}
    yield "registers", {
        "id": register.id, **own, "meter_id": meter.id, "name": register.name, "nature": register.nature,
        "direction": register.direction, "digits": 6, "closed_at": meter.removed_at,
        "status": "closed" if meter.removed_at else "active",
    }  # fmt: skip
    if register.multiplier != 1:
        yield "register_multipliers", {
            "id": key_id(register.id, "multiplier"), **own, "register_id": register.id,
            "multiplier": register.multiplier, "from_date": meter.installed_at.astimezone(TIME_ZONE).date(),
        }  # fmt: skip
    yield "circuit_registers", {
        "circuit_id": circuit_id(meter.home, register.nature), "register_id": register.id, **own,
        "start_at": meter.installed_at, "end_at": meter.removed_at,
    }  # fmt: skip


def _kwh(watt_hours: int) -> Decimal:
    return Decimal(watt_hours).scaleb(-3)


def _packed(counted: DayOfRegister) -> bytes:
    """Half-hours as a file's parser gives them."""
    amounts = [MISSING if amount is None else amount for amount in counted.amounts]
    return struct.pack(f"<{len(amounts)}i", *amounts)
