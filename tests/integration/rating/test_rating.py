"""Agreements charged by what the database holds of them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integration.metering.town import amounts_of, day_row
from integration.rating.lane import AUGUST, HOME, JULY, OTHER, Lane, flat, make_lane, rate_of, time_of_use
from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.rating.actions import rate_agreement, rate_agreements
from submeter.rating.comparing import compare_plans
from submeter.tariffs.actions import save_plan
from submeter.tariffs.model import Band, Component, DemandRule, DiscountRule, Plan

LATER = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture
def lane(database: Database) -> Lane:
    return make_lane(database)


def lines(found: Any) -> list[tuple[str, str, Decimal, Decimal]]:
    return [
        (line.component.code, line.band, line.quantity, line.amount)
        for rated in found.rated
        for line in rated.lines()
    ]


def test_a_month_of_intervals_on_a_flat_plan(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    found = lane.rate()
    # 31 days of 48 times 0.1 kWh.
    assert lines(found) == [
        ("usage", "", Decimal("148.8"), Decimal("37.20")),
        ("supply", "", Decimal(31), Decimal("34.10")),
    ]
    assert (found.rated[0].tax, found.total) == (Decimal("7.13"), Decimal("78.43"))


def test_days_of_the_market_are_those_of_the_site_over_a_clock_change(lane: Lane) -> None:
    """On 4 October 2026 Melbourne leaps from 2 to 3: the day has 46 half-hours, and evening comes an hour
    earlier by the market's clock."""
    first = date(2026, 10, 1)
    rows = [day_row(HOME, [n + 1 for n in range(48)], first + timedelta(n - 1)) for n in range(12)]
    assert lane.street.town.load(rows).is_clean
    lane.have(time_of_use(), HOME)
    monday = lines(lane.rate(first=date(2026, 10, 5), end=date(2026, 10, 6)))
    # 15:00 to 21:00 in summer are the half-hours 28 to 39 of market time, counted from 0; each of n + 1 Wh.
    peak = sum(n + 1 for n in range(28, 40))
    # The day in summer begins at 23:00 of the day before.
    whole = sum(range(1, 47)) + 47 + 48
    assert [(band, quantity) for _, band, quantity, _ in monday] == [
        ("peak", Decimal(peak) / 1000),
        ("offpeak", Decimal(whole - peak) / 1000),
    ]
    sunday = lane.rate(first=date(2026, 10, 4), end=date(2026, 10, 5))
    assert sum(quantity for *_, quantity, _ in lines(sunday)) == Decimal(sum(range(1, 47))) / 1000


def test_a_dial_is_shared_by_days_and_each_day_has_its_own_price(lane: Lane) -> None:
    lane.read([(date(2026, 6, 15), 1000, "ACTUAL"), (date(2026, 8, 14), 1600, "ACTUAL")])
    rates = (rate_of("0.20", to_date=date(2026, 7, 11)), rate_of("0.30", from_date=date(2026, 7, 11)))
    lane.have(Plan(code="P", components=(Component(code="usage", kind="usage", rates=rates),)), HOME)
    # 600 kWh of 60 days: 10 a day.
    assert lines(lane.rate()) == [
        ("usage", "", Decimal(100), Decimal("20.00")),
        ("usage", "", Decimal(210), Decimal("63.00")),
    ]
    (source,) = lane.rate().rated[0].sources[0]
    assert [(str(one.read_on), one.value) for one in source.readings] == [
        ("2026-06-15", 1000),
        ("2026-08-14", 1600),
    ]


def test_an_estimate_is_told_and_the_next_actual_corrects_it(lane: Lane) -> None:
    lane.read([(date(2026, 6, 30), 0, "ACTUAL"), (date(2026, 7, 31), 310, "ESTIMATE")])
    lane.have(flat(), HOME)
    before = lane.rate()
    assert [(one.code, one.context["percent"]) for one in before.rated[0].findings] == [("RTG212", "100.00")]
    lane.read([(date(2026, 8, 31), 372, "ACTUAL")])
    after = lane.rate()
    # 372 kWh of 62 days, as much a day as had been estimated: all days weigh alike.
    assert (lines(before)[0][2], lines(after)[0][2]) == (310, 186)
    assert after.rated[0].findings == ()


def test_where_intervals_are_missing_nothing_is_charged_and_the_rest_goes_on(lane: Lane) -> None:
    lane.load()
    lane.load(OTHER, days=20)
    lane.have(flat(), HOME, OTHER)
    with pytest.raises(Refused) as refused:
        lane.rate(OTHER)
    problem = refused.value.problem
    assert (problem.code, problem.context["days"][0], problem.context["days"][-1]) == (
        "RTG201",
        "2026-07-21",
        "2026-07-31",
    )
    assert "2026-07-21 to 2026-07-31" in problem.detail
    assert sorted((len(one.rated), [p.code for p in one.problems]) for one in lane.rate_all()) == [
        (0, ["RTG201"]),
        (1, []),
    ]


def test_one_missing_half_hour_is_enough(lane: Lane) -> None:
    hole: list[int | None] = [100] * 48
    hole[7] = None
    lane.load(days=8)
    assert lane.street.town.load([day_row(HOME, hole, date(2026, 7, 9))])
    lane.load(first=date(2026, 7, 11), days=21)
    lane.have(flat(), HOME)
    with pytest.raises(Refused, match=r"RTG201.*M6001000001/E1: 1 on 2026-07-09"):
        lane.rate()


def test_what_stands_in_the_way_is_said(lane: Lane) -> None:
    with pytest.raises(Refused, match=r"RTG205.*2026-07-01 to 2026-07-31"):
        lane.rate()
    with pytest.raises(Refused, match="RTG204"):
        lane.rate(first=date(2025, 7, 1), end=date(2025, 8, 1))
    with pytest.raises(Refused, match="RTG208"):
        lane.rate(end=JULY)
    with pytest.raises(Refused, match="TRF140"):
        lane.rate(plan="NONE")
    lane.have(flat(), HOME)
    with pytest.raises(Refused, match="RTG202"):  # neither intervals nor readings
        lane.rate()
    lane.street.town.rows(
        "update submeter.meter_installations set removed_at = '2026-02-01' where true returning 1"
    )
    with pytest.raises(Refused, match="RTG207"):
        lane.rate()
    supply = Plan(code="DAILY", components=(flat().components[0],))
    lane.have(supply)
    assert lane.rate(plan="DAILY").total == Decimal("37.51")  # who charges by no meter needs none


def test_nobody_charges_what_is_not_theirs(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    stranger = Caller("operator", lane.street.town.value(
        "insert into submeter.escos (code, name, region) select 'other', 'Other', min(code) from submeter.regions"
        " returning id::text"
    ))  # fmt: skip
    with pytest.raises(Refused, match="RTG200"):
        rate_agreement(lane.database, stranger, lane.agreement(), JULY, AUGUST)
    assert rate_agreements(lane.database, stranger, None, JULY, AUGUST) == ()
    with pytest.raises(Refused, match="RTG200"):
        rate_agreement(lane.database, lane.operator, "no id", JULY, AUGUST)


def test_a_change_of_plan_splits_the_period(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    lane.have(flat("LATER", price="0.50", daily="2"), HOME, first=date(2026, 7, 21))
    found = lane.rate()
    assert [(one.plan.plan.code, one.part.first, one.part.end) for one in found.rated] == [
        ("FLAT", JULY, date(2026, 7, 21)),
        ("LATER", date(2026, 7, 21), AUGUST),
    ]
    assert [quantity for *_, quantity, _ in lines(found)] == [96, 20, Decimal("52.8"), 11]


def test_an_exchanged_meter_goes_on_where_the_other_ended(lane: Lane) -> None:
    town = lane.street.town
    lane.load(first=JULY, days=31)
    town.rows(
        "update submeter.meter_installations set removed_at = '2026-07-15 12:00+10' where meter_id ="
        " (select meter_id from submeter.registers where id = %s) returning 1",
        town.registers[HOME],
    )
    point = town.value(
        "select supply_point_id from submeter.supply_point_identifiers where identifier = %s", HOME
    )
    town.add_meter("NEW", point, "NEW", "2026-07-15 12:00+10")
    for n in range(18):
        town.add_day(town.registers["NEW"], date(2026, 7, 15) + timedelta(n), "Etc/GMT-10", [200] * 48)
    lane.have(flat(), HOME)
    # 14.5 days of 4.8 kWh, 16.5 of 9.6: what a meter counts elsewhere is not charged here.
    assert lines(lane.rate())[0][2] == Decimal("69.6") + Decimal("158.4")


def test_intervals_of_several_lengths_are_one_stream(lane: Lane) -> None:
    lane.load(days=31)
    quarter = day_row(HOME, [50] * 96, date(2026, 7, 9), minutes=15)
    assert lane.street.town.load([quarter], made=LATER)
    lane.have(flat(), HOME)
    assert lines(lane.rate())[0][2] == Decimal("148.8")


def test_days_that_overlap_are_refused(lane: Lane) -> None:
    lane.load(days=31)
    town = lane.street.town
    town.rows(
        """update submeter.register_intervals set clock = 'UTC', starts_at = starts_at + interval '10 hours',
           ends_at = ends_at + interval '10 hours' where day = '2026-07-09' returning 1"""
    )
    lane.have(flat(), HOME)
    with pytest.raises(Refused, match="RTG203"):
        lane.rate()


def test_what_the_plan_and_the_meter_lack_is_told(lane: Lane) -> None:
    lane.load()
    town = lane.street.town
    meter = town.value("select meter_id::text from submeter.registers where id = %s", town.registers[HOME])
    town.add("registers", meter_id=meter, name="B1", direction="export")
    hot = Component(code="hot", kind="usage", unit="L", product="hot_water", rates=(rate_of("0.01"),))
    lane.have(Plan(code="HOT", components=(*flat().components, hot)), HOME)
    findings = lane.rate().rated[0].findings
    assert [(one.code, one.detail) for one in findings] == [
        ("RTG210", "hot wants hot_water, import"),
        ("RTG211", "M6001000001/B1: electricity, export, type ALLDAY, kWh"),
    ]


def test_prices_for_holidays_that_nobody_knows(lane: Lane) -> None:
    lane.load()
    bands = (Band("free", day_types=frozenset({"holiday"})), Band("all"))
    rates = (rate_of("0.10", band="free"), rate_of("0.20", band="all"))
    usage = Component(code="usage", kind="usage", rates=rates, bands=bands)
    lane.have(Plan(code="H", components=(usage,)), HOME)
    assert [one.code for one in lane.rate().rated[0].findings] == ["RTG213"]
    town = lane.street.town
    calendar = town.add("calendars", code="VIC", years=[2026])
    town.rows("update submeter.sites set calendar_id = %s returning 1", calendar)
    assert lane.rate().rated[0].findings == ()


def test_a_peak_is_that_of_the_whole_month_and_the_ratchet_looks_back(lane: Lane) -> None:
    town = lane.street.town
    high = [100] * 48
    high[20] = 3000
    rows = [day_row(HOME, 100, date(2026, 5, 1) + timedelta(n)) for n in range(93)]
    peaks = {date(2026, 7, 28): high, date(2026, 5, 9): [2 * one for one in high]}
    rows = [row._replace(amounts=amounts_of(peaks[row.day])) if row.day in peaks else row for row in rows]
    assert town.load(rows).is_clean
    rule = DemandRule(minutes=30, lookback_months=2, lookback_percent=Decimal(80))
    demand = Component(code="demand", kind="demand", unit="kW", demand=rule, rates=(rate_of("31"),))
    lane.have(Plan(code="D", components=(demand,)), HOME)
    # July has 6 kW on its 28th; 80 percent of May's 12 kW are more, for ten days of 31 at 31 a month.
    assert lines(lane.rate(end=date(2026, 7, 11))) == [("demand", "", Decimal("9.6"), Decimal("96.00"))]
    no_ratchet = replace(demand, demand=DemandRule(minutes=30))
    lane.have(Plan(code="E", components=(no_ratchet,)))
    assert lines(lane.rate(end=date(2026, 7, 11), plan="E")) == [("demand", "", Decimal(6), Decimal("60.00"))]


def test_peaks_of_another_system_count_for_the_ratchet_and_for_the_month_that_was_taken_over(
    lane: Lane,
) -> None:
    lane.load()  # 0.2 kW throughout July
    lane.load(OTHER)
    rule = DemandRule(minutes=30, lookback_months=2, lookback_percent=Decimal(50))
    demand = Component(code="demand", kind="demand", unit="kW", demand=rule, rates=(rate_of("10"),))
    banded = replace(
        demand,
        bands=(Band("peak", 900, 1260), Band("offpeak")),
        rates=(rate_of("10", band="peak"), rate_of("1", band="offpeak")),
    )
    lane.have(Plan(code="D", components=(demand,)), HOME, OTHER)
    lane.have(Plan(code="B", components=(banded,)))

    def take(month: str, peak: str, band: str = "", unit: str = "kW") -> None:
        lane.street.town.add(
            "demand_peaks", agreement_id=lane.agreement(), month=month, unit=unit, band=band, peak=peak
        )

    take("2026-04-01", "90")  # three months before: not looked at
    take("2026-05-01", "8.5")
    take("2026-06-01", "70", unit="kVA")
    assert lines(lane.rate()) == [("demand", "", Decimal("4.25"), Decimal("42.50"))]
    by_band = [
        ("demand", "peak", Decimal("0.2"), Decimal("2.00")),
        ("demand", "offpeak", Decimal("0.2"), Decimal("0.20")),
    ]
    assert lines(lane.rate(plan="B")) == by_band  # nobody knows in which band the 8.5 were
    take("2026-06-01", "6", band="peak")
    take("2026-07-01", "5", band="peak")
    by_band[0] = ("demand", "peak", Decimal(5), Decimal("50.00"))
    assert lines(lane.rate(plan="B")) == by_band
    assert lines(lane.rate()) == [("demand", "", Decimal(5), Decimal("50.00"))]
    # The neighbour, rated in the same batch, has none of it.
    both = [lines(found) for found in lane.rate_all()]
    assert sorted(of[0][2] for of in both) == [Decimal("0.2"), Decimal(5)]


def test_capacity_and_conditions_are_those_of_the_agreements_plan(lane: Lane) -> None:
    lane.load()
    capacity = Component(code="cap", kind="capacity", unit="kW", rates=(rate_of("2"),))
    pays = Component(
        code="debit", kind="discount", rates=(rate_of("10"),), discount=DiscountRule(condition="direct_debit")
    )
    lane.have(Plan(code="CAP", components=(capacity, pays)), HOME)
    with pytest.raises(Refused, match="RTG206"):
        lane.rate()
    lane.street.town.rows("update submeter.agreement_price_plans set capacity = 12.5 where true returning 1")
    assert lines(lane.rate()) == [("cap", "", Decimal("12.5"), Decimal("25.00"))]
    lane.street.town.rows(
        "update submeter.agreement_price_plans set conditions = '{direct_debit}' where true returning 1"
    )
    assert lane.rate().total == Decimal("22.50")


def test_losses_conversions_and_spot_prices_come_from_the_site(lane: Lane) -> None:
    lane.load()
    town = lane.street.town
    town.add("loss_factors", kind="DLF", site_id=town.site_id, factor="1.05", from_date="2026-01-01")
    for n in range(33):
        day = date(2026, 6, 30) + timedelta(n)
        town.rows(
            "insert into submeter.spot_prices (esco_id, series, day, starts_at, prices) values"
            " (%s, 'VIC1', %s, %s::date::timestamp at time zone 'Etc/GMT-10', %s) returning day",
            town.esco_id, day, day, [20000] * 48,
        )  # fmt: skip
    spot = Component(
        code="spot", kind="spot", spot_series="VIC1", rates=(rate_of("0.01"),), loss_factors=("DLF",)
    )
    lane.have(Plan(code="SPOT", components=(spot,)), HOME)
    # 148.8 kWh x 1.05 x (0.20 + 0.01)
    assert lines(lane.rate()) == [("spot", "", Decimal("148.8"), Decimal("32.81"))]
    town.rows("delete from submeter.spot_prices where day = '2026-07-09' returning 1")
    with pytest.raises(Refused, match="TRF150"):
        lane.rate()


def test_raw_pulses_are_multiplied(lane: Lane) -> None:
    lane.load(value=1000)
    town = lane.street.town
    key = town.registers[HOME]
    town.rows("update submeter.registers set unit = 'pulse', type = 'ALLDAY' where id = %s returning 1", key)
    town.add(
        "register_multipliers",
        register_id=key,
        multiplier="0.5",
        from_date="2026-07-01",
        to_date="2026-07-11",
    )
    town.add("register_multipliers", register_id=key, multiplier="0.25", from_date="2026-07-11")
    lane.have(flat(), HOME)
    assert lines(lane.rate())[0][2] == 48 * (10 * Decimal("0.5") + 21 * Decimal("0.25"))


def test_many_at_once_are_charged_as_each_by_itself(lane: Lane) -> None:
    lane.load(value=137)
    lane.read([(date(2026, 6, 30), 0, "ACTUAL"), (date(2026, 7, 31), 333, "ACTUAL")], OTHER)
    lane.have(flat(), HOME)
    lane.have(flat("B", price="0.3"), OTHER)
    together = {str(one.agreement_id): lines(one) for one in lane.rate_all()}
    assert together == {lane.agreement(home): lines(lane.rate(home)) for home in (HOME, OTHER)}


# Stored lines -----------------------------------------------------------------------------------------------


def test_stored_lines_stand_until_the_days_are_rated_again(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    assert lane.rate().stored == ()
    assert lane.stored() == []
    first, second = (lane.rate(store_lines=True).stored[0].ratings[0] for _ in range(2))
    assert [(row[0], row[3], row[4]) for row in lane.stored()] == [
        (first, Decimal("37.20"), False),
        (first, Decimal("34.10"), False),
        (second, Decimal("37.20"), True),
        (second, Decimal("34.10"), True),
    ]
    working = lane.street.town.value(
        "select working from submeter.rated_lines order by id desc limit 1 offset 1"
    )
    assert (working["quantity"], working["price"], working["price_from"]) == ("148.8", "0.25", "2026-01-01")
    (source,) = working["sources"]
    assert (source["register"], source["minutes"], source["files"]) == (
        "M6001000001/E1",
        30,
        ["6001000001-2026-07-01-100.csv"],
    )


def test_two_who_store_at_once_leave_one_rating_standing(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(lane.rate, store_lines=True) for _ in range(4)]
        found = [one.result().stored[0].ratings[0] for one in asked]
    assert len(set(found)) == 4
    standing = lane.stored("stands")
    assert len(standing) == 2
    assert {row[0] for row in standing} == {max(found)}


def test_a_minimum_for_the_year_is_asked_for_in_its_last_bill(lane: Lane) -> None:
    """Supplied since July: half of 730, by days, and the half-year came to less."""
    lane.load(first=date(2026, 7, 1), days=184)
    minimum = Component(code="least", kind="minimum", unit="year", rates=(rate_of("730"),))
    usage = Component(code="usage", kind="usage", rates=(rate_of("0.25"),))
    lane.have(Plan(code="MIN", components=(usage, minimum)), HOME, first=date(2026, 7, 1))
    assert [code for code, *_ in lines(lane.rate(first=date(2026, 11, 1), end=date(2026, 12, 1)))] == [
        "usage"
    ]
    december = lines(lane.rate(first=date(2026, 12, 1), end=date(2027, 1, 1)))
    # 184 days at 2 a day, less what the months came to: 184 x 4.8 kWh x 0.25, but for an hour of October's.
    assert [(code, amount) for code, _, _, amount in december] == [
        ("usage", Decimal("37.20")),
        ("least", Decimal("368.00") - Decimal("220.75")),
    ]


def test_days_of_a_rating_are_not_lost_by_one_of_some_of_them(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    lane.rate(first=JULY, end=date(2026, 7, 11), store_lines=True)
    with pytest.raises(Refused, match="RTG226") as refused:
        lane.rate(first=date(2026, 7, 5), end=date(2026, 7, 8), store_lines=True)
    assert "2026-07-01 to 2026-07-11" in refused.value.problem.detail
    with pytest.raises(Refused, match="RTG226"):
        lane.rate(first=date(2026, 7, 5), end=AUGUST, store_lines=True)
    assert {stands for *_, stands in lane.stored()} == {True}
    lane.rate(store_lines=True)
    assert [stands for *_, stands in lane.stored()] == [False, False, True, True]


def test_lines_of_days_that_are_billed_are_not_kept_anew(lane: Lane) -> None:
    """What the bill says is in those that were kept before."""
    for home in (HOME, OTHER):
        lane.load(home)
    lane.have(flat(), HOME, OTHER)
    kept = lane.rate(store_lines=True).stored[0].ratings
    lane.street.town.rows(
        "update submeter.agreements set billed_to_date = '2026-07-20' where id = %s returning 1",
        lane.agreement(),
    )
    assert lane.rate().total  # to look at it is no harm
    with pytest.raises(Refused, match=r"RTG229: .*2026-07-20") as refused:
        lane.rate(store_lines=True)
    assert "2026-07-20" in refused.value.problem.hint
    assert {row[0] for row in lane.stored("stands")} == set(kept)
    assert sorted([p.code for p in one.problems] for one in lane.rate_all(store_lines=True)) == [
        [],
        ["RTG229"],
    ]
    later = lane.rate(first=date(2026, 7, 20), store_lines=False)
    assert later.total


def test_a_condition_that_no_discount_asks_for_is_told(lane: Lane) -> None:
    lane.load()
    cut = Component(
        code="cut", kind="discount", rates=(rate_of("5"),), discount=DiscountRule(condition="direct_debit")
    )
    lane.have(Plan(code="CUT", components=(*flat().components, cut)), HOME)

    def told(*conditions: str) -> list[tuple[str, str, bool]]:
        query = "update submeter.agreement_price_plans set conditions = %s returning 1"
        lane.street.town.rows(query, list(conditions))
        found = lane.rate().rated[0].findings
        return [(one.code, one.detail, "direct_debit" in one.hint) for one in found]

    assert told() == told("direct_debit") == told("paid_on_time") == []
    assert told("direct_debt") == [("RTG214", "direct_debt", True)]
    assert told("direct_debit", "pensioner") == [("RTG214", "pensioner", False)]


def test_a_trial_is_not_kept(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    lane.have(time_of_use())
    assert lane.rate(plan="TOU").total
    with pytest.raises(Refused, match="RTG224"):
        lane.rate(plan="TOU", store_lines=True)
    assert not lane.stored()


def test_a_plan_of_another_product_charges_nothing(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    gas = Component(code="daily", kind="supply", unit="day", product="gas", rates=(rate_of("1"),))
    save_plan(lane.database, lane.operator, Plan(code="GAS", components=(gas,)))
    with pytest.raises(Refused, match="RTG225"):
        lane.rate(plan="GAS")
    assert HOME not in {one.account_number for one in lane.rate_all(plan="GAS") if one.rated}
    with pytest.raises(Refused, match="RTG225"):
        compare_plans(lane.database, lane.operator, lane.agreement(), ["GAS"], JULY, AUGUST)
