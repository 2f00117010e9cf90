"""Values of a plan that its tables could not keep: codes, units, products, numbers out of range."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from submeter.tariffs.formats.problems import nearest
from submeter.tariffs.model import Component, Plan

__all__ = ["PRODUCTS", "Misfit", "misfits"]

PRODUCTS = (
    "electricity", "gas", "heat", "cooling", "hot_water", "cold_water", "water", "sewerage", "solar", "ev",
    "telephone", "broadband", "other",
)  # fmt: skip
_UNITS = (
    "kWh", "MWh", "kvarh", "kVAh", "MJ", "GJ", "kL", "L", "m3", "ft3", "hcf", "ML", "Wh", "kW", "kVA", "day",
    "month", "period", "year", "percent", "each",
)  # fmt: skip
_LOSSES = ("MLF", "DLF", "LOSS")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/+-]{0,63}")
_BAND = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/+-]{0,31}")
_AS_CODE = "Write letters, digits, spaces and . _ / + -, beginning with a letter or digit"


class Misfit(NamedTuple):
    """A value that cannot be kept."""

    component: str
    """Its code; empty for the plan itself."""
    what: str
    value: str
    hint: str


def misfits(plan: Plan) -> Iterator[Misfit]:
    """All of them, those of the plan itself first."""
    yield from (Misfit("", *one) for one in _of_plan(plan))
    for component in plan.components:
        yield from (Misfit(component.code, *one) for one in _of_component(component))


_Found = Iterator[tuple[str, str, str]]


def _of_plan(plan: Plan) -> _Found:
    if not _CODE.fullmatch(plan.code):
        yield "code", plan.code, f"{_AS_CODE}, 64 at most"
    if not re.fullmatch("[A-Z]{3}", plan.currency):
        yield "currency", plan.currency, "Write its three capital letters: AUD"
    yield from _within("decimals", plan.decimals, 0, 6)
    yield from _within("true_up_month", plan.true_up_month, 1, 12)


def _of_component(component: Component) -> _Found:
    if not _CODE.fullmatch(component.code):
        yield "code", component.code, f"{_AS_CODE}, 64 at most"
    yield from _one_of("product", component.product, PRODUCTS)
    if component.kind in ("discount", "concession"):  # of others the unit fits the kind, or is found (TRF113)
        yield from _one_of("unit", component.unit, _UNITS)
    for factor in component.loss_factors:
        yield from _one_of("loss_factors", factor, _LOSSES)
    for band in dict.fromkeys(band.code for band in component.bands):
        if not _BAND.fullmatch(band):
            yield "band", band, f"{_AS_CODE}, 32 at most"
    yield from _numbers(component)


def _numbers(component: Component) -> _Found:
    if component.share < 0:
        yield "share", f"{component.share:f}", "A share is a percentage: 0 or more"
    if component.place is not None:
        yield from _within("place", component.place, -32768, 32767)
    for rate in component.rates:
        yield from _within("step", rate.step, 1, 99)
        yield from _not_below("up_to", rate.up_to)
    if component.demand:
        yield from _within("demand_minutes", component.demand.minutes, 1, 1440)
        yield from _within("lookback_months", component.demand.lookback_months, 0, 120)
        yield from _not_below("demand_minimum", component.demand.minimum)
    if component.discount:
        yield from _not_below("threshold", component.discount.threshold)
        yield from _not_below("cap", component.discount.cap)


def _one_of(what: str, value: str, known: Sequence[str]) -> _Found:
    if value not in known:
        near = nearest(value, known)
        yield what, value, (f"Is it {near}? " if near else "") + f"One of: {', '.join(known)}"


def _within(what: str, value: int, first: int, last: int) -> _Found:
    if not first <= value <= last:
        yield what, str(value), f"From {first} to {last}"


def _not_below(what: str, value: Decimal | None) -> _Found:
    if value is not None and value < 0:
        yield what, f"{value:f}", "0 or more"
