"""What is wrong with days of intervals. The cases of cases/intervals.txt are written so:

clock      of all days, else UTC
tolerance  what differs from the defaults
day        stream (`export` after it if it is one), day, length, amounts
advance    stream, FIRST..END (days, END not in it), what its register counted
children   of a parent stream: as a day
generates  streams that may export
expect     `CODE STREAM DAY FIRST..LAST [says TEXT]`, one for each finding in their order; or nothing
"""

from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.metering.blocks import blocks_of
from submeter.metering.days import minute_of, starts_at
from submeter.metering.interval_rules import (
    INTERVAL_RULES,
    IntervalContext,
    IntervalFinding,
    IntervalTolerance,
    RegisterAdvance,
    check_intervals,
)
from submeter.metering.model import MISSING, DayRow, Stream
from submeter.metering.series import series_of
from unit.metering.case_text import Case, day_row, read_cases

CASES = read_cases("intervals.txt")
E1 = Stream("own", "flat 1", "E1")


def row_of(text: str, clock: str) -> DayRow:
    name, rest = text.split(None, 1)
    direction = "export" if rest.startswith("export") else "import"
    day, minutes, _, values = rest.removeprefix("export").split(None, 3)
    stream = Stream("own", "flat 1", name, direction=direction)
    return day_row(stream, date.fromisoformat(day), clock, int(minutes), values)


def tolerance(text: str) -> IntervalTolerance:
    types = {field.name: type(field.default) for field in fields(IntervalTolerance)}
    pairs = (word.split("=") for word in text.split())
    return IntervalTolerance(**{name: types[name](value) for name, value in pairs})


def advance(text: str, clock: str) -> RegisterAdvance:
    name, period, quantity = text.split()
    ends = (minute_of(starts_at(date.fromisoformat(day), clock)) for day in period.split(".."))
    return RegisterAdvance(Stream("own", "flat 1", name), *ends, Decimal(quantity))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_intervals(case: Case) -> None:
    case.check_words({"clock", "tolerance", "day", "advance", "children", "generates", "expect"})
    clock = case.one("clock", "UTC")
    rows = [row_of(text, clock) for text in case.all("day")]
    children = sorted((row_of(text, clock) for text in case.all("children")), key=lambda row: row.stream)
    context = IntervalContext(
        tolerance(case.one("tolerance")),
        frozenset(row.stream for row in rows if row.stream.register in case.one("generates").split()),
        tuple(advance(text, clock) for text in case.all("advance")),
        {stream: series_of(list(group)) for stream, group in groupby(children, lambda row: row.stream)},
    )
    found = check_intervals(rows, context)
    expected = [text for text in case.all("expect") if text != "nothing"]
    assert [_said(one) for one in found] == [" ".join(text.split(" says ")[0].split()) for text in expected]
    for one, text in zip(found, expected, strict=True):
        assert text.partition(" says ")[2] in one.problem.detail


def _said(found: IntervalFinding) -> str:
    return f"{found.problem.code} {found.stream.register} {found.day} {found.first}..{found.last}"


def test_every_rule_has_a_case_and_a_next_step() -> None:
    expected = " ".join(text for case in CASES for text in case.all("expect"))
    assert [rule.code for rule in INTERVAL_RULES if rule.code not in expected] == []
    assert all(rule.hint and rule.title for rule in INTERVAL_RULES)


def test_a_finding_names_the_line_of_the_file() -> None:
    row = row_of("E1 2026-01-05 30 min 0.1*47 ?", "UTC")._replace(line=77)
    (found,) = check_intervals([row])
    assert (found.line, found.severity) == (77, "warning")


# Properties ----------------------------------------------------------------------------------------------------

cells = st.lists(st.one_of(st.integers(-50, 3000), st.just(0), st.just(MISSING)), min_size=24, max_size=24)


def hourly(number: int, values: list[int], register: str = "E1", decimals: int = 3) -> DayRow:
    raw = np.array(values, "<i4").tobytes()
    day = date(2026, 1, 1) + timedelta(days=number)
    return DayRow(E1._replace(register=register), day, "UTC", 60, decimals, raw, "A", (), None, number)


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from("AB"), cells), max_size=12), st.randoms())
def test_the_order_of_rows_does_not_matter(days: list[tuple[int, str, list[int]]], random: object) -> None:
    rows = list({(n, name): hourly(n, values, name) for n, name, values in days}.values())
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert _set(rows) == _set(shuffled)


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from("AB"), cells), max_size=12))
def test_what_is_checked_together_is_found_alone(days: list[tuple[int, str, list[int]]]) -> None:
    rows = list({(n, name): hourly(n, values, name) for n, name, values in days}.values())
    alone = [found for name in "AB" for found in _set([row for row in rows if row.stream.register == name])]
    assert _set(rows) == sorted(alone)


def _set(rows: list[DayRow]) -> list[tuple[str, str, date, int, int, str]]:
    return sorted(
        (one.problem.code, one.stream.register, one.day, one.first, one.last, one.problem.detail)
        for one in check_intervals(rows)
    )


@given(cells)
def test_each_missing_and_each_negative_interval_is_in_one_finding(values: list[int]) -> None:
    found = check_intervals([hourly(0, values)])
    for code, meant in (
        ("MTR353", [n for n, value in enumerate(values, 1) if value == MISSING]),
        ("MTR355", [n for n, value in enumerate(values, 1) if MISSING < value < 0]),
    ):
        named = [n for one in found if one.problem.code == code for n in range(one.first, one.last + 1)]
        assert named == meant


@given(cells, st.integers(0, 9))
def test_a_spike_is_found_whatever_the_decimals(values: list[int], decimals: int) -> None:
    """Beside a plain row by row account of the rule; with another row's decimals the numbers grow to 19 digits."""
    known = sorted((value for value in values if value != MISSING), reverse=True)
    row, other = hourly(0, values), hourly(9, [1] * 24, decimals=max(decimals, 3))
    found = [one for one in check_intervals([row, other]) if one.problem.code == "MTR356"]
    spike = (
        len(known) > 2 and known[0] - known[2] > 500 and (known[0] - known[2]) * 100 > 180 * max(known[2], 0)
    )
    assert bool(found) == spike


def test_a_block_holds_rows_of_one_length_of_interval() -> None:
    rows = [row_of("E1 2026-01-05 30 min 0.1*48", "UTC"), row_of("E1 2026-01-06 15 min 0.1*96", "UTC")]
    assert [(block.minutes, block.amounts.shape) for block in blocks_of(rows)] == [
        (15, (1, 96)),
        (30, (1, 48)),
    ]
