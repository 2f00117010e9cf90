"""The peak that is told is the one that is charged, and was when it is said."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter.metering.days import first_of_next_month, starts_at
from submeter.rating.engine import rate
from submeter.rating.lines import list_lines
from submeter.rating.model import Period, Terms, Usage
from submeter.rating.peak_telling import PeakTold, peaks_told
from submeter.tariffs.model import Calendar, Component, DemandRule, Plan, Rate
from unit.rating.worlds import BANDS, FIRST_OF_ALL, World, usage_of, worlds

RULES = st.builds(
    DemandRule,
    unit=st.just("kW"),
    minutes=st.sampled_from((30, 60)),
    charged_per=st.just("month"),
    lookback_season=st.just(frozenset()),
    minimum=st.sampled_from((Decimal(0), Decimal("1.5"))),
    lookback_months=st.integers(0, 2),
    lookback_percent=st.sampled_from((Decimal(80), Decimal(100))),
)


def begin_month(world: World) -> Period:
    """The last calendar month that the days lie in, as far as they go."""
    last = world.period.end - timedelta(days=1)
    return Period(max(last.replace(day=1), world.period.first), world.period.end)


@settings(max_examples=60)
@given(worlds(agreements=3), RULES, st.booleans())
def test_what_is_told_is_charged(world: World, rule: DemandRule, banded: bool) -> None:
    bands = (*BANDS[:1], BANDS[-1]) if banded else ()
    rates = tuple(
        Rate(FIRST_OF_ALL, Decimal(1), band=code)
        for code in (dict.fromkeys(band.code for band in bands) or ("",))
    )
    rule = replace_minutes(rule, world.minutes)
    component = Component(
        code="demand", kind="demand", unit="kW", rates=rates, bands=bands, demand=rule, prorate=False
    )
    period = begin_month(world)
    plan = Plan(code="p", components=(component,))
    charges = rate(world.usage, plan, world.calendar, [period], world.terms)
    told = peaks_told(component, world.usage, world.calendar, [period], world.terms)
    assert len(told) == 3
    for row, of in enumerate(told):
        charged = {line.band: Fraction(line.quantity) for line in list_lines(charges, row, 0)}
        assert {one.band: one.power for one in of if one.power} == {b: q for b, q in charged.items() if q}
        for one in of:
            assert_was(world, row, one, rule.minutes)


def replace_minutes(rule: DemandRule, minutes: int) -> DemandRule:
    return rule._replace(minutes=max(rule.minutes, minutes))


def assert_was(world: World, row: int, told: PeakTold, minutes: int) -> None:
    """The energy of the interval that is named, as a mean power."""
    for top in (told.own, told.of):
        if top.at is None:
            assert not top.power
            continue
        first = int(
            (top.at - starts_at(world.period.first, world.calendar.clock)) / timedelta(minutes=world.minutes)
        )
        amounts = world.usage.streams[0].amounts[row, first : first + minutes // world.minutes]
        assert top.power == Fraction(int(amounts.sum()) * 60, 1000 * minutes)


def test_of_two_that_are_as_high_the_first_is_told_and_kva_has_a_time_too() -> None:
    first, end = date(2026, 7, 1), date(2026, 8, 1)
    amounts = np.full((1, 31 * 24), 1000)
    amounts[0, [30, 40]] = 5000
    usage = usage_of(Period(first, end), amounts, 60)
    reactive = replace(usage.streams[0], unit="kvarh")
    usage = Usage(first=first, end=end, streams=(usage.streams[0], reactive))
    rule = DemandRule(unit="kVA", minutes=60)
    component = Component(
        code="d", kind="demand", unit="kVA", rates=(Rate(FIRST_OF_ALL, Decimal(1)),), demand=rule
    )
    ((told,),) = peaks_told(component, usage, Calendar("Australia/Sydney"), [Period(first, end)], Terms())
    assert told.own.at == datetime(2026, 7, 1, 20, tzinfo=UTC)  # the 31st hour of July: 06:00 on its 2nd
    assert told.own.at.hour == 6
    assert abs(told.power - Fraction("7.071068")) < Fraction(1, 10**6)


def test_a_peak_that_another_system_measured_has_no_time() -> None:
    first = date(2026, 7, 1)
    end = first_of_next_month(first)
    usage = usage_of(Period(first, end), np.full((1, 31 * 24), 1000), 60)
    rule = DemandRule(minutes=60, lookback_months=12, lookback_percent=Decimal(50))
    component = Component(
        code="d", kind="demand", unit="kW", rates=(Rate(FIRST_OF_ALL, Decimal(1)),), demand=rule
    )
    terms = Terms(peaks={"d": {date(2026, 1, 1): np.array([[8_000_000]])}})
    ((told,),) = peaks_told(component, usage, Calendar("Australia/Sydney"), [Period(first, end)], terms)
    assert (told.why, told.power, told.of.month, told.of.at) == ("ratchet", 4, date(2026, 1, 1), None)
