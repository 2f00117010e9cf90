"""A plan's prices of one day as a rate of URDB (version 8), where URDB can say them.

What URDB cannot say is refused, all of it at once: a rate that charges something else is worse than none.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from submeter.core.problem import Refused
from submeter.metering.model import Finding
from submeter.tariffs.formats import problems
from submeter.tariffs.formats.urdb_fields import CURRENCIES, METERING, UNITS
from submeter.tariffs.formats.urdb_schedules import code_at, unsayable
from submeter.tariffs.model import Component, DemandRule, Plan, Rate

__all__ = ["Written", "write_urdb"]

_RULES = {metering: rule.title() for rule, metering in METERING.items()}
_BASES = {basis: unit.replace("kwh", "kWh").replace("kw", "kW") for unit, basis in UNITS.items()}
_COUNTRIES = {currency: country for country, currency in CURRENCIES.items()}
_SAYABLE = {"supply", "usage", "demand", "fixed", "minimum", "feed_in"}
_KINDS: tuple[Literal["week", "weekend"], ...] = ("week", "weekend")

Steps = tuple[tuple[Decimal, Decimal | None], ...]
"""Price and end of each step."""


class Written(NamedTuple):
    """The rate, and what of the plan URDB has no place for (it changes no price)."""

    text: str
    findings: tuple[Finding, ...]


class _Cell(NamedTuple):
    """What an hour costs: a period of URDB."""

    steps: Steps
    unit: str = ""
    sell: Decimal = Decimal(0)


class _Plan:
    """A plan on a day, and the reasons why it cannot be said."""

    def __init__(self, plan: Plan, day: date) -> None:
        self.plan, self.day = plan, day
        self.reasons: list[str] = []
        self.held: dict[str, list[tuple[Component, tuple[Rate, ...]]]] = {}
        for component in plan.components:
            rates = tuple(rate for rate in component.rates if _holds(rate.from_date, rate.to_date, day))
            if rates and _holds(component.from_date, component.to_date, day):
                self.held.setdefault(component.kind, []).append((component, rates))
                self._check(component)

    def of(self, kind: str) -> list[tuple[Component, tuple[Rate, ...]]]:
        return self.held.get(kind, [])

    def _check(self, component: Component) -> None:
        said = [
            (component.kind not in _SAYABLE, f"kind {component.kind}"),
            (component.product != "electricity", f"product {component.product}"),
            (component.unit not in _units_of(component), f"unit {component.unit}"),
            (bool(component.register_types), "some registers only"),
            (component.tax_inclusive, "prices with tax"),
            (bool(component.loss_factors), "loss factors"),
            (component.share != 100, "a share of the quantity"),
            (bool(component.base) and component.kind == "minimum", "a minimum of some components only"),
        ]
        found = [words for is_so, words in said if is_so] + unsayable(component)
        self.reasons += [f"{component.code}: {words}" for words in dict.fromkeys(found)]


def write_urdb(plan: Plan, day: date) -> Written:
    """The plan as it is on a day. Raises Refused TRF231 (naming all that cannot be said) and TRF232."""
    held = _Plan(plan, day)
    if not held.held:
        raise Refused(problems.no_prices_on(plan.code, day))
    fields = {**_about(held), **_energy(held), **_demand(held), **_fixed(held), **_minimum(held)}
    if held.reasons:
        raise Refused(problems.cannot_say(plan.code, held.reasons))
    left = _without_place(plan)
    findings = (Finding(problems.not_said(left), 0),) if left else ()
    return Written(_json({"items": [fields]}) + "\n", findings)


def _holds(first: date | None, end: date | None, day: date) -> bool:
    return (first is None or first <= day) and (end is None or day < end)


def _units_of(component: Component) -> Sequence[str]:
    return {
        "supply": ("day",),
        "fixed": ("month", "year"),
        "minimum": ("day", "month", "year"),
        "demand": ("kW", "kVA"),
    }.get(component.kind, ("kWh",))


def _without_place(plan: Plan) -> list[str]:
    """What is not said, and changes no price before tax."""
    left = []
    for name in ("tax_code", "gl_code", "place"):
        if any(getattr(component, name) not in ("", None) for component in plan.components):
            left.append(name)
    if any(not component.prorate for component in plan.components):
        left.append("prorate")
    return left


# --- about the rate --------------------------------------------------------------------------------------


def _about(held: _Plan) -> dict[str, Any]:
    plan = held.plan
    rates = [rate for parts in held.held.values() for _, rates in parts for rate in rates]
    parts = [component for some in held.held.values() for component, _ in some]
    ends = [day for day in (*(r.to_date for r in rates), *(c.to_date for c in parts)) if day is not None]
    said: dict[str, Any] = {"label": plan.code, "name": plan.name or plan.code}
    said["startdate"] = _seconds(max(rate.from_date for rate in rates))
    if ends:
        said["enddate"] = _seconds(min(ends) - timedelta(days=1))
    if plan.currency in _COUNTRIES:
        said["country"] = _COUNTRIES[plan.currency]
    else:
        held.reasons.append(f"currency {plan.currency}")
    if plan.metering in _RULES:
        said["dgrules"] = _RULES[plan.metering]
    else:
        held.reasons.append(f"metering {plan.metering}")
    return said


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


# --- energy ----------------------------------------------------------------------------------------------


def _energy(held: _Plan) -> dict[str, Any]:
    """Prices of all components of usage in each hour, added up; periods are the hours that cost the same."""
    if not held.of("usage") and not held.of("feed_in"):
        return {}
    grids = [
        [[_hour(held, month, kind, hour) for hour in range(24)] for month in range(12)] for kind in _KINDS
    ]
    for month in range(12):
        tiers = {_ends(cell.steps) for grid in grids for cell in grid[month]} - {()}
        if len(tiers) > 1:
            held.reasons.append("steps differ between the bands of a month")
            break
    if any(
        c.steps.scope == "band" and c.bands and any(r.step > 1 for r in rates)
        for c, rates in held.of("usage")
    ):
        held.reasons.append("each band has steps of its own")
    periods, week, weekend = _numbered(grids)
    structure = [[_tier(price, end, cell.unit, cell.sell) for price, end in cell.steps] for cell in periods]
    return {
        "energyratestructure": structure,
        "energyweekdayschedule": week,
        "energyweekendschedule": weekend,
    }


def _hour(held: _Plan, month: int, kind: Literal["week", "weekend"], hour: int) -> _Cell:
    steps: Steps = ((Decimal(0), None),)
    unit, sell = "kWh", Decimal(0)
    for component, rates in held.of("usage"):
        priced = _steps_at(component, rates, month, kind, hour)
        if len(priced) > 1:
            unit = _unit(held, component)
        steps = _added(held, steps, priced)
    for component, rates in held.of("feed_in"):
        priced = _steps_at(component, rates, month, kind, hour)
        if len(priced) > 1:
            _once(held, f"{component.code}: steps")
        sell += priced[0][0] if priced else 0
    return _Cell(steps, unit, sell)


def _steps_at(
    component: Component, rates: Sequence[Rate], month: int, kind: Literal["week", "weekend"], hour: int
) -> Steps:
    code = code_at(component.bands, month, kind, hour)
    found = sorted((rate for rate in rates if rate.band == code), key=lambda rate: rate.step)
    return tuple((rate.price, rate.up_to) for rate in found)


def _unit(held: _Plan, component: Component) -> str:
    if component.steps.basis not in _BASES:
        _once(held, f"{component.code}: steps of a {component.steps.basis}")
    return _BASES.get(component.steps.basis, "")


def _added(held: _Plan, some: Steps, more: Steps) -> Steps:
    """Two prices of the same hour; one of them may have steps."""
    if not more:
        return some
    if len(some) > 1 and len(more) > 1:
        _once(held, "several components with steps in one hour")
        return some
    flat, stepped = (some, more) if len(some) == 1 else (more, some)
    return tuple((flat[0][0] + price, end) for price, end in stepped)


def _once(held: _Plan, reason: str) -> None:
    if reason not in held.reasons:
        held.reasons.append(reason)


def _ends(steps: Steps) -> tuple[Decimal | None, ...]:
    return tuple(end for _, end in steps)


def _tier(price: Decimal, end: Decimal | None, unit: str, sell: Decimal = Decimal(0)) -> dict[str, Any]:
    said: dict[str, Any] = {"rate": price}
    if end is not None:
        said["max"] = end
    if unit:
        said["unit"] = unit
    if sell:
        said["sell"] = sell
    return said


def _numbered(grids: Sequence[Sequence[Sequence[Any]]]) -> tuple[list[Any], list[list[int]], list[list[int]]]:
    """What differs, each once in the order in which it comes; and the numbers of it in each schedule."""
    known: dict[Any, int] = {}
    week, weekend = ([[known.setdefault(cell, len(known)) for cell in row] for row in grid] for grid in grids)
    return list(known), week, weekend


# --- demand ----------------------------------------------------------------------------------------------


def _demand(held: _Plan) -> dict[str, Any]:
    parts = held.of("demand")
    flat = [part for part in parts if all(_is_of_months(band) for band in part[0].bands)]
    timed = [part for part in parts if part not in flat]
    for words, some in (("flat", flat), ("by time of use", timed)):
        if len(some) > 1:
            held.reasons.append(f"{len(some)} demand components {words}")
    said = {**_flat(flat), **_timed(timed)}
    rules = {(component.demand or DemandRule()) for component, _ in parts}
    return said | (_rules(held, rules) if rules else {})


def _is_of_months(band: Any) -> bool:
    return bool(band.from_minute % 1440 == band.to_minute % 1440 and not band.day_types)


def _flat(parts: Sequence[tuple[Component, tuple[Rate, ...]]]) -> dict[str, Any]:
    if not parts:
        return {}
    component, rates = parts[0]
    months = [_steps_at(component, rates, month, "week", 0) or ((Decimal(0), None),) for month in range(12)]
    known = list(dict.fromkeys(months))
    return {
        "flatdemandunit": _demand_unit(component),
        "flatdemandstructure": [[_tier(price, end, "") for price, end in steps] for steps in known],
        "flatdemandmonths": [known.index(month) for month in months],
    }


def _timed(parts: Sequence[tuple[Component, tuple[Rate, ...]]]) -> dict[str, Any]:
    """Periods are bands here: each has a peak of its own."""
    if not parts:
        return {}
    component, rates = parts[0]
    grids = [
        [[code_at(component.bands, month, kind, hour) for hour in range(24)] for month in range(12)]
        for kind in _KINDS
    ]
    codes, week, weekend = _numbered(grids)
    by_band = {
        code: sorted((r for r in rates if r.band == code), key=lambda rate: rate.step) for code in codes
    }
    structure = [
        [_tier(rate.price, rate.up_to, "") for rate in by_band[code]] or [_tier(Decimal(0), None, "")]
        for code in codes
    ]
    return {
        "demandrateunit": _demand_unit(component),
        "demandratestructure": structure,
        "demandweekdayschedule": week,
        "demandweekendschedule": weekend,
    }


def _demand_unit(component: Component) -> str:
    rule = component.demand or DemandRule()
    return rule.unit + (" daily" if rule.charged_per == "day" else "")


def _rules(held: _Plan, rules: Iterable[DemandRule]) -> dict[str, Any]:
    """What URDB says once for all demand."""
    alike = {rule._replace(unit="kW", charged_per="month") for rule in rules}
    if len(alike) > 1:
        held.reasons.append("demand components with several rules")
    rule = next(iter(alike))
    if rule.minimum:
        held.reasons.append("a minimum of demand")
    said: dict[str, Any] = {"demandwindow": rule.minutes}
    if rule.lookback_months and rule.lookback_percent:
        said["lookbackrange"] = rule.lookback_months
        said["lookbackpercent"] = rule.lookback_percent / 100
        if rule.lookback_season:
            said["lookbackmonths"] = [int(month in rule.lookback_season) for month in range(1, 13)]
    return said


# --- fixed -----------------------------------------------------------------------------------------------


def _fixed(held: _Plan) -> dict[str, Any]:
    return _amount(held, [*held.of("supply"), *held.of("fixed")], "fixedchargefirstmeter", "fixedchargeunits")


def _minimum(held: _Plan) -> dict[str, Any]:
    if len(held.of("minimum")) > 1:
        held.reasons.append("several minimum charges")
    return _amount(held, held.of("minimum"), "mincharge", "minchargeunits")


def _amount(
    held: _Plan, parts: Sequence[tuple[Component, tuple[Rate, ...]]], field: str, units: str
) -> dict[str, Any]:
    """Prices of time, added up where they are for the same time."""
    if not parts:
        return {}
    spans = sorted({component.unit for component, _ in parts})
    if len(spans) > 1:
        held.reasons.append(f"prices for a {' and for a '.join(spans)}")
    return {field: sum((rates[0].price for _, rates in parts), Decimal(0)), units: f"$/{spans[0]}"}


# --- JSON ------------------------------------------------------------------------------------------------


def _json(value: Any) -> str:
    """JSON with exact numbers, which the library would turn into floats."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_json, value)) + "]"
    return f"{value.normalize() + 0:f}" if isinstance(value, Decimal) else json.dumps(value)
