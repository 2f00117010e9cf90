"""Pure parts of what stands around the engine: days by plan, months looked at, counts, words, bins."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.metering.consumption import DayUse, Multiplier
from submeter.metering.days import minute_of, starts_at
from submeter.metering.model import MISSING
from submeter.rating.comparing import Preview, Previewed
from submeter.rating.counting import (
    Block,
    Register,
    Window,
    by_dial,
    by_intervals,
    multiplied,
    problem_of,
    within,
)
from submeter.rating.model import Period
from submeter.rating.parts import (
    Had,
    by_month,
    counts,
    days_without,
    from_year_start,
    list_parts,
    reach,
)
from submeter.rating.plots import histogram_of
from submeter.rating.problems import list_days
from submeter.rating.words import said_windows
from submeter.tariffs.model import Band, Component, DemandRule, Plan, Rate

ONE, TWO, WHO = UUID(int=1), UUID(int=2), UUID(int=9)
JULY = Period(date(2026, 7, 1), date(2026, 8, 1))
MELBOURNE = "Australia/Melbourne"
PRICE = (Rate(date(2026, 1, 1), Decimal(1)),)
DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))


def had(plan: UUID, first: date, end: date | None = None, **more: Any) -> Had:
    return Had(plan, "electricity", first, end, **more)


# Days by plan -------------------------------------------------------------------------------------------------


@given(st.lists(DAYS, min_size=1, max_size=5, unique=True), st.integers(1, 400))
def test_the_parts_of_a_period_are_the_days_on_which_there_is_a_plan(edges: list[date], length: int) -> None:
    edges.sort()
    history = [had(UUID(int=n), a, b) for n, (a, b) in enumerate(zip(edges, [*edges[1:], None], strict=True))]
    period = Period(date(2026, 1, 1), date(2026, 1, 1) + timedelta(length))
    parts = list(list_parts(WHO, history, period))
    covered = [part.first + timedelta(n) for part in parts for n in range((part.end - part.first).days)]
    assert len(covered) == len(set(covered))
    everyday = {period.first + timedelta(n) for n in range(length)}
    assert set(covered) | set(days_without(history, period)) == everyday
    assert not set(covered) & set(days_without(history, period))


def test_rows_that_say_the_same_are_one_part_and_others_are_not() -> None:
    middle = date(2026, 7, 10)
    same = [had(ONE, date(2026, 1, 1), middle), had(ONE, middle)]
    assert [part.periods for part in list_parts(WHO, same, JULY)] == [(JULY,)]
    debit = [same[0], had(ONE, middle, conditions=frozenset({"direct_debit"}))]
    assert [part.first for part in list_parts(WHO, debit, JULY)] == [JULY.first, middle]


@given(DAYS, st.integers(1, 500))
def test_months_are_the_period_cut_where_they_begin(first: date, length: int) -> None:
    months = by_month(Period(first, first + timedelta(length)))
    assert sum(month.days for month in months) == length
    assert all(month.first.day == 1 for month in months[1:])
    assert all((month.end - timedelta(1)).month == month.first.month for month in months)


def test_what_is_carried_begins_with_the_year_or_the_plan() -> None:
    plan = Plan(code="N", components=(), metering="net_energy", true_up_month=12)
    (part,) = list_parts(WHO, [had(ONE, date(2020, 1, 1))], JULY)
    assert from_year_start(part, plan, date(2020, 1, 1)).before == 6
    assert from_year_start(part, plan, date(2026, 5, 20)).periods[0] == (date(2026, 5, 20), date(2026, 6, 1))
    assert from_year_start(part, plan, JULY.first) == part
    assert from_year_start(part, Plan(code="B", components=()), date(2020, 1, 1)) == part


def test_demand_looks_at_whole_months_and_those_before_up_to_the_agreement() -> None:
    days, held = Period(date(2026, 7, 10), date(2026, 7, 20)), Period(date(2026, 5, 9), date(9000, 1, 1))
    usage = Plan(code="U", components=(Component(code="u", kind="usage", rates=PRICE),))
    rule = DemandRule(lookback_months=12)
    peak = Plan(code="D", components=(Component(code="d", kind="demand", rates=PRICE, demand=rule),))
    assert reach(days, held, [usage]) == days
    assert reach(days, held, [usage, peak]) == (date(2026, 5, 1), date(2026, 8, 1))


def test_which_registers_a_component_counts() -> None:
    usage = Component(code="u", kind="usage", rates=PRICE, register_types=("PEAK",))
    sells = Component(code="f", kind="feed_in", rates=PRICE)
    kva = Component(code="d", kind="demand", rates=PRICE, demand=DemandRule(unit="kVA"))
    assert counts(usage, "electricity", "PEAK", "import", "kWh")
    assert not counts(usage, "electricity", "ALLDAY", "import", "kWh")
    assert not counts(usage, "gas", "PEAK", "import", "kWh")
    assert counts(sells, "electricity", "ALLDAY", "export", "kWh")
    assert not counts(sells, "electricity", "ALLDAY", "import", "kWh")
    assert counts(kva, "electricity", "ALLDAY", "import", "kvarh")
    assert not counts(sells, "electricity", "ALLDAY", "export", "kvarh")


# Counts ---------------------------------------------------------------------------------------------------------


def block(clock: str, day: date, amounts: list[int], register: int = 0, decimals: int = 0) -> Block:
    array = np.array([amounts], np.int32)
    minutes = 1440 // len(amounts)
    starts = minute_of(starts_at(day, clock))
    return Block(starts, minutes, np.array([register]), np.array([decimals]), array)


REGISTER = Register(ONE, WHO, "M/1", "electricity", "kWh", "ALLDAY", "import", False, True, None, None)


@given(st.integers(0, 6), st.lists(st.integers(0, 999), min_size=48, max_size=48))
def test_days_of_another_clock_lie_where_their_instants_are(shift: int, amounts: list[int]) -> None:
    """Days in UTC+10 of a week in which Melbourne's clock changes."""
    first = date(2026, 10, 1)
    window = Window(first, first + timedelta(7), MELBOURNE)
    day = first + timedelta(shift)
    (count,) = by_intervals([block("Etc/GMT-10", day, amounts)], 1, window).values()
    starts = window.starts + 30 * np.flatnonzero(count.known)
    at = minute_of(starts_at(day, "Etc/GMT-10"))
    assert dict(zip(starts.tolist(), count.values[count.known].tolist(), strict=True)) == {
        at + 30 * n: amount for n, amount in enumerate(amounts) if window.starts <= at + 30 * n < window.ends
    }


def test_lengths_and_decimals_of_a_register_become_one() -> None:
    window = Window(JULY.first, date(2026, 7, 3), "UTC")
    blocks = [block("UTC", JULY.first, [1] * 96), block("UTC", date(2026, 7, 2), [MISSING, *[20] * 47], 0, 1)]
    (count,) = by_intervals(blocks, 1, window).values()
    assert (count.minutes, count.decimals, count.fits) == (30, 1, True)
    assert count.values.tolist() == [20] * 48 + [0] + [20] * 47
    assert count.known.tolist() == [True] * 48 + [False] + [True] * 47


def test_half_an_interval_off_or_twice_the_same_time_does_not_fit() -> None:
    window = Window(JULY.first, date(2026, 7, 2), "UTC")
    late = block("UTC", JULY.first, [1] * 48)
    late = late._replace(starts=late.starts + 10)
    twice = [block("UTC", JULY.first, [1] * 48)] * 2
    for blocks in ([late], twice):
        (count,) = by_intervals(blocks, 1, window).values()
        problem = problem_of(REGISTER, count, window, [Period(*window[:2])])
        assert problem is not None
        assert problem.code == "RTG203"


def test_only_what_measured_the_agreement_counts_and_must_be_there() -> None:
    window = Window(JULY.first, date(2026, 7, 3), "UTC")
    until = Register(ONE, WHO, "M/1", "electricity", "kWh", "ALLDAY", "import", False, True, None,
                     datetime(2026, 7, 2, 12, tzinfo=UTC))  # fmt: skip
    (count,) = by_intervals([block("UTC", JULY.first, [1] * 48)], 1, window).values()
    problem = problem_of(until, count, window, [Period(*window[:2])])
    assert problem is not None
    assert (problem.code, problem.context["missing"], problem.context["days"]) == (
        "RTG201",
        24,
        ["2026-07-02"],
    )
    assert problem_of(until, count, window, [Period(JULY.first, date(2026, 7, 2))]) is None
    assert problem_of(until, None, window, [Period(date(2026, 7, 3), date(2026, 7, 9))]) is None
    blocks = [block("UTC", JULY.first + timedelta(n), [1] * 48) for n in range(2)]
    (whole,) = by_intervals(blocks, 1, window).values()
    assert within(until, whole, window, Period(*window[:2])).values.sum() == 72
    assert within(until, whole, window, Period(date(2026, 7, 2), window.end)).values.sum() == 24


def test_pulses_are_worth_what_their_day_says() -> None:
    window = Window(JULY.first, date(2026, 7, 3), "UTC")
    blocks = [block("UTC", JULY.first + timedelta(n), [1] * 48) for n in range(2)]
    (count,) = by_intervals(blocks, 1, window).values()
    found = multiplied(count, [Multiplier(Decimal("0.25"), date(2026, 7, 2))], window)
    assert found.decimals == 2
    assert found.values.tolist() == [100] * 48 + [25] * 48


def test_a_dial_has_a_column_a_day() -> None:
    window = Window(JULY.first, date(2026, 7, 4), MELBOURNE)
    days = [DayUse(date(2026, 7, n), Decimal(f"{n}.5"), "equal days", n == 2) for n in (1, 2)]
    count = by_dial(days, window)
    assert (count.values.tolist(), count.known.tolist()) == ([15, 25, 0], [True, True, False])
    assert count.provisional is not None
    assert count.provisional.tolist() == [False, True, False]
    problem = problem_of(REGISTER, count, window, [Period(*window[:2])])
    assert problem is not None
    assert (problem.code, problem.context["days"]) == ("RTG202", ["2026-07-03"])


# Words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("band", "said"),
    [
        (Band("b"), "all days"),
        (Band("b", 420, 1260, frozenset({"mon", "tue", "wed", "thu", "fri"})), "Monday to Friday 07:00-21:00"),
        (Band("b", 1380, 420, frozenset({"sat", "sun"})), "Saturday, Sunday 23:00-07:00"),
        (Band("b", 0, 60, frozenset({"mon", "wed", "holiday"})), "Monday, Wednesday, public holidays 00:00-01:00"),
        (Band("b", season=((12, 1), (3, 31))), "all days from 1 December to 31 March"),
    ],
)  # fmt: skip
def test_a_window_is_said_in_words(band: Band, said: str) -> None:
    component = Component(code="u", kind="usage", rates=PRICE, bands=(band,))
    assert list(said_windows(component, "b")) == [said]
    assert list(said_windows(component, "other")) == []


def test_days_are_told_as_spans() -> None:
    days = [date(2026, 7, n) for n in (1, 2, 3, 7, 9, 10)]
    assert list_days(days) == "2026-07-01 to 2026-07-03, 2026-07-07, 2026-07-09 to 2026-07-10"
    assert list_days([date(2026, 1, n) for n in range(1, 31, 2)]).endswith("and 9 more")


AMOUNTS = st.decimals(-500, 500, places=2)


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), max_size=40))
def test_each_change_lies_in_one_bin_and_zero_is_an_edge(pairs: list[tuple[Decimal, Decimal]]) -> None:
    rows = tuple(Previewed(WHO, "1", "home", now, then) for now, then in pairs)
    none: MappingProxyType[Any, Any] = MappingProxyType({})
    chart = histogram_of(Preview("A", "B", "AUD", JULY, rows, none, none))
    assert sum(one.number for one in chart.bins) == len(rows)
    assert len(chart.bins) <= 42
    for one in chart.bins:
        assert sum(one.low <= row.difference < one.high for row in rows) == one.number
        assert not one.low < 0 < one.high
    below = sum(one.number for one in chart.bins if one.high <= 0)
    assert below == sum(row.difference < 0 for row in rows)
