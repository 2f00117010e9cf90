"""Axes have round numbers and room for everything."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.charts.scale import label, nice_step, scale_for, short

AMOUNTS = st.decimals(-(10**7), 10**7, places=6)


@given(st.lists(AMOUNTS, max_size=5), st.integers(2, 9))
def test_a_scale_holds_all_values_and_zero_on_few_round_ticks(values: list[Decimal], most: int) -> None:
    scale = scale_for(values, most)
    assert all(0 <= scale.share(value) <= 1 for value in (*values, Decimal(0)))
    assert 2 <= len(scale.ticks) <= most + 2
    assert (scale.ticks[0], scale.ticks[-1]) == (scale.low, scale.high)
    assert Decimal(0) in scale.ticks
    assert scale.step.normalize().as_tuple().digits in {(1,), (2,), (2, 5), (5,)}


@pytest.mark.parametrize(
    ("span", "most", "step"),
    [
        ("10", 5, "2"),
        ("11", 5, "2.5"),
        ("0.9", 5, "0.2"),
        ("1", 1, "1"),
        ("0", 5, "2E-10"),
        ("999", 4, "250"),
    ],
)
def test_steps_are_the_least_round_number_that_reaches(span: str, most: int, step: str) -> None:
    assert nice_step(Decimal(span), most) == Decimal(step)


@pytest.mark.parametrize(
    ("value", "said"),
    [("0", "0"), ("0.250", "0.25"), ("1250", "1\u202f250"), ("-3.5", "\u22123.5"), ("1E+3", "1\u202f000")],
)
def test_numbers_are_written_for_people(value: str, said: str) -> None:
    assert label(Decimal(value)) == said


@pytest.mark.parametrize(
    ("value", "said"), [("0.12345", "0.123"), ("12.345", "12.3"), ("1234.5", "1\u202f234"), ("0", "0")]
)
def test_short_numbers_have_three_digits_or_are_whole(value: str, said: str) -> None:
    assert short(Decimal(value)) == said
