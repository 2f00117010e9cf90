"""Random usage, calendars and plans that make sense, for properties of the engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from submeter.rating.model import Dated, IntArray, Period, Stream, Terms, Usage
from submeter.rating.timeline import timeline
from submeter.tariffs.model import (
    Band,
    Calendar,
    Component,
    DayType,
    DemandRule,
    DiscountRule,
    Plan,
    Rate,
    StepRule,
    TaxRate,
)

__all__ = [
    "BANDS",
    "FIRST_OF_ALL",
    "World",
    "blocks",
    "changes_of",
    "demand",
    "plan_of",
    "price",
    "tiers",
    "time_of_use",
    "usage_of",
    "worlds",
]

FIRST_OF_ALL = date(2020, 1, 1)
WEEKDAYS: frozenset[DayType] = frozenset({"mon", "tue", "wed", "thu", "fri"})
FIRSTS = [date(2026, 3, 20), date(2026, 9, 25), date(2026, 12, 20), date(2028, 2, 20), date(2026, 10, 24)]
CLOCKS = [
    ("Australia/Sydney", "Etc/GMT-10"),
    ("Europe/London", "Etc/UTC"),
    ("Pacific/Auckland", "Etc/GMT-12"),
]
TAXES = (TaxRate("GST", Decimal(10), FIRST_OF_ALL), TaxRate("VAT", Decimal(5), FIRST_OF_ALL))
TERMS = Terms(
    taxes=TAXES,
    loss_factors={"DLF": (Dated(Fraction("1.0451")),), "MLF": (Dated(Fraction("0.9873")),)},
    conditions=frozenset({"direct_debit"}),
)
BANDS = (
    Band("peak", 15 * 60, 21 * 60, WEEKDAYS),
    Band("peak", 7 * 60, 9 * 60, WEEKDAYS, ((11, 15), (3, 31))),
    Band("night", 22 * 60, 6 * 60),
    Band("holiday", day_types=frozenset({"holiday"})),
    Band("rest"),
)


@dataclass(frozen=True, eq=False)
class World:
    """What somebody used, where, over which days."""

    calendar: Calendar
    period: Period
    usage: Usage
    minutes: int
    terms: Terms = field(default=TERMS)

    def with_amounts(self, amounts: IntArray) -> Usage:
        """The same days with other import."""
        return usage_of(self.period, amounts, self.minutes)


def usage_of(period: Period, amounts: IntArray, minutes: int) -> Usage:
    """Import of a batch, in watt-hours."""
    return Usage(first=period.first, end=period.end, streams=(Stream(amounts=amounts, minutes=minutes),))


@st.composite
def worlds(draw: st.DrawFn, agreements: int = 1) -> World:
    """One to fifty days, often with a clock change, a holiday, a new year or a 29 February among them."""
    clock, market = draw(st.sampled_from(CLOCKS))
    first = draw(st.sampled_from(FIRSTS)) + timedelta(days=draw(st.integers(0, 12)))
    period = Period(first, first + timedelta(days=draw(st.integers(1, 40))))
    holidays = frozenset({first + timedelta(days=draw(st.integers(0, 20)))})
    minutes = draw(st.sampled_from((30, 60)))
    count = len(timeline(period.first, period.end, clock, minutes).starts)
    amounts = random_amounts(draw(st.integers(0, 10**6)), (agreements, count))
    return World(Calendar(clock, market, holidays), period, usage_of(period, amounts, minutes), minutes)


def random_amounts(seed: int, shape: tuple[int, int]) -> IntArray:
    """Whole watt-hours: many are zero, some are large."""
    chance = np.random.default_rng(seed)
    amounts = chance.integers(0, 3000, shape) * chance.integers(0, 2, shape)
    amounts[chance.random(shape) < 0.01] *= 50
    return amounts.astype(np.int64)


def price(draw: st.DrawFn) -> Decimal:
    return Decimal(draw(st.integers(0, 900_000))).scaleb(-6)


def changes_of(draw: st.DrawFn, period: Period) -> list[date]:
    """When prices begin: long ago, and up to two days within the period."""
    within = draw(st.lists(st.integers(1, max(period.days - 1, 1)), max_size=2, unique=True))
    return [FIRST_OF_ALL, *sorted(period.first + timedelta(days=day) for day in within)]


def tiers(
    draw: st.DrawFn, bands: Sequence[str], firsts: Sequence[date], *, rising: bool = False
) -> tuple[Rate, ...]:
    """Prices of each band in the same one to three steps; rising ones never fall from step to step."""
    ends = sorted(draw(st.lists(st.integers(1, 400), max_size=2, unique=True)))
    limits = [*(Decimal(end).scaleb(-1) for end in ends), None]
    found = []
    for place, first in enumerate(firsts):
        last = firsts[place + 1] if place + 1 < len(firsts) else None
        for band in bands:
            prices = [price(draw) for _ in limits]
            for step, amount in enumerate(sorted(prices) if rising else prices, 1):
                found.append(Rate(first, amount, last, band, step, limits[step - 1]))
    return tuple(found)


@st.composite
def time_of_use(
    draw: st.DrawFn,
    period: Period,
    *,
    rising: bool = False,
    scopes: Sequence[str] = ("shared", "band", "running"),
) -> Component:
    """Usage in bands and steps, with prices that change."""
    rule = StepRule(draw(st.sampled_from(("day", "month", "period", "year"))), draw(st.sampled_from(scopes)))  # type: ignore[arg-type]
    names = tuple(dict.fromkeys(band.code for band in BANDS))
    return Component(
        code="energy",
        kind="usage",
        rates=tiers(draw, names, changes_of(draw, period), rising=rising),
        bands=BANDS,
        clock=draw(st.sampled_from(("local", "market"))),
        steps=rule,
        tax_code=draw(st.sampled_from(("GST", "VAT", ""))),
        tax_inclusive=draw(st.booleans()),
        loss_factors=draw(st.sampled_from(((), ("DLF",), ("DLF", "MLF")))),
    )


@st.composite
def blocks(draw: st.DrawFn, period: Period, *, rising: bool = False) -> Component:
    """Usage in steps, without bands."""
    return Component(
        code="blocks",
        kind="usage",
        rates=tiers(draw, ("",), changes_of(draw, period), rising=rising),
        steps=StepRule(draw(st.sampled_from(("day", "month", "period", "year")))),
        tax_code="GST",
    )


@st.composite
def demand(draw: st.DrawFn, period: Period) -> Component:
    """The month's peak in the evenings."""
    return Component(
        code="demand",
        kind="demand",
        unit="kW",
        rates=(Rate(FIRST_OF_ALL, price(draw), band="peak"),),
        bands=BANDS[:1],
        demand=DemandRule(minutes=draw(st.sampled_from((30, 60))), minimum=Decimal(draw(st.integers(0, 3)))),
        tax_code="GST",
    )


def _changing(draw: st.DrawFn, period: Period) -> tuple[Rate, ...]:
    firsts = changes_of(draw, period)
    ends = [*firsts[1:], None]
    return tuple(Rate(first, price(draw), end) for first, end in zip(firsts, ends, strict=True))


@st.composite
def plan_of(draw: st.DrawFn, period: Period, *parts: Component, rounding: str = "line") -> Plan:
    """The components given, and supply, green power, a monthly price, a discount and a minimum beside them."""
    others = (
        Component(code="supply", kind="supply", unit="day", rates=_changing(draw, period), tax_code="GST"),
        Component(code="green", kind="green", rates=(Rate(FIRST_OF_ALL, price(draw)),), share=Decimal("12.5"), tax_code="GST"),
        Component(code="phone", kind="fixed", unit="month", rates=(Rate(FIRST_OF_ALL, price(draw) * 100),), tax_code="VAT", tax_inclusive=True),
        Component(code="debit", kind="discount", rates=(Rate(FIRST_OF_ALL, Decimal(5)),), discount=DiscountRule(condition="direct_debit"), tax_code="GST"),
        Component(code="least", kind="minimum", unit="month", rates=(Rate(FIRST_OF_ALL, Decimal(40)),), tax_code="GST"),
    )  # fmt: skip
    chosen = tuple(part for part in others if draw(st.booleans()))
    rule = draw(st.sampled_from(("total", "supply")))
    return Plan(code="p", components=(*parts, *chosen), rounding=rounding, tax_rule=rule)  # type: ignore[arg-type]
