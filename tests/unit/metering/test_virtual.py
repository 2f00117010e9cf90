"""Virtual registers: beside exact fractions, interval by interval."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.core.problem import Refused
from submeter.metering.days import minute_of, starts_at
from submeter.metering.series import Series
from submeter.metering.virtual import Child, LossFactor, difference, parent_less_children, shares, total

DAY = date(2026, 2, 1)
START = minute_of(starts_at(DAY, "UTC"))
LONG_AGO = date(1900, 1, 1)


def series(values: list[int | None], decimals: int = 3, minutes: int = 30) -> Series:
    whole = np.array([value or 0 for value in values], np.int64)
    return Series(START, minutes, decimals, whole, np.array([value is not None for value in values]))


def exact(one: Series) -> list[Fraction | None]:
    return [None if amount is None else Fraction(amount) for amount in one.amounts()]


value = st.one_of(st.none(), st.integers(-5000, 10**9))


@st.composite
def several(draw: st.DrawFn) -> list[Series]:
    length = draw(st.integers(1, 12))
    many = st.lists(value, min_size=length, max_size=length)
    return [series(draw(many), draw(st.integers(0, 6))) for _ in range(draw(st.integers(1, 5)))]


@given(several())
def test_sums_and_differences_are_exact_and_missing_stays_missing(parts: list[Series]) -> None:
    columns = list(zip(*(exact(part) for part in parts), strict=True))
    known = [None not in column for column in columns]
    assert exact(total(parts)) == [sum(c) if k else None for c, k in zip(columns, known, strict=True)]
    less = [c[0] - sum(c[1:]) if k else None for c, k in zip(columns, known, strict=True)]
    assert exact(difference(*parts)) == less


@given(
    st.lists(value, min_size=1, max_size=30),
    st.lists(st.integers(0, 999), min_size=1, max_size=6).filter(any),
)
def test_shares_of_each_interval_add_up_to_it(values: list[int | None], weights: list[int]) -> None:
    whole = series(values)
    parts = shares(whole, weights)
    assert exact(total(parts)) == exact(whole)
    for part, weight in zip(parts, weights, strict=True):
        for amount, whole_amount in zip(exact(part), exact(whole), strict=True):
            if amount is not None:
                assert abs(amount - whole_amount * weight / sum(weights)) < Fraction(1, 10**6)


def test_shares_by_hand() -> None:
    parts = shares(series([10, None, 1]), [1, 1, 1], extra_decimals=0)
    assert [part.values.tolist() for part in parts] == [[4, 0, 1], [3, 0, 0], [3, 0, 0]]
    assert not parts[0].known[1]


factors = st.fractions(Fraction(9, 10), Fraction(12, 10), max_denominator=10000)


@given(several(), st.lists(factors, min_size=5, max_size=5), st.integers(0, 6))
def test_a_parent_less_its_children_is_rounded_once(
    parts: list[Series], losses: list[Fraction], decimals: int
) -> None:
    parent, *rest = parts
    children = [Child(part, (LossFactor(loss, LONG_AGO),)) for part, loss in zip(rest, losses, strict=False)]
    found = exact(parent_less_children(parent, children, "UTC", decimals))
    for place, amount in enumerate(found):
        column = [exact(part)[place] for part in parts]
        if None in column:
            assert amount is None
        else:
            net = column[0] - sum(one * loss for one, loss in zip(column[1:], losses, strict=False))
            assert amount == Fraction(round(net * 10**decimals), 10**decimals)


def test_a_parent_less_its_children_by_hand() -> None:
    """100 - 40 x 1.02 - 30 x 50/49, to three decimals: 100 - 40.8 - 30.612244... = 28.588 kWh."""
    losses = (LossFactor(Fraction("1.02"), LONG_AGO),), (LossFactor(Fraction(50, 49), LONG_AGO),)
    children = [Child(series([40000]), losses[0]), Child(series([30000]), losses[1])]
    assert parent_less_children(series([100000]), children, "UTC").amounts() == (Decimal("28.588"),)


def test_children_without_losses_are_subtracted_as_they_are_and_may_have_more() -> None:
    assert parent_less_children(series([5]), [Child(series([7]))], "UTC").amounts() == (Decimal("-0.002"),)


def test_halves_are_rounded_to_even() -> None:
    half = (LossFactor(Fraction(1, 2), LONG_AGO),)
    found = parent_less_children(series([10, 10]), [Child(series([1, 3]), half)], "UTC")
    assert found.values.tolist() == [10, 8]  # 9.5 and 8.5


def test_a_loss_factor_changes_at_midnight_of_the_clock() -> None:
    losses = LossFactor(Fraction(1), LONG_AGO, DAY), LossFactor(Fraction(2), DAY)
    child = Child(series([10] * 48), losses)
    # Midnight of 1 February in UTC-1 is 01:00 UTC: the first two half-hours are of the day before.
    found = parent_less_children(series([100] * 48), [child], "Etc/GMT+1")
    assert found.values.tolist() == [90] * 2 + [80] * 46


@pytest.mark.parametrize(
    "losses",
    [
        (LossFactor(Fraction(1), date(2026, 2, 2)),),
        (LossFactor(Fraction(1), LONG_AGO), LossFactor(Fraction(2), DAY)),
    ],
)
def test_none_or_two_loss_factors_for_a_day_are_refused(losses: tuple[LossFactor, ...]) -> None:
    with pytest.raises(Refused, match="MTR389"):
        parent_less_children(series([1]), [Child(series([1]), losses)], "UTC")


def test_registers_of_other_intervals_are_refused() -> None:
    with pytest.raises(Refused, match="MTR387"):
        total([series([1, 2]), series([1], minutes=60)])


def test_numbers_that_become_too_long_are_refused() -> None:
    with pytest.raises(Refused, match="MTR388"):
        parent_less_children(series([10**10]), [], "UTC", decimals=15)


def test_factors_of_any_length_are_exact() -> None:
    odd = (LossFactor(Fraction(10**30 + 1, 10**30), LONG_AGO),)
    found = parent_less_children(series([10**6]), [Child(series([10**6]), odd)], "UTC", decimals=3)
    assert found.amounts() == (Decimal("0.000"),)
    less = parent_less_children(
        series([10**6 + 1]),
        [Child(series([2 * 10**6]), (LossFactor(Fraction(10**30 + 1, 2 * 10**30), LONG_AGO),))],
        "UTC",
    )
    assert less.amounts() == (Decimal("0.001"),)  # 0.001 less 10^-27: rounded up
