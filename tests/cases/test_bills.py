"""Every case of bills/ is rated and compared to the cent; docs/how-to/bill-cases.md says how to add one."""

from decimal import Decimal
from pathlib import Path

import pytest

from cases.arithmetic import Sum, sums_of, value_of
from cases.case import Case
from cases.language import CASES, read_cases
from cases.runner import compare, half_up
from submeter.tariffs.model import Kind

FILES = sorted(CASES.glob("*.txt"))
ALL = [case for path in FILES for case in read_cases(path)]
SUMS = [one for path in FILES for one in sums_of(path)]


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.place} {case.name}")
def test_bill(case: Case) -> None:
    agrees, page = compare(case)
    assert agrees, f"\n{page}"


def test_sums_beside_amounts_are_right() -> None:
    """What is expected was worked out by hand, and this hand is checked without the engine."""
    assert len(SUMS) > 300
    wrong = [one for one in SUMS if half_up(value_of(one.text), Decimal(one.amount)) != Decimal(one.amount)]
    assert not wrong, "\n".join(
        f"{one.place}: {one.text} is {value_of(one.text)}, not {one.amount}" for one in wrong
    )


def test_every_kind_of_component_has_cases() -> None:
    kinds = [component.kind for case in ALL for component in case.plan.components]
    assert {kind: kinds.count(kind) for kind in Kind.__args__ if kinds.count(kind) < 3} == {}  # type: ignore[attr-defined]


def test_titles_tell_cases_apart() -> None:
    titles = [case.name for case in ALL]
    named = [f"{case.place.split(':')[0]} {case.name}" for case in ALL]
    assert all(titles)
    assert sorted(named) == sorted(set(named))


# The runner looks ------------------------------------------------------------------------------------------------

GOLDEN = """
site      Australia/Sydney
tax       gst 10 %
=== A month
charge    supply supply 0.9803 /day, tax gst
charge    energy usage 0.3968 /kWh, tax gst
usage     2026-05-01..2026-06-01 325.2 kWh
bill      2026-05-01..2026-06-01
expect    supply 31 days 30.39
expect    energy 325.2 kWh 129.04
expect    tax 15.94
expect    total 175.37
"""


def one_case(tmp_path: Path, text: str) -> Case:
    path = tmp_path / "sample.txt"
    path.write_text(text)
    (case,) = read_cases(path)
    return case


def test_a_right_bill_agrees(tmp_path: Path) -> None:
    assert compare(one_case(tmp_path, GOLDEN))[0]


@pytest.mark.parametrize(
    ("right", "wrong", "shown"),
    [
        ("129.04", "129.05", "energy 325.2 kWh 129.05   energy 325.2 kWh 129.04"),
        ("325.2 kWh 129", "325.3 kWh 129", "energy 325.3 kWh 129.04   energy 325.2 kWh 129.04"),
        ("325.2 kWh 129", "325.2 MJ 129", "energy 325.2 MJ 129.04   energy 325.2 kWh 129.04"),
        ("expect    supply 31 days", "expect    supply 30 days", "supply 30 days 30.39"),
        ("expect    energy", "expect    power", "no such line"),
        ("expect    supply 31 days 30.39\n", "", "supply from 2026-05-01 31 day 31 days 30.39"),
        ("129.04", "129.04 tax 12.91", "tax 12.90"),
        ("325.2 kWh 129", "from 2026-05-02 325.2 kWh 129", "no such line"),
        ("325.2 kWh 129", "peak 325.2 kWh 129", "no such line"),
        ("325.2 kWh 129", "step 2 325.2 kWh 129", "no such line"),
        ("325.2 kWh 129", "325.2 kWh x 1.05 129", "x 1.0"),
        ("tax 15.94", "tax 15.95", "! tax 15.95"),
        ("total 175.37", "total 175.38", "! total 175.38"),
        ("expect    total 175.37", "expect    carried money 1", "! carried money 1"),
        ("expect    total 175.37", "expect    refused RTG102", "! refused RTG102"),
    ],
)
def test_a_wrong_bill_is_told_and_shown_beside_what_came(
    tmp_path: Path, right: str, wrong: str, shown: str
) -> None:
    assert right in GOLDEN
    agrees, page = compare(one_case(tmp_path, GOLDEN.replace(right, wrong, 1)))
    assert not agrees
    assert shown in page
    assert any(line.startswith("  ! ") for line in page.splitlines())


def test_a_refusal_that_was_not_expected_is_told(tmp_path: Path) -> None:
    agrees, page = compare(one_case(tmp_path, GOLDEN.replace(", tax gst", ", tax vat")))
    assert not agrees
    assert "refused RTG103" in page


def test_another_refusal_than_the_expected_one_is_told(tmp_path: Path) -> None:
    text = GOLDEN.replace(", tax gst", ", tax vat").replace("total 175.37", "refused RTG102")
    assert not compare(one_case(tmp_path, text))[0]


def test_a_wrong_sum_is_told() -> None:
    one = Sum("here", "129.05", "325.2 x 0.3968")
    assert half_up(value_of(one.text), Decimal(one.amount)) == Decimal("129.04")
    assert value_of("-(33.00 + 89.00) x 5 % / 2") == Decimal("-3.05")
