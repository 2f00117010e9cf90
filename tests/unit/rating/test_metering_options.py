"""Energy and money that metering options carry: worked cases, and that nothing appears or vanishes."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from submeter.core.problem import Refused
from submeter.rating.engine import rate
from submeter.rating.metering_options import carry_money, net_energy, net_within, settling, share_out
from submeter.rating.model import IntArray, Period, Stream, Terms, Usage
from submeter.tariffs.model import Calendar, Component, Plan, Rate, StepRule

SHAPE = (2, 5, 3)  # agreements, periods, bands
WATT_HOURS = arrays(np.int64, SHAPE, elements=st.integers(0, 10**7))
MONEY = arrays(np.int64, SHAPE[:2], elements=st.integers(0, 10**12))
YEARS_END = st.lists(st.booleans(), min_size=5, max_size=5)


def one(values: list[int]) -> IntArray:
    """One agreement with one band: (1, P, 1)."""
    return np.array(values).reshape(1, -1, 1)


def test_a_surplus_of_energy_lessens_the_next_months_and_the_year_ends_with_payment() -> None:
    """Import 300, 300, 300 and export 500, 0, 400: 200 carried, then 100 billed, then 100 settled."""
    found = net_energy(
        one([300, 300, 300]), one([500, 0, 400]), one([0])[0], np.zeros(1, int), [False, False, True]
    )
    assert found.billed.ravel().tolist() == [0, 100, 0]
    assert found.settled.tolist() == [[0, 0, 100]]
    assert (found.carried.item(), found.carried_net.item()) == (0, 0)


def test_a_band_does_not_pay_for_another_but_the_years_end_counts_them_together() -> None:
    import_, export = np.array([[[100, 0]]]), np.array([[[0, 160]]])
    found = net_energy(import_, export, np.zeros((1, 2), int), np.zeros(1, int), [True])
    assert found.billed.tolist() == [[[100, 0]]]
    assert found.settled.tolist() == [[60]]


@pytest.mark.parametrize(
    ("credit_from", "true_up", "applied", "paid", "lost", "carried"),
    [
        ("month", "pay", [10, 20, 5], [0, 0, 15], [0, 0, 0], 0),
        ("month", "expire", [10, 20, 5], [0, 0, 0], [0, 0, 15], 0),
        ("month", "credit", [10, 20, 5], [0, 0, 0], [0, 0, 0], 15),
        ("next_month", "pay", [0, 20, 5], [0, 0, 25], [0, 0, 0], 0),
    ],
)
def test_money_is_applied_carried_and_settled(credit_from, true_up, applied, paid, lost, carried) -> None:
    """Charges 10, 20, 5 and credits 40, 0, 10."""
    charges, earned = np.array([[10, 20, 5]]), np.array([[40, 0, 10]])
    found = carry_money(charges, earned, np.zeros(1, int), [False, False, True], true_up, credit_from)
    assert found.applied.tolist() == [applied]
    assert (found.paid.tolist(), found.lost.tolist()) == ([paid], [lost])
    assert found.carried.tolist() == [carried]


@pytest.mark.parametrize(
    ("first", "end", "month", "settles"),
    [
        (date(2026, 12, 1), date(2027, 1, 1), 12, True),
        (date(2026, 12, 15), date(2027, 1, 15), 12, True),
        (date(2026, 12, 1), date(2026, 12, 31), 12, False),
        (date(2027, 1, 1), date(2027, 2, 1), 12, False),
        (date(2026, 6, 1), date(2026, 7, 1), 6, True),
        (date(2026, 7, 1), date(2026, 8, 1), 6, False),
    ],
)
def test_the_year_ends_within_or_at_the_end_of_a_period(first, end, month, settles) -> None:
    assert settling([Period(first, end)], month) == (settles,)


@given(import_=WATT_HOURS, export=WATT_HOURS, ends=YEARS_END)
def test_no_energy_appears(import_: IntArray, export: IntArray, ends: list[bool]) -> None:
    start = np.zeros((2, 3), np.int64)
    found = net_energy(import_, export, start, np.zeros(2, np.int64), ends)
    set_off = (import_ - found.billed).sum(axis=1)
    assert (found.billed >= 0).all()
    assert (found.billed <= import_).all()
    assert (set_off + found.carried <= export.sum(axis=1)).all()
    if not any(ends):
        assert (set_off + found.carried == export.sum(axis=1)).all()
    assert (found.settled.sum(axis=1) + found.carried_net <= export.sum(axis=(1, 2))).all()


@given(import_=WATT_HOURS, export=WATT_HOURS, ends=YEARS_END, start=st.integers(0, 10**8), wide=st.booleans())
def test_energy_is_carried_as_month_by_month(import_, export, ends, start, wide) -> None:
    """The slow way: each home, band and month by itself."""
    carried, net = np.full((2, 3), start), np.full(2, 2 * start)
    found = net_energy(import_, export, carried.astype(object) if wide else carried, net, ends)
    for home in range(2):
        total = 2 * start
        for band in range(3):
            left = start
            for month, end in enumerate(ends):
                left += int(export[home, month, band]) - int(import_[home, month, band])
                assert found.billed[home, month, band] == max(-left, 0)
                left = 0 if end else max(left, 0)
            assert found.carried[home, band] == left
        for month, end in enumerate(ends):
            total = max(total + int(export[home, month].sum()) - int(import_[home, month].sum()), 0)
            assert found.settled[home, month] == (total if end else 0)
            total = 0 if end else total
        assert found.carried_net[home] == total


@given(
    charges=MONEY,
    earned=MONEY,
    ends=YEARS_END,
    start=st.integers(0, 10**12),
    up=st.sampled_from(["pay", "credit", "expire"]),
    credit_from=st.sampled_from(["month", "next_month"]),
)
def test_money_is_carried_as_month_by_month(charges, earned, ends, start, up, credit_from) -> None:
    found = carry_money(charges, earned, np.full(2, start), ends, up, credit_from)
    for home in range(2):
        held = start
        for month, end in enumerate(ends):
            charge, fresh = int(charges[home, month]), int(earned[home, month])
            applied = min(charge, held + (fresh if credit_from == "month" else 0))
            held += fresh - applied
            assert found.applied[home, month] == applied
            over = held if end and up != "credit" else 0
            assert (found.paid[home, month], found.lost[home, month]) == (
                (over, 0) if up == "pay" else (0, over)
            )
            held -= over
        assert found.carried[home] == held


@given(import_=WATT_HOURS, export=WATT_HOURS)
def test_a_month_by_itself_is_charged_or_left(import_: IntArray, export: IntArray) -> None:
    billed, left = net_within(import_, export)
    assert (import_ - billed == export - left).all()
    assert not (billed * left).any()


@given(charges=MONEY, earned=MONEY, ends=YEARS_END, up=st.sampled_from(["pay", "credit", "expire"]))
def test_no_money_appears(charges: IntArray, earned: IntArray, ends: list[bool], up) -> None:
    for credit_from in ("month", "next_month"):
        found = carry_money(charges, earned, np.array([7, 0]), ends, up, credit_from)
        out = found.applied.sum(axis=1) + found.paid.sum(axis=1) + found.lost.sum(axis=1) + found.carried
        assert (out == np.array([7, 0]) + earned.sum(axis=1)).all()
        assert (found.applied <= charges).all()
        assert (found.applied >= 0).all()


@given(
    total=arrays(np.int64, 2, elements=st.integers(0, 10**15)),
    parts=arrays(np.int64, (2, 4), elements=st.integers(0, 10**9)),
)
def test_shares_add_up_and_none_is_off_by_more_than_one(total: IntArray, parts: IntArray) -> None:
    shares = share_out(total, parts)
    whole = parts.sum(axis=1)
    for row, sums in enumerate(whole):
        assert shares[row].sum() == (total[row] if sums else 0)
        for share, part in zip(shares[row].tolist(), parts[row].tolist(), strict=True):
            assert abs(share * int(sums) - int(total[row]) * part) <= max(int(sums), 1)


def test_a_year_that_int64_could_not_hold_is_added_up_all_the_same() -> None:
    huge = np.full((1, 12, 1), 2**62 - 1)
    found = net_energy(np.zeros_like(huge), huge, np.zeros((1, 1), int), np.zeros(1, int), [False] * 12)
    assert found.carried.item() == 12 * (2**62 - 1)


@pytest.mark.parametrize("metering", ["net_energy", "net_money"])
def test_what_is_priced_by_the_interval_is_not_netted_by_the_month(metering) -> None:
    """RTG117: a spot price of export, and steps by a running total."""
    day, month = date(2026, 1, 1), Period(date(2026, 1, 1), date(2026, 2, 1))
    amounts = np.ones((1, 31 * 24), np.int32)
    streams = (
        Stream(amounts=amounts, minutes=60),
        Stream(amounts=amounts, minutes=60, direction="export"),
    )
    usage = Usage(first=month.first, end=month.end, streams=streams)
    sells = Component(code="sun", kind="feed_in", spot_series="s", rates=(Rate(day, Decimal(0)),))
    steps = (Rate(day, Decimal("0.1"), up_to=Decimal(5)), Rate(day, Decimal("0.2"), step=2))
    buys = Component(code="energy", kind="usage", rates=steps, steps=StepRule("month", "running"))
    for component in (sells, buys):
        plan = Plan(code="p", components=(component,), metering=metering)
        terms = Terms(spot={"s": (60, 2, np.zeros(31 * 24, np.int64))})
        with pytest.raises(Refused) as caught:
            rate(usage, plan, Calendar("UTC"), [month], terms)
        assert caught.value.problem.code == "RTG117"
