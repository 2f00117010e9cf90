"""Plans to a table of prices, which reads back as the same plans."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

from submeter.tariffs.formats.price_columns import COLUMNS, NEEDED, Part, columns_of
from submeter.tariffs.model import Band, Component, DemandRule, DiscountRule, Plan, Rate, StepRule

__all__ = ["write_price_rows"]

_SHOWN = {"plan_name", "currency", "product", "unit", "demand_unit", "demand_minutes", "discount_how"}
"""Written even where an empty cell would say the same: a table without them reads badly."""
_DEFAULTS: dict[Part, dict[str, Any]] = {
    "plan": {field.name: field.default for field in fields(Plan)},
    "component": {field.name: field.default for field in fields(Component)},
    "steps": StepRule._field_defaults,
    "demand": DemandRule._field_defaults,
    "discount": DiscountRule._field_defaults,
    "window": {"season": None, "day_types": frozenset()},
    "rate": {"step": 1, "up_to": None, "to_date": None},
}


def write_price_rows(plans: Iterable[Plan]) -> str:
    """The plans as CSV. Columns that would be empty in all rows are left out."""
    rows = [row for plan in plans for component in plan.components for row in _rows(plan, component)]
    used = [
        column.name for column in COLUMNS if column.name in NEEDED or any(column.name in row for row in rows)
    ]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(used)
    writer.writerows([row.get(name, "") for name in used] for row in rows)
    return out.getvalue()


def _rows(plan: Plan, component: Component) -> Iterator[dict[str, str]]:
    same = {**_cells("plan", plan), **_cells("component", component), **_cells("steps", component.steps)}
    if component.demand is not None:
        same |= _cells("demand", component.demand)
    if component.discount is not None:
        same |= _cells("discount", component.discount)
    if any(rate.step > 1 or rate.up_to is not None for rate in component.rates):
        same["step_basis"] = component.steps.basis
    for band, rate in _placed(component.bands, component.rates):
        yield same | (_cells("window", band) if band else {}) | (_price(rate, component) if rate else {})


def _placed(bands: Sequence[Band], rates: Sequence[Rate]) -> Iterator[tuple[Band | None, Rate | None]]:
    """Prices in their order, each with a window of its band; windows come in theirs.

    Rows for windows alone where the two orders differ, or where a band has more windows than prices.
    """
    ahead = list(bands)
    for rate in rates:
        while any(band.code == rate.band for band in ahead) and ahead[0].code != rate.band:
            yield ahead.pop(0), None
        if ahead and ahead[0].code == rate.band:
            yield ahead.pop(0), rate
        else:
            yield next((band for band in bands if band.code == rate.band), None), rate
    for band in ahead:
        yield band, None
    if not bands and not rates:
        yield None, None


def _cells(part: Part, value: Any) -> dict[str, str]:
    """The cells of a part that say something else than an empty one would."""
    said = {}
    for column in columns_of(part):
        held = getattr(value, column.field)
        if column.name in _SHOWN or held != _DEFAULTS[part].get(column.field, ...):
            said[column.name] = column.cell.write(held)
    return {name: text for name, text in said.items() if text}


def _price(rate: Rate, component: Component) -> dict[str, str]:
    columns = [column for column in columns_of("rate") if column.name != "step_from"]
    defaults = _DEFAULTS["rate"]
    held = [(column, getattr(rate, column.field)) for column in columns]
    cells = {
        column.name: column.cell.write(value)
        for column, value in held
        if value != defaults.get(column.field, ...)
    }
    if rate.band:
        cells["band"] = rate.band
    if rate.step > 1 and (begins := _begins(rate, component.rates)) is not None:
        cells["step_from"] = begins
    return cells


def _begins(rate: Rate, rates: Sequence[Rate]) -> str | None:
    """Where the step before ends, for people who read the table."""
    key = (rate.band, rate.step - 1, rate.from_date)
    before = next((one for one in rates if (one.band, one.step, one.from_date) == key), None)
    return f"{before.up_to:f}" if before and before.up_to is not None else None
