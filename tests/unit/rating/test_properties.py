"""What holds for every plan and every usage: the engine beside a slow one, and laws of the trade."""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from submeter.rating.engine import rate
from submeter.rating.lines import list_lines, total_of
from submeter.rating.model import IntArray, Line, Period
from submeter.rating.timeline import timeline
from submeter.tariffs.model import Component, Plan, Rate, StepRule
from unit.rating.plainly import Cell, rate_plainly, used_of
from unit.rating.worlds import FIRST_OF_ALL, World, blocks, demand, plan_of, time_of_use, usage_of, worlds

pytestmark = pytest.mark.proof
FULL = bool(os.environ.get("SUBMETER_PROVE"))
SOME = settings(max_examples=300 if FULL else 40)
SHARE_CUT = Fraction(1, 10**8)
"""Shares of a step between bands are cut at 10^-9 of a unit, and there are few of them."""


def lines_of(
    world: World, plan: Plan, periods: list[Period] | None = None, *, parts_of_one: bool = False
) -> list[Line]:
    periods = periods or [world.period]
    charges = rate(world.usage, plan, world.calendar, periods, world.terms, parts_of_one=parts_of_one)
    return [line for place in range(len(periods)) for line in list_lines(charges, 0, place)]


@SOME
@given(st.data(), worlds())
def test_bands_and_steps_are_those_of_one_interval_after_the_other(data: st.DataObject, world: World) -> None:
    component = data.draw(time_of_use(world.period))
    plain = rate_plainly(
        component, world.usage.streams[0].amounts[0], world.minutes, world.calendar, world.period
    )
    found: dict[Cell, Fraction] = defaultdict(Fraction)
    for line in lines_of(world, Plan(code="p", components=(component,))):
        found[Cell(line.band, line.step, line.rate)] += Fraction(line.quantity)
        assert abs(line.unrounded - Fraction(line.quantity) * Fraction(line.rate.price) * line.factor) == 0
    for cell in found.keys() | plain.keys():
        assert abs(found[cell] - plain.get(cell, 0)) <= SHARE_CUT, cell


@SOME
@given(st.data(), worlds())
def test_no_energy_is_lost_or_made_over_bands_and_steps(data: st.DataObject, world: World) -> None:
    for component in (data.draw(time_of_use(world.period)), data.draw(blocks(world.period))):
        lines = lines_of(world, Plan(code="p", components=(component,)))
        used = Fraction(int(world.usage.streams[0].amounts.sum()), 1000)
        assert sum(Fraction(line.quantity) for line in lines) == used


@SOME
@given(st.data(), worlds())
def test_the_total_is_the_lines_and_the_tax_on_top(data: st.DataObject, world: World) -> None:
    component = data.draw(time_of_use(world.period))
    plan = data.draw(plan_of(world.period, component, data.draw(demand(world.period))))
    charges = rate(world.usage, plan, world.calendar, [world.period], world.terms)
    lines = list_lines(charges, 0, 0)
    tax, total = total_of(charges, 0, 0)
    inclusive = {line.component.code for line in lines if line.component.tax_inclusive}
    within = sum(line.tax for line in lines if line.component.code in inclusive)
    added = total - sum(line.amount for line in lines)
    if plan.tax_rule == "supply":
        assert sum(line.tax for line in lines) == tax == added + within
    else:  # each percentage is rounded once, and not each line
        assert abs(tax - added - within) <= Fraction(len(lines) + 2, 200)


@SOME
@given(st.data(), worlds())
def test_more_usage_never_costs_less(data: st.DataObject, world: World) -> None:
    """Where no price is negative and none falls from step to step, and all is taxed alike: a minimum with tax
    that gives way to usage without tax is cheaper for it."""
    parts = (data.draw(time_of_use(world.period, rising=True)), data.draw(blocks(world.period, rising=True)))
    parts = tuple(replace(part, tax_code="GST") for part in parts)
    plan = data.draw(plan_of(world.period, *parts, data.draw(demand(world.period)), rounding="invoice"))
    plan = replace(
        plan, tax_rule="total"
    )  # the tax of lines that are rounded one by one may come to a cent less
    amounts = world.usage.streams[0].amounts
    more = amounts + _some(amounts, data.draw(st.integers(0, 10**6)), data.draw(st.sampled_from((0.01, 0.5))))
    little, much = (_unrounded(world, plan, one) for one in (amounts, more))
    assert much >= little - SHARE_CUT


def _some(amounts: IntArray, seed: int, share: float) -> IntArray:
    chance = np.random.default_rng(seed)
    return chance.integers(0, 5000, amounts.shape) * (chance.random(amounts.shape) < share)


def _unrounded(world: World, plan: Plan, amounts: IntArray) -> Fraction:
    usage = world.with_amounts(amounts)
    exact = rate(usage, plan, world.calendar, [world.period], world.terms).unrounded_total
    return int(exact.values[0, 0]) * exact.scale


@SOME
@given(st.data(), worlds())
def test_the_order_of_intervals_of_a_band_does_not_matter(data: st.DataObject, world: World) -> None:
    """Within a month and a price, where no running total decides."""
    component = _unchanging(data.draw(time_of_use(world.period, scopes=("shared", "band"))))
    plan = data.draw(plan_of(world.period, component))
    amounts = world.usage.streams[0].amounts
    mixed = amounts.copy()
    for places in _alike(world, component):
        mixed[:, places] = np.random.default_rng(data.draw(st.integers(0, 99))).permutation(
            amounts[0, places]
        )
    first, second = (
        rate(world.with_amounts(one), plan, world.calendar, [world.period], world.terms).total[0, 0]
        for one in (amounts, mixed)
    )
    assert first == second


def _unchanging(component: Component) -> Component:
    rates = tuple(one._replace(to_date=None) for one in component.rates if one.from_date == FIRST_OF_ALL)
    return replace(component, rates=rates)


def _alike(world: World, component: Component) -> Iterator[list[int]]:
    """The places of intervals of the same month and band."""
    places: dict[tuple[int, str], list[int]] = defaultdict(list)
    amounts = world.usage.streams[0].amounts[0]
    for place, one in enumerate(used_of(component, amounts, world.minutes, world.calendar, world.period)):
        places[one.day.month, one.band].append(place)
    yield from places.values()


@SOME
@given(st.data(), worlds())
def test_a_split_period_comes_to_the_same(data: st.DataObject, world: World) -> None:
    """Unrounded, split anywhere; with steps for a month, where a month ends. Rounded parts add up, too."""
    by_month = data.draw(st.booleans())
    days = [world.period.first + timedelta(days=n) for n in range(1, world.period.days)]
    days = [day for day in days if day.day == 1 or not by_month]
    assume(days)
    day = data.draw(st.sampled_from(days))
    component = data.draw(time_of_use(world.period, scopes=("shared", "band")))
    component = (
        replace(component, steps=StepRule("month", component.steps.scope)) if by_month else _flat(component)
    )
    plan = data.draw(plan_of(world.period, component))
    plan = replace(
        plan, components=tuple(one for one in plan.components if one.code not in {"least", "debit"})
    )
    whole = lines_of(world, plan)
    split = lines_of(
        world, plan, [Period(world.period.first, day), Period(day, world.period.end)], parts_of_one=True
    )
    assert abs(sum(one.unrounded for one in whole) - sum(one.unrounded for one in split)) <= SHARE_CUT
    assert _by_line(whole) == _by_line(split)


def _flat(component: Component) -> Component:
    rates = tuple(one._replace(up_to=None) for one in component.rates if one.step == 1)
    return replace(component, rates=rates)


def _by_line(lines: list[Line]) -> dict[tuple[str, str, int, Rate], Decimal]:
    """What is shown for each price, band and step."""
    found: dict[tuple[str, str, int, Rate], Decimal] = defaultdict(Decimal)
    for line in lines:
        found[line.component.code, line.band, line.step, line.rate] += line.amount
    return {key: amount for key, amount in found.items() if amount}


@SOME
@given(st.data(), worlds())
def test_an_estimate_and_its_correction_come_to_the_actual(data: st.DataObject, world: World) -> None:
    """Without steps a price is the same for every unit, so that a true-up charges what is missing."""
    component = _flat(data.draw(time_of_use(world.period, scopes=("shared",))))
    plan = Plan(code="p", components=(component,), rounding="invoice")
    actual = world.usage.streams[0].amounts
    estimate = _some(actual, data.draw(st.integers(0, 10**6)), 0.5)
    parts = [_unrounded(world, plan, one) for one in (estimate, actual - estimate)]
    assert sum(parts) == _unrounded(world, plan, actual)


@SOME
@given(st.data(), worlds(agreements=3))
def test_a_batch_is_its_agreements_one_by_one(data: st.DataObject, world: World) -> None:
    plan = data.draw(
        plan_of(world.period, data.draw(time_of_use(world.period)), data.draw(demand(world.period)))
    )
    amounts = world.usage.streams[0].amounts
    batch = rate(world.usage, plan, world.calendar, [world.period], world.terms)
    for place in range(len(amounts)):
        usage = world.with_amounts(amounts[place : place + 1])
        alone = rate(usage, plan, world.calendar, [world.period], world.terms)
        assert list_lines(batch, place, 0) == list_lines(alone, 0, 0)
        assert total_of(batch, place, 0) == total_of(alone, 0, 0)


@SOME
@given(st.data(), worlds())
def test_days_around_the_period_change_nothing_but_a_months_peak(data: st.DataObject, world: World) -> None:
    assume(world.period.days > 2)
    plan = data.draw(plan_of(world.period, data.draw(time_of_use(world.period))))
    inner = Period(world.period.first + timedelta(days=1), world.period.end - timedelta(days=1))
    start, end = _edges(world)
    narrow = usage_of(inner, world.usage.streams[0].amounts[:, start:end], world.minutes)
    wide = rate(world.usage, plan, world.calendar, [inner], world.terms)
    assert wide.total[0, 0] == rate(narrow, plan, world.calendar, [inner], world.terms).total[0, 0]


def _edges(world: World) -> tuple[int, int]:
    """Where the second day begins and the last one."""
    days = timeline(world.period.first, world.period.end, world.calendar.clock, world.minutes).days
    return int((days < 1).sum()), int((days < world.period.days - 1).sum())
