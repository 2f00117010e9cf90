"""Steps: what lies in each, whose shares add up, and how limits follow from days."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.core.problem import Refused
from submeter.rating.model import Exact, Period
from submeter.rating.segments import month_share, segments, year_share
from submeter.rating.steps import Limits, limit_shares, limits_of, shared_between, split
from submeter.tariffs.model import Basis, Component, Rate, StepRule

MILLI = Fraction(1, 1000)
QUANTITIES = st.integers(-(10**9), 10**9)


def of(*values: int) -> Exact:
    return Exact(np.array([values], np.int64), MILLI)


def amounts(found: Exact) -> list[list[Fraction]]:
    return [[int(one) * found.scale for one in cell] for cell in found.values[0]]


@pytest.mark.parametrize(
    ("kwh", "expected"),
    [(0, [0, 0]), (99_999, [99_999, 0]), (100_000, [100_000, 0]), (100_001, [100_000, 1]), (-5, [-5, 0])],
)
def test_the_edge_of_a_step(kwh: int, expected: list[int]) -> None:
    found = amounts(split(of(kwh), Limits([(Fraction(100), None)])))
    assert found == [[Fraction(one, 1000) for one in expected]]


def test_limits_for_each_kw() -> None:
    peaks = Exact(np.array([[2500]], np.int64), MILLI)
    found = amounts(split(of(600_000), Limits([(Fraction(100), Fraction(200), None)]), peaks))
    assert found == [[250, 250, 100]]


@given(st.lists(QUANTITIES, min_size=1, max_size=5), st.lists(st.integers(1, 10**6), min_size=1, max_size=4))
def test_nothing_is_lost_between_steps_and_bands(bands: list[int], limits: list[int]) -> None:
    ends: list[Fraction | None] = [Fraction(sum(limits[: n + 1]), 7) for n in range(len(limits))]
    quantity = of(*bands)
    whole = split(of(sum(bands)), Limits([(*ends, None)]))
    found = shared_between(quantity, whole, len(bands))
    by_band = [sum(cell) for cell in amounts(found)]
    by_step = [sum(step) for step in zip(*amounts(found), strict=True)]
    assert by_band == [Fraction(band, 1000) for band in bands]
    assert by_step == amounts(whole)[0]


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=4).filter(any), st.integers(1, 10**6))
def test_shares_are_near_the_exact_ones(bands: list[int], limit: int) -> None:
    whole = split(of(sum(bands)), Limits([(Fraction(limit), None)]))
    found = amounts(shared_between(of(*bands), whole, len(bands)))
    for band, cell in zip(bands, found, strict=True):
        for share, step in zip(cell, amounts(whole)[0], strict=True):
            assert abs(share - step * band / sum(bands)) < Fraction(2, 10**9)


def parts(first: date, end: date, *cuts: date, by_month: bool = False) -> tuple[Fraction, ...]:
    found = segments([Period(first, end)], cuts, by_month=by_month)
    return tuple(Fraction(part.days) for part in found)


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("day", [10, 21]),
        ("month", [Fraction(10, 31), Fraction(21, 31)]),
        ("period", [Fraction(10, 31), Fraction(21, 31)]),
        ("year", [Fraction(10, 365), Fraction(21, 365)]),
    ],
)
def test_limits_are_scaled_to_the_days(basis: Basis, expected: list[Fraction]) -> None:
    period = Period(date(2026, 1, 1), date(2026, 2, 1))
    cut = segments([period], [date(2026, 1, 11)])
    component = Component(code="e", kind="usage", rates=(), steps=StepRule(basis))
    assert list(limit_shares(component, cut, [period], 1)) == expected


def test_years_are_as_long_as_they_are() -> None:
    assert year_share(date(2028, 1, 1), date(2028, 3, 1)) == Fraction(60, 366)
    assert year_share(date(2027, 12, 31), date(2028, 1, 2)) == Fraction(1, 365) + Fraction(1, 366)
    assert year_share(date(2027, 7, 1), date(2028, 7, 1), 7) == 1


def test_months_are_as_long_as_they_are() -> None:
    assert month_share(date(2026, 1, 15), date(2026, 3, 1)) == Fraction(17, 31) + 1
    assert month_share(date(2028, 2, 1), date(2028, 2, 29)) == Fraction(28, 29)


def test_segments_keep_all_days_once() -> None:
    assert parts(date(2026, 1, 20), date(2026, 3, 10), date(2026, 2, 5), by_month=True) == (12, 4, 24, 9)
    assert parts(date(2026, 1, 20), date(2026, 3, 10), date(2025, 2, 5), date(2026, 1, 20)) == (49,)


def test_bands_that_share_steps_must_have_the_same() -> None:
    start = date(2026, 1, 1)
    rates = [
        Rate(start, Decimal(1), band="a", up_to=Decimal(5)),
        Rate(start, Decimal(1), band="a", step=2),
        Rate(start, Decimal(1), band="b", up_to=Decimal(6)),
        Rate(start, Decimal(1), band="b", step=2),
    ]
    component = Component(code="e", kind="usage", rates=tuple(rates))
    cut = segments([Period(start, date(2026, 2, 1))], [])
    with pytest.raises(Refused, match="RTG104"):
        limits_of(component, cut, ("a", "b"), [Fraction(1)])
