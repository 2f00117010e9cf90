"""What becomes of a reading. The cases of cases/readings.txt are written so:

register   type, then any of: `5 digits`, `x20` (multiplier), `export`, `closed`, `gas`, `installed DATE`,
           `removed DATE`; or `none`
site       unknown
held       day, value, kind (ACTUAL if left out), `at TIME`: what is held already
billed     day and value of the last reading that was billed
state      vacant or disconnected, else open
today      else 2026-12-31
season     use a day of the same season last year; `past`: of the last periods, newest first; `usual`: the type's
zero       readings without use before this one; `estimates`: estimates before it
tolerance  what differs from the defaults
read       day, value, kind, `at TIME`, `add N` (roll-over), `temperature N`, `heating N`: the reading itself
expect     accepted, duplicate, `queued CODES`; `warns CODES`; `offers N` (or nothing); `says TEXT`
"""

import re
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.metering.exchange import check_exchange
from submeter.metering.high_low import daily_use
from submeter.metering.model import DialRead, Stream
from submeter.metering.reading_rules import RULES, check_reading
from submeter.metering.readings import (
    Accepted,
    Duplicate,
    History,
    Queued,
    Reading,
    ReadingCase,
    RegisterFacts,
    Tolerance,
    ToleranceRow,
    reading_of,
    stands_at,
    tolerance_for,
)
from unit.metering.case_text import Case, read_cases

WORDS = {
    "register",
    "site",
    "held",
    "billed",
    "state",
    "today",
    "season",
    "past",
    "usual",
    "zero",
    "estimates",
    "tolerance",
    "read",
    "expect",
}
CASES = read_cases("readings.txt")


def named(text: str, name: str) -> str | None:
    found = re.search(rf"\b{name} (\S+)", text)
    return found[1] if found else None


def reading(text: str) -> Reading:
    day, value, *_ = text.split()
    kind = re.match(r"\S+\s+\S+\s+([A-Z_]+)\b", text)
    at, add = named(text, "at"), named(text, "add")
    factors = (named(text, "temperature"), named(text, "heating"))
    return Reading(
        date.fromisoformat(day),
        Decimal(value),
        kind[1] if kind else "ACTUAL",
        datetime.fromisoformat(at).replace(tzinfo=UTC) if at else None,
        Decimal(add or 0),
        *(Decimal(factor) if factor else None for factor in factors),
    )


def register(text: str) -> RegisterFacts | None:
    if text == "none":
        return None
    digits = re.search(r"(\d+) digits", text)
    factor = re.search(r"\bx(\S+)", text)
    days = [named(text, name) for name in ("installed", "removed")]
    return RegisterFacts(
        (text or "ALLDAY").split()[0],
        "export" if "export" in text else "import",
        int(digits[1]) if digits else None,
        *(date.fromisoformat(day) if day else None for day in days),
        Decimal(factor[1]) if factor else Decimal(1),
        "closed" not in text,
        "gas" in text.split(),
    )


def tolerance(text: str) -> Tolerance:
    types = {field.name: type(field.default) for field in fields(Tolerance)}
    pairs = (word.split("=") for word in text.split())
    return Tolerance(**{name: types[name](Decimal(value)) for name, value in pairs})


def reading_case(case: Case) -> ReadingCase:
    case.check_words(WORDS)
    candidate = reading(case.one("read"))
    held = sorted((reading(text) for text in case.all("held")), key=lambda one: one.edge)
    before = [one for one in held if one.edge < candidate.edge]
    after = [one for one in held if one.edge > candidate.edge]
    season, usual, billed = case.one("season"), case.one("usual"), case.one("billed")
    history = History(
        Decimal(season) if season else None,
        tuple(Decimal(word) for word in case.one("past").split()),
        Decimal(usual) if usual else None,
        int(case.one("zero", "0")),
        int(case.one("estimates", "0")),
    )
    return ReadingCase(
        candidate,
        date.fromisoformat(case.one("today", "2026-12-31")),
        case.one("site") != "unknown",
        register(case.one("register")),
        before[-1] if before else None,
        next((one for one in reversed(before) if not one.is_estimate), None),
        after[0] if after else None,
        tuple(one for one in held if one.read_on == candidate.read_on),
        case.one("state", "open"),
        reading(billed) if billed else None,
        history,
        tolerance(case.one("tolerance")),
    )


def told(outcome: object) -> str:
    """An outcome in the words of the cases."""
    if isinstance(outcome, Duplicate):
        return "duplicate"
    if isinstance(outcome, Accepted):
        return "accepted"
    assert isinstance(outcome, Queued)
    return " ".join(["queued", *(problem.code for problem in outcome.problems)])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_reading(case: Case) -> None:
    outcome = check_reading(reading_case(case))
    warnings = () if isinstance(outcome, Duplicate) else outcome.warnings
    expected = dict(text.partition(" ")[::2] for text in case.all("expect"))
    said = [problem.detail for problem in (*getattr(outcome, "problems", ()), *warnings)]
    verdict = next(word for word in ("accepted", "duplicate", "queued") if word in expected)
    assert told(outcome) == f"{verdict} {expected[verdict]}".strip(), said
    assert " ".join(problem.code for problem in warnings) == expected.get("warns", ""), said
    if "offers" in expected:
        offered = Decimal(expected["offers"]) if expected["offers"] != "nothing" else None
        assert isinstance(outcome, Queued)
        assert outcome.roll_over == offered
    assert any(expected.get("says", "") in text for text in [*said, ""] if "says" not in expected or text)


def test_every_rule_has_a_case_and_a_next_step() -> None:
    expected = " ".join(text for case in CASES for text in case.all("expect"))
    assert [rule.code for rule in RULES if rule.code not in expected] == []
    assert all(rule.hint and rule.title for rule in RULES)
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_a_case_with_a_word_that_nobody_reads_fails() -> None:
    with pytest.raises(AssertionError, match="nobody reads"):
        Case("x", (("raed", "2026-01-01 1"),)).check_words(WORDS)


# Tolerances and times ------------------------------------------------------------------------------------------


def test_the_most_particular_tolerance_holds() -> None:
    rows = [
        ToleranceRow(kind, site, Tolerance(gap_days=days))
        for kind, site, days in [("HOT", "A", 1), (None, "A", 2), ("HOT", None, 3), (None, None, 4)]
    ]
    asked = [("HOT", "A"), ("COLD", "A"), ("HOT", "B"), ("COLD", "B")]
    assert [tolerance_for(rows, *key).gap_days for key in asked] == [1, 2, 3, 4]
    assert tolerance_for((), "HOT", "A") == Tolerance()


def test_an_opening_stands_at_the_start_of_its_local_day_all_else_at_the_end() -> None:
    day, clock = date(2026, 6, 30), "Europe/London"
    assert stands_at(Reading(day, Decimal(1), "OPENING"), clock) == datetime(2026, 6, 29, 23, tzinfo=UTC)
    assert stands_at(Reading(day, Decimal(1), "CLOSING"), clock) == datetime(2026, 6, 30, 23, tzinfo=UTC)
    at = datetime(2026, 6, 30, 9, 15, tzinfo=UTC)
    assert stands_at(Reading(day, Decimal(1), read_at=at), clock) == at


def test_a_line_of_a_file_is_a_reading_with_its_factors() -> None:
    factors = Decimal("0.99"), Decimal("38.7")
    read = DialRead(
        Stream("own", "flat 1", "1"),
        date(2026, 6, 30),
        None,
        Decimal("600.0"),
        "ACTUALC",
        7,
        temperature_factor=factors[0],
        heating_value=factors[1],
    )
    found = reading_of(read)
    assert found == Reading(date(2026, 6, 30), Decimal("600.0"), "ACTUALC", None, Decimal(0), *factors)


def test_readings_of_one_moment_have_no_use_between_them() -> None:
    one = Reading(date(2026, 6, 30), Decimal(5))
    assert daily_use(ReadingCase(one, date(2026, 6, 30), previous=one)) is None


# Exchange ------------------------------------------------------------------------------------------------------


def test_an_exchange_that_is_complete_has_no_fault() -> None:
    day = date(2026, 6, 30)
    final, opening = Reading(day, Decimal(99), "CLOSING"), Reading(day, Decimal(0), "OPENING")
    assert (
        check_exchange(RegisterFacts(removed_on=day), final, RegisterFacts(installed_on=day), opening) == ()
    )


def test_each_fault_of_an_exchange_is_told() -> None:
    early, late = date(2026, 6, 1), date(2026, 6, 30)
    final, opening = Reading(early, Decimal(99)), Reading(late, Decimal(0))
    found = check_exchange(RegisterFacts(removed_on=late), final, RegisterFacts(installed_on=early), opening)
    assert [problem.code for problem in found] == ["MTR330", "MTR331", "MTR332"]


# Properties ----------------------------------------------------------------------------------------------------


@given(
    previous=st.integers(0, 99999), advance=st.integers(1, 40000), days=st.integers(1, 90), digits=st.just(5)
)
def test_a_roll_over_that_is_offered_is_accepted_when_taken(
    previous: int, advance: int, days: int, digits: int
) -> None:
    turn = 10**digits
    start = date(2026, 1, 31)
    candidate = Reading(date.fromordinal(start.toordinal() + days), Decimal((previous + advance) % turn))
    case = ReadingCase(
        candidate,
        date(2026, 12, 31),
        register=RegisterFacts(digits=digits),
        previous=Reading(start, Decimal(previous)),
    )
    outcome = check_reading(case)
    if previous + advance < turn:
        assert isinstance(outcome, Accepted)
        return
    assert isinstance(outcome, Queued)
    assert outcome.roll_over == turn
    rolled = replace(case, candidate=replace(candidate, add_factor=outcome.roll_over))
    assert isinstance(check_reading(rolled), Accepted)


@given(value=st.integers(0, 10**7), season=st.integers(0, 100), days=st.integers(1, 100))
def test_a_reading_that_is_accepted_is_a_duplicate_the_second_time(
    value: int, season: int, days: int
) -> None:
    candidate = Reading(date.fromordinal(date(2026, 1, 31).toordinal() + days), Decimal(value))
    case = ReadingCase(candidate, date(2026, 12, 31), previous=Reading(date(2026, 1, 31), Decimal(0)))
    case = replace(case, history=History(Decimal(season)))
    outcome = check_reading(case)
    assert check_reading(case) == outcome
    assert isinstance(check_reading(replace(case, same_day=(candidate,))), Duplicate)
