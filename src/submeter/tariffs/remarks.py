"""What looks like a slip in a price plan that can be charged all the same."""

from collections.abc import Collection, Iterator
from decimal import Decimal

from submeter.core.problem import Problem
from submeter.tariffs.checking import PlanFinding
from submeter.tariffs.formats.problems import nearest
from submeter.tariffs.model import Component, Plan

__all__ = ["USUAL_CONDITIONS", "remarks_on"]

USUAL_CONDITIONS = ("direct_debit", "paid_on_time", "prepayment", "standard_credit")
"""What discounts usually ask for: how, and when, somebody pays."""
_REDUCING = ("discount", "concession")


def remarks_on(plan: Plan, conditions: Collection[str] = ()) -> tuple[PlanFinding, ...]:
    """TRF121 and TRF122. `conditions` are those that agreements have, beside the usual ones."""
    known = (*USUAL_CONDITIONS, *conditions)
    return tuple(
        PlanFinding(component.code, problem)
        for component in plan.components
        for problem in (*_condition(component, known), *_percentages(component))
    )


def _condition(component: Component, known: Collection[str]) -> Iterator[Problem]:
    condition = component.discount.condition if component.discount else ""
    if condition and condition not in known:
        near = nearest(condition, known)
        hint = f"Is it {near}? " if near else ""
        hint += "It is given to agreements with this very word in conditions (agreement_price_plans)"
        detail = f"{component.code}: {condition}"
        yield Problem("TRF121", "No agreement has this condition", detail, hint)


def _percentages(component: Component) -> Iterator[Problem]:
    for name, value in _told(component):
        if 0 < value < 1:
            meant = f"{(100 * value).normalize():f}"
            hint = f"Write {meant} if {meant} % is meant; 1 is one percent"
            detail = f"{component.code}, {name}: {value:f} %"
            yield Problem("TRF122", "A percentage is less than one", detail, hint)


def _told(component: Component) -> Iterator[tuple[str, Decimal]]:
    """All percentages of a component, each once."""
    if component.kind in _REDUCING and component.discount and component.discount.how == "percent":
        yield from (("rate", value) for value in dict.fromkeys(abs(one.price) for one in component.rates))
    yield "share", component.share
    if component.demand:
        yield "lookback_percent", component.demand.lookback_percent
