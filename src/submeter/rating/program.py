"""A plan made ready for a calendar, periods and terms: all that does not depend on what was used.

It is worked out once and remembered, for most agreements of a company share it.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any

from submeter.rating.adjustments import Adjustment, adjustment
from submeter.rating.carrying import CarriedMoney, TrueUpMoney
from submeter.rating.demand_lines import DemandLines, demand_lines
from submeter.rating.metering_steps import by_metering_option
from submeter.rating.model import Period, Terms, Usage
from submeter.rating.netting import Netted, Settled
from submeter.rating.time_lines import TimeLines, time_lines
from submeter.rating.usage_lines import UsageLines, usage_lines
from submeter.tariffs.model import Calendar, Component, Plan

__all__ = ["Program", "Step", "program_of"]

Step = UsageLines | DemandLines | TimeLines | Adjustment | Netted | Settled | CarriedMoney | TrueUpMoney

_REMEMBERED = 64


class Program:
    """The components of a plan, ready to be rated, in the order of calculation."""

    def __init__(self, steps: Sequence[Step], unmatched: Sequence[str], key: tuple[Any, ...]) -> None:
        self.steps = tuple(steps)
        self.unmatched = tuple(unmatched)
        """Codes of components for which no register counts."""
        self.key = key


_programs: OrderedDict[tuple[Any, ...], Program] = OrderedDict()
_lock = Lock()


def program_of(
    usage: Usage,
    plan: Plan,
    calendar: Calendar,
    periods: tuple[Period, ...],
    terms: Terms,
    *,
    parts_of_one: bool,
) -> Program:
    """The program for usage of this form; made if it is not remembered."""
    key = _key(usage, plan, calendar, periods, terms, parts_of_one)
    with _lock:
        found = _programs.get(key)
        if found is not None:
            _programs.move_to_end(key)
            return found
    made = _make(usage, plan, calendar, periods, terms, key, parts_of_one=parts_of_one)
    with _lock:
        _programs[key] = made
        if len(_programs) > _REMEMBERED:
            _programs.popitem(last=False)
    return made


def _key(
    usage: Usage,
    plan: Plan,
    calendar: Calendar,
    periods: tuple[Period, ...],
    terms: Terms,
    parts_of_one: bool,  # noqa: FBT001
) -> tuple[Any, ...]:
    """What a program depends on. Plans and calendars stand for themselves: to compare them all through
    would take longer than to rate a month. The key keeps them alive, so that no other takes their place."""
    streams = tuple(
        (one.minutes, one.decimals, one.unit, one.product, one.register_type, one.direction)
        for one in usage.streams
    )
    return (
        _Same(plan),
        _Same(calendar),
        _Same(terms.spot) if terms.spot else None,
        usage.first,
        usage.end,
        streams,
        periods,
        terms.taxes,
        tuple(terms.loss_factors.items()),
        tuple(terms.conversions.items()),
        parts_of_one,
    )


class _Same:
    """Equal to what holds the very same thing."""

    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __hash__(self) -> int:
        return id(self.thing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.thing is self.thing


def _make(
    usage: Usage,
    plan: Plan,
    calendar: Calendar,
    periods: tuple[Period, ...],
    terms: Terms,
    key: tuple[Any, ...],
    *,
    parts_of_one: bool,
) -> Program:
    ordered = sorted(plan.components, key=lambda one: one.order)
    made = [
        (component, _step(component, usage, plan, calendar, periods, terms, parts_of_one=parts_of_one))
        for component in ordered
    ]

    def measured(component: Component) -> UsageLines | None:
        return usage_lines(component, plan, usage, calendar, periods, terms, parts_of_one=parts_of_one)

    steps = by_metering_option([step for _, step in made if step is not None], plan, periods, measured)
    return Program(steps, [component.code for component, step in made if step is None], key)


def _step(
    component: Component,
    usage: Usage,
    plan: Plan,
    calendar: Calendar,
    periods: tuple[Period, ...],
    terms: Terms,
    *,
    parts_of_one: bool,
) -> Step | None:
    if component.kind in ("supply", "fixed", "capacity"):
        starts = calendar.year_starts
        return time_lines(component, plan, periods, terms, starts, parts_of_one=parts_of_one)
    if component.kind in ("discount", "minimum", "concession"):
        return adjustment(component, plan, periods, terms, calendar.year_starts)
    make = demand_lines if component.kind == "demand" else usage_lines
    return make(component, plan, usage, calendar, periods, terms, parts_of_one=parts_of_one)
