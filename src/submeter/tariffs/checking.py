"""Whether a price plan is consistent: what is wrong in it, with what to do, component by component."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from submeter.core.problem import Problem
from submeter.tariffs.forms import Misfit, misfits
from submeter.tariffs.model import Component, Kind, Plan, Rate, TaxRate
from submeter.tariffs.week import holes

__all__ = ["PlanFinding", "check_plan"]

_QUANTITIES = ("kWh", "MWh", "Wh", "kvarh", "kVAh", "MJ", "GJ", "kL", "ML", "L", "m3", "ft3", "hcf")
_UNITS: dict[Kind, tuple[str, ...]] = {
    **dict.fromkeys(("usage", "controlled_load", "pass_through", "spot", "green", "feed_in"), _QUANTITIES),
    "demand": ("kW", "kVA"),
    "capacity": ("kW", "kVA"),
    "supply": ("day", "month"),
    "fixed": ("month", "day", "period", "year"),
    "minimum": ("day", "month", "period", "year"),
}
_BANDED = ("usage", "controlled_load", "pass_through", "spot", "green", "demand", "feed_in")
_REDUCING = ("discount", "concession")


class PlanFinding(NamedTuple):
    """Something wrong in a plan, for which it cannot be charged."""

    component: str
    """Its code; empty for the plan itself."""
    problem: Problem


def check_plan(plan: Plan, taxes: Sequence[TaxRate]) -> tuple[PlanFinding, ...]:
    """All that is wrong (TRF101 to TRF120). `taxes` are the tax codes that there are."""
    return tuple(_findings(plan, {tax.code for tax in taxes}))


def _findings(plan: Plan, taxes: set[str]) -> Iterator[PlanFinding]:
    if not plan.components:
        hint = "Give it at least one component: supply, usage, ..."
        yield PlanFinding("", Problem("TRF101", "The plan charges nothing", plan.code, hint))
    yield from (_misfit(one) for one in misfits(plan))
    yield from _twice(plan)
    for component in plan.components:
        for found in (
            *_days(component), *_base(component, plan), *_rules(component), *_unit(component),
            *_tax(component, taxes), *_bands(component), *_prices(component),
        ):  # fmt: skip
            yield found._replace(component=component.code)


def _misfit(one: Misfit) -> PlanFinding:
    detail = " ".join(part for part in (one.component, f"{one.what}: {one.value!r}") if part)
    return PlanFinding(one.component, Problem("TRF120", "A value cannot be kept", detail, one.hint))


def _found(code: str, title: str, detail: str, hint: str) -> PlanFinding:
    return PlanFinding("", Problem(code, title, detail, hint))


def _twice(plan: Plan) -> Iterator[PlanFinding]:
    """Components of one code at one time."""
    for place, one in enumerate(plan.components):
        for other in plan.components[:place]:
            if one.code == other.code and _meet(one, other):
                hint = "Give one another code, or let the second begin when the first ends"
                problem = Problem("TRF102", "Two components have one code at one time", one.code, hint)
                yield PlanFinding(one.code, problem)


def _meet(one: Component, other: Component) -> bool:
    return _begin(one) < _end(other) and _begin(other) < _end(one)


def _begin(component: Component) -> date:
    return component.from_date or date.min


def _end(component: Component) -> date:
    return component.to_date or date.max


def _days(component: Component) -> Iterator[PlanFinding]:
    if _begin(component) >= _end(component):
        hint = "to_date is the first day on which it no longer holds"
        yield _found("TRF118", "Something holds on no day", component.code, hint)
    for rate in component.rates:
        if rate.to_date is not None and rate.to_date <= rate.from_date:
            hint = "to_date is the first day on which it no longer holds"
            yield _found("TRF118", "Something holds on no day", _name(component, rate), hint)


def _base(component: Component, plan: Plan) -> Iterator[PlanFinding]:
    order = [one.code for one in sorted(plan.components, key=lambda one: one.order)]
    for code in component.base:
        if code not in order:
            hint = f"One of: {', '.join(dict.fromkeys(order))}"
            yield _found("TRF103", "The base is no component of the plan", f"{component.code}: {code}", hint)
        elif order.index(code) >= order.index(component.code):
            hint = "Let it be worked out later (place), or take another base"
            yield _found("TRF104", "The base comes later", f"{component.code}: {code}", hint)


def _rules(component: Component) -> Iterator[PlanFinding]:
    if component.kind == "demand" and component.demand is None:
        hint = "Say how the peak is measured: kW or kVA, over how many minutes"
        yield _found("TRF111", "A demand has no rule", component.code, hint)
    if component.kind in _REDUCING and component.discount is None:
        hint = "Say how it is given: percent, per_day, per_month or amount"
        yield _found("TRF112", "A discount or concession has no rule", component.code, hint)
    if component.kind == "spot" and not component.spot_series:
        hint = "Name the series of prices (spot_series)"
        yield _found("TRF115", "A spot price has no series", component.code, hint)


def _unit(component: Component) -> Iterator[PlanFinding]:
    units = _UNITS.get(component.kind)
    if units is not None and component.unit not in units:
        detail = f"{component.code} of kind {component.kind} is priced by {component.unit}"
        hint = f"One of: {', '.join(units)}"
        yield _found("TRF113", "The unit does not fit the kind", detail, hint)


def _tax(component: Component, taxes: set[str]) -> Iterator[PlanFinding]:
    if component.tax_code and component.tax_code not in taxes:
        detail = f"{component.code}: {component.tax_code}"
        yield _found("TRF114", "The tax code is not known", detail, f"One of: {', '.join(sorted(taxes))}")


def _bands(component: Component) -> Iterator[PlanFinding]:
    if component.bands and component.kind not in _BANDED:
        hint = "Take the bands away"
        yield _found("TRF117", "This kind has no time bands", f"{component.code}: {component.kind}", hint)
        return
    codes = _codes(component)
    for band in dict.fromkeys(rate.band for rate in component.rates):
        if band not in codes:
            hint = f"One of: {', '.join(code or 'none' for code in codes)}"
            detail = f"{component.code}: {band or 'no band'}"
            yield _found("TRF105", "A price is for a band that is not there", detail, hint)
    for hole in holes(component.bands):
        hint = "Let a band without a window stand last: it takes what is left"
        detail = f"{component.code}: {hole}"
        yield _found("TRF106", "A part of the week is in no band", detail, hint)


def _codes(component: Component) -> tuple[str, ...]:
    bands = component.bands if component.kind in _BANDED else ()
    return tuple(dict.fromkeys(band.code for band in bands)) or ("",)


def _prices(component: Component) -> Iterator[PlanFinding]:
    for rate in component.rates:
        if rate.price != round(rate.price, 6):
            hint = "Round the price to six decimals"
            yield _found("TRF116", "A price has more than six decimals", _name(component, rate), hint)
    if not component.rates:
        yield _found("TRF109", "The component has no price on some days", component.code, "Add a rate")
        return
    for first, end in _spans(component):
        for code in _codes(component):
            held = [rate for rate in component.rates if rate.band == code and _holds(rate, first, end)]
            yield from _steps(component, code, first, held)
        yield from _shared(component, first, end)


def _spans(component: Component) -> Iterator[tuple[date, date]]:
    """The days of the component, divided wherever a price begins or ends."""
    first = component.from_date or min(rate.from_date for rate in component.rates)
    edges = {day for rate in component.rates for day in (rate.from_date, rate.to_date) if day}
    inner = {day for day in edges if first < day < _end(component)}
    yield from pairwise(sorted({first, _end(component), *inner}))


def _holds(rate: Rate, first: date, end: date) -> bool:
    return rate.from_date <= first and (rate.to_date is None or rate.to_date >= end)


def _steps(component: Component, band: str, first: date, held: Sequence[Rate]) -> Iterator[PlanFinding]:
    """The prices of one band from a day on: one for each step, from the first to an open last one."""
    where = f"{component.code}{f', band {band}' if band else ''}, from {first}"
    steps = sorted(rate.step for rate in held)
    ordered = sorted(held, key=lambda rate: rate.step)
    if not held:
        hint = "Add a price that holds from that day, or end the component there"
        yield _found("TRF109", "The component has no price on some days", where, hint)
    elif len(set(steps)) < len(steps):
        yield _found("TRF110", "Two prices hold at one time", where, "End the first when the second begins")
    elif steps != list(range(1, len(steps) + 1)):
        yield _found("TRF107", "A step is missing", where, "Number the steps from 1 without a gap")
    elif not _ascend(ordered):
        hint = "Each step ends above the one before; the last has no end (step_to or up_to left empty)"
        yield _found("TRF108", "The steps do not ascend to an open last one", where, hint)


def _shared(component: Component, first: date, end: date) -> Iterator[PlanFinding]:
    """Bands that share steps must have the same ones: else nobody can say how much of a step is whose."""
    ends: dict[str, list[Decimal]] = {code: [] for code in _codes(component)}
    for rate in component.rates:
        if rate.band in ends and rate.up_to is not None and _holds(rate, first, end):
            ends[rate.band].append(rate.up_to)
    if component.steps.scope != "band" and len({tuple(sorted(each)) for each in ends.values()}) > 1:
        detail = f"{component.code}, from {first}: {', '.join(ends)}"
        hint = "Give each band the same steps, or let each count by itself (step_scope: band)"
        yield _found("TRF119", "Bands that share steps differ in them", detail, hint)


def _ascend(rates: Sequence[Rate]) -> bool:
    *limits, last = [rate.up_to for rate in rates]
    told = [limit for limit in limits if limit is not None]
    rising = all(one < other for one, other in pairwise(told))
    return last is None and len(told) == len(limits) and rising and all(limit > 0 for limit in told)


def _name(component: Component, rate: Rate) -> str:
    return " ".join(f"{component.code} {rate.band} step {rate.step} from {rate.from_date}".split())
