"""What is found wrong in a plan, and what is not."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from submeter.tariffs.checking import check_plan
from submeter.tariffs.model import Band, Component, Plan, Rate
from submeter.tariffs.week import holes
from unit.tariffs.plans import BEGIN, TAXES, WEEK, WHOLE, rate

LATER = date(2026, 7, 1)
OPEN = (rate("0.3"),)


def usage(**changes: Any) -> Component:
    return Component(**{"code": "usage", "kind": "usage", "rates": OPEN, **changes})


def codes(*components: Component) -> list[str]:
    found = check_plan(Plan(code="P", components=components), TAXES)
    assert all(one.problem.hint for one in found)
    return [one.problem.code for one in found]


def test_a_plan_with_something_of_everything_is_consistent() -> None:
    assert check_plan(WHOLE, TAXES) == ()


def test_a_plan_that_charges_nothing() -> None:
    assert codes() == ["TRF101"]


SUPPLY = Component(code="supply", kind="supply", unit="day", rates=(rate("1"),))
WRONG = {
    "one code twice": ("TRF102", [usage(), usage()]),
    "a base that is not there": ("TRF103", [usage(), usage(code="g", kind="green", base=("us",))]),
    "a base that comes later": ("TRF104", [usage(base=("supply",)), SUPPLY]),
    "itself as base": ("TRF104", [usage(base=("usage",))]),
    "a price for no band of it": ("TRF105", [usage(rates=(*OPEN, rate("1", band="peak")))]),
    "a step that is missing": ("TRF107", [usage(rates=(rate("1", step=2),))]),
    "steps that fall": ("TRF108", [usage(rates=(rate("1", up_to=Decimal(9)), rate("1", step=2, up_to=Decimal(8)), rate("1", step=3)))]),
    "a last step with an end": ("TRF108", [usage(rates=(rate("1", up_to=Decimal(9)),))]),
    "a first step without an end": ("TRF108", [usage(rates=(rate("1"), rate("1", step=2)))]),
    "no price": ("TRF109", [usage(rates=())]),
    "a price that ends": ("TRF109", [usage(rates=(rate("1", BEGIN, LATER),))]),
    "a gap": ("TRF109", [usage(rates=(rate("1", BEGIN, LATER), rate("1", LATER + timedelta(1))))]),
    "a price that comes late": ("TRF109", [usage(from_date=BEGIN - timedelta(1))]),
    "a band without a price": ("TRF109", [usage(bands=(Band("day"),), rates=(rate("1", band="day", end=LATER),))]),
    "two prices": ("TRF110", [usage(rates=(rate("1"), rate("2")))]),
    "bands with other steps": ("TRF119", [usage(bands=(Band("a", to_minute=60), Band("b")), rates=(
        rate("1", band="a"), rate("1", band="b", up_to=Decimal(9)), rate("2", band="b", step=2)))]),
    "a demand without a rule": ("TRF111", [usage(kind="demand", unit="kW")]),
    "a discount without a rule": ("TRF112", [usage(kind="discount")]),
    "a unit of another kind": ("TRF113", [usage(unit="day")]),
    "supply by energy": ("TRF113", [usage(kind="supply")]),
    "a tax that is not known": ("TRF114", [usage(tax_code="VAT")]),
    "spot without a series": ("TRF115", [usage(kind="spot")]),
    "seven decimals": ("TRF116", [usage(rates=(rate("0.1234567"),))]),
    "bands of a supply charge": ("TRF117", [replace(SUPPLY, bands=(Band("day"),))]),
    "no days": ("TRF118", [usage(from_date=LATER, to_date=LATER)]),
    "a price of no days": ("TRF118", [usage(rates=(*OPEN, rate("1", LATER, LATER)))]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str) -> None:
    code, components = WRONG[name]
    assert set(codes(*components)) == {code}


def test_a_code_may_come_again_when_the_first_has_ended() -> None:
    first = usage(rates=(rate("1", BEGIN, LATER),), to_date=LATER)
    assert codes(first, usage(from_date=LATER, rates=(rate("2", LATER),))) == []


def test_a_hole_in_the_week_is_told_by_day_and_time() -> None:
    bands = (Band("peak", 420, 1260, frozenset(("mon", "sat", "holiday"))), Band("night", 1260, 420))
    found = check_plan(
        Plan(
            code="P",
            components=(usage(bands=bands, rates=(rate("1", band="peak"), rate("1", band="night"))),),
        ),
        TAXES,
    )
    (one,) = found
    assert (one.component, one.problem.code) == ("usage", "TRF106")
    assert one.problem.detail == "usage: tue, wed, thu, fri, sun 07:00-21:00"


def test_holes_are_told_by_season() -> None:
    summer = Band("peak", season=((11, 1), (3, 31)))
    (one,) = holes((summer,))
    assert (one.first.month, one.first.day, one.last.month, one.last.day) == (4, 1, 10, 31)
    assert str(one).endswith("00:00-24:00 from 01 Apr to 31 Oct")
    assert holes((summer, Band("low", season=((4, 1), (10, 31))))) == ()
    assert holes(WEEK) == ()


def test_a_holiday_is_a_weekday_where_no_band_names_it() -> None:
    week = Band("all", day_types=frozenset(("mon", "tue", "wed", "thu", "fri", "sat", "sun")))
    assert holes((week,)) == ()
    assert [one.day_types for one in holes((week, Band("x", 0, 60, frozenset(("holiday",)))))] == [
        ("holiday",)
    ]


def test_prices_of_other_days_do_no_harm() -> None:
    """What held before the component began is kept, and not looked at."""
    component = usage(from_date=LATER, rates=(Rate(BEGIN, Decimal(1), LATER), Rate(LATER, Decimal(2))))
    assert codes(component) == []
