"""From a plan to a picture of what a unit costs when, on the prices of one day."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from math import gcd
from typing import NamedTuple, get_args

from submeter.charts.model import Heading, PriceBand, PriceMap, PricePanel, PriceRow
from submeter.charts.scale import label
from submeter.core.problem import Problem, Refused
from submeter.tariffs.model import Component, DayType, Plan, Rate
from submeter.tariffs.windows import band_at

__all__ = ["price_map", "prices_on"]

_ADDED = {"usage", "pass_through"}
"""What a unit of usage costs at any time of the day is the sum of these."""
_LEAP = date(2024, 1, 1)
_WEEK: tuple[DayType, ...] = get_args(DayType)[:7]
_NAMES: dict[DayType, str] = dict(
    zip(
        get_args(DayType),
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Public holidays"),
        strict=True,
    )
)
_BASES = {
    "day": "a day", "month": "a month", "period": "a period", "year": "a year", "per_kw": "per kW",
    "per_kw_day": "per kW and day",
}  # fmt: skip

_Key = tuple[tuple[int, str], ...]
"""Which band of which component holds."""


class _Priced(NamedTuple):
    component: Component
    rates: tuple[Rate, ...]


def prices_on(component: Component, day: date) -> tuple[Rate, ...]:
    """The prices of a component that hold on a day."""
    if (component.from_date and day < component.from_date) or (
        component.to_date and day >= component.to_date
    ):
        return ()
    return tuple(
        rate
        for rate in component.rates
        if rate.from_date <= day and (rate.to_date is None or day < rate.to_date)
    )


def price_map(plan: Plan, day: date, code: str = "") -> PriceMap:
    """What a unit of one component costs when; without `code`, a unit of usage by all components together.

    Raises Refused TRF241 where no price holds by time on that day, TRF242 where there is no such component.
    """
    parts = _parts(plan, day, code)
    rows = {kind: _rows(parts, kind) for kind in _day_types(parts)}
    keys = sorted({key for some in rows.values() for _, _, cells in some for key in cells if key})
    places = {key: place for place, key in enumerate(keys)}
    panels = tuple(
        PricePanel(_title(kinds, all_=len(rows)), tuple(_row(row, places) for row in rows[kinds[0]]))
        for kinds in _alike(rows)
    )
    bands = tuple(_band(parts, key) for key in keys)
    first = parts[0].component
    unit = f"{plan.currency} per {first.unit}"
    return PriceMap(_heading(plan, day, parts), unit, bands, panels)


def _parts(plan: Plan, day: date, code: str) -> list[_Priced]:
    if code:
        chosen = [component for component in plan.components if component.code.lower() == code.lower()]
        if not chosen:
            known = ", ".join(component.code for component in plan.components)
            raise Refused(Problem("TRF242", "The plan has no such component", code, f"It has: {known}."))
    else:
        usage = [one for one in plan.components if one.kind in _ADDED and not one.register_types]
        chosen = [one for one in usage if (one.product, one.unit) == (usage[0].product, usage[0].unit)]
    parts = [_Priced(component, rates) for component in chosen if (rates := prices_on(component, day))]
    if not parts:
        hint = "Name a component (`--component`), or a day on which it has prices (`--on`)."
        raise Refused(Problem("TRF241", "There is no price to draw", f"{plan.code} on {day}", hint))
    return parts


# --- times -----------------------------------------------------------------------------------------------


def _day_types(parts: Sequence[_Priced]) -> tuple[DayType, ...]:
    named = {kind for part in parts for band in part.component.bands for kind in band.day_types}
    return (*_WEEK, "holiday") if "holiday" in named else _WEEK


def _rows(parts: Sequence[_Priced], kind: DayType) -> tuple[tuple[int, int, tuple[_Key, ...]], ...]:
    """Days of the year that are alike: place of the first, how many, and what holds in each slot."""
    slot = _slot(parts)
    edges = [*_edges(parts), 366]
    found: list[tuple[int, int, tuple[_Key, ...]]] = []
    for first, end in pairwise(edges):
        day = _LEAP + timedelta(days=first)
        cells = tuple(_at(parts, (day.month, day.day), kind, minute) for minute in range(0, 1440, slot))
        if found and found[-1][2] == cells:
            found[-1] = (found[-1][0], end - found[-1][0], cells)
        else:
            found.append((first, end - first, cells))
    return tuple(found)


def _slot(parts: Sequence[_Priced]) -> int:
    """The longest slot of a day on whose edges all windows begin and end: an hour at most."""
    minutes = [
        minute
        for part in parts
        for band in part.component.bands
        for minute in (band.from_minute, band.to_minute)
    ]
    return gcd(60, *minutes)


def _edges(parts: Sequence[_Priced]) -> list[int]:
    """The days of the year, counted from 0, on which a season begins or is over."""
    days = {0}
    for part in parts:
        for band in part.component.bands:
            if band.season is not None:
                (first, last) = (date(2024, *one) - _LEAP for one in band.season)
                days |= {first.days, (last.days + 1) % 366}
    return sorted(days)


def _at(parts: Sequence[_Priced], day: tuple[int, int], kind: DayType, minute: int) -> _Key:
    found = []
    for place, (component, _) in enumerate(parts):
        if not component.bands:
            found.append((place, ""))
        elif band := band_at(component.bands, day, kind, minute):
            found.append((place, band.code))
    return tuple(found)


def _row(row: tuple[int, int, tuple[_Key, ...]], places: dict[_Key, int]) -> PriceRow:
    first, days, cells = row
    return PriceRow(first, days, tuple(places.get(key) for key in cells))


def _alike(rows: dict[DayType, tuple[tuple[int, int, tuple[_Key, ...]], ...]]) -> list[list[DayType]]:
    """Kinds of days with the same prices, together."""
    groups: dict[tuple[tuple[int, int, tuple[_Key, ...]], ...], list[DayType]] = {}
    for kind, some in rows.items():
        groups.setdefault(some, []).append(kind)
    return list(groups.values())


def _title(kinds: Sequence[DayType], all_: int) -> str:
    """Monday to Friday; Saturday, Sunday; All days."""
    if len(kinds) == all_:
        return "All days"
    places = [_WEEK.index(kind) for kind in kinds if kind != "holiday"]
    run = len(places) > 2 and places == list(range(places[0], places[-1] + 1))
    names = [_NAMES[kind] for kind in kinds if kind != "holiday"]
    said = [f"{names[0]} to {names[-1]}"] if run else names
    return ", ".join(
        [*said, *(["public holidays" if said else _NAMES["holiday"]] if "holiday" in kinds else [])]
    )


# --- prices ----------------------------------------------------------------------------------------------


def _band(parts: Sequence[_Priced], key: _Key) -> PriceBand:
    """What holds together: its names, the price of the first step, and the others."""
    names = dict.fromkeys(code for _, code in key if code)
    steps = [_steps(parts[place], code) for place, code in key]
    prices = [some[0].price for some in steps if some]
    about = "; ".join(
        filter(
            None, (_about(parts[place].component, some) for (place, _), some in zip(key, steps, strict=True))
        )
    )
    return PriceBand(" + ".join(names) or "all times", sum(prices, Decimal(0)) if prices else None, about)


def _steps(part: _Priced, code: str) -> list[Rate]:
    return sorted((rate for rate in part.rates if rate.band == code), key=lambda rate: rate.step)


def _about(component: Component, steps: Sequence[Rate]) -> str:
    """What the further steps cost: then 0.31 from 10 kWh a day."""
    said = [
        f"{label(rate.price)} above {label(before.up_to)} {component.unit} {_BASES[component.steps.basis]}"
        for before, rate in pairwise(steps)
        if before.up_to is not None
    ]
    return f"then {', '.join(said)}" if said else ""


def _heading(plan: Plan, day: date, parts: Sequence[_Priced]) -> Heading:
    of = [part.component.name or part.component.code for part in parts]
    tax = {part.component.tax_inclusive for part in parts if part.component.tax_code}
    said = {frozenset({True}): ", with tax", frozenset({False}): ", without tax"}.get(frozenset(tax), "")
    return Heading(
        f"{plan.name or plan.code}" + (f" ({plan.code})" if plan.name else ""),
        f"{' + '.join(dict.fromkeys(of))}, prices of {day.day} {day:%B %Y}{said}",
    )
