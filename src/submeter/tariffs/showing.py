"""A plan for people and for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from submeter.charts.scale import label
from submeter.tariffs.model import Component, DemandRule, DiscountRule, Plan, Rate
from submeter.tariffs.plots import prices_on

__all__ = ["plan_json", "plan_lines"]

_METERING = {
    "net_energy": "net metering in energy",
    "net_money": "net metering in money",
    "net_billing": "net billing",
    "net_billing_carry": "net billing, credits carried on",
    "buy_all_sell_all": "buy all, sell all",
}
_BASES = {
    "day": "/day",
    "month": "/month",
    "period": "/period",
    "year": "/year",
    "per_kw": "/kW",
    "per_kw_day": "/kW/day",
}
_HEAD = ("component", "kind", "band", "step", "price", "per", "tax")


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan with all prices of all dates. Numbers are text, so that nobody makes floats of them."""
    said: dict[str, Any] = _plain(plan)
    return said


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def plan_lines(plan: Plan, day: date) -> Iterator[str]:
    """What the plan charges on a day: a line for each price, then the rules."""
    yield f"{plan.code}  {plan.name}".rstrip()
    where = "each line" if plan.rounding == "line" else "the invoice"
    money = f"{plan.currency}, {where} rounded to {plan.decimals} decimals"
    yield f"{money}; {_METERING[plan.metering]}"
    yield f"prices of {day.day} {day:%B %Y}"
    yield ""
    rows = [row for component in plan.components for row in _rows(component, day)]
    if not rows:
        yield "no price holds on this day"
        return
    yield from _table([_HEAD, *rows])
    rules = [line for component in plan.components if prices_on(component, day) for line in _rules(component)]
    if rules:
        yield ""
        yield from rules


def _rows(component: Component, day: date) -> Iterator[tuple[str, ...]]:
    name, codes = component.code, [band.code for band in component.bands]
    for rate in sorted(prices_on(component, day), key=lambda one: _order(one, codes)):
        tax = component.tax_code + (" incl." if component.tax_inclusive else "")
        yield name, component.kind, rate.band, _step(component, rate), label(rate.price), _per(component), tax
        name = ""


def _order(rate: Rate, codes: Sequence[str]) -> tuple[int, int]:
    return codes.index(rate.band) if rate.band in codes else len(codes), rate.step


def _per(component: Component) -> str:
    rule = component.discount
    if component.kind in ("discount", "concession"):
        return {"percent": "%", "per_day": "day", "per_month": "month", "amount": "period"}[
            rule.how if rule else "percent"
        ]
    per = component.demand.charged_per if component.demand else "month"
    return f"{component.unit} a {per}" if component.kind in ("demand", "capacity") else component.unit


def _step(component: Component, rate: Rate) -> str:
    """to 10/day, then."""
    if rate.up_to is not None:
        return f"to {label(rate.up_to)}{'' if component.kind == 'demand' else _BASES[component.steps.basis]}"
    return "above" if rate.step > 1 else ""


def _rules(component: Component) -> Iterator[str]:
    """What a table of prices does not show."""
    spot = f"spot prices of {component.spot_series} x {label(component.spot_factor)}"
    said = [
        *_demand(component.demand), *_discount(component.discount),
        f"of {', '.join(component.base)}" if component.base else "",
        f"loss factors {', '.join(component.loss_factors)}" if component.loss_factors else "",
        f"{label(component.share)} % of the quantity" if component.share != 100 else "",
        spot if component.spot_series else "",
        f"registers {', '.join(component.register_types)}" if component.register_types else "",
        "times of the market's clock" if component.clock == "market" and component.bands else "",
        "bands have steps of their own" if component.steps.scope == "band" and component.bands else "",
    ]  # fmt: skip
    if told := "; ".join(one for one in said if one):
        yield f"{component.code}: {told}"


def _demand(rule: DemandRule | None) -> Iterator[str]:
    if rule is None:
        return
    yield f"peak over {rule.minutes} minutes"
    if rule.minimum:
        yield f"at least {label(rule.minimum)} {rule.unit}"
    if rule.lookback_months and rule.lookback_percent:
        share = label(rule.lookback_percent)
        yield f"at least {share} % of the greatest peak of {rule.lookback_months} months before"


def _discount(rule: DiscountRule | None) -> Iterator[str]:
    if rule is None:
        return
    if rule.condition:
        yield f"if {rule.condition}"
    if rule.threshold:
        yield f"above {label(rule.threshold)} a year"
    if rule.cap is not None:
        yield f"at most {label(rule.cap)} a {rule.cap_per}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as what is in them; empty ones are left out; prices to the right."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    for row in zip(*columns, strict=True):
        cells = [
            f"{cell:>{wide}}" if column[0] == "price" else f"{cell:<{wide}}"
            for cell, wide, column in zip(row, widths, columns, strict=True)
        ]
        yield "  ".join(cells).rstrip()
