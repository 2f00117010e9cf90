"""Amounts in words: what was multiplied, which peak is charged, what a discount was taken from."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from submeter.rating.bases import Base
from submeter.rating.line_store import StoredLine
from submeter.rating.showing import said_money, said_number
from submeter.rating.words import MONTHS
from submeter.rating.working import plain_of
from submeter.tariffs.model import Component, DiscountRule

__all__ = ["BY_OTHERS", "base_rows", "said_amount", "said_peak"]

BY_OTHERS = ("discount", "minimum", "concession")
"""Kinds whose amounts follow from other lines."""
_SPANS = {"per_day": "day", "per_month": "month", "amount": "period"}


def said_amount(line: StoredLine, component: Component, currency: str, base: Base | None) -> str:
    """How the amount came about, and how it was rounded."""
    rounded = line.working.get("rounding", "line") == "line"
    after = f"rounded half up: {line.amount:f}" if rounded else "not rounded; the plan rounds the invoice"
    told = (
        _by_price(line, component) if line.price is not None else _by_others(line, component, currency, base)
    )
    return f"{told}; {after}"


# By a price ------------------------------------------------------------------------------------------


def _by_price(line: StoredLine, component: Component) -> str:
    price = line.price or Decimal(0)
    factor = f" x {said_number(line.factor)}" if line.factor != 1 else ""
    product = line.quantity * price * line.factor
    left = f"{said_number(line.quantity)} {line.unit} x {plain_of(price)}{factor}"
    if abs(product) != abs(line.unrounded) and component.spot_series:
        left = f"each interval x its price of {component.spot_series}, and {plain_of(price)} on top{factor}"
    elif product == -line.unrounded != 0:
        left = f"credit of {left}"
    elif product != line.unrounded:
        left += ", scaled to the days"
    return f"{left} = {said_number(line.unrounded)}"


# By other lines --------------------------------------------------------------------------------------


def base_rows(line: StoredLine, component: Component, base: Base | None) -> Iterator[tuple[str, str]]:
    """What it was worked out from, and within which bounds."""
    if base is not None:
        tax = "with tax" if base.with_tax else "without tax"
        yield "Base", f"{_sum(base) or 'nothing before it'}, {tax}"
        if len(base.taxes) > 1 and component.kind == "discount":
            yield (
                "Part",
                f"{said_money(base.own)} is taxed with {plain_of(line.tax_percent)} %, as this line is",
            )
    if component.discount and (bounds := ", ".join(_bounds(component.discount))):
        yield "Bounds", bounds


def _sum(base: Base) -> str:
    said = " + ".join(f"{name} {said_money(amount)}" for name, amount in base.parts)
    return f"{said} = {said_money(base.total)}" if len(base.parts) > 1 else said


def _bounds(rule: DiscountRule) -> Iterator[str]:
    if rule.threshold:
        yield f"of what exceeds {plain_of(rule.threshold)} a year, by days"
    if rule.cap is not None:
        yield f"at most {plain_of(rule.cap)} a {rule.cap_per}"
    if rule.months:
        yield f"in {', '.join(MONTHS[month - 1] for month in sorted(rule.months))} only"


def _by_others(line: StoredLine, component: Component, currency: str, base: Base | None) -> str:
    if base is None:
        named = ", ".join(component.base) or "what it looks at of the lines before it"
        return f"worked out from {named}: {said_money(line.unrounded)}"
    if component.kind == "minimum":
        return _minimum(line, currency, base)
    given = -Fraction(line.unrounded)
    price = Fraction(line.working.get("price", 0))
    rule = component.discount or DiscountRule()
    if rule.how == "percent":
        return _percent(price, given, base, component)
    return _times(price, given, base, _SPANS[rule.how])


def _percent(price: Fraction, given: Fraction, base: Base, component: Component) -> str:
    of = base.own if component.kind == "discount" else base.total
    bounds = "" if _is_kept(of * price / 100, given) else ", within the bounds and days"
    share, amount, moved = _signs(price, given)
    return f"{share} % of {said_money(of)}{bounds} = {amount}, {moved}"


def _times(price: Fraction, given: Fraction, base: Base, span: str) -> str:
    each, amount, moved = _signs(price, given)
    if given == base.total:
        return f"no more than its base: {amount}, {moved}"
    if not price or len(base.taxes) > 1:
        return f"{each} a {span}, by taxes and bounds: {amount}, {moved}"
    count = given / price
    spans = span if count == 1 else f"{span}s"
    return f"{each} x {said_number(count)} {spans} = {amount}, {moved}"


def _signs(price: Fraction, given: Fraction) -> tuple[str, str, str]:
    """A discount below zero is a surcharge."""
    if price < 0:
        return said_number(-price), said_money(-given), "added"
    return said_number(price), said_money(given), "taken off"


def _minimum(line: StoredLine, currency: str, base: Base) -> str:
    price, reached, missing = line.working.get("price", "0"), base.total, Fraction(line.unrounded)
    if line.unit == "year":
        return f"missing from {price} {currency} a year, other bills of it counted: {said_money(missing)}"
    least = said_money(max(reached, Fraction(0)) + missing)
    counted = said_money(max(reached, Fraction(0)))
    rule = f"at least {price} {currency} a {line.unit}, {least} on these days"
    return f"{rule}; {least} - {counted} = {said_money(missing)}"


def _is_kept(exact: Fraction, kept: Fraction) -> bool:
    """A line keeps twelve decimals."""
    return abs(exact - kept) < Fraction(1, 10**11)


# Peaks -----------------------------------------------------------------------------------------------


def said_peak(peak: Mapping[str, Any]) -> str:
    """The month's own peak, and what is charged instead of it."""
    own = f"{_month(peak['month'])}: {_top(peak, peak['unit'])}"
    charged = f"{said_number(Fraction(peak['charged']))} {peak['unit']}"
    if peak["why"] == "minimum":
        return f"{own}; the least that is charged is {charged}"
    if peak["why"] == "ratchet":
        of = peak["ratchet"]
        before = f"{of['percent']} % of {_month(of['month'])}: {_top(of, peak['unit'])}"
        return f"{own}; charged is {before} = {charged}"
    return own


def _top(top: Mapping[str, Any], unit: str) -> str:
    power = f"{said_number(Fraction(top['peak']))} {unit}"
    if "at" not in top:
        return power if not Fraction(top["peak"]) else f"{power}, as another system measured"
    begins = datetime.fromisoformat(top["at"])
    ends = begins + timedelta(minutes=top["minutes"])
    return f"{power} on {begins:%Y-%m-%d}, {begins:%H:%M} to {ends:%H:%M}"


def _month(said: str) -> str:
    year, month = said.split("-")
    return f"{MONTHS[int(month) - 1]} {year}"
