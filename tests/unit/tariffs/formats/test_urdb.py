"""Rates of URDB: what becomes of each field, exactly; and what a plan becomes there."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter.core.problem import Refused
from submeter.metering.model import FileError
from submeter.tariffs.formats.problems import Reading
from submeter.tariffs.formats.urdb import read_urdb
from submeter.tariffs.formats.urdb_fields import INFORMATION, PRICED
from submeter.tariffs.formats.urdb_schedules import bands_of, code_at
from submeter.tariffs.formats.urdb_writer import write_urdb
from submeter.tariffs.model import Band, Component, DemandRule, Plan, Rate, StepRule
from unit.tariffs.random_plans import plans

MAY = 1335880800  # 2012-05-01, 14:00 UTC
FIRST = date(2012, 5, 1)
FLAT = [[0] * 24] * 12
EVENING = [[1 if 15 <= hour < 20 else 0 for hour in range(24)]] * 12
SUMMER = [[1] * 24 if month in (5, 6, 7, 8) else [0] * 24 for month in range(12)]
D = Decimal


def rate(**fields: Any) -> dict[str, Any]:
    """A small rate: flat energy, stated rules."""
    usual = {
        "label": "R1", "name": "Small", "startdate": MAY, "country": "USA", "dgrules": "Net Billing Instantaneous",
        "energyratestructure": [[{"rate": 0.1, "unit": "kWh"}]],
        "energyweekdayschedule": FLAT, "energyweekendschedule": FLAT,
    }  # fmt: skip
    return {key: value for key, value in (usual | fields).items() if value is not None}


def read(**fields: Any) -> Reading:
    return read_urdb(json.dumps({"items": [rate(**fields)]}))


def clean(**fields: Any) -> dict[str, Component]:
    """The components of a rate in which nothing is found."""
    reading = read(**fields)
    assert [str(one.problem) for one in reading.findings] == []
    return {component.code: component for component in reading.plans[0].components}


def codes_of(reading: Reading) -> list[tuple[str, Any]]:
    return [(one.problem.code, one.problem.context.get("field")) for one in reading.findings]


# Energy -------------------------------------------------------------------------------------------------------


def test_rate_and_adjustment_are_added_exactly() -> None:
    energy = clean(energyratestructure=[[{"rate": 0.06387, "adj": 0.005187}]])["ENERGY"]
    assert energy.rates == (Rate(FIRST, D("0.069057")),)
    assert energy.bands == ()


@pytest.mark.parametrize(
    ("unit", "basis"),
    [("kWh", "month"), ("kWh daily", "day"), ("kWh/kW", "per_kw"), ("kWh/kW daily", "per_kw_day")],
)
def test_tiers_have_the_basis_of_their_unit(unit: str, basis: str) -> None:
    tiers = [{"max": 300, "rate": 0.049, "unit": unit}, {"rate": 0.033, "unit": unit}]
    energy = clean(energyratestructure=[tiers])["ENERGY"]
    assert energy.steps == StepRule(basis, "running")  # type: ignore[arg-type]
    assert energy.rates == (
        Rate(FIRST, D("0.049"), None, "", 1, D(300)),
        Rate(FIRST, D("0.033"), None, "", 2),
    )


@pytest.mark.parametrize("end", [1e38, 9.9999996802856925e37, None, 0])
def test_a_tier_without_an_end(end: float | None) -> None:
    tiers = [{"max": 100, "rate": 1}, {"max": end, "rate": 2}]
    assert clean(energyratestructure=[tiers])["ENERGY"].rates[1].up_to is None


def test_periods_are_bands_of_months_days_and_hours() -> None:
    energy = clean(
        energyratestructure=[[{"rate": 0.1}], [{"rate": 0.3}]], energyweekdayschedule=EVENING
    )["ENERGY"]  # fmt: skip
    week, weekend = frozenset({"mon", "tue", "wed", "thu", "fri"}), frozenset({"sat", "sun"})
    assert energy.bands == (
        Band("P1", 0, 900, week), Band("P2", 900, 1200, week), Band("P1", 1200, 1440, week),
        Band("P1", 0, 1440, weekend),
    )  # fmt: skip
    assert [(one.band, one.price) for one in energy.rates] == [("P1", D("0.1")), ("P2", D("0.3"))]


def test_winter_goes_over_the_new_year() -> None:
    energy = clean(
        energyratestructure=[[{"rate": 0.1}], [{"rate": 0.3}]],
        energyweekdayschedule=SUMMER, energyweekendschedule=SUMMER,
    )["ENERGY"]  # fmt: skip
    assert energy.bands == (
        Band("P2", season=((6, 1), (9, 30))), Band("P1", season=((10, 1), (5, 31))),
    )  # fmt: skip


def test_periods_with_other_tiers_get_the_ends_of_all() -> None:
    periods = [[{"max": 500, "rate": 0.1}, {"rate": 0.2}], [{"max": 800, "rate": 0.3}, {"rate": 0.4}]]
    energy = clean(
        energyratestructure=periods, energyweekdayschedule=SUMMER, energyweekendschedule=SUMMER
    )["ENERGY"]  # fmt: skip
    assert [(one.band, one.up_to, one.price) for one in energy.rates] == [
        ("P1", 500, D("0.1")), ("P1", 800, D("0.2")), ("P1", None, D("0.2")),
        ("P2", 500, D("0.3")), ("P2", 800, D("0.3")), ("P2", None, D("0.4")),
    ]  # fmt: skip
    within = read(energyratestructure=periods, energyweekdayschedule=EVENING, energyweekendschedule=EVENING)
    assert codes_of(within) == [("TRF226", f"energyratestructure[{n}]") for n in (0, 1)]


def test_a_period_of_no_hour_has_no_price() -> None:
    ones = [[1] * 24] * 12
    energy = clean(
        energyratestructure=[[{"rate": 5}], [{"rate": 0.2}]], energyweekdayschedule=ones, energyweekendschedule=ones
    )["ENERGY"]  # fmt: skip
    assert (energy.bands, energy.rates) == ((), (Rate(FIRST, D("0.2")),))


def test_sell_is_a_credit() -> None:
    found = clean(energyratestructure=[[{"rate": 0.1, "sell": 0.04}]])
    assert (found["FEED-IN"].kind, found["FEED-IN"].rates) == ("feed_in", (Rate(FIRST, D("0.04")),))
    tiers = [{"max": 9, "rate": 0.1, "sell": 0.04}, {"rate": 0.1, "sell": 0.02}]
    assert codes_of(read(energyratestructure=[tiers])) == [("TRF224", "energyratestructure[0].sell")]


def test_fuel_adjustments_are_a_component_by_month() -> None:
    fuel = clean(fueladjustmentsmonthly=[0.01] * 6 + [0.02] * 6)["FUEL"]
    assert [(one.band, one.price) for one in fuel.rates] == [("F1", D("0.01")), ("F2", D("0.02"))]
    assert fuel.bands == (Band("F1", season=((1, 1), (6, 30))), Band("F2", season=((7, 1), (12, 31))))
    assert clean(fueladjustmentsmonthly=[0.01] * 12)["FUEL"].bands == ()


def test_more_than_six_decimals_are_rounded_half_up_and_told() -> None:
    reading = read(energyratestructure=[[{"rate": 0.0707689970, "adj": 0.0000005000}]])
    (energy,) = reading.plans[0].components
    assert energy.rates[0].price == D("0.070769")
    assert codes_of(reading) == [("TRF223", "energyratestructure[0][0].rate")]
    assert "kept as 0.070769, -0.000000497" in reading.findings[0].problem.detail
    reading = read(energyratestructure=[[{"rate": 0.0000005}]])
    assert reading.plans[0].components[0].rates[0].price == D("0.000001")


@pytest.mark.parametrize(
    ("rule", "metering", "scope"),
    [
        ("Net Metering", "net_energy", "shared"), ("Net Billing Instantaneous", "net_billing", "running"),
        ("Net Billing Hourly", "net_billing_carry", "running"), ("Buy All Sell All", "buy_all_sell_all", "running"),
    ],
)  # fmt: skip
def test_rules_of_generation(rule: str, metering: str, scope: str) -> None:
    (plan,) = read(dgrules=rule, energyratestructure=[[{"max": 1, "rate": 1}, {"rate": 2}]]).plans
    assert (plan.metering, plan.components[0].steps.scope) == (metering, scope)


def test_rules_that_are_not_said() -> None:
    assert codes_of(read(dgrules=None)) == [("TRF226", "dgrules")]
    assert codes_of(read(dgrules="Feed-in")) == [("TRF224", "dgrules")]
    assert codes_of(read(dgrules=None, usenetmetering=True)) == []


# Demand -------------------------------------------------------------------------------------------------------


def test_demand_by_time_of_use() -> None:
    demand = clean(
        demandratestructure=[[{"rate": 0}], [{"max": 100, "rate": 19.5, "adj": 0.5}, {"rate": 13}]],
        demandweekdayschedule=EVENING, demandweekendschedule=FLAT, demandrateunit="kVA", demandwindow=15,
    )["DEMAND"]  # fmt: skip
    assert demand.demand == DemandRule("kVA", 15)
    assert (demand.unit, demand.steps.scope) == ("kVA", "band")
    assert [(one.band, one.step, one.price, one.up_to) for one in demand.rates] == [
        ("P1", 1, 0, None), ("P2", 1, 20, 100), ("P2", 2, 13, None),
    ]  # fmt: skip


def test_flat_demand_by_month() -> None:
    found = clean(
        flatdemandstructure=[[{"max": 100, "rate": 13.5}, {"rate": 12.1}], [{"rate": 16.3}]],
        flatdemandmonths=[0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0], flatdemandunit="kW daily", demandwindow=30,
    )["FLAT-DEMAND"]  # fmt: skip
    assert found.bands == (Band("P2", season=((6, 1), (9, 30))), Band("P1", season=((10, 1), (5, 31))))
    assert found.demand is not None
    assert found.demand.charged_per == "day"


def test_look_back() -> None:
    base: dict[str, Any] = {
        "flatdemandstructure": [[{"rate": 10}]],
        "flatdemandmonths": [0] * 12,
        "demandwindow": 30,
    }
    rule = clean(**base, lookbackPercent=0.8, lookbackRange=11)["FLAT-DEMAND"].demand
    assert rule == DemandRule(lookback_months=11, lookback_percent=D(80))
    months = [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    rule = clean(**base, lookbackpercent=0.8, lookbackrange=11, lookbackmonths=months)["FLAT-DEMAND"].demand
    assert rule is not None
    assert rule.lookback_season == {6, 7}
    assert codes_of(read(**base, lookbackpercent=0.8)) == [("TRF226", "lookbackrange")]
    assert codes_of(read(**base, lookbackrange=11)) == [("TRF224", "lookbackrange")]
    ratchet = read(**base, demandratchetpercentage=[0.35] * 12)
    assert codes_of(ratchet) == [("TRF226", "lookbackrange")]
    assert ratchet.plans[0].components[1].demand == DemandRule(lookback_months=11, lookback_percent=D(35))
    by_month = read(**base, demandratchetpercentage=[0.35] * 6 + [0] * 6)
    assert codes_of(by_month) == [("TRF224", "demandratchetpercentage")]
    assert codes_of(read(**base, lookbackpercent=80, lookbackrange=11)) == [("TRF226", "lookbackpercent")]


def test_demand_that_plans_cannot_say() -> None:
    structure = {"flatdemandstructure": [[{"rate": 10}]]}
    assert codes_of(read(**structure, flatdemandunit="hp")) == [("TRF224", "flatdemandstructure")]
    assert codes_of(read(**structure)) == [("TRF226", "demandwindow")]


# Fixed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"fixedchargefirstmeter": 5.71, "fixedchargeunits": "$/month"}, ("FIXED", "fixed", "month", "5.71")),
        ({"fixedchargefirstmeter": 1, "fixedchargeunits": "$/day"}, ("SUPPLY", "supply", "day", "1")),
        ({"fixedchargefirstmeter": 120, "fixedchargeunits": "$/year"}, ("FIXED", "fixed", "year", "120")),
        ({"fixedmonthlycharge": 275}, ("FIXED", "fixed", "month", "275")),
        ({"mincharge": 8, "minchargeunits": "$/day"}, ("MINIMUM", "minimum", "day", "8")),
        ({"minmonthlycharge": 8}, ("MINIMUM", "minimum", "month", "8")),
        ({"annualmincharge": 12}, ("MINIMUM", "minimum", "year", "12")),
    ],
)
def test_fixed_and_minimum_charges(fields: dict[str, Any], wanted: tuple[str, ...]) -> None:
    found = clean(**fields)[wanted[0]]
    assert (found.code, found.kind, found.unit, str(found.rates[0].price)) == wanted


def test_two_minimum_charges_and_two_that_differ() -> None:
    found = clean(mincharge=8, minchargeunits="$/month", annualmincharge=100)
    assert [found[code].unit for code in ("MINIMUM", "MINIMUM-2")] == ["month", "year"]
    both = read(mincharge=8, minchargeunits="$/month", minmonthlycharge=9)
    assert codes_of(both) == [("TRF224", "minmonthlycharge")]
    both = read(fixedchargefirstmeter=8, fixedchargeunits="$/month", fixedmonthlycharge=9)
    assert codes_of(both) == [("TRF224", "fixedmonthlycharge")]
    assert codes_of(read(fixedchargefirstmeter=8)) == [("TRF226", "fixedchargeunits")]


# The rate -----------------------------------------------------------------------------------------------------


def test_days_on_which_prices_hold() -> None:
    (plan,) = read(enddate=1656572400, utility="Power Co", label="5ffe").plans
    assert plan.components[0].rates == (Rate(FIRST, D("0.1")),)
    assert plan.components[0].to_date == date(2022, 7, 1)
    assert json.loads(write_urdb(plan, FIRST).text)["items"][0]["enddate"] == 1656547200
    assert (plan.code, plan.name, plan.currency) == ("5ffe", "Power Co, Small", "USD")
    later = read_urdb(json.dumps(rate(enddate=1656572400)), date(2026, 7, 1))
    assert later.plans[0].components[0].rates == (Rate(date(2026, 7, 1), D("0.1")),)
    assert later.plans[0].components[0].to_date is None
    assert codes_of(later) == [("TRF226", "enddate")]
    assert codes_of(read(startdate=None)) == [("TRF211", None)]


def test_what_holds_no_price_is_named_at_once() -> None:
    reading = read(description="Minimum charge of $1000", sector="Industrial", eiaid=17548, revisions=[1, 2])
    (found,) = reading.findings
    assert found.problem.code == "TRF225"
    assert found.problem.context["fields"] == ("description", "eiaid", "revisions", "sector")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("coincidentratestructure", [[{"rate": 3}]], "TRF224"),
        ("demandreactivepowercharge", 0.3, "TRF224"),
        ("fixedchargeeaaddl", 2, "TRF224"),
        ("demandweekdayschedule", FLAT, "TRF224"),
        ("flatdemandmonths", [0] * 12, "TRF224"),
        ("energyratestructur", [[{"rate": 3}]], "TRF227"),
    ],
)
def test_a_price_that_plans_cannot_say_is_never_dropped_in_silence(field: str, value: Any, code: str) -> None:
    assert codes_of(read(**{field: value})) == [(code, field)]
    assert read(**{field: value}).findings[0].problem.hint


@pytest.mark.parametrize("field", sorted(PRICED | INFORMATION))
def test_each_field_has_its_place(field: str) -> None:
    """No field that URDB has is unknown."""
    found = read_urdb(json.dumps(rate() | {field: rate().get(field, 1)})).findings
    assert "TRF227" not in [one.problem.code for one in found]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"energyweekdayschedule": [[0] * 24] * 11}, "12 months"),
        ({"energyweekdayschedule": [[0] * 23] * 12}, "24 periods"),
        ({"energyweekdayschedule": [[1] * 24] * 12}, "0 to 0"),
        ({"energyweekdayschedule": [[0.5] * 24] * 12}, "0 to 0"),
        ({"energyratestructure": [[]]}, "at least one tier"),
        ({"energyratestructure": {}}, "a list"),
        ({"energyratestructure": [[{"rate": "lots"}]]}, "a number"),
        ({"energyratestructure": [[{"rate": 1e99}]]}, "usual size"),
        ({"energyratestructure": [[{"rate": 1, "unit": "therm"}]]}, "therm"),
        ({"energyratestructure": [[{"max": 9, "rate": 1}, {"max": 8, "rate": 1}, {"rate": 1}]]}, "ends later"),
        ({"energyratestructure": [[{"max": 9, "rate": 1, "unit": "kWh"}, {"rate": 1, "unit": "kWh daily"}]]}, "one unit"),
        ({"energyratestructure": [[3]]}, "a tier"),
        ({"fixedchargefirstmeter": 1, "fixedchargeunits": "$/week"}, "$/day"),
        ({"fueladjustmentsmonthly": [1]}, "12 numbers"),
        ({"flatdemandstructure": [[{"rate": 1}], [{"rate": 2}]]}, "each of 12 months"),
        ({"flatdemandstructure": [[{"rate": 1}]], "demandwindow": 7}, "minutes"),
        ({"flatdemandstructure": [[{"rate": 1}]], "lookbackpercent": 0.5, "lookbackmonths": [1]}, "12 times"),
        ({"startdate": "soon"}, "a number"),
        ({"energyratestructure": None}, "no price at all"),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_shape_is_named_and_no_plan_made(fields: dict[str, Any], said: str) -> None:
    reading = read(**fields)
    assert reading.plans == ()
    wrong = [one.problem for one in reading.findings if one.problem.code == "TRF222"]
    assert len(wrong) == 1
    assert said in wrong[0].detail
    assert wrong[0].context["field"] in wrong[0].detail


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"items": []}', '[{"a": NaN}]', '"{"', '["a"]'])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(FileError) as refused:
        read_urdb(text)
    assert refused.value.problem.code == "TRF221"


def test_answers_of_the_api_in_their_wrappings() -> None:
    one = json.dumps(rate())
    wrapped = [one, f"[{one}]", json.dumps({"items": [rate()]}), json.dumps(json.dumps({"items": [rate()]}))]
    assert len({read_urdb(text).plans for text in wrapped}) == 1


# Writing ------------------------------------------------------------------------------------------------------

prices = st.decimals(-1, 2, places=6)
grids = st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=4, max_size=4).map(
    lambda some: [[hours[n // 8] for n in range(24)] for hours in some for _ in range(3)]
)


@st.composite
def rates_of_urdb(draw: st.DrawFn) -> dict[str, Any]:
    """Rates that say all, so that they come back."""
    ends = sorted(draw(st.lists(st.integers(1, 999), max_size=2, unique=True)))
    unit = draw(st.sampled_from(("kWh", "kWh daily", "kWh/kW", "kWh/kW daily")))
    sold = draw(st.booleans())
    energy = []
    for _ in range(3):
        sell = {"sell": str(draw(prices))} if sold else {}
        energy.append(
            [{"rate": str(draw(prices)), "max": end, "unit": unit, **sell} for end in (*ends, None)]
        )
    fields: dict[str, Any] = {
        "energyratestructure": energy, "energyweekdayschedule": draw(grids), "energyweekendschedule": draw(grids),
        "dgrules": draw(st.sampled_from(("Net Metering", "Net Billing Instantaneous", "Buy All Sell All"))),
        "demandwindow": draw(st.sampled_from((15, 30))),
    }  # fmt: skip
    if draw(st.booleans()):
        fields |= {
            "demandratestructure": [[{"rate": str(draw(prices))}] for _ in range(3)],
            "demandweekdayschedule": draw(grids), "demandweekendschedule": draw(grids), "demandrateunit": "kVA",
        }  # fmt: skip
    if draw(st.booleans()):
        months = draw(st.lists(st.integers(0, 1), min_size=12, max_size=12))
        fields |= {"flatdemandstructure": [[{"rate": 1, "max": 50}, {"rate": 2}], [{"rate": 3}]], "flatdemandmonths": months,
                   "lookbackpercent": "0.8", "lookbackrange": 11}  # fmt: skip
    if draw(st.booleans()):
        fields |= {
            "fixedchargefirstmeter": "5.5",
            "fixedchargeunits": draw(st.sampled_from(("$/day", "$/month"))),
        }
    return rate(**fields)


def costs(plan: Plan) -> Any:
    """What each hour of a year costs, in steps; and all that is not energy by its first price."""
    hours = [
        [
            sorted((one.step, one.up_to, one.price) for one in part.rates if one.band == code_at(part.bands, month, kind, hour))
            for part in plan.components
        ]
        for month in range(12) for kind in ("week", "weekend") for hour in range(24)
    ]  # fmt: skip
    return (
        hours,
        plan.metering,
        plan.currency,
        [(part.kind, part.unit, part.demand, part.steps) for part in plan.components],
    )


@settings(max_examples=40, deadline=None)
@given(rates_of_urdb())
def test_what_urdb_says_comes_back(fields: dict[str, Any]) -> None:
    (plan,) = read_urdb(json.dumps(fields)).plans
    written = write_urdb(plan, FIRST)
    assert written.findings == ()
    again = read_urdb(written.text)
    assert costs(again.plans[0]) == costs(plan)
    assert write_urdb(again.plans[0], FIRST).text == written.text
    assert not [one for one in again.findings if one.problem.code != "TRF226"]


@settings(max_examples=40, deadline=None)
@given(plans())
def test_any_plan_is_said_exactly_or_refused_with_reasons(plan: Plan) -> None:
    try:
        written = write_urdb(plan, date(2026, 1, 1))
    except Refused as refused:
        problem = refused.problem
    else:
        assert read_urdb(written.text).plans
        return
    assert problem.code == "TRF232" or (problem.code == "TRF231" and problem.context["reasons"])


def small(**fields: Any) -> Plan:
    part = {"code": "U", "kind": "usage", "rates": (Rate(FIRST, D(1)),)} | fields
    return Plan(code="P", currency="USD", components=(Component(**part),))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": "spot"}, "kind spot"),
        ({"product": "gas"}, "product gas"),
        ({"unit": "MJ"}, "unit MJ"),
        ({"register_types": ("PEAK",)}, "some registers only"),
        ({"tax_inclusive": True}, "prices with tax"),
        ({"loss_factors": ("DLF",)}, "loss factors"),
        ({"share": D(50)}, "a share"),
        ({"bands": (Band("", 30, 90),)}, "within an hour"),
        ({"bands": (Band("", day_types=frozenset({"holiday"})),)}, "public holidays"),
        ({"bands": (Band("", day_types=frozenset({"mon"})),)}, "some weekdays"),
        ({"bands": (Band("", day_types=frozenset({"sun"})),)}, "one day of the weekend"),
        ({"bands": (Band("", season=((1, 15), (3, 31))),)}, "within a month"),
        ({"bands": (Band(""),), "clock": "market"}, "market"),
        ({"steps": StepRule("year"), "rates": (Rate(FIRST, D(1), up_to=D(9)), Rate(FIRST, D(2), step=2))}, "year"),
    ],
)  # fmt: skip
def test_what_urdb_cannot_say_is_refused_with_the_reason(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused) as refused:
        write_urdb(small(**fields), FIRST)
    assert refused.value.problem.code == "TRF231"
    assert any(reason in said for said in refused.value.problem.context["reasons"])


def test_what_changes_no_price_is_told() -> None:
    written = write_urdb(small(tax_code="GST", gl_code="4000"), FIRST)
    assert [one.problem.detail for one in written.findings] == ["tax_code, gl_code"]
    assert written.findings[0].problem.code == "TRF233"
    with pytest.raises(Refused) as refused:
        write_urdb(small(), date(2001, 1, 1))
    assert refused.value.problem.code == "TRF232"


def test_prices_of_several_components_are_added_up() -> None:
    (plan,) = read(fueladjustmentsmonthly=[0.01] * 6 + [0.02] * 6).plans
    structure = json.loads(write_urdb(plan, FIRST).text)["items"][0]["energyratestructure"]
    assert [tier["rate"] for (tier,) in structure] == [0.11, 0.12]


@given(grids, grids)
def test_bands_hold_where_the_schedule_says(week: list[list[int]], weekend: list[list[int]]) -> None:
    some = tuple(map(tuple, week)), tuple(map(tuple, weekend))
    bands = bands_of(*some, str)
    for month in range(12):
        for hour in range(24):
            assert code_at(bands, month, "week", hour) == str(week[month][hour])
            assert code_at(bands, month, "weekend", hour) == str(weekend[month][hour])
