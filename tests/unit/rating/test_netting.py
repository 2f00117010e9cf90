"""Netting and carrying in the engine: what one call carries, the next one takes up; prices that change; tax."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter.rating.engine import rate
from submeter.rating.lines import list_lines, total_of
from submeter.rating.model import Charges, Period, Stream, Terms, Usage
from submeter.tariffs.model import Band, Calendar, Component, Metering, Plan, Rate, StepRule, TaxRate, TrueUp

STARTS = [date(2026, 7 + n, 1) for n in range(6)] + [date(2027, 1, 1)]
MONTHS = [Period(first, end) for first, end in pairwise(STARTS)]
SYDNEY = Calendar("Australia/Sydney")
OPTIONS: tuple[Metering, ...] = ("net_energy", "net_money", "net_billing", "net_billing_carry")
WEEKEND = (Band("weekend", day_types=frozenset(("sat", "sun"))), Band("week"))


def rates(price: str, *bands: str, changed: tuple[date, str] | None = None) -> tuple[Rate, ...]:
    """One price of each band, a cent more in each; with a change, another from a day on."""
    found = []
    for place, band in enumerate(bands or ("",)):
        cents = Decimal(place) / 100
        found.append(Rate(STARTS[0], Decimal(price) + cents, changed[0] if changed else None, band))
        if changed:
            found.append(Rate(changed[0], Decimal(changed[1]) + cents, band=band))
    return tuple(found)


def plan(metering: Metering, **about: Any) -> Plan:
    energy = Component(code="energy", kind="usage", bands=WEEKEND, rates=rates("0.30", "weekend", "week"))
    sun = Component(code="sun", kind="feed_in", rates=rates("0.083"))
    return Plan(code="p", components=(energy, sun), metering=metering, **about)


def usage(import_: Any, export: Any, first: int = 0, end: int = 6) -> Usage:
    """Tenths of a kWh each day."""
    days = slice((STARTS[first] - STARTS[0]).days, (STARTS[end] - STARTS[0]).days)
    streams = (
        Stream(amounts=np.asarray(import_)[:, days], minutes=0, decimals=1),
        Stream(amounts=np.asarray(export)[:, days], minutes=0, decimals=1, direction="export"),
    )
    return Usage(first=STARTS[first], end=STARTS[end], streams=streams)


def some_days(seed: int) -> tuple[Any, Any]:
    draw = np.random.default_rng(seed)
    sunny = draw.random((3, 184)) < draw.random((3, 1))
    return draw.integers(0, 200, (3, 184)), draw.integers(0, 400, (3, 184)) * sunny


@pytest.mark.parametrize("metering", OPTIONS)
@pytest.mark.parametrize("rounding", ["line", "invoice"])
@given(
    seed=st.integers(0, 10**6), true_up=st.sampled_from(["pay", "credit", "expire"]), cut=st.integers(1, 5)
)
@settings(max_examples=12, deadline=None)
def test_two_calls_are_as_one(
    metering: Metering, rounding: Any, seed: int, true_up: TrueUp, cut: int
) -> None:
    import_, export = some_days(seed)
    of = plan(metering, rounding=rounding, true_up=true_up, true_up_month=9, credit_from="next_month")
    whole = rate(usage(import_, export), of, SYDNEY, MONTHS)
    begun = rate(usage(import_, export, 0, cut), of, SYDNEY, MONTHS[:cut])
    ended = rate(usage(import_, export, cut, 6), of, SYDNEY, MONTHS[cut:], Terms(carried=begun.carried))
    assert np.concatenate([begun.total, ended.total], axis=1).tolist() == whole.total.tolist()
    assert {name: kept.tolist() for name, kept in ended.carried.items()} == {
        name: kept.tolist() for name, kept in whole.carried.items()
    }


@given(seed=st.integers(0, 10**6), day=st.integers(2, 30))
@settings(max_examples=30, deadline=None)
def test_a_price_that_changes_shares_what_is_netted_by_what_was_used(seed: int, day: int) -> None:
    """The same price from a day on changes no bill but by the rounding of one line more."""
    import_, export = some_days(seed)
    change = rates("0.30", "weekend", "week", changed=(date(2026, 8, day), "0.30"))
    for metering in ("net_energy", "net_money"):
        one = plan(metering, rounding="invoice")
        parts = (Component(code="energy", kind="usage", bands=WEEKEND, rates=change), one.components[1])
        two = Plan(code="p", components=parts, metering=metering, rounding="invoice")
        bills = [rate(usage(import_, export), of, SYDNEY, MONTHS).unrounded_total for of in (one, two)]
        first, second = ([[int(one) * bill.scale for one in row] for row in bill.values] for bill in bills)
        off = [
            abs(a - b)
            for mine, theirs in zip(first, second, strict=True)
            for a, b in zip(mine, theirs, strict=True)
        ]
        assert max(off) < Decimal("0.00000001")


def one_month(charges: Charges) -> list[tuple[str, str, str]]:
    return [(line.component.code, line.band, str(line.amount)) for line in list_lines(charges, 0, 0)]


def test_a_credit_is_used_for_energy_with_its_tax_and_for_nothing_else() -> None:
    """100 kWh at $0.30 and 10 % are $33; of $50 of credit without tax $17 are carried. Supply is paid in full."""
    parts = (
        Component(code="energy", kind="usage", rates=rates("0.30"), tax_code="GST"),
        Component(code="supply", kind="supply", unit="day", rates=rates("1"), tax_code="GST"),
        Component(code="sun", kind="feed_in", rates=rates("0.5")),
    )
    of = Plan(code="p", components=parts, metering="net_billing_carry")
    import_, export = np.zeros((2, 1, 184), np.int64)
    import_[0, 0], export[0, 0] = 1000, 1000
    gst = Terms(taxes=(TaxRate("GST", Decimal(10), STARTS[0]),))
    charges = rate(usage(import_, export, 0, 1), of, SYDNEY, MONTHS[:1], gst)
    assert one_month(charges) == [
        ("energy", "", "30.00"),
        ("supply", "", "31.00"),
        ("sun", "", "-50.00"),
        ("sun", "carried", "17.00"),
    ]
    assert total_of(charges, 0, 0) == (Decimal("6.10"), Decimal("34.10"))
    assert charges.carried["money"].tolist() == [17_000_000]


def test_export_alone_is_carried_though_nothing_was_exported_this_month() -> None:
    import_ = np.zeros((1, 184), np.int64)
    import_[0, 0] = 1000
    only_import = Usage(
        first=STARTS[0], end=STARTS[1], streams=(Stream(amounts=import_[:, :31], minutes=0, decimals=1),)
    )
    carried = {"energy:week": np.array([70 * 10**9]), "net": np.array([70 * 10**9])}
    charges = rate(only_import, plan("net_energy"), SYDNEY, MONTHS[:1], Terms(carried=carried))
    assert one_month(charges) == [("energy", "week", "9.30")]
    assert charges.carried["energy:week"].tolist() == [0]


def test_steps_are_of_what_is_left() -> None:
    steps = (Rate(STARTS[0], Decimal("0.1"), up_to=Decimal(50)), Rate(STARTS[0], Decimal("0.2"), step=2))
    energy = Component(code="energy", kind="usage", rates=steps, steps=StepRule("month"))
    of = Plan(code="p", components=(energy,), metering="net_energy")
    import_, export = np.zeros((2, 1, 184), np.int64)
    import_[0, 0], export[0, 5] = 1000, 300
    charges = rate(usage(import_, export, 0, 1), of, SYDNEY, MONTHS[:1])
    assert [(line.step, line.quantity) for line in list_lines(charges, 0, 0)] == [(1, 50), (2, 20)]
