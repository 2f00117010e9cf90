"""What the engine refuses, each with its code. Nothing is charged then."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from submeter.core.problem import Refused
from submeter.rating.engine import rate
from submeter.rating.model import Dated, Period, Stream, Terms, Usage
from submeter.tariffs.model import Band, Calendar, Component, DemandRule, Plan, Rate, StepRule, TaxRate

START, END = date(2026, 4, 1), date(2026, 4, 8)
NOTHING = Terms()
SYDNEY = Calendar("Australia/Sydney", "Etc/GMT-10")
WEEK = Period(START, END)
HALF_HOURS = 7 * 48 + 2  # the clock goes back on 5 April


def price(amount: str = "0.3", **about: Any) -> Rate:
    return Rate(date(2020, 1, 1), Decimal(amount), **about)


def stream(minutes: int = 30, **about: Any) -> Stream:
    columns = about.pop("columns", (END - START).days if not minutes else HALF_HOURS * 30 // minutes)
    return Stream(amounts=np.full((1, columns), 500, np.int32), minutes=minutes, **about)


def usage(*streams: Stream, first: date = START, end: date = END) -> Usage:
    return Usage(first=first, end=end, streams=streams or (stream(),))


def plan(**about: Any) -> Plan:
    given = {"code": "energy", "kind": "usage", "rates": (price(),), **about}
    return Plan(code="p", components=(Component(**given),))


def check(
    code: str, used: Usage, of: Plan, periods: list[Period] | None = None, terms: Terms = NOTHING
) -> None:
    with pytest.raises(Refused) as caught:
        rate(used, of, SYDNEY, [WEEK] if periods is None else periods, terms)
    assert caught.value.problem.code == code
    assert caught.value.problem.hint


@pytest.mark.parametrize(
    "periods",
    [
        [],
        [Period(START, START)],
        [Period(END, START)],
        [Period(START, END), Period(date(2026, 4, 7), date(2026, 4, 9))],
        [Period(date(2026, 4, 5), END), Period(START, date(2026, 4, 5))],
    ],
)
def test_periods(periods: list[Period]) -> None:
    check("RTG100", usage(), plan(), periods)


def test_a_day_without_price() -> None:
    rates = (Rate(START, Decimal(1), date(2026, 4, 5)), Rate(date(2026, 4, 6), Decimal(1)))
    check("RTG102", usage(), plan(rates=rates))


def test_a_band_without_price() -> None:
    bands = (Band("peak", 900, 1200), Band("off"))
    check("RTG102", usage(), plan(bands=bands, rates=(price(band="peak"),)))


@pytest.mark.parametrize("taxes", [(), (TaxRate("GST", Decimal(10), date(2026, 4, 3)),)])
def test_a_tax_that_is_not_known(taxes: tuple[TaxRate, ...]) -> None:
    check("RTG103", usage(), plan(tax_code="GST"), terms=Terms(taxes=taxes))


def test_a_day_without_conversion() -> None:
    heat = {("gas", "m3", "MJ"): (Dated(Fraction(38), START, date(2026, 4, 3)),)}
    gas = stream(0, product="gas", unit="m3")
    check("RTG105", usage(gas), plan(product="gas", unit="MJ"), terms=Terms(conversions=heat))


def test_a_unit_that_cannot_be_converted() -> None:
    check("RTG106", usage(stream(0, product="gas", unit="m3")), plan(product="gas", unit="MJ"))


def test_a_moment_in_no_band() -> None:
    peak = (Band("peak", 900, 1200),)
    check("RTG107", usage(), plan(bands=peak, rates=(price(band="peak"),)))


def test_usage_that_does_not_cover_the_period() -> None:
    check("RTG108", usage(), plan(), [Period(START, date(2026, 4, 9))])
    check("RTG108", usage(), plan(), [Period(date(2026, 3, 31), END)])


def test_windows_on_a_dial() -> None:
    bands = (Band("peak", 900, 1200), Band("off"))
    rates = (price(band="peak"), price(band="off"))
    check("RTG109", usage(stream(0)), plan(bands=bands, rates=rates))


def test_demand_on_a_dial() -> None:
    check("RTG109", usage(stream(0)), plan(kind="demand", unit="kW", demand=DemandRule()))


@pytest.mark.parametrize("columns", [7 * 48, HALF_HOURS + 1])
@pytest.mark.parametrize("kind", ["usage", "demand"])
def test_intervals_that_do_not_fill_the_days(kind: str, columns: int) -> None:
    check("RTG110", usage(stream(columns=columns)), plan(kind=kind, demand=DemandRule()))


def test_intervals_that_do_not_add_up_to_those_of_demand() -> None:
    check("RTG111", usage(stream(15), stream(30)), plan(kind="demand", demand=DemandRule(minutes=50)))


def test_kva_without_reactive_energy() -> None:
    check("RTG112", usage(), plan(kind="demand", unit="kVA", demand=DemandRule("kVA")))


def test_a_price_that_is_too_fine() -> None:
    check("RTG113", usage(), plan(rates=(price("0.1234567"),)))


def test_a_running_total_over_different_intervals() -> None:
    bands = (Band("peak", 900, 1200), Band("off"))
    limits = ((1, Decimal(50)), (2, None))
    rates = tuple(price(band=band, step=n, up_to=end) for band in ("peak", "off") for n, end in limits)
    component = plan(bands=bands, rates=rates, steps=StepRule("month", "running"))
    check("RTG114", usage(stream(30), stream(15)), component)


@pytest.mark.parametrize(
    "spot",
    [{}, {"NSW1": (30, 2, np.zeros(HALF_HOURS - 1, np.int64))}, {"NSW1": (5, 2, np.zeros(HALF_HOURS * 6))}],
)
def test_spot_prices_that_do_not_fit(spot: dict[str, Any]) -> None:
    check("RTG115", usage(), plan(kind="spot", spot_series="NSW1"), terms=Terms(spot=spot))


def test_a_capacity_that_is_not_known() -> None:
    check("RTG116", usage(), plan(kind="capacity", unit="kVA"))


@pytest.mark.parametrize(
    "ends",
    [
        ("10",),
        ("10", "20"),
        ("20", "10", None),
        ("10", "10", None),
        (None, None),
        ("0", None),
        ("10", None, "20"),
    ],
)
def test_steps_that_leave_a_gap(ends: tuple[str | None, ...]) -> None:
    rates = tuple(price(step=n, up_to=end and Decimal(end)) for n, end in enumerate(ends, 1))
    check("RTG118", usage(), plan(rates=rates))
    check("RTG118", usage(), plan(kind="demand", demand=DemandRule(), rates=rates))


def test_spot_prices_on_a_dial() -> None:
    spot = {"NSW1": (30, 2, np.zeros(HALF_HOURS, np.int64))}
    check("RTG109", usage(stream(0)), plan(kind="spot", spot_series="NSW1"), terms=Terms(spot=spot))
