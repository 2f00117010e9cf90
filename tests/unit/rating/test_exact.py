"""Arithmetic that must be right to the last digit, compared with fractions and Python's own integers."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import gcd

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from submeter.rating.exact import add, common_scale, muldiv, rescale, round_half_up, scaled_factors, times
from submeter.rating.model import Exact

SMALL = st.integers(-(10**6), 10**6)
LARGE = st.integers(-(10**17), 10**17)
SCALES = st.fractions(min_value=Fraction(1, 10**9), max_value=1000, max_denominator=10**9).filter(bool)


def array(values: list[int]) -> np.ndarray:
    return np.array(values, np.int64)


@given(st.lists(st.tuples(LARGE, LARGE), min_size=1))
def test_products_never_overflow(pairs: list[tuple[int, int]]) -> None:
    left, right = (array(list(side)) for side in zip(*pairs, strict=True))
    assert [int(one) for one in times(left, right)] == [a * b for a, b in pairs]


@given(st.lists(st.tuples(LARGE, LARGE, st.integers(0, 10**17)), min_size=1))
def test_a_share_is_the_floor_of_the_exact_one(triples: list[tuple[int, int, int]]) -> None:
    a, b, c = (array(list(side)) for side in zip(*triples, strict=True))
    assert [int(one) for one in muldiv(a, b, c)] == [x * y // z if z else 0 for x, y, z in triples]


@given(st.lists(st.tuples(SMALL, SMALL, st.integers(1, 10**6)), min_size=1))
def test_a_share_of_small_numbers_too(triples: list[tuple[int, int, int]]) -> None:
    a, b, c = (array(list(side)) for side in zip(*triples, strict=True))
    assert list(muldiv(a, b, c)) == [x * y // z for x, y, z in triples]


def test_a_share_at_the_edge_of_what_floats_tell_apart() -> None:
    a, b, c = (1 << 50) - 1, (1 << 50) - 1, (1 << 50) - 3
    assert int(muldiv(array([a]), array([b]), array([c]))[0]) == a * b // c


@given(st.lists(st.tuples(SMALL, SCALES), min_size=1, max_size=5))
def test_a_sum_of_different_scales_is_exact(parts: list[tuple[int, Fraction]]) -> None:
    total = add([Exact(array([value]), scale) for value, scale in parts])
    assert int(total.values[0]) * total.scale == sum(value * scale for value, scale in parts)


@given(st.lists(SCALES, min_size=1, max_size=6))
def test_the_common_scale_divides_all_and_is_the_greatest(scales: list[Fraction]) -> None:
    common = common_scale(scales)
    wholes = [scale / common for scale in scales]
    assert all(whole.denominator == 1 for whole in wholes)
    assert gcd(*(int(whole) for whole in wholes)) == 1  # NumPy's is wrong beyond int64


def test_a_scale_that_does_not_divide_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        rescale(Exact(array([1]), Fraction(1, 10)), Fraction(1, 3))


@given(st.lists(st.fractions(0, 100, max_denominator=1000), min_size=1, max_size=5).filter(any))
def test_factors_become_whole_numbers(factors: list[Fraction]) -> None:
    wholes, scale = scaled_factors(factors)
    found = [wholes] * len(factors) if isinstance(wholes, int) else [int(one) for one in wholes]
    assert [whole * scale for whole in found] == factors


@given(st.integers(-(10**12), 10**12), st.integers(0, 30), st.integers(0, 4))
@example(0, 23, 2)
def test_money_is_rounded_half_away_from_zero(value: int, places: int, decimals: int) -> None:
    amount = Decimal(value).scaleb(-places)
    expected = amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    found = round_half_up(Exact(array([value]), Fraction(1, 10**places)), decimals)
    assert Decimal(int(found[0])).scaleb(-decimals) == expected


@pytest.mark.parametrize(
    ("value", "cents"), [(125, 13), (-125, -13), (124, 12), (-124, -12), (5, 1), (-5, -1), (4, 0)]
)
def test_half_a_cent(value: int, cents: int) -> None:
    assert int(round_half_up(Exact(array([value]), Fraction(1, 1000)), 2)[0]) == cents
