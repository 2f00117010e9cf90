"""What stands in for what is missing. The cases of cases/estimation.txt are written so, in hours:

clock      of all days, else Etc/GMT-10
policy     what differs from the defaults
day        day and amounts in kWh; days without a line are missing
holiday    a day like a Sunday
cut        day and hours FIRST..LAST without supply; `disturbed`: touched by a power failure
before     days in a row that are estimated already
estimate   FIRST..END (not in it)
expect     `DAY FIRST..LAST QUALITY+METHOD NAME [from DAYS] gives AMOUNTS`, or `... stays missing CODE`,
           one for each gap in their order; or `refused CODE`
"""

import re
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter.core.problem import Refused
from submeter.metering.days import count_of, minute_of, starts_at
from submeter.metering.estimation import Estimate, Measured, Policy, Unestimated, estimate
from submeter.metering.market_codes import METHODS, OBSOLETE_REASONS, REASONS
from submeter.metering.model import Stream
from submeter.metering.reading_estimation import PastUse, estimate_reading
from submeter.metering.readings import Reading, RegisterFacts
from submeter.metering.series import BoolArray, Series, series_of, window
from unit.metering.case_text import Case, amounts, day_row, read_cases

E1 = Stream("own", "flat 1", "E1")
WORDS = {"clock", "policy", "day", "holiday", "cut", "disturbed", "before", "estimate", "expect"}
CASES = read_cases("estimation.txt")


def policy(text: str, holidays: list[str]) -> Policy:
    types = {field.name: type(field.default) for field in fields(Policy)}
    given = {"holidays": frozenset(map(date.fromisoformat, holidays))}
    for name, value in (word.split("=") for word in text.split()):
        if name == "order":
            given[name] = tuple(value.replace("_", " ").split(","))
        else:
            given[name] = types[name](int(value) if value.isdigit() else value)
    return Policy(**given)


def measured(case: Case, clock: str) -> Measured:
    lines = [text.split(None, 1) for text in case.all("day")]
    rows = [day_row(E1, date.fromisoformat(day), clock, 60, values) for day, values in lines]
    if rows:
        series = series_of(rows)
    else:
        nothing = np.zeros(24, np.int64)
        series = Series(minute_of(starts_at(date(2026, 5, 7), clock)), 60, 3, nothing, nothing > 0)
    series = _reaching(series, case, clock)
    return Measured(series, clock, *(_marked(case.all(word), series, clock) for word in ("cut", "disturbed")))


def _reaching(series: Series, case: Case, clock: str) -> Series:
    """As far as the marks of the case reach."""
    days = [date.fromisoformat(text.split()[0]) for word in ("cut", "disturbed") for text in case.all(word)]
    ends = [minute_of(starts_at(day + timedelta(days=1), clock)) for day in days]
    return window(series, series.starts, max([series.ends, *ends]))


def _marked(lines: list[str], series: Series, clock: str) -> BoolArray | None:
    marks = np.zeros(len(series.values), np.bool_)
    for day, hours in (text.split() for text in lines):
        first, last = map(int, hours.split(".."))
        start = (minute_of(starts_at(date.fromisoformat(day), clock)) - series.starts) // 60
        marks[start + first - 1 : start + last] = True
    return marks if lines else None


@pytest.mark.parametrize("case", CASES, ids=str)
def test_estimation(case: Case) -> None:
    case.check_words(WORDS)
    clock = case.one("clock", "Etc/GMT-10")
    first, end = map(date.fromisoformat, case.one("estimate").split(".."))
    asked = (measured(case, clock), first, end, policy(case.one("policy"), case.all("holiday")))
    if case.all("expect")[0].startswith("refused"):
        with pytest.raises(Refused) as caught:
            estimate(*asked)
        assert f"refused {caught.value.problem.code}" == case.one("expect")
        return
    found = estimate(*asked, before=int(case.one("before", "0")))
    assert [_said(one) for one in found] == [_expected(text) for text in case.all("expect")]


def _said(found: Estimate | Unestimated) -> tuple[str, list[Decimal] | None]:
    place = f"{found.day} {found.first}..{found.last}"
    if isinstance(found, Unestimated):
        return f"{place} stays missing {found.problem.code}", None
    days = "".join(f" {day}" for day in found.inputs)
    values = [Decimal(value).scaleb(-3) for value in found.amounts]
    return f"{place} {found.quality}{found.method} {found.name}{' from' + days if days else ''}", values


def _expected(text: str) -> tuple[str, list[Decimal | None] | None]:
    said, gives, values = re.sub(r"\s+", " ", text).partition(" gives ")
    return said, amounts(values) if gives else None


def test_every_method_has_a_case() -> None:
    expected = " ".join(text for case in CASES for text in case.all("expect"))
    for name in ("linear", "like day", "average like day", "previous year", "zero"):
        assert re.search(rf"[SE]\d\d {name}", expected), name


# Properties ----------------------------------------------------------------------------------------------------

MONDAY = date(2026, 5, 4)
hours = st.lists(st.one_of(st.integers(0, 3000), st.none()), min_size=24 * 10, max_size=24 * 10)


def ten_days(values: list[int | None]) -> Measured:
    whole = np.array([value or 0 for value in values], np.int64)
    known = np.array([value is not None for value in values])
    return Measured(Series(minute_of(starts_at(MONDAY, "UTC")), 60, 3, whole, known), "UTC")


@settings(max_examples=25)
@given(hours, st.integers(0, 10), st.integers(0, 10))
def test_each_missing_interval_is_in_one_answer_and_no_other(
    values: list[int | None], one: int, other: int
) -> None:
    first, end = sorted((one, other))
    found = estimate(ten_days(values), MONDAY + timedelta(first), MONDAY + timedelta(end))
    places = [
        (answer.day - MONDAY).days * 24 + n - 1
        for answer in found
        for n in range(answer.first, answer.last + 1)
    ]
    assert places == [n for n in range(first * 24, end * 24) if values[n] is None]
    for answer in found:
        if isinstance(answer, Estimate):
            assert len(answer.amounts) == answer.last - answer.first + 1
            assert METHODS[answer.method].installation == "remote"
            assert min(answer.amounts) >= 0
            assert max(answer.amounts) <= max(value or 0 for value in values)


@settings(max_examples=25)
@given(hours, st.integers(0, 9))
def test_the_days_that_an_estimate_names_are_all_that_it_rests_on(values: list[int | None], nth: int) -> None:
    """With nothing else known, the answer is the same."""
    found = estimate(ten_days(values), MONDAY, MONDAY + timedelta(10))
    answers = [answer for answer in found if isinstance(answer, Estimate)]
    if len(answers) <= nth:
        return
    answer = answers[nth]
    kept = {(day - MONDAY).days for day in (answer.day, *answer.inputs)}
    alone = ten_days([value if n // 24 in kept else None for n, value in enumerate(values)])
    again = estimate(alone, answer.day, answer.day + timedelta(1))
    assert answer in again


@given(st.integers(1, 10))
def test_from_nothing_comes_nothing(days: int) -> None:
    found = estimate(ten_days([None] * 24 * 10), MONDAY, MONDAY + timedelta(days))
    assert [type(answer) for answer in found] == [Unestimated] * days


# Codes of the market -------------------------------------------------------------------------------------------


def test_no_reason_is_both_current_and_obsolete() -> None:
    assert not REASONS & OBSOLETE_REASONS
    assert {0, 43, 76, 109} <= REASONS
    assert min(REASONS | OBSOLETE_REASONS) == 0


def test_which_methods_may_estimate() -> None:
    assert {code for code, method in METHODS.items() if method.estimates} == {
        "51",
        "52",
        "56",
        "57",
        "58",
        "59",
        "61",
        "62",
        "63",
        "65",
        "68",
        "75",
    }


# Dials ---------------------------------------------------------------------------------------------------------

LAST = Reading(date(2026, 3, 31), Decimal("12000.0"))
DIAL = RegisterFacts(digits=5)


@pytest.mark.parametrize(
    ("past", "method", "value"),
    [
        (PastUse(Fraction(10), Fraction(11, 10), Fraction(7), Fraction(5)), "61", "12330.0"),
        (PastUse(Fraction(10)), "61", "12300.0"),
        (PastUse(last_span=Fraction(7), type_average=Fraction(5)), "62", "12210.0"),
        (PastUse(type_average=Fraction(1, 3)), "63", "12010.0"),
    ],
)
def test_a_dial_is_estimated_by_the_best_that_is_known(past: PastUse, method: str, value: str) -> None:
    found = estimate_reading(LAST, date(2026, 4, 30), DIAL, past)
    assert (found.method, str(found.reading.value), found.reading.sub_type) == (method, value, "ESTIMATE")
    assert METHODS[method].installation == "accumulation"


def test_a_dial_is_estimated_before_its_multiplier_and_over_its_end() -> None:
    register = RegisterFacts(digits=5, multiplier=Decimal(20))
    last = Reading(date(2026, 3, 31), Decimal(99990))
    found = estimate_reading(last, date(2026, 4, 30), register, PastUse(Fraction(20)))
    assert (found.reading.value, found.reading.add_factor) == (20, 100000)


def test_a_dial_without_a_past_is_not_estimated() -> None:
    with pytest.raises(Refused, match="MTR385"):
        estimate_reading(LAST, date(2026, 4, 30), DIAL, PastUse())


def test_estimates_of_a_dial_in_a_row_end() -> None:
    with pytest.raises(Refused, match="MTR386"):
        estimate_reading(LAST, date(2026, 4, 30), DIAL, PastUse(Fraction(1)), row=3)


def test_every_day_has_as_many_amounts_as_hours() -> None:
    assert [count_of(day, "Europe/London", 60) for day in (date(2026, 3, 29), date(2026, 10, 25))] == [23, 25]
