"""The language of bill cases: what it can say, and how it says where a mistake is."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from cases.case import Case, Expected
from cases.language import BadCase, read_cases
from cases.usage import usage_of
from cases.words import Mistake, factor, months, price, span, window
from submeter.tariffs.model import Band, Rate

HEAD = "=== A case\ncharge a usage 0.30 /kWh\nbill 2026-06-01..2026-07-01\nexpect total 0\n"


def read(tmp_path: Path, text: str) -> list[Case]:
    path = tmp_path / "sample.txt"
    path.write_text(text)
    return read_cases(path)


def one(tmp_path: Path, text: str) -> Case:
    return read(tmp_path, HEAD + text)[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("usge 2026-06-01 1 kWh", "'usge' is none of site, holidays"),
        ("usage 2026-06-01..2026-07-01 310", "is not like `2026-06-01..2026-07-01 310 kWh`"),
        ("usage 2026-06-31 1 kWh", "'2026-06-31' is no day"),
        ("usage 2026-07-01..2026-06-01 1 kWh", "ends before it begins"),
        ("usage 2026-06-01..2026-07-01 07:00..21:00 310 kWh", "windows go with an amount each hour"),
        ("usage 2026-06-01..2026-07-01 25:00..26:00 1 kW", "25:00 is no time of day"),
        ("usage 2026-06-01..2026-07-01 mon-fry 1 kW", "'mon-fry' is no month"),
        ("usage 2026-06-01 1 kWh, registr A", "'registr A' is nothing that usage can have"),
        ("charge b usge 0.30 /kWh", "'usge' is none of supply, usage"),
        ("charge b usage 0,30 /kWh", "'30 /kWh' is nothing that a charge can have"),
        ("charge b usage thirty /kWh", "'thirty /kWh' is no price like"),
        ("charge b usage", "b has no price"),
        ("charge b usage 0.30 /kWh, tex gst", "'tex gst' is nothing that a charge can have"),
        ("charge b usage 0.30 /kWh, at least 10", "b is no demand"),
        ("charge b usage 0.30 /kWh, if paid", "b is no discount"),
        ("charge b discount 3 /kWh", "a discount is in %, /day, /month or /bill, not 'kWh'"),
        ("charge b usage\n  prise 0.30 /kWh", "below a charge stand `band` and `price`, not 'prise'"),
        ("charge b usage\n  band peak 07:00..21:00\n  price 0.30 /kWh", "names none of the bands peak"),
        ("tax gst 10", "a tax is in %"),
        ("site Australia/Sidney", "'Australia/Sidney' is no time zone"),
        ("expect a 310 kWh", "is not like `energy 310 kWh 75.95`"),
        ("convert gas m3 MJ lots", "'lots' is no number"),
        ("bills are separate", "did you mean `bills are parts of one`?"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(BadCase) as raised:
        one(tmp_path, line)
    assert str(raised.value).startswith("sample.txt:5: ")
    assert said in str(raised.value)


def test_an_expectation_stands_below_its_bill(tmp_path: Path) -> None:
    with pytest.raises(BadCase, match=r"sample.txt:2: `expect` stands below the `bill`"):
        read(tmp_path, "=== A case\nexpect total 0\nbill 2026-06-01\n")


def test_a_case_that_expects_nothing_is_no_case(tmp_path: Path) -> None:
    with pytest.raises(BadCase, match=r"sample.txt:1: the case expects nothing"):
        read(tmp_path, "=== A case\nbill 2026-06-01\n")


def test_an_indented_line_belongs_to_another(tmp_path: Path) -> None:
    with pytest.raises(BadCase, match=r"sample.txt:1: an indented line"):
        read(tmp_path, "  price 0.30 /kWh\n")


def test_what_stands_above_the_cases_is_shared_until_the_next_plus(tmp_path: Path) -> None:
    first, second, third = read(
        tmp_path, f"site Europe/London\n{HEAD}tax vat 5 %\n{HEAD}+++ Next\ntax gst 10 %\n{HEAD}"
    )
    assert [case.calendar.clock for case in (first, second, third)] == ["Europe/London"] * 2 + [
        "Australia/Sydney"
    ]
    assert [[tax.code for tax in case.taxes] for case in (first, second, third)] == [["vat"], [], ["gst"]]
    assert second.place == "sample.txt:7"


def test_a_charge_said_again_replaces_the_first(tmp_path: Path) -> None:
    case = one(tmp_path, "charge a usage 0.40 /kWh")
    assert [component.rates[0].price for component in case.plan.components] == [Decimal("0.40")]


def test_comments_are_for_people(tmp_path: Path) -> None:
    assert one(tmp_path, "# a remark\ntax gst 10 % # another\n").taxes[0].percent == 10


def test_a_price_ends_where_the_next_one_begins(tmp_path: Path) -> None:
    text = "charge b usage\n  band p 07:00..21:00\n  band o otherwise\n  price p 1 /kWh up to 10\n  price p 2 /kWh above\n  price p 3 /kWh from 2026-06-11\n  price o 4 /kWh"
    day, change = date(2000, 1, 1), date(2026, 6, 11)
    b = one(tmp_path, text).plan.components[1]
    assert b.rates == (
        Rate(day, Decimal(1), change, "p", 1, Decimal(10)),
        Rate(day, Decimal(2), None, "p", 2),
        Rate(change, Decimal(3), None, "p", 1),
        Rate(day, Decimal(4), None, "o", 1),
    )
    assert b.bands == (Band("p", 420, 1260), Band("o"))


def test_an_expected_line_says_as_much_as_the_clerk_likes(tmp_path: Path) -> None:
    long, short = (
        one(
            tmp_path,
            "expect a peak step 2 from 2026-06-11 310 kWh x 1.05 20 days 75.95 tax 7.60\nexpect a 1.00",
        )
        .bills[0]
        .lines
    )
    assert long == Expected(
        "sample.txt:5", "a", Decimal("75.95"), "peak", 2, Decimal(310), "kWh", 20, date(2026, 6, 11),
        Decimal("1.05"), Decimal("7.60"),
    )  # fmt: skip
    assert short == Expected("sample.txt:6", "a", Decimal("1.00"))


def test_usage_of_a_dial_adds_up_exactly(tmp_path: Path) -> None:
    (stream,) = usage_of(
        one(tmp_path, "usage 2026-06-01..2026-07-01 100 kWh\nusage 2026-06-01 -7 kWh/day")
    ).streams
    assert int(stream.amounts.sum()) == 93 * 10**6
    assert stream.amounts[0, 0] == 3333333 - 7 * 10**6


@pytest.mark.parametrize(
    ("day", "count", "early"), [("2026-04-05", 50, 14), ("2026-10-04", 46, 10), ("2026-06-01", 48, 12)]
)
def test_a_day_has_the_half_hours_that_it_has(tmp_path: Path, day: str, count: int, early: int) -> None:
    usage = usage_of(one(tmp_path, f"usage {day} 00:00..06:00 1 kW"))
    assert usage.streams[0].amounts.shape == (1, count)
    assert int(usage.streams[0].amounts.sum()) == early * 500_000


def test_an_interval_has_an_instant(tmp_path: Path) -> None:
    case = one(tmp_path, "usage 2026-04-05 02:30+10:00 1 kWh")
    assert case.usage[0].at == datetime(2026, 4, 5, 2, 30, tzinfo=timezone(timedelta(hours=10)))
    with pytest.raises(Mistake, match="no interval begins at"):
        usage_of(one(tmp_path, "usage 2026-06-01 02:40 1 kWh"))


def test_words() -> None:
    assert span("2026-06-01") == (date(2026, 6, 1), date(2026, 6, 2))
    assert price("24.50 p/kWh") == (Decimal("0.245"), "kWh")
    assert price("5 %") == (Decimal(5), "%")
    assert factor("1.02264 x 39.5 / 3.6") == Fraction("1.02264") * Fraction("39.5") / Fraction("3.6")
    assert months(["nov-feb"]) == {11, 12, 1, 2}
    assert window(["sat-mon", "holiday", "22:00..06:00", "dec-feb"]) == (
        ((1320, 360),), {"sat", "sun", "mon", "holiday"}, ((12, 1), (2, 29)),
    )  # fmt: skip
    assert window(["20-dec..9-feb"]).season == ((12, 20), (2, 9))
