"""What a line of a meters file asks for, against what is there: add a register, close one, or nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches

from submeter.core.problem import Problem
from submeter.metering.days import starts_at
from submeter.metering.model import MeterRow
from submeter.network.identifiers import problem_with
from submeter.network.model import Point, RegisterAt

__all__ = [
    "Add",
    "Close",
    "Nothing",
    "Step",
    "about_meter",
    "begins_at",
    "ends_at",
    "name_for",
    "no_point",
    "serial_of",
    "step_for",
    "unknown_type",
]

_STREAM_CODE = re.compile(r"[A-Z][0-9A-Z]")
"""E1, B1, Q1: a data stream of a meter, and no meter."""
_BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)
_METER_COLUMNS = {
    "locationofmeter": "location",
    "meterhazards": "hazards",
    "metermanufacturer": "manufacturer",
    "metermodel": "hardware",
    "approvalmark": "approval_mark",
}
_REGISTER_COLUMNS = {"controlledload": "controlled_load", "metertiming": "timing"}


@dataclass(frozen=True, slots=True)
class Nothing:
    """It is as the line says already."""


@dataclass(frozen=True, slots=True)
class Add:
    """A register to add, with its meter if that is new. `gives_way`: registers whose last day the new one's
    first is; the day is the newcomer's."""

    serial: str
    installed_at: datetime | None
    gives_way: tuple[RegisterAt, ...] = ()


@dataclass(frozen=True, slots=True)
class Close:
    """A register to close, and its meter to take away if it is the last one open."""

    register: RegisterAt
    at: datetime
    takes_meter: bool


Step = Nothing | Add | Close


def begins_at(row: MeterRow, point: Point) -> datetime | None:
    """Installed at the start of its day; None where the line does not say when."""
    return None if row.installed_on is None else starts_at(row.installed_on, point.clock)


def ends_at(row: MeterRow, point: Point) -> datetime:
    """Removed at the end of its day: its last reading is of that day."""
    assert row.removed_on, "the file's reader refuses INACTIVE without a day"
    return starts_at(row.removed_on + timedelta(days=1), point.clock)


def serial_of(row: MeterRow) -> str | Problem:
    """The serial number: mtr_srial, else the code of the meter unless that names a data stream (NET122)."""
    code = row.stream.serial
    serial = _detail(row, "mtrsrial")
    if serial or not _STREAM_CODE.fullmatch(code):
        return serial or code
    hint = f"Give mtr_srial: {code} names a data stream, and no meter"
    return Problem("NET122", "The meter has no serial number", _said(row), hint)


def name_for(row: MeterRow, serial: str, taken: Sequence[str]) -> str:
    """The name of a new register: as files of readings name it, told apart where the meter has one of it."""
    code, register = row.stream.serial, row.stream.register
    if code == serial:
        return register
    name = code if _STREAM_CODE.fullmatch(code) else register
    return f"{code} {register}" if name in taken else name


def step_for(row: MeterRow, point: Point, serial: str, there: Sequence[RegisterAt]) -> Step | Problem:
    """What to do. Problems: NET123, NET124, NET126."""
    key = (row.stream.serial, row.stream.register)
    same = [one for one in there if (one.meter_code, one.register) == key]
    return (
        _closing(row, point, there, same)
        if row.status == "INACTIVE"
        else _adding(row, point, serial, there, same)
    )


def _adding(
    row: MeterRow, point: Point, serial: str, there: Sequence[RegisterAt], same: Sequence[RegisterAt]
) -> Step | Problem:
    still = next((one for one in same if one.is_open), None)
    if still is not None:
        return Nothing() if _is_as_said(row, serial, still) else _other(row, still)
    installed_at = begins_at(row, point)
    return Add(serial, installed_at, tuple(one for one in there if _meets(row, point, one)))


def _meets(row: MeterRow, point: Point, before: RegisterAt) -> bool:
    """Whether the register of another meter ended with the day on which this one begins."""
    if row.installed_on is None or before.removed_at is None:
        return False
    end = starts_at(row.installed_on + timedelta(days=1), point.clock)
    return before.removed_at == end and (before.type, before.direction) == (
        row.meter_type,
        row.stream.direction,
    )


def _is_as_said(row: MeterRow, serial: str, one: RegisterAt) -> bool:
    said = (serial, row.meter_type, row.stream.direction, row.digits, row.multiplier)
    return said == (one.serial, one.type, one.direction, one.digits, Decimal(one.multiplier))


def _other(row: MeterRow, one: RegisterAt) -> Problem:
    held = f"there: meter {one.serial}, {one.type}, {one.direction}, {one.digits} digits, x {one.multiplier}"
    hint = "Deactivate it first, or correct it over REST (registers, register_multipliers), which is dated"
    return Problem("NET123", "The register is there, and is another", f"{_said(row)}; {held}", hint)


def _closing(
    row: MeterRow, point: Point, there: Sequence[RegisterAt], same: Sequence[RegisterAt]
) -> Step | Problem:
    at = ends_at(row, point)
    open_one = next((one for one in same if one.is_open), None)
    if open_one is None:
        if any(
            one.ended_at in (at, starts_at(row.removed_on, point.clock)) for one in same if row.removed_on
        ):
            return Nothing()
        hint = "Compare meter_code and meter_register with GET /registers; it may be closed already"
        return Problem("NET124", "There is no such register to close", _said(row), hint)
    if any(_follows(open_one, row, point, other) for other in there):
        assert row.removed_on
        at = starts_at(row.removed_on, point.clock)
    if at <= open_one.installed_at:
        hint = "Correct removed_date, or when the meter was installed (meter_installations)"
        detail = f"{_said(row)}: installed {open_one.installed_at:%Y-%m-%d}, removed {row.removed_on}"
        return Problem("NET126", "The meter was removed before it was installed", detail, hint)
    others = [
        one for one in there if one.installation_id == open_one.installation_id and one.id != open_one.id
    ]
    return Close(open_one, at, not any(one.is_open for one in others))


def _follows(one: RegisterAt, row: MeterRow, point: Point, other: RegisterAt) -> bool:
    """Whether another meter has been entered already that takes its place on the same day."""
    assert row.removed_on
    began = other.installed_at == starts_at(row.removed_on, point.clock)
    return (
        began
        and other.meter_id != one.meter_id
        and (other.type, other.direction) == (one.type, one.direction)
    )


# Details ----------------------------------------------------------------------------------------------------


def about_meter(row: MeterRow) -> tuple[dict[str, object], dict[str, str | None]]:
    """What the other columns say of the meter, and of the register."""
    told = {_plain(name): (name, value) for name, value in row.details.items()}
    known = {*_METER_COLUMNS, *_REGISTER_COLUMNS, "mtrsrial"}
    meter: dict[str, object] = {ours: told[name][1] for name, ours in _METER_COLUMNS.items() if name in told}
    meter["attributes"] = {name: value for plain, (name, value) in told.items() if plain not in known}
    register = {ours: told[name][1] if name in told else None for name, ours in _REGISTER_COLUMNS.items()}
    return meter, register


def _detail(row: MeterRow, wanted: str) -> str:
    return next((value for name, value in row.details.items() if _plain(name) == wanted), "")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


# What is not known ------------------------------------------------------------------------------------------


def no_point(row: MeterRow, count: int) -> Problem:
    """No supply point has the identifier (NET120), perhaps by a wrong check digit; or several (NET121)."""
    if count:
        hint = "Make the identifiers of the supply points different, or end the one that is no more (to_date)"
        return Problem("NET121", "Several supply points have this identifier", _said(row), hint)
    hint = "Add the supply point and its identifier first; the file may then come again"
    wrong = next(
        filter(None, (_miswritten(scheme, row.stream.identifier) for scheme in ("nmi", "icp", "mpan"))), ""
    )
    return Problem("NET120", "No supply point has this identifier", _said(row), wrong or hint)


def _miswritten(scheme: str, text: str) -> str:
    problem = problem_with(scheme, text)
    return f"As {scheme.upper()}: {problem.hint}" if problem and problem.code == "NET103" else ""


def unknown_type(row: MeterRow, known: Sequence[str]) -> Problem:
    """The operator has no such kind of register."""
    near = get_close_matches(row.meter_type, known, 1)
    hint = f"Perhaps {near[0]}; " if near else ""
    hint += "add it to register_types, or use one of " + ", ".join(known)
    return Problem("NET104", "The register type is not known", row.meter_type, hint)


def _said(row: MeterRow) -> str:
    stream = row.stream
    return f"{stream.identifier} meter {stream.serial} register {stream.register}"
