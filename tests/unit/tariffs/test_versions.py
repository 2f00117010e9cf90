"""A new version from a day on: before it nothing changes, from it on the new one holds, and again is once."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given

from submeter.tariffs.model import Band, Component, Plan, Rate
from submeter.tariffs.versions import merge
from unit.tariffs.plans import BEGIN, days, plans, rate

DAY = date(2026, 7, 1)


def held(plan: Plan, day: date) -> set[tuple[str, str, Decimal]]:
    """What a plan charges on a day: code, unit, price."""
    return {
        (one.code, one.unit, price.price)
        for one in plan.components
        if (one.from_date is None or one.from_date <= day) and (one.to_date is None or day < one.to_date)
        for price in one.rates
        if price.from_date <= day and (price.to_date is None or day < price.to_date)
    }


@given(plans(), plans(), days())
def test_each_day_is_charged_by_its_version(old: Plan, new: Plan, day: date) -> None:
    merged = merge(old, new, day)
    for weeks in range(-210, 420, 1):
        at = BEGIN + timedelta(days=3 * weeks)
        assert held(merged, at) == held(old if at < day else new, at), at


@given(plans(), plans(), days())
def test_merged_again_it_stays(old: Plan, new: Plan, day: date) -> None:
    merged = merge(old, new, day)
    assert merge(merged, new, day) == merged


@given(plans(), days())
def test_the_same_from_some_day_on_is_the_same(plan: Plan, day: date) -> None:
    assert merge(plan, plan, day) == plan


@given(plans(), plans(), days())
def test_no_code_holds_twice(old: Plan, new: Plan, day: date) -> None:
    for component in (merged := merge(old, new, day)).components:
        others = [one for one in merged.components if one.code == component.code and one is not component]
        for other in others:
            assert (component.to_date or date.max) <= (other.from_date or date.min) or (
                other.to_date or date.max
            ) <= (component.from_date or date.min)


def plan(*components: Component) -> Plan:
    return Plan(code="P", components=components)


def test_a_price_change_ends_one_row_and_adds_another() -> None:
    usage = Component(code="usage", kind="usage", rates=(rate("0.30"),), name="Energy")
    merged = merge(plan(usage), plan(replace(usage, rates=(rate("0.33"),), name="Power")), DAY)
    (one,) = merged.components
    assert one.name == "Power"
    assert one.rates == (Rate(BEGIN, Decimal("0.30"), DAY), Rate(DAY, Decimal("0.33")))


def test_other_bands_end_the_component_and_begin_another() -> None:
    flat = Component(code="usage", kind="usage", rates=(rate("0.30"),))
    banded = replace(flat, bands=(Band("day"),), rates=(rate("0.33", band="day"),))
    old, new = merge(plan(flat), plan(banded), DAY).components
    assert (old.to_date, old.rates, old.bands) == (DAY, flat.rates, ())
    assert (new.from_date, new.rates) == (DAY, (Rate(DAY, Decimal("0.33"), None, "day"),))


def test_what_is_left_out_ends() -> None:
    usage, supply = (Component(code=c, kind="usage", rates=(rate("1"),)) for c in ("usage", "supply"))
    merged = merge(plan(usage, supply), plan(usage), DAY)
    assert [(one.code, one.to_date) for one in merged.components] == [("usage", None), ("supply", DAY)]
