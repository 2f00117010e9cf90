"""Day rows as series: half-hours of another clock, sums of days and months."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter.core.problem import Refused
from submeter.metering.days import count_of, starts_at
from submeter.metering.model import MISSING, DayRow, Stream
from submeter.metering.series import coarsen, day_totals, local_day, rescale, series_of, window
from unit.metering.case_text import day_row

E1 = Stream("own", "flat 1", "E1")
MARKET = "Etc/GMT-10"


def row(day: date, values: str, clock: str = MARKET, minutes: int = 30) -> DayRow:
    return day_row(E1, day, clock, minutes, values)


def random_row(day: date, seed: int, minutes: int = 30, clock: str = MARKET) -> DayRow:
    values = np.random.default_rng(seed + day.toordinal()).integers(0, 2000, count_of(day, clock, minutes))
    return DayRow(E1, day, clock, minutes, 3, values.astype("<i4").tobytes(), "A", (), None, 1)


@settings(max_examples=40)
@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.sampled_from(
        ["Australia/Sydney", "Australia/Brisbane", "Australia/Adelaide", "Pacific/Auckland", "UTC"]
    ),
    st.sampled_from([5, 15, 30]),
    st.integers(0, 999),
)
def test_the_half_hours_of_a_local_day_from_market_time(
    day: date, zone: str, minutes: int, seed: int
) -> None:
    """Each half-hour is looked up by itself, by its instant."""
    rows = [random_row(day + timedelta(n), seed, minutes) for n in (-1, 0, 1)]
    amounts = {}
    for source in rows:
        for n, value in enumerate(np.frombuffer(source.amounts, "<i4").tolist()):
            at = datetime(source.day.year, source.day.month, source.day.day, tzinfo=ZoneInfo(MARKET))
            amounts[at.astimezone(UTC) + timedelta(minutes=n * minutes)] = value
    half_hours = local_day(series_of(rows), day, zone)
    assert len(half_hours.values) == count_of(day, zone, 30)
    for n, value in enumerate(half_hours.values.tolist()):
        at = starts_at(day, zone) + timedelta(minutes=30 * n)
        parts = [amounts[at + timedelta(minutes=m)] for m in range(0, 30, minutes)]
        assert value == sum(parts)


def test_the_day_of_the_clock_change_by_hand() -> None:
    """Sydney, 5 April 2026: from 13:00 UTC on the 4th to 14:00 on the 5th; market days begin at 14:00 UTC."""
    series = series_of([row(date(2026, 4, 4), "1*48"), row(date(2026, 4, 5), "2*48")])
    half_hours = local_day(series, date(2026, 4, 5), "Australia/Sydney")
    assert half_hours.amounts() == (Decimal(1),) * 2 + (Decimal(2),) * 48


@settings(max_examples=30)
@given(
    st.integers(0, 999), st.integers(1, 70), st.sampled_from(["Europe/London", MARKET, "America/New_York"])
)
def test_sums_of_days_are_sums_of_intervals(seed: int, count: int, zone: str) -> None:
    first = date(2026, 2, 20)
    rows = [random_row(first + timedelta(n), seed) for n in range(count)]
    series = series_of(rows)
    whole = sum(int(np.frombuffer(source.amounts, "<i4").sum()) for source in rows)
    days = day_totals(series, first - timedelta(2), first + timedelta(count + 2), zone)
    assert sum(total.amount for total in days) == Decimal(whole).scaleb(-3)
    for total in days:
        part = local_day(series, total.first, zone)
        assert total.amount == Decimal(int(part.values.sum())).scaleb(-3)
        assert total.missing == int((~part.known).sum())


@given(st.permutations(range(5)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    rows = [random_row(date(2026, 2, 1) + timedelta(2 * n), 1) for n in range(5)]
    one, other = series_of(rows), series_of([rows[n] for n in order])
    assert one.starts == other.starts
    assert (one.values == other.values).all()
    assert (one.known == other.known).all()


def test_a_day_says_how_many_intervals_it_lacks() -> None:
    rows = [row(date(2026, 2, n), "0.5*48") for n in (9, 11)]
    days = day_totals(series_of(rows), date(2026, 2, 9), date(2026, 2, 12), MARKET)
    assert [(day.amount, day.missing) for day in days] == [
        (Decimal(24), 0),
        (Decimal(0), 48),
        (Decimal(24), 0),
    ]


def test_a_date_that_a_place_left_out_has_no_sum() -> None:
    rows = [row(date(2011, 12, n), "1*48", "UTC") for n in (28, 29, 30, 31)]
    totals = day_totals(series_of(rows), date(2011, 12, 29), date(2012, 1, 1), "Pacific/Apia")
    assert [total.first.day for total in totals] == [29, 31]


def test_an_unknown_part_makes_a_longer_step_unknown() -> None:
    series = series_of([row(date(2026, 2, 1), "1 2 ? 4 5*44")])
    hours = coarsen(series, 60)
    assert hours.amounts()[:3] == (Decimal(3), None, Decimal(10))
    assert coarsen(hours, 60) is hours


def test_zero_is_known_and_missing_is_not_zero() -> None:
    series = series_of([row(date(2026, 2, 1), "0 ? 0*46")])
    assert series.amounts()[:2] == (Decimal(0), None)
    assert series.values[1] == 0


def test_rows_of_unequal_length_meet_in_the_longest() -> None:
    rows = [row(date(2026, 2, 1), "1*48"), row(date(2026, 2, 2), "1*288", minutes=5)]
    series = series_of(rows)
    assert (series.minutes, series.amounts()[47:49]) == (30, (Decimal(1), Decimal(6)))


def test_more_decimals_are_the_same_amounts() -> None:
    series = series_of([row(date(2026, 2, 1), "0.123*48")])
    finer = rescale(series, 6)
    assert finer.amounts() == series.amounts()
    assert finer.values[0] == 123000


def test_beyond_the_series_nothing_is_known() -> None:
    series = series_of([row(date(2026, 2, 1), "1*48", "UTC")])
    before = window(series, series.starts - 120, series.starts - 60)
    around = window(series, series.starts - 30, series.ends + 30)
    after = window(series, series.ends + 60, series.ends + 120)
    assert not before.known.any()
    assert not after.known.any()
    assert around.known.tolist() == [False] + [True] * 48 + [False]


def test_days_that_overlap_are_refused() -> None:
    with pytest.raises(Refused, match="MTR393") as caught:
        series_of(
            [row(date(2026, 3, 29), "1*48", "Europe/London"), row(date(2026, 3, 30), "1*48", "Europe/London")]
        )
    assert "2026-03-29 23:00 UTC, 60 minutes" in caught.value.problem.detail


def test_what_is_coarser_is_not_split() -> None:
    with pytest.raises(Refused, match="MTR394"):
        series_of([row(date(2026, 2, 1), "1*24", minutes=60)], minutes=30)


def test_hours_do_not_fit_a_day_that_begins_at_half_past() -> None:
    series = series_of([row(date(2026, 2, n), "1*24", "UTC", 60) for n in (1, 2)])
    with pytest.raises(Refused, match="MTR394"):
        local_day(series, date(2026, 2, 2), "Asia/Kolkata", 60)


def test_the_sentinel_of_a_row_is_no_amount() -> None:
    raw = np.array([MISSING] * 48, "<i4").tobytes()
    assert not series_of([DayRow(E1, date(2026, 2, 1), "UTC", 30, 3, raw, "N", (), None, 1)]).known.any()
