"""Rates a case and lays what came beside what was expected, as a clerk would."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from cases.case import Bill, Case, Expected, Peak
from cases.usage import spot_prices, usage_of
from submeter.core.problem import Refused
from submeter.rating.engine import rate
from submeter.rating.lines import list_lines
from submeter.rating.model import Charges, IntArray, Line, Terms
from submeter.tariffs.model import Component

__all__ = ["Pair", "compare", "half_up", "rate_case", "terms_of"]

MICRO = 6
ADJUSTMENTS = frozenset({"discount", "minimum", "concession"})
"""Of these a line of nothing says nothing."""


class Pair(NamedTuple):
    """A row of the comparison: what was expected, what came, and whether these agree."""

    expected: str
    got: str
    agrees: bool


def rate_case(case: Case) -> Charges:
    """What the engine makes of a case."""
    periods = [bill.period for bill in case.bills]
    return rate(
        usage_of(case), case.plan, case.calendar, periods, terms_of(case), parts_of_one=case.parts_of_one
    )


def compare(case: Case) -> tuple[bool, str]:
    """Whether all bills are as expected, and expected and got side by side."""
    try:
        charges = rate_case(case)
    except Refused as refusal:
        wanted = [bill.refused for bill in case.bills if bill.refused]
        said = f"refused {refusal.problem.code}: {refusal.problem.title}"
        agrees = wanted == [refusal.problem.code]
        return agrees, _page(case, [("", [Pair(f"refused {''.join(wanted)}", said, agrees)])])
    parts = [
        (f"{bill.period.first}..{bill.period.end}", list(_bill(bill, charges, n)))
        for n, bill in enumerate(case.bills)
    ]
    return all(pair.agrees for _, pairs in parts for pair in pairs), _page(case, parts)


def terms_of(case: Case) -> Terms:
    """The case's terms as the engine wants them."""
    return Terms(
        taxes=case.taxes,
        loss_factors=case.loss_factors,
        conversions=case.conversions,
        conditions=case.conditions,
        capacity=None if case.capacity is None else _array(case.capacity, 3),
        peaks=_peaks(case.peaks, case.plan.components),
        spot=dict(spot_prices(case)),
        charged_since=case.charged_since,
        charged_this_year=None if case.charged_this_year is None else _array(case.charged_this_year, MICRO),
        carried={
            what: _array(Decimal(amount), MICRO if what == "money" else 9)
            for what, amount in case.carried.items()
        },
    )


def _array(amount: Decimal, decimals: int) -> IntArray:
    return np.array([int(amount.scaleb(decimals))], np.int64)


def _peaks(peaks: Sequence[Peak], components: Sequence[Component]) -> dict[str, dict[object, IntArray]]:
    found: dict[str, dict[object, IntArray]] = {}
    for component in components:
        bands = list(dict.fromkeys(band.code for band in component.bands)) or [""]
        for peak in (peak for peak in peaks if peak.component == component.code):
            row = found.setdefault(component.code, {}).setdefault(
                peak.month, np.zeros((1, len(bands)), np.int64)
            )
            row[0, bands.index(peak.band)] = int(peak.amount.scaleb(MICRO))
    return found


# Side by side ----------------------------------------------------------------------------------------------------


def _bill(bill: Bill, charges: Charges, period: int) -> Iterator[Pair]:
    lines = list_lines(charges, 0, period)
    yield from _lines(bill.lines, lines)
    if bill.refused:
        yield Pair(f"refused {bill.refused}", "rated", False)
    for word, wanted, units in (("tax", bill.tax, charges.tax), ("total", bill.total, charges.total)):
        if wanted is not None:
            got = Decimal(int(units[0, period])).scaleb(-charges.decimals)
            yield Pair(f"{word} {wanted}", f"{word} {got}", wanted == got)
    for what, wanted in bill.carried.items():
        got = _carried(charges, what)
        yield Pair(f"carried {what} {wanted}", f"carried {what} {got.normalize():f}", wanted == got)


def _carried(charges: Charges, what: str) -> Decimal:
    held = charges.carried.get(what)
    return Decimal(0) if held is None else Decimal(int(held[0])).scaleb(-MICRO if what == "money" else -9)


def _lines(expected: Sequence[Expected], lines: Sequence[Line]) -> Iterator[Pair]:
    """Each expected line beside the first one left that is meant; lines of nothing need not be expected."""
    left = list(lines)
    for wanted in expected:
        got = next((line for line in left if _is_meant(wanted, line)), None)
        if got:
            left.remove(got)
        yield Pair(
            _say(wanted), _tell(got, wanted) if got else "no such line", bool(got) and _agrees(wanted, got)
        )
    for line in left:
        if line.amount or (line.quantity and line.component.kind not in ADJUSTMENTS):
            yield Pair("", _tell(line, None), False)


def _is_meant(wanted: Expected, line: Line) -> bool:
    return (
        wanted.code == line.component.code
        and wanted.band in {None, line.band}
        and wanted.step in {None, line.step}
        and wanted.first in {None, line.first}
    )


def _agrees(wanted: Expected, line: Line) -> bool:
    return (
        wanted.amount == line.amount
        and (wanted.quantity is None or wanted.quantity == half_up(line.quantity, wanted.quantity))
        and wanted.unit in {None, line.component.unit}
        and wanted.days in {None, (line.end - line.first).days}
        and (wanted.factor is None or wanted.factor == half_up(line.factor, wanted.factor))
        and wanted.tax in {None, line.tax}
    )


def half_up(value: Decimal | Fraction, like: Decimal) -> Decimal:
    """As many decimals as the clerk wrote, half up."""
    places = -int(like.as_tuple().exponent)
    exact = Fraction(value) * 10**places
    whole = (2 * abs(exact) + 1) // 2
    return Decimal(int(whole) if exact >= 0 else -int(whole)).scaleb(-places)


def _say(wanted: Expected) -> str:
    return _words(
        wanted.code,
        wanted.band,
        wanted.step and f"step {wanted.step}",
        wanted.first and f"from {wanted.first}",
        wanted.quantity is not None and f"{wanted.quantity} {wanted.unit}",
        wanted.factor is not None and f"x {wanted.factor}",
        wanted.days is not None and f"{wanted.days} days",
        wanted.amount,
        wanted.tax is not None and f"tax {wanted.tax}",
    )


def _tell(line: Line, beside: Expected | None) -> str:
    """The same words of a line that came; all of them where nothing was expected."""
    every = beside is None
    quantity = line.quantity if every or beside.quantity is None else half_up(line.quantity, beside.quantity)
    return _words(
        line.component.code,
        line.band if every or beside.band else "",
        f"step {line.step}" if line.step > 1 or (beside and beside.step) else "",
        f"from {line.first}" if every or beside.first else "",
        f"{quantity:f} {line.component.unit}"
        if isinstance(quantity, Decimal)
        else f"{float(quantity):.9f} {line.component.unit}",
        f"x {float(line.factor):.6f}"
        if (every and line.factor != 1) or (beside and beside.factor is not None)
        else "",
        f"{(line.end - line.first).days} days" if every or beside.days is not None else "",
        line.amount,
        f"tax {line.tax}" if every or beside.tax is not None else "",
    )


def _words(*parts: object) -> str:
    return " ".join(str(part) for part in parts if part is not None and part is not False and part != "")


def _page(case: Case, parts: Sequence[tuple[str, Sequence[Pair]]]) -> str:
    rows = [pair for _, pairs in parts for pair in pairs]
    width = max([len(pair.expected) for pair in rows] + [len("expected")])
    said = [f"{case.place}  {case.name}"]
    for title, pairs in parts:
        said += [f"  {title:<{width}}", f"    {'expected':<{width}}   got"]
        said += [f"  {' ' if pair.agrees else '!'} {pair.expected:<{width}}   {pair.got}" for pair in pairs]
    return "\n".join(said)
