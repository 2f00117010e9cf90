"""A case as Submeter has it: a plan, usage, a calendar without clock changes or holidays, twelve periods."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import numpy as np

from bench.sam.case import DAYS, END, FIRST, Case, Demand, Grid, Ratchet, Tier
from submeter.rating.model import IntArray, Period, Stream, Terms, Usage
from submeter.tariffs.model import (
    Band,
    Basis,
    Calendar,
    Component,
    DayType,
    DemandRule,
    Metering,
    Plan,
    Rate,
    StepRule,
    TrueUp,
)

__all__ = ["CALENDAR", "METERING", "MONTHS", "bands_of_grid", "plan_of", "terms_of", "usage_of"]

METERING: tuple[Metering, ...] = (
    "net_energy",
    "net_money",
    "net_billing",
    "net_billing_carry",
    "buy_all_sell_all",
)
"""By SAM's number."""
CALENDAR = Calendar("UTC")
_STARTS = [date(2018, month, 1) for month in range(1, 13)]
MONTHS = tuple(Period(first, end) for first, end in zip(_STARTS, [*_STARTS[1:], END], strict=True))
_BASIS: tuple[Basis, ...] = ("month", "per_kw", "day", "per_kw_day")
_WEEKDAYS: frozenset[DayType] = frozenset(("mon", "tue", "wed", "thu", "fri"))
_WEEKENDS: frozenset[DayType] = frozenset(("sat", "sun"))


def usage_of(case: Case) -> Usage:
    """With one meter each interval is either import or export; buying and selling all takes two meters."""
    if case.option == 4:
        import_, export = case.load, case.made
    else:
        balance = case.load - case.made
        import_, export = np.maximum(balance, 0), np.maximum(-balance, 0)
    streams = (
        Stream(amounts=import_, minutes=case.minutes),
        Stream(amounts=export, minutes=case.minutes, direction="export"),
    )
    return Usage(first=FIRST, end=END, streams=streams)


def plan_of(case: Case) -> Plan:
    """The tariff. Money is not rounded before the invoice, as SAM rounds none."""
    parts = [_energy(case), _export(case), *_demands(case)]
    if case.fixed:
        parts.append(Component(code="fixed", kind="fixed", unit="month", rates=_flat(case.fixed)))
    parts += _minimums(case, tuple(part.code for part in parts))
    return Plan(
        code="sam",
        components=tuple(parts),
        rounding="invoice",
        metering=METERING[case.option],
        true_up_month=case.true_up_month,
        true_up=_true_up(case),
        credit_from="next_month" if case.option == 3 and not case.same_month else "month",
    )


def terms_of(case: Case) -> Terms:
    spot = {
        name: (case.minutes, 6, prices)
        for name, prices in (("buy", case.spot_buy), ("sell", case.spot_sell))
        if prices is not None
    }
    return Terms(spot=spot, peaks=_year_zero(case))


def bands_of_grid(weekday: Grid, weekend: Grid) -> tuple[Band, ...]:
    """A month-by-hour grid as windows: neighbours alike, in hours and in months, are one."""
    found: list[Band] = []
    for first, last, (work, rest) in _alike(list(zip(weekday, weekend, strict=True))):
        season = None if last - first == 11 else ((first + 1, 1), (last + 1, 31))
        for hours, days in ((work, _WEEKDAYS), (rest, _WEEKENDS)) if work != rest else ((work, frozenset()),):
            for start, end, period in _alike(hours):
                found.append(Band(f"p{period}", start * 60, end * 60 + 60, days, season))
    return tuple(found)


def _alike(values: Sequence[Any]) -> Iterable[tuple[int, int, Any]]:
    """Runs of equal neighbours: the place of the first, of the last, and the value."""
    place = 0
    for value, run in groupby(values):
        count = len(list(run))
        yield place, place + count - 1, value
        place += count


def _flat(price: Decimal) -> tuple[Rate, ...]:
    return (Rate(FIRST, price),)


def _true_up(case: Case) -> TrueUp:
    if case.option == 0 and case.rollover:
        return "credit"
    return "expire" if case.option == 3 and case.expires else "pay"


def _steps(case: Case) -> StepRule:
    """SAM: netted months share their tiers among periods, all else runs through the month."""
    return StepRule(_BASIS[case.unit], "shared" if case.option < 2 else "running")


def _rates(tiers: Iterable[Tier], banded: Sequence[Band], *, sell: bool = False) -> tuple[Rate, ...]:
    return tuple(
        Rate(
            FIRST,
            tier.sell if sell else tier.buy,
            band=f"p{tier.period}" if banded else "",
            step=tier.tier,
            up_to=tier.up_to,
        )
        for tier in tiers
    )


def _bands(case: Case) -> tuple[Band, ...]:
    return bands_of_grid(case.weekday, case.weekend) if len(case.periods) > 1 else ()


def _energy(case: Case) -> Component:
    if case.spot_buy is not None:
        return Component(code="energy", kind="spot", spot_series="buy", rates=_flat(Decimal(0)))
    bands = _bands(case)
    rates = _rates(case.energy, bands)
    return Component(
        code="energy",
        kind="usage",
        rates=rates,
        bands=bands,
        steps=_steps(case),
        demand=_billing_demand(case),
    )


def _export(case: Case) -> Component:
    if case.option == 0:
        return Component(code="export", kind="feed_in", rates=_flat(case.year_end_price))
    if case.spot_sell is not None:
        return Component(code="export", kind="feed_in", spot_series="sell", rates=_flat(Decimal(0)))
    bands = _bands(case)
    rates = _rates(case.energy, bands, sell=True)
    return Component(
        code="export",
        kind="feed_in",
        rates=rates,
        bands=bands,
        steps=_steps(case),
        demand=_billing_demand(case),
    )


def _billing_demand(case: Case) -> DemandRule | None:
    """What limits for each kW are multiplied with, where a ratchet holds."""
    rule = case.demand.ratchet if case.demand else None
    return _rule(case, rule) if rule and case.unit in {1, 3} else None


def _demands(case: Case) -> list[Component]:
    demand = case.demand
    if demand is None:
        return []
    rule = demand.ratchet
    found: list[Component] = []
    bands = _demand_bands(demand)
    held = f"p{rule.period}" if rule and rule.period else ""
    if demand.by_period and held:
        found += _held("tou_held", case, demand.by_period, _only(bands, held), rule)
        found += _held("tou", case, demand.by_period, _all_but(bands, held), None)
    elif demand.by_period:
        found += _held("tou", case, demand.by_period, bands, rule)
    if demand.flat:
        flat = [tier._replace(period=rule.period if rule and rule.period else 1) for tier in demand.flat]
        found += _held("flat", case, flat, _only(bands, held) if held else (), rule)
    return [one for one in found if one.rates]


def _held(
    code: str, case: Case, tiers: Sequence[Tier], bands: tuple[Band, ...], rule: Ratchet | None
) -> list[Component]:
    """SAM looks a month further back while last year is in sight: two components, one after the other."""
    one = _demand(code, case, tiers, bands, rule)
    if rule is None or rule.months >= len(DAYS):
        return [one if rule is None else _looking_back(one, rule.months + 1)]
    turn = _STARTS[rule.months + 1] if rule.months + 1 < len(DAYS) else END
    further = replace(_looking_back(one, rule.months + 1), to_date=turn)
    return [further, replace(one, code=f"{code}_later", from_date=turn)]


def _looking_back(component: Component, months: int) -> Component:
    assert component.demand is not None
    return replace(component, demand=component.demand._replace(lookback_months=months))


def _demand_bands(demand: Demand) -> tuple[Band, ...]:
    periods = {tier.period for tier in demand.by_period}
    return bands_of_grid(demand.weekday, demand.weekend) if len(periods) > 1 else ()


def _only(bands: Sequence[Band], code: str) -> tuple[Band, ...]:
    return tuple(band for band in bands if band.code == code)


def _all_but(bands: Sequence[Band], code: str) -> tuple[Band, ...]:
    return tuple(band for band in bands if band.code != code)


def _demand(
    code: str, case: Case, tiers: Sequence[Tier], bands: tuple[Band, ...], rule: Ratchet | None
) -> Component:
    codes = {band.code for band in bands}
    held = [tier for tier in tiers if not bands or f"p{tier.period}" in codes]
    return Component(
        code=code,
        kind="demand",
        unit="kW",
        rates=_rates(held, bands),
        bands=bands,
        demand=_rule(case, rule),
        steps=StepRule("period", "band"),
    )


def _rule(case: Case, rule: Ratchet | None) -> DemandRule:
    demand = DemandRule(minutes=case.minutes)
    if rule is None:
        return demand
    return demand._replace(
        minimum=rule.minimum,
        lookback_months=rule.months,
        lookback_percent=Decimal(rule.percent),
        lookback_season=rule.counted if len(rule.counted) < len(DAYS) else frozenset(),
    )


def _minimums(case: Case, codes: tuple[str, ...]) -> list[Component]:
    """SAM compares all that one meter comes to, after credits; with two meters, that of what is used."""
    base = tuple(code for code in codes if code != "export" or case.option != 4)
    found = []
    for unit, price in (("month", case.minimum_month), ("year", case.minimum_year)):
        if price:
            rates = _flat(price)
            found.append(
                Component(code=f"least_{unit}", kind="minimum", unit=unit, rates=rates, base=base, place=99)
            )
    return found


def _year_zero(case: Case) -> dict[str, dict[date, IntArray]]:
    """Last year's peaks, for each component that looks back at them."""
    if case.demand is None or case.demand.ratchet is None:
        return {}
    peaks = {
        date(2017, month, 1): np.full((len(case.load), 1), peak * 10**6)
        for month, peak in enumerate(case.demand.ratchet.year_zero, start=1)
    }
    return {one.code: peaks for one in _demands(case) if one.demand and one.demand.lookback_months}
