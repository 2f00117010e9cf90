"""From readings to the use of days. The cases of cases/consumption.txt are written so:

multiplier  value, `from DATE`, `to DATE` (not in it)
read        day, value, kind (ACTUAL if left out), `add N` for a dial that passed zero
expect      `advance FIRST..END QUANTITY`, `days COUNT`, `day DATE QUANTITY [provisional]`, `refused CODE`
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.core.problem import Refused
from submeter.metering.apportion import apportion, apportion_amount
from submeter.metering.consumption import (
    Advance,
    Multiplier,
    advances,
    correction,
    daily_use,
    multiplier_over,
    split_days,
    true_up,
)
from submeter.metering.readings import Reading
from unit.metering.case_text import Case, read_cases
from unit.metering.test_reading_rules import named, reading

START = date(2026, 1, 1)
amounts = st.decimals(0, 10**6, places=3)


def day(number: int) -> date:
    return START + timedelta(days=number)


@pytest.mark.parametrize("case", read_cases("consumption.txt"), ids=str)
def test_consumption(case: Case) -> None:
    case.check_words({"multiplier", "read", "expect"})
    multipliers = [_multiplier(text) for text in case.all("multiplier")]
    readings = [reading(text) for text in case.all("read")]
    expected = case.all("expect")
    if expected[0].startswith("refused"):
        with pytest.raises(Refused) as caught:
            advances(readings, multipliers)
        assert f"refused {caught.value.problem.code}" == expected[0]
        assert caught.value.problem.hint
        return
    counted = advances(readings, multipliers)
    for text in expected:
        assert text.split() in _said(counted), text


def _multiplier(text: str) -> Multiplier:
    ends = named(text, "to")
    since = date.fromisoformat(named(text, "from") or "")
    return Multiplier(Decimal(text.split(maxsplit=1)[0]), since, date.fromisoformat(ends) if ends else None)


def _said(counted: Sequence[Advance]) -> list[list[str]]:
    used = daily_use(counted)
    said = [["days", str(len(used))]]
    said += [["advance", f"{one.first}..{one.end}", f"{one.quantity.normalize():f}"] for one in counted]
    for one in used:
        said.append(["day", str(one.day), str(one.quantity), *["provisional"] * one.provisional])
    return said


# Sharing -------------------------------------------------------------------------------------------------------


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_shares_add_up_and_each_is_less_than_one_away(total: int, weights: list[int]) -> None:
    parts = apportion(total, weights)
    assert sum(parts) == total
    weights = weights if any(weights) else [1] * len(weights)
    assert all(
        abs(part * sum(weights) - total * weight) < sum(weights)
        for part, weight in zip(parts, weights, strict=True)
    )


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60).filter(any))
def test_what_fits_its_weights_stays_as_it_is(weights: list[int]) -> None:
    assert apportion(sum(weights), weights) == tuple(weights)


def test_the_largest_remainders_are_served_first_then_the_earlier() -> None:
    assert apportion(10, [3, 3, 1]) == (4, 4, 2)  # 4.29 4.29 1.43
    assert apportion(1, [1, 1, 1]) == (1, 0, 0)
    assert apportion(-10, [3, 3, 1]) == (-4, -4, -2)
    assert apportion_amount(Decimal("0.10"), [1, 1, 1], 2) == (
        Decimal("0.04"),
        Decimal("0.03"),
        Decimal("0.03"),
    )


# Properties ----------------------------------------------------------------------------------------------------


@st.composite
def chains(draw: st.DrawFn) -> list[Reading]:
    """Readings that grow, estimates among them that may be too high, the first an actual."""
    value, on, found = Decimal(0), 0, []
    for size, gap, estimated in draw(
        st.lists(st.tuples(amounts, st.integers(1, 40), st.booleans()), min_size=2, max_size=8)
    ):
        value, on = value + size, on + gap
        guess = draw(st.decimals("0.5", "1.5", places=1)) if estimated and found else Decimal(1)
        kind = "ESTIMATE" if estimated and found else "ACTUAL"
        found.append(Reading(day(on), (value * guess).quantize(Decimal("0.001")), kind))
    return found


@given(chains())
def test_days_add_up_to_what_the_dial_moved(readings: list[Reading]) -> None:
    counted = advances(readings)
    used = daily_use(counted)
    moved = readings[-1].value - readings[0].value
    assert sum(one.quantity for one in counted) == moved
    assert sum(one.quantity for one in used) == moved
    assert [one.day for one in used] == [day((readings[0].edge - START).days + n) for n in range(len(used))]


@given(chains(), st.randoms())
def test_the_order_in_which_readings_come_does_not_matter(readings: list[Reading], random: object) -> None:
    shuffled = list(readings)
    random.shuffle(shuffled)
    assert advances(shuffled) == advances(readings)


@given(
    amounts,
    st.integers(1, 90),
    st.dictionaries(st.integers(0, 89), st.decimals(0, 500, places=3), max_size=60),
)
def test_a_true_up_keeps_the_sum_and_done_again_changes_nothing(
    total: Decimal, days: int, guesses: dict[int, Decimal]
) -> None:
    estimated = {day(n): amount for n, amount in guesses.items() if n < days}
    once = true_up(total, day(0), day(days), estimated)
    assert sum(one.quantity for one in once) == total
    again = true_up(total, day(0), day(days), {one.day: one.quantity for one in once})
    assert [one.quantity for one in again] == [one.quantity for one in once]


@given(amounts, st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_a_true_up_keeps_each_days_share(total: Decimal, guesses: list[int]) -> None:
    used = true_up(
        total, day(0), day(len(guesses)), {day(n): Decimal(size) for n, size in enumerate(guesses)}
    )
    for one, size in zip(used, guesses, strict=True):
        assert abs(one.quantity * sum(guesses) - total * size) < Decimal("0.001") * sum(guesses)


def test_what_was_billed_by_an_estimate_and_what_it_becomes() -> None:
    readings = [
        Reading(day(0), Decimal(0)),
        Reading(day(2), Decimal(20), "ESTIMATE"),
        Reading(day(4), Decimal(24)),
    ]
    before, after = daily_use(advances(readings[:2])), daily_use(advances(readings))
    assert correction(before, after) == {
        day(1): Decimal(-4),
        day(2): Decimal(-4),
        day(3): Decimal(6),
        day(4): Decimal(6),
    }
    assert correction(after, after) == {}


def test_decimals_of_the_dial_are_never_lost() -> None:
    counted = advances([Reading(day(0), Decimal("0.00001")), Reading(day(2), Decimal("0.00004"))])
    assert [str(one.quantity) for one in split_days(counted[0])] == ["0.00002", "0.00001"]


def test_a_day_without_a_multiplier_on_record_counts_once() -> None:
    assert multiplier_over([Multiplier(Decimal(2), day(5))], day(0), day(5)) == 1
    assert multiplier_over([Multiplier(Decimal(2), day(5))], day(5), day(6)) == 2
