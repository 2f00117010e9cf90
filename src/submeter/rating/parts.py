"""Which days of an agreement are charged by which plan, and what of its usage that takes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from submeter.metering.days import first_of_next_month
from submeter.rating.model import Period
from submeter.tariffs.model import Component, Plan

__all__ = [
    "Had",
    "Part",
    "by_month",
    "by_peak",
    "counts",
    "days_without",
    "from_year_start",
    "list_parts",
    "lookback",
    "reach",
    "wants",
]

_CARRIED = ("net_energy", "net_money", "net_billing_carry")
_BY_METER = ("usage", "controlled_load", "pass_through", "spot", "green", "demand", "feed_in")


@dataclass(frozen=True, slots=True)
class Had:
    """A plan that an agreement has on the days of `[from_date, to_date)`, and the terms of it."""

    plan_id: UUID
    product: str
    from_date: date
    to_date: date | None
    conditions: frozenset[str] = frozenset()
    """What holds: direct_debit, ..."""
    capacity: Decimal | None = None
    """Agreed kW or kVA."""
    offering_id: UUID | None = None
    """What is offered on top of the plan."""
    customer_type: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """The days that one plan charges an agreement, as one bill or several after each other."""

    agreement_id: UUID
    plan_id: UUID
    product: str
    periods: tuple[Period, ...]
    conditions: frozenset[str] = frozenset()
    capacity: Decimal | None = None
    before: int = 0
    """So many of the periods come first and are not charged: what is carried over begins with them."""

    variant: int = 0
    """Which of several ways to charge the same days; 0: as they are."""

    offering_id: UUID | None = None
    """What is offered on top of the plan."""

    customer_type: str = ""

    @property
    def charged(self) -> tuple[Period, ...]:
        """The periods that are charged."""
        return self.periods[self.before :]

    @property
    def first(self) -> date:
        return self.periods[0].first

    @property
    def end(self) -> date:
        return self.periods[-1].end


def list_parts(agreement_id: UUID, history: Sequence[Had], period: Period) -> Iterator[Part]:
    """The days of a period by plan. Rows that follow each other and say the same are one."""
    merged: dict[str, list[Had]] = {}
    for had in sorted(history, key=lambda one: (one.product, one.from_date)):
        of_product = merged.setdefault(had.product, [])
        before = of_product[-1] if of_product else None
        same = before is not None and replace(before, from_date=had.from_date, to_date=had.to_date) == had
        if before is not None and same and before.to_date == had.from_date:
            of_product[-1] = replace(before, to_date=had.to_date)
        else:
            of_product.append(had)
    for had in (one for of_product in merged.values() for one in of_product):
        days = Period(max(had.from_date, period.first), min(had.to_date or date.max, period.end))
        if days.first < days.end:
            yield Part(
                agreement_id,
                had.plan_id,
                had.product,
                (days,),
                had.conditions,
                had.capacity,
                offering_id=had.offering_id,
                customer_type=had.customer_type,
            )


def from_year_start(part: Part, plan: Plan, since: date) -> Part:
    """The part with the months before it that its bill rests on, charged already.

    Where energy or money may be carried over, they begin with the year that the plan settles; where a year's
    end credits what is left, up to two years earlier. A minimum for the year looks at twelve months. They
    do not begin before the agreement has the plan.
    """
    begins = max(_begins(part, plan), since)
    if begins >= part.first:
        return part
    months = by_month(Period(begins, part.first))
    return replace(part, periods=(*months, *part.periods), before=len(months))


def _begins(part: Part, plan: Plan) -> date:
    first = part.first
    if plan.metering in _CARRIED:
        month = plan.true_up_month % 12 + 1
        return date(first.year - (first.month < month) - (2 if plan.true_up == "credit" else 0), month, 1)
    if any(one.kind == "minimum" and one.unit == "year" for one in plan.components):
        return date(first.year - 1, first.month, 1)
    return first


def days_without(history: Iterable[Had], period: Period) -> list[date]:
    """The days of a period on which there is no plan at all."""
    held = [(had.from_date, had.to_date or date.max) for had in history]
    days = (period.first + timedelta(days=n) for n in range(period.days))
    return [day for day in days if not any(first <= day < end for first, end in held)]


def by_month(period: Period) -> tuple[Period, ...]:
    """The period cut where calendar months begin."""
    edges = [period.first]
    while (month := first_of_next_month(edges[-1])) < period.end:
        edges.append(month)
    return tuple(Period(*days) for days in pairwise([*edges, period.end]))


def counts(component: Component, product: str, register_type: str, direction: str, unit: str) -> bool:
    """Whether a component looks at such a register."""
    if component.kind not in _BY_METER or component.product != product:
        return False
    if unit == "kvarh" and component.unit != "kvarh":
        return component.demand is not None and component.demand.unit == "kVA" and direction == "import"
    named = not component.register_types or register_type in component.register_types
    return named and direction == ("export" if component.kind == "feed_in" else "import")


def wants(component: Component) -> str:
    """What a component looks for, in words; empty where it looks at no meter."""
    if component.kind not in _BY_METER:
        return ""
    direction = "export" if component.kind == "feed_in" else "import"
    types = f" of type {' or '.join(component.register_types)}" if component.register_types else ""
    return f"{component.product}, {direction}{types}"


def reach(days: Period, held: Period, plans: Iterable[Plan]) -> Period:
    """The days whose usage is looked at: whole months, and those before for a ratchet, up to the agreement.

    A month's peak is that of the whole month, however the days of it are charged.
    """
    components = [component for plan in plans for component in plan.components]
    if not any(by_peak(component) for component in components):
        return days
    first = days.first.replace(day=1)
    for _ in range(max(lookback(component) for component in components)):
        if first > held.first:
            first = (first - timedelta(days=1)).replace(day=1)
    return Period(first, first_of_next_month(days.end - timedelta(days=1)))


def lookback(component: Component) -> int:
    """How many months before a month count for its peak."""
    return component.demand.lookback_months if component.demand else 0


def by_peak(component: Component) -> bool:
    """Whether a month's greatest power decides what it charges."""
    return component.kind == "demand" or component.steps.basis in ("per_kw", "per_kw_day")
