"""Numbers, tables and amounts as people read them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.rating.bases import Base
from submeter.rating.line_store import StoredLine
from submeter.rating.saying import base_rows, said_amount, said_peak
from submeter.rating.showing import said_money, said_number, table
from submeter.tariffs.model import Component, DiscountRule


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Decimal("148.8"), "148.8"), (Decimal("310.000000000"), "310"), (Decimal(0), "0"),
        (Decimal("12.345678"), "12.345678"), (Decimal("1E+3"), "1000"), (Decimal("-0.5"), "-0.5"),
        (Decimal("103.333333333"), "~103.333"), (Decimal("-103.3335001"), "~-103.334"), (Fraction(1, 3), "~0.333"),
        (Fraction(2, 3), "~0.667"), (Fraction(1, 8), "0.125"), (Decimal("0.0000004"), "~0.000"),
    ],
)  # fmt: skip
def test_a_number_is_exact_or_says_that_it_is_rounded(value: Decimal | Fraction, said: str) -> None:
    assert said_number(value) == said


@given(st.fractions(max_denominator=10**9))
def test_what_is_not_marked_is_exact_and_what_is_lies_near(value: Fraction) -> None:
    said = said_number(value)
    off = abs(Fraction(said.removeprefix("~")) - value)
    assert off <= Fraction(1, 2000) if said.startswith("~") else off == 0


@pytest.mark.parametrize(
    ("value", "said"), [("71.3", "71.30"), ("71", "71.00"), ("2.4955", "2.4955"), ("-3", "-3.00")]
)
def test_money_has_two_decimals(value: str, said: str) -> None:
    assert said_money(Decimal(value)) == said


def test_points_stand_under_each_other() -> None:
    rows = [("name", "many", "", "price", "amount"), ("Usage", "~103.333", "kWh", "x 0.25", "25.83"), ("Supply", "31", "day", "x 1", "31.00"),
            ("tax", "", "", "", "5.683"), ("total", "", "", "", "-5")]  # fmt: skip
    lines = list(table(rows, "ldldd"))
    assert lines == [
        "name        many        price  amount",
        "Usage   ~103.333  kWh  x 0.25  25.83",
        "Supply    31      day  x 1     31.00",
        "tax                             5.683",
        "total                          -5",
    ]


# Lines that rest on others -------------------------------------------------------------------------------------


def line_of(unrounded: str, price: str, unit: str = "percent", tax: str = "10") -> StoredLine:
    amount = Decimal(unrounded)
    return StoredLine(
        1, 1, uuid4(), uuid4(), uuid4(), None, "electricity", date(2026, 7, 1), date(2026, 8, 1), date(2026, 7, 1),
        date(2026, 8, 1), "", 1, unit, Decimal(1), Decimal(1), None, amount, round(amount, 2), "", Decimal(tax),
        Decimal(0), {"price": price}, datetime(2026, 8, 1, tzinfo=UTC), "", True,
    )  # fmt: skip


BASE = Base((("Usage", Fraction("37.2")), ("Daily supply", Fraction("34.1"))), Fraction("71.3"), frozenset({Decimal(10)}), False)  # fmt: skip


def said(
    unrounded: str, price: str, base: Base | None = BASE, *, kind: Any = "discount", **rule: Any
) -> tuple[str, dict[str, str]]:
    unit = rule.pop("unit", "percent")
    discount = None if kind == "minimum" else DiscountRule(**rule)
    component = Component(code="cut", kind=kind, unit=unit, rates=(), discount=discount)
    line = line_of(unrounded, price, unit)
    return said_amount(line, component, "AUD", base), dict(base_rows(line, component, base))


def test_a_percentage_names_its_base() -> None:
    words, rows = said("-2.4955", "3.5")
    assert words == "3.5 % of 71.30 = 2.4955, taken off; rounded half up: -2.50"
    assert rows == {"Base": "Usage 37.20 + Daily supply 34.10 = 71.30, without tax"}


def test_a_surcharge_is_added() -> None:
    assert said("2.4955", "-3.5")[0].startswith("3.5 % of 71.30 = 2.4955, added; ")


def test_bounds_are_told_where_the_percentage_alone_does_not_give_it() -> None:
    words, rows = said(
        "-2", "3.5", cap=Decimal(2), cap_per="month", threshold=Decimal(10), months=frozenset({7, 6})
    )
    assert words.startswith("3.5 % of 71.30, within the bounds and days = 2.00, taken off; ")
    assert rows["Bounds"] == "of what exceeds 10 a year, by days, at most 2 a month, in June, July only"


def test_of_a_base_with_two_taxes_the_part_is_told() -> None:
    two = Base(BASE.parts, Fraction("37.2"), frozenset({Decimal(10), Decimal(0)}), with_tax=True)
    words, rows = said("-1.86", "5", two)
    assert words.startswith("5 % of 37.20 = 1.86, taken off")
    assert rows["Part"] == "37.20 is taxed with 10 %, as this line is"
    assert rows["Base"].endswith("= 71.30, with tax")
    words, rows = said("-3.565", "5", two, kind="concession")  # which has no tax, and is taken from all of it
    assert words.startswith("5 % of 71.30 = 3.565, taken off")
    assert "Part" not in rows


def test_an_amount_a_day_or_month_is_multiplied() -> None:
    assert said("-15.5", "0.5", how="per_day")[0].startswith("0.5 x 31 days = 15.50, taken off")
    assert said("-8", "8", how="per_month")[0].startswith("8 x 1 month = 8.00, taken off")
    assert said("-71.3", "100", how="amount")[0].startswith("no more than its base: 71.30, taken off")


def test_a_minimum_says_what_is_missing() -> None:
    words, _ = said("828.7", "900", kind="minimum", unit="month")
    assert words.startswith("at least 900 AUD a month, 900.00 on these days; 900.00 - 71.30 = 828.70; ")
    words, _ = said("828.7", "900", kind="minimum", unit="year")
    assert words.startswith("missing from 900 AUD a year, other bills of it counted: 828.70; ")


def test_without_a_base_it_is_said_what_is_known() -> None:
    words, rows = said("-2.4955", "3.5", None)
    assert words == "worked out from what it looks at of the lines before it: -2.4955; rounded half up: -2.50"
    assert rows == {}


def test_peaks_are_told_with_their_time_and_why_they_are_charged() -> None:
    own = {
        "month": "2026-07",
        "unit": "kW",
        "peak": "6",
        "at": "2026-07-28T10:00+10:00",
        "minutes": 30,
        "charged": "6",
    }
    assert said_peak({**own, "why": "measured"}) == "July 2026: 6 kW on 2026-07-28, 10:00 to 10:30"
    assert said_peak({**own, "why": "minimum", "charged": "10"}).endswith(
        "; the least that is charged is 10 kW"
    )
    ratchet = {"month": "2026-05", "percent": "80", "peak": "12"}
    words = said_peak({**own, "why": "ratchet", "charged": "48/5", "ratchet": ratchet})
    assert words.endswith("; charged is 80 % of May 2026: 12 kW, as another system measured = 9.6 kW")
