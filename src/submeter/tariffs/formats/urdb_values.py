"""JSON of URDB as exact values: numbers, tiers, schedules; each refusal names the field."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from submeter.core.problem import Refused
from submeter.metering.formats.dates import day_of
from submeter.metering.model import FileError, Finding
from submeter.tariffs.formats import problems
from submeter.tariffs.formats.urdb_schedules import Grid

__all__ = ["Findings", "Tier", "day_in", "grid_in", "items_in", "months_in", "number_in", "structure_in"]

_ENDLESS = Decimal(10) ** 37
"""SAM writes 1e38 where a tier has no end."""
_MICRO = Decimal("0.000001")
_DIGITS = 12


class Tier(NamedTuple):
    """A step of a period: exact, as the file has it."""

    price: Decimal
    up_to: Decimal | None
    unit: str
    sell: Decimal


class Findings:
    """What is found in one rate, and money in the decimals that are kept."""

    def __init__(self) -> None:
        self.all: list[Finding] = []

    def add(self, problem: Any, value: object = "") -> None:
        self.all.append(Finding(problem, 0, 0, str(value)))

    def money(self, field: str, value: Decimal) -> Decimal:
        """The amount in six decimals, rounded half up; what was cut is told."""
        kept = value.quantize(_MICRO, ROUND_HALF_UP)
        if kept != value:
            self.add(problems.rounded(field, value, kept), value)
        return kept.normalize() + 0


def items_in(text: str) -> list[dict[str, Any]]:
    """The rates of a file: an answer of the API, a list, or one rate. Raises FileError TRF221."""
    try:
        found = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
        if isinstance(found, str):  # as PySAM keeps its downloads
            found = json.loads(found, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise FileError(problems.not_urdb(f"no JSON: {error}")) from error
    items = found.get("items", [found]) if isinstance(found, dict) else found
    if not isinstance(items, list) or not items or not all(isinstance(one, dict) for one in items):
        raise FileError(problems.not_urdb("there is no rate in it"))
    return [{str(key).lower(): value for key, value in one.items() if value is not None} for one in items]


def _no_number(said: str) -> Any:
    message = f"{said} is no number"
    raise ValueError(message)


def number_in(field: str, value: Any) -> Decimal:
    """A number, or text that is one. Raises Refused TRF222."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, str)):
        raise Refused(problems.wrong_shape(field, "a number is expected"))
    try:
        number = Decimal(value)
    except ArithmeticError as error:
        raise Refused(problems.wrong_shape(field, "a number is expected")) from error
    if not number.is_finite() or (number and not -_DIGITS * 4 < number.adjusted() <= _DIGITS * 4):
        raise Refused(problems.wrong_shape(field, "a number of usual size is expected"))
    return number


def day_in(field: str, value: Any) -> date:
    """A time in seconds since 1970 (UTC), or a date. Raises Refused TRF222."""
    if isinstance(value, str) and (day := day_of(value[:10])):
        return day
    try:
        return datetime.fromtimestamp(int(number_in(field, value)), UTC).date()
    except (OverflowError, OSError, ValueError) as error:
        raise Refused(problems.wrong_shape(field, "seconds since 1970 are expected")) from error


def structure_in(field: str, value: Any, findings: Findings) -> tuple[tuple[Tier, ...], ...]:
    """Periods with their tiers. Raises Refused TRF222."""
    periods = _list(field, value)
    return tuple(
        _tiers(f"{field}[{n}]", _list(f"{field}[{n}]", one), findings) for n, one in enumerate(periods)
    )


def _tiers(field: str, tiers: Sequence[Any], findings: Findings) -> tuple[Tier, ...]:
    found = [_tier(f"{field}[{n}]", one, findings) for n, one in enumerate(tiers)]
    if not found:
        raise Refused(problems.wrong_shape(field, "a period has at least one tier"))
    if found[-1].up_to is not None:
        findings.add(problems.assumed(f"{field}[{len(found) - 1}].max", "the last tier has no end"))
        found[-1] = found[-1]._replace(up_to=None)
    ends = [tier.up_to for tier in found[:-1]]
    if None in ends or any(a >= b for a, b in pairwise(ends) if a and b):
        raise Refused(problems.wrong_shape(field, "each tier ends later than the one before"))
    if len({tier.unit.lower() for tier in found}) > 1:
        raise Refused(problems.wrong_shape(field, "tiers of one period have one unit"))
    return tuple(found)


def _tier(field: str, tier: Any, findings: Findings) -> Tier:
    if not isinstance(tier, Mapping):
        raise Refused(problems.wrong_shape(field, "a tier with a rate is expected"))
    said = {str(key).lower(): value for key, value in tier.items() if value is not None}
    numbers = {
        key: number_in(f"{field}.{key}", said[key]) for key in ("rate", "adj", "max", "sell") if key in said
    }
    if "rate" not in numbers and "adj" not in numbers:
        findings.add(problems.not_carried(field, "the tier has no rate; it costs nothing in the plan"))
    for key in sorted(set(said) - {"rate", "adj", "max", "sell", "unit"}):
        findings.add(problems.not_carried(f"{field}.{key}", "tiers have no such field"), said[key])
    price = numbers.get("rate", Decimal(0)) + numbers.get("adj", Decimal(0))
    end = numbers.get("max")
    up_to = None if end is None or end <= 0 or end >= _ENDLESS else findings.money(f"{field}.max", end)
    unit = str(said.get("unit", ""))
    sell = findings.money(f"{field}.sell", numbers.get("sell", Decimal(0)))
    return Tier(findings.money(f"{field}.rate", price), up_to, unit, sell)


def grid_in(field: str, value: Any, periods: int) -> Grid:
    """12 months x 24 hours of periods that exist. Raises Refused TRF222."""
    rows = _list(field, value)
    if len(rows) != 12:
        raise Refused(problems.wrong_shape(field, "12 months are expected"))
    return tuple(_places(f"{field}[{n}]", row, 24, periods) for n, row in enumerate(rows))


def months_in(field: str, value: Any, periods: int) -> tuple[int, ...]:
    """A period for each of 12 months. Raises Refused TRF222."""
    return _places(field, value, 12, periods)


def _places(field: str, value: Any, count: int, periods: int) -> tuple[int, ...]:
    found = [number_in(f"{field}[{n}]", one) for n, one in enumerate(_list(field, value))]
    if len(found) != count:
        raise Refused(problems.wrong_shape(field, f"{count} periods are expected"))
    if any(one != int(one) or not 0 <= one < periods for one in found):
        raise Refused(problems.wrong_shape(field, f"periods are 0 to {periods - 1}"))
    return tuple(map(int, found))


def _list(field: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Refused(problems.wrong_shape(field, "a list is expected"))
    return value
