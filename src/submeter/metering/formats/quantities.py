"""Numbers and units of files, exactly: whole numbers and how many decimals they stand for."""

import re
from array import array
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from submeter.core.problem import Problem
from submeter.metering.formats import findings
from submeter.metering.model import MISSING

__all__ = ["MOST_DECIMALS", "Unit", "day_amounts", "decimal_of", "exact", "fits", "unit_of", "written"]

MOST_DECIMALS = 9
"""The database keeps that many decimals of an interval."""
_LARGEST = 2**31 - 1
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_UNIFORM = [
    re.compile(rf"[0-9]+{point}(?:,[0-9]+{point})*+")
    for point in ("", *(rf"\.[0-9]{{{places}}}" for places in range(1, MOST_DECIMALS + 1)))
]
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:[,' \u00a0\u202f][0-9]{3})+(?:\.[0-9]*)?")


class Unit(NamedTuple):
    """What a source's unit becomes: `amount` x 10^`power` of `name` (Wh is kWh with power -3)."""

    name: str
    power: int = 0


_UNITS = {
    "kwh": Unit("kWh"),
    "wh": Unit("kWh", -3),
    "mwh": Unit("kWh", 3),
    "gwh": Unit("kWh", 6),
    "kvarh": Unit("kvarh"),
    "varh": Unit("kvarh", -3),
    "mvarh": Unit("kvarh", 3),
    "kvah": Unit("kVAh"),
    "vah": Unit("kVAh", -3),
    "mvah": Unit("kVAh", 3),
    "kw": Unit("kW"),
    "l": Unit("L"),
    "litre": Unit("L"),
    "litres": Unit("L"),
    "kl": Unit("m3"),
    "m3": Unit("m3"),
    "m³": Unit("m3"),
    "ft3": Unit("ft3"),
    "ft³": Unit("ft3"),
    "mj": Unit("MJ"),
    "gj": Unit("MJ", 3),
    "pulse": Unit("pulse"),
    "pulses": Unit("pulse"),
}


def unit_of(text: str) -> Unit | None:
    """The database's unit for a source's, in any case and spelling; None if there is none."""
    return _UNITS.get(text.strip().lower())


def decimal_of(text: str) -> Decimal | Problem:
    """A number of a file as it stands there, decimals kept; or why it is none (MTR156, MTR157)."""
    plain = text.strip()
    if _NUMBER.fullmatch(plain):
        return Decimal(plain)
    if _THOUSANDS.fullmatch(plain):
        return findings.thousands(text)
    return findings.not_a_number(text)


def exact(text: str, unit: Unit) -> tuple[int, int] | Problem:
    """(whole number, decimals) of a quantity after its unit's power; or why not (MTR156 to MTR158)."""
    whole, _, fraction = text.partition(".")
    decimals = len(fraction) - unit.power
    if 0 <= decimals <= MOST_DECIMALS and (whole + fraction).isdigit() and text.isascii() and whole:
        return int(whole + fraction), decimals
    return _exact(decimal_of(text), text, unit)


def _exact(value: Decimal | Problem, text: str, unit: Unit) -> tuple[int, int] | Problem:
    """The same for signs, exponents, blanks and what is no number."""
    if isinstance(value, Problem):
        return value
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # no infinities pass the pattern
    decimals = max(0, -exponent - unit.power)
    amount = int("".join(map(str, digits))) * 10 ** (exponent + unit.power + decimals) * (-1 if sign else 1)
    while decimals > MOST_DECIMALS and amount % 10 == 0:
        amount, decimals = amount // 10, decimals - 1
    return (amount, decimals) if decimals <= MOST_DECIMALS else findings.too_fine(text)


def written(amount: int, decimals: int) -> str:
    """The amount with exactly so many decimals: -0.050 for -50 and 3."""
    digits = f"{abs(amount):0{decimals + 1}d}"
    point = len(digits) - decimals
    return "-" * (amount < 0) + digits[:point] + ("." + digits[point:]) * (decimals > 0)


def fits(amount: int) -> bool:
    """Whether an amount is in 32 bits and is not the number that stands for a missing one."""
    return MISSING < amount <= _LARGEST


def day_amounts(cells: Sequence[str], unit: Unit) -> "tuple[array[int], int] | None":
    """A day's cells at once, where all have the same number of decimals; None where it takes a closer look.

    That is the usual case by far. Most of the time of a large file goes by here.
    """
    first = cells[0]
    decimals = len(first) - first.find(".") - 1 if "." in first else 0
    joined = ",".join(cells)
    if decimals > MOST_DECIMALS or not _UNIFORM[decimals].fullmatch(joined):
        return None
    if not 0 <= decimals - unit.power <= MOST_DECIMALS:
        return None
    amounts = [int(digits) for digits in joined.replace(".", "").split(",")]
    return (array("i", amounts), decimals - unit.power) if max(amounts) <= _LARGEST else None
