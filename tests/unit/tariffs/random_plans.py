"""Random price plans that are sound, for the tests of whoever reads, writes, keeps or rates them."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import get_args

from hypothesis import strategies as st

from submeter.tariffs.model import (
    Band,
    Basis,
    Component,
    DayType,
    DemandRule,
    DiscountRule,
    Kind,
    Metering,
    Plan,
    Rate,
    StepRule,
    TrueUp,
)

KINDS: tuple[Kind, ...] = get_args(Kind)
_BANDED = {"usage", "controlled_load", "pass_through", "spot", "green", "demand", "feed_in"}
_STEPPED = _BANDED - {"spot"}
_UNITS = {"supply": "day", "fixed": "month", "minimum": "month", "demand": "kW", "capacity": "kVA"}

codes = st.from_regex(r"[A-Z][A-Z0-9_-]{0,7}", fullmatch=True)
words = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20).map(str.strip)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
prices = st.decimals(-10, 1000, places=6)
amounts = st.decimals(0, 10000, places=3)
percents = st.decimals(0, 100, places=2)
months = st.frozensets(st.integers(1, 12), max_size=4)
day_types = st.frozensets(st.sampled_from(get_args(DayType)))
minutes = st.integers(0, 48).map(lambda halves: halves * 30)
days_of_year = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: (day.month, day.day))


def bands(names: st.SearchStrategy[str] = codes) -> st.SearchStrategy[Band]:
    """Windows of any kind; over midnight too."""
    season = st.none() | st.tuples(days_of_year, days_of_year)
    return st.builds(Band, names, minutes, minutes, day_types, season)


demand_rules = st.builds(
    DemandRule, st.sampled_from(("kW", "kVA")), st.sampled_from((5, 15, 30, 60)), amounts,
    st.sampled_from(("month", "day")), st.integers(0, 12), percents, months,
)  # fmt: skip
discount_rules = st.builds(
    DiscountRule, st.sampled_from(("percent", "per_day", "per_month", "amount")), st.booleans(), amounts,
    st.none() | amounts, st.sampled_from(("day", "month", "period", "year")), months,
    st.sampled_from(("", "direct_debit", "paid_on_time")),
)  # fmt: skip


@st.composite
def rate_sets(draw: st.DrawFn, names: tuple[str, ...], *, stepped: bool) -> tuple[Rate, ...]:
    """For each band and some first days, steps that meet, the last one without an end."""
    firsts = sorted(draw(st.lists(days, min_size=1, max_size=3, unique=True)))
    found = []
    for place, first in enumerate(firsts):
        end = (
            firsts[place + 1]
            if place + 1 < len(firsts)
            else draw(st.none() | st.just(first + timedelta(days=30)))
        )
        for name in names or ("",):
            ends = sorted(draw(st.lists(amounts.filter(bool), max_size=2 if stepped else 0, unique=True)))
            for step, up_to in enumerate([*ends, None], 1):
                found.append(Rate(first, draw(prices), end, name, step, up_to))
    return tuple(draw(st.permutations(found)))


@st.composite
def components(draw: st.DrawFn, code: str, others: tuple[str, ...] = ()) -> Component:
    kind = draw(st.sampled_from(KINDS))
    windows = tuple(draw(st.lists(bands(), max_size=4, unique=True))) if kind in _BANDED else ()
    names = tuple(dict.fromkeys(window.code for window in windows))
    first = draw(st.none() | days)
    return Component(
        code=code,
        kind=kind,
        rates=draw(rate_sets(names, stepped=kind in _STEPPED)),
        unit=_UNITS.get(kind, "kWh"),
        name=draw(words),
        register_types=tuple(draw(st.lists(codes, max_size=2, unique=True))),
        bands=windows,
        clock=draw(st.sampled_from(("local", "market"))),
        steps=draw(st.builds(StepRule, st.sampled_from(get_args(Basis)), st.sampled_from(("shared", "running", "band")))),
        demand=draw(demand_rules) if kind == "demand" else None,
        discount=draw(discount_rules) if kind in {"discount", "concession"} else None,
        base=tuple(draw(st.lists(st.sampled_from(others), max_size=2, unique=True))) if others else (),
        loss_factors=draw(st.sampled_from(((), ("DLF",), ("MLF", "DLF")))),
        share=draw(percents),
        spot_series=draw(codes) if kind == "spot" else "",
        spot_factor=draw(amounts) if kind == "spot" else Decimal(1),
        tax_code=draw(st.sampled_from(("", "GST", "GST-free", "VAT5"))),
        tax_inclusive=draw(st.booleans()),
        place=draw(st.none() | st.integers(0, 100)),
        prorate=draw(st.booleans()),
        gl_code=draw(st.sampled_from(("", "4000", "4100-01"))),
        from_date=first,
        to_date=first + timedelta(days=draw(st.integers(1, 400))) if first and draw(st.booleans()) else None,
    )  # fmt: skip


@st.composite
def plans(draw: st.DrawFn, most: int = 4) -> Plan:
    """A plan of up to `most` components, each sound in itself; not each of them sensible."""
    names = draw(st.lists(codes, min_size=1, max_size=most, unique=True))
    parts = [draw(components(name, tuple(names[:place]))) for place, name in enumerate(names)]
    if parts[0].to_date and draw(st.booleans()):  # what comes after it has its code
        parts.append(replace(draw(components(names[0])), from_date=parts[0].to_date, to_date=None))
    return Plan(
        code=draw(codes),
        components=tuple(parts),
        name=draw(words),
        currency=draw(st.sampled_from(("AUD", "NZD", "GBP"))),
        decimals=draw(st.integers(0, 4)),
        rounding=draw(st.sampled_from(("line", "invoice"))),
        tax_rule=draw(st.sampled_from(("total", "supply"))),
        metering=draw(st.sampled_from(get_args(Metering))),
        true_up_month=draw(st.integers(1, 12)),
        true_up=draw(st.sampled_from(get_args(TrueUp))),
        credit_from=draw(st.sampled_from(("month", "next_month"))),
    )
