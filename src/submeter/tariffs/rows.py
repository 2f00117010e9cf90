"""Price plans as rows of tables and back: which column holds what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from submeter.tariffs.model import (
    Band,
    Component,
    DemandRule,
    DiscountRule,
    Plan,
    Rate,
    StepRule,
)

__all__ = [
    "PLAN", "ComponentKey", "RateKey", "StoredPlan",
    "band_of", "band_row", "component_key", "component_of", "component_row",
    "plan_row", "rate_key", "rate_of", "rate_row",
]  # fmt: skip

PLAN = ("code", "name", "currency", "decimals", "rounding", "tax_rule", "metering", "true_up_month",
        "true_up", "credit_from")  # fmt: skip
"""Columns of price_plans that are fields of a `Plan`."""

_PLAIN = ("code", "kind", "unit", "product", "name", "clock", "share", "spot_series", "spot_factor",
          "tax_code", "tax_inclusive", "place", "prorate", "gl_code", "from_date", "to_date")  # fmt: skip
_LISTS = ("register_types", "base", "loss_factors")
_DEMAND = DemandRule._fields
_DISCOUNT = DiscountRule._fields
_SEASON = ("season_from_month", "season_from_day", "season_to_month", "season_to_day")
_RATE = ("band", "step", "up_to", "price", "from_date", "to_date")

Row = Mapping[str, Any]


class ComponentKey(NamedTuple):
    """By which a component of a plan is known."""

    code: str
    from_date: date | None


class RateKey(NamedTuple):
    """By which a price is known."""

    component: ComponentKey
    band: str
    step: int
    from_date: date


@dataclass(frozen=True, slots=True, eq=False)
class StoredPlan:
    """A plan as the database has it, with the keys of its rows."""

    id: UUID
    esco_id: UUID
    product: str
    status: str
    from_date: date | None
    """First day on which it may be given to an agreement."""
    to_date: date | None
    plan: Plan
    component_ids: Mapping[ComponentKey, UUID]
    rate_ids: Mapping[RateKey, UUID]
    schedule_ids: Mapping[ComponentKey, UUID] = field(default_factory=dict)
    """The schedules of inducements that are in the plan as components, where an agreement's offering is."""

    def component_id(self, component: Component) -> UUID:
        """The key of a component of `plan`, or of the schedule that it comes from."""
        return self.schedule_id(component) or self.component_ids[component_key(component)]

    def schedule_id(self, component: Component) -> UUID | None:
        """The key of the schedule of an inducement; None of the plan's own components."""
        return self.schedule_ids.get(component_key(component))

    def rate_id(self, component: Component, rate: Rate) -> UUID:
        """The key of a price: which version of it."""
        return self.rate_ids[rate_key(component, rate)]


def component_key(component: Component) -> ComponentKey:
    """By which it is known in its plan."""
    return ComponentKey(component.code, component.from_date)


def rate_key(component: Component, rate: Rate) -> RateKey:
    """By which it is known in its plan."""
    return RateKey(component_key(component), rate.band, rate.step, rate.from_date)


def plan_row(plan: Plan) -> dict[str, Any]:
    """The columns of a plan itself."""
    return {name: getattr(plan, name) for name in PLAN}


def component_row(component: Component, position: int) -> dict[str, Any]:
    """The columns of a component; those of a rule that it does not have are null."""
    row = {name: getattr(component, name) for name in _PLAIN}
    row |= {name: list(getattr(component, name)) for name in _LISTS}
    row |= _rule_row("demand", _DEMAND, component.demand) | _rule_row(
        "discount", _DISCOUNT, component.discount
    )
    steps = component.steps
    return {**row, "position": position, "step_basis": steps.basis, "step_scope": steps.scope}


def _rule_row(prefix: str, names: Sequence[str], rule: DemandRule | DiscountRule | None) -> dict[str, Any]:
    return {f"{prefix}_{name}": _flat(getattr(rule, name)) if rule else None for name in names}


def _flat(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


def component_of(row: Row, bands: Sequence[Band], rates: Sequence[Rate]) -> Component:
    """A component of its row, with the bands and rates of its rows."""
    demand = {name: row[f"demand_{name}"] for name in _DEMAND}
    discount = {name: row[f"discount_{name}"] for name in _DISCOUNT}
    plain: dict[str, Any] = {name: row[name] for name in _PLAIN}
    lists: dict[str, Any] = {name: tuple(row[name]) for name in _LISTS}
    return Component(
        **plain,
        **lists,
        bands=tuple(bands),
        rates=tuple(rates),
        steps=StepRule(row["step_basis"], row["step_scope"]),
        demand=DemandRule(**_deep(demand, "lookback_season")) if demand["unit"] else None,
        discount=DiscountRule(**_deep(discount, "months")) if discount["how"] else None,
    )


def _deep(values: dict[str, Any], months: str) -> dict[str, Any]:
    return {**values, months: frozenset(values[months] or ())}


def band_row(band: Band, position: int) -> dict[str, Any]:
    """The columns of a time band."""
    season = (*band.season[0], *band.season[1]) if band.season else (None,) * 4
    return {
        "position": position, "code": band.code, "from_minute": band.from_minute, "to_minute": band.to_minute,
        "day_types": sorted(band.day_types), **dict(zip(_SEASON, season, strict=True)),
    }  # fmt: skip


def band_of(row: Row) -> Band:
    """A time band of its row."""
    first, day, last, end = (row[name] for name in _SEASON)
    season = ((first, day), (last, end)) if first else None
    return Band(row["code"], row["from_minute"], row["to_minute"], frozenset(row["day_types"]), season)


def rate_row(rate: Rate) -> dict[str, Any]:
    """The columns of a price."""
    return rate._asdict()


def rate_of(row: Row) -> Rate:
    """A price of its row."""
    return Rate(**{name: row[name] for name in _RATE})
