"""Lines told again, plans compared, changes previewed: against the database, for staff and for customers."""

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from integration.metering.town import amounts_of, day_row
from integration.rating.lane import AUGUST, HOME, JULY, OTHER, Lane, flat, make_lane, rate_of, time_of_use
from integration.rating.test_rating import LATER
from submeter.charts.drawing import draw
from submeter.charts.in_text import to_text
from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.rating.comparing import compare_plans, preview_plan_change
from submeter.rating.explaining import Explained, changes_of, explain_lines
from submeter.rating.line_actions import explain_line
from submeter.rating.plots import histogram_of
from submeter.rating.showing import bill_lines, compared_lines, preview_lines
from submeter.rating.telling import preview_rows
from submeter.tariffs.model import Component, DemandRule, DiscountRule, Plan, StepRule


@pytest.fixture
def lane(database: Database) -> Lane:
    return make_lane(database)


def rated(lane: Lane, home: str = HOME, **more: Any) -> list[int]:
    """The numbers of the lines of July."""
    return list(lane.rate(home, store_lines=True, **more).stored[0].lines[0])


def told(lane: Lane, number: int) -> str:
    return "\n".join(explain_lines(explain_line(lane.database, lane.operator, number)))


def tenant(lane: Lane, home: str, first: date = date(2026, 1, 1), end: date | None = None) -> Caller:
    """Who holds the account of a home."""
    town = lane.street.town
    customer = town.add("customers", name="Ann", email=f"{uuid4()}@example.org")
    town.rows(
        "insert into submeter.customer_accounts (esco_id, customer_id, account_id, role, from_date, to_date)"
        " values (%s, %s, %s, 'holder', %s, %s) returning 1",
        town.esco_id, customer, lane.street.accounts[home], first, end,
    )  # fmt: skip
    return Caller("authenticated", town.esco_id, customer)


def test_a_line_of_intervals_is_told_as_a_person_would(lane: Lane) -> None:
    lane.load()
    lane.have(time_of_use(), HOME)
    peak, _ = rated(lane)
    text = told(lane, peak)
    for words in (
        "Read      register M6001000001/E1, intervals of 30 minutes: 148.8 kWh; from 6001000001-2026-07-01-100.csv",
        "Days      2026-07-01 to 2026-07-31: 31",
        "Window    peak: Monday to Friday 15:00-21:00, local time",
        "Quantity  27.6 kWh",
        "Price     0.40 AUD each kWh, version of 2026-01-01",
        "Amount    27.6 kWh x 0.4 = 11.04; rounded half up: 11.04",
        "Tax       GST 10 %, on top: 1.10",
        "Again     worked out once more from the data as they stood: 11.04, to the cent",
        "Now       nothing that it rests on has changed since",
    ):
        assert words in text, text


def test_a_line_of_a_dial_names_its_readings_and_the_block(lane: Lane) -> None:
    lane.read([(date(2026, 6, 30), 1000, "ACTUAL"), (date(2026, 7, 31), 1500, "ACTUAL")])
    rates = (rate_of("0.20", up_to=Decimal(10)), rate_of("0.30", step=2))
    usage = Component(code="usage", kind="usage", rates=rates, steps=StepRule("day"))
    lane.have(Plan(code="B", components=(usage,)), HOME)
    first, second = rated(lane)
    assert "dial: 1000 on 2026-06-30 (ACTUAL), 1500 on 2026-07-31 (ACTUAL); of these days 500" in told(
        lane, first
    )
    assert "Block     step 1: from 0 up to 310 kWh (a day, scaled to these days)" in told(lane, first)
    assert "Block     step 2: from 310 and more kWh (a day, scaled to these days)" in told(lane, second)


def test_a_band_without_steps_has_no_block(lane: Lane) -> None:
    lane.load(value=1234)
    (usage,) = time_of_use().components
    rates = (rate_of("0.40", band="peak"), rate_of("0.20", band="offpeak", up_to=Decimal(10)))
    rates = (*rates, rate_of("0.30", band="offpeak", step=2))
    usage = replace(usage, rates=rates, steps=StepRule("day", "band"))
    lane.have(Plan(code="B", components=(usage,)), HOME)
    assert ["Block" in told(lane, number) for number in rated(lane)] == [False, True, True]


def test_each_line_of_a_plan_of_all_kinds_comes_out_again_to_the_cent(lane: Lane) -> None:
    lane.load(value=1234)
    town = lane.street.town
    town.add("loss_factors", kind="DLF", site_id=town.site_id, factor="1.0513", from_date="2026-01-01")
    lane.have(
        Plan(code="ALL", components=(
            *time_of_use().components,
            Component(code="net", kind="pass_through", rates=(rate_of("0.0711"),), loss_factors=("DLF",)),
            Component(code="demand", kind="demand", unit="kW", demand=DemandRule(), rates=(rate_of("9.13"),)),
            Component(code="fixed", kind="fixed", unit="month", rates=(rate_of("7.77"),)),
            Component(code="green", kind="green", rates=(rate_of("0.05"),), share=Decimal("12.5")),
            Component(code="cut", kind="discount", rates=(rate_of("3.5"),), discount=DiscountRule()),
            Component(code="least", kind="minimum", unit="month", rates=(rate_of("900"),)),
            Component(code="relief", kind="concession", rates=(rate_of("17.5"),), discount=DiscountRule()),
        )),
        HOME,
    )  # fmt: skip
    lane.rate(first=date(2026, 7, 3), end=date(2026, 7, 30), store_lines=True)
    numbers = [number for (number,) in town.rows("select id from submeter.rated_lines order by id")]
    found = [explain_line(lane.database, lane.operator, number) for number in numbers]
    assert {one.component.kind for one in found} >= {"usage", "demand", "discount", "minimum", "concession"}
    assert [(one.same, one.difference, changes_of(one)) for one in found] == [(True, 0, [])] * len(found)
    assert all("to the cent" in "\n".join(explain_lines(one)) for one in found)
    for one in found:  # a discount has no tax code of its own: its words begin where all others do
        _, *rows = explain_lines(one)
        begins = {re.match(r"  \w+ +", row) for row in rows}
        assert len({one and one.end() for one in begins}) == 1, rows


def test_discounts_minimums_and_shares_say_whose_amounts_they_are_taken_from(lane: Lane) -> None:
    lane.load(value=1234)
    (usage,) = time_of_use().components
    cut = Component(code="cut", kind="discount", rates=(rate_of("3.5"),), discount=DiscountRule())
    least = Component(code="least", kind="minimum", unit="month", rates=(rate_of("900"),))
    green = Component(
        code="green", kind="green", rates=(rate_of("0.05"),), share=Decimal("12.5"), base=("usage",)
    )
    relief = Component(
        code="relief", kind="concession", rates=(rate_of("17.5"),), discount=DiscountRule(after_tax=True)
    )
    lane.have(Plan(code="ALL", components=(*flat().components[:1], usage, cut, least, green, relief)), HOME)
    texts: dict[str, str] = {}
    for words in (told(lane, number) for number in rated(lane)):
        name = words.partition(": ")[2].partition(",")[0]
        texts[name] = texts.get(name, "") + words
    # 1836.192 kWh; peak 340.584.
    assert "  Share     12.5 % of 1836.192 kWh of usage" in texts["green"]
    supply, energy, eco = Decimal("34.10"), Decimal("136.23") + Decimal("299.12"), Decimal("11.48")
    before = energy + eco + supply
    base = f"usage {energy} + green {eco} + Daily supply {supply} = {before}, without tax"
    assert base in texts["cut"], texts["cut"]
    # Green power has no tax: the discount has a line for each tax of its base.
    assert "  Part    11.48 is taxed with 0 %" in texts["cut"]
    assert "  Amount  3.5 % of 11.48 = 0.4018, taken off; rounded half up: -0.40" in texts["cut"]
    assert "  Amount  at least 900 AUD a month, 900.00 on these days; 900.00 - " in texts["least"]
    assert "cut -16.83" in texts["least"]
    assert "with tax" in texts["relief"]


def test_a_demand_says_when_the_peak_was_and_which_months_is_charged(lane: Lane) -> None:
    high = [100] * 48
    high[20] = 3000
    rows = [day_row(HOME, 100, date(2026, 5, 1) + timedelta(n)) for n in range(93)]
    peaks = {date(2026, 7, 28): high, date(2026, 5, 9): [2 * one for one in high]}
    rows = [row._replace(amounts=amounts_of(peaks[row.day])) if row.day in peaks else row for row in rows]
    assert lane.street.town.load(rows).is_clean
    rule = DemandRule(minutes=30, lookback_months=2, lookback_percent=Decimal(80))
    demand = Component(code="demand", kind="demand", unit="kW", demand=rule, rates=(rate_of("31"),))
    least = replace(demand, code="least", demand=DemandRule(minimum=Decimal(10)))
    own = replace(demand, code="own", demand=DemandRule())
    lane.have(Plan(code="D", components=(demand, least, own)), HOME)
    ratchet, minimum, plain = (told(lane, number) for number in rated(lane))
    assert (
        "  Peak      July 2026: 6 kW on 2026-07-28, 10:00 to 10:30; charged is 80 % of May 2026: 12 kW on 2026-05-09,"
        " 10:00 to 10:30 = 9.6 kW"
    ) in ratchet
    assert "6 kW on 2026-07-28, 10:00 to 10:30; the least that is charged is 10 kW" in minimum
    assert "  Peak      July 2026: 6 kW on 2026-07-28, 10:00 to 10:30\n" in plain


def test_shares_of_steps_are_rounded_for_the_eye_and_say_so(lane: Lane) -> None:
    lane.load(value=1234)
    (usage,) = time_of_use().components
    rates = tuple(
        rate_of(price, band=band, step=step, up_to=Decimal(100) if step == 1 else None)
        for band in ("peak", "offpeak") for step, price in ((1, "0.20"), (2, "0.30"))
    )  # fmt: skip
    lane.have(Plan(code="S", components=(replace(usage, rates=rates, steps=StepRule("period")),)), HOME)
    found = lane.rate(store_lines=True)
    quantities = [line.quantity for line in found.rated[0].lines()]
    assert any(len(str(quantity).partition(".")[2]) > 6 for quantity in quantities), quantities
    bill = list(bill_lines(found))
    assert bill[-1].strip() == "~ rounded for the eye; --json has all digits"
    assert len({line.index(".") for line in bill if "kWh" in line}) == 1
    text = told(lane, found.stored[0].lines[0][0])
    assert re.search(
        r"  Quantity  ~[0-9]+\.[0-9]{3} kWh|  Quantity  ~\S+ \([0-9.]+, rounded for the eye\) kWh", text
    ), text


def replaced(lane: Lane) -> Explained:
    """The line of July after a day of it came again."""
    number, *_ = rated(lane)
    report = lane.street.town.load([day_row(HOME, 200, date(2026, 7, 9))], made=LATER)
    assert report.counts["replaced"] == 1, report.as_text()
    return explain_line(lane.database, lane.operator, number)


def test_what_came_since_is_told_with_the_difference(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    found = replaced(lane)
    assert (found.line.amount, found.then.amount, found.now.amount) == (
        Decimal("37.20"), Decimal("37.20"), Decimal("38.40"),
    )  # fmt: skip
    assert found.same
    assert found.difference == Decimal("1.20")
    text = "\n".join(explain_lines(found))
    assert "Again     worked out once more from the data as they stood: 37.20, to the cent" in text
    assert "Now       38.40 (+1.20): quantity 148.8 then, 153.6 now" in text


def test_a_reading_that_was_corrected_since_is_told_too(lane: Lane) -> None:
    lane.read([(date(2026, 6, 30), 1000, "ACTUAL"), (date(2026, 7, 31), 1310, "ESTIMATE")])
    lane.have(flat(), HOME)
    number, *_ = rated(lane)
    lane.read([(date(2026, 8, 31), 1620, "ACTUAL")])
    lane.read([(date(2026, 9, 30), 1930, "ACTUAL")])
    assert explain_line(lane.database, lane.operator, number).difference == 0
    town = lane.street.town
    town.rows("update submeter.price_plan_rates set price = 0.30 where price = 0.25 returning 1")
    found = explain_line(lane.database, lane.operator, number)
    assert not found.same  # prices have no versions until they are billed
    assert changes_of(found) == ["price 0.25 then, 0.3 now"]
    assert "has changed" in "\n".join(explain_lines(found))


def test_a_line_whose_days_were_rated_again_does_not_stand(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    first, *_ = rated(lane)
    rated(lane)
    assert "a later rating of its days has taken its place" in told(lane, first)
    with pytest.raises(Refused, match="RTG220"):
        explain_line(lane.database, lane.operator, 0)


# Comparing ------------------------------------------------------------------------------------------------------


def test_plans_are_compared_by_the_month_the_cheapest_first(lane: Lane) -> None:
    lane.load(days=62)
    lane.have(flat(), HOME)
    lane.have(time_of_use())
    lane.have(flat("DEAR", price="0.90"))
    found = compare(lane, lane.operator, end=date(2026, 9, 1))
    own = 2 * Decimal("78.43")
    assert [(one.code, one.is_own) for one in found] == [("TOU", False), ("FLAT", True), ("DEAR", False)]
    assert (found[1].total, found[1].difference) == (own, 0)
    assert found[0].difference == (found[0].total or 0) - own
    assert [line.split()[:3] for line in compared_lines(found)][:3] == [
        ["plan", "cost", "more"],
        ["TOU", f"{found[0].total}", f"{found[0].difference:+}"],
        ["*", "FLAT", "156.86"],
    ]
    (only,) = compare(lane, lane.operator, plans=["DEAR"])
    assert only.code == "DEAR"
    assert list(compared_lines([only]))[-1] == "The agreement's own plans cost 78.43 AUD on these days"
    with pytest.raises(Refused, match="TRF140"):
        compare(lane, lane.operator, plans=["NONE"])


def compare(lane: Lane, caller: Caller, home: str = HOME, **more: Any) -> Any:
    first, end = more.pop("first", JULY), more.pop("end", AUGUST)
    return compare_plans(lane.database, caller, lane.agreement(home), more.pop("plans", None), first, end)


def test_a_plan_that_cannot_be_charged_says_why_and_comes_last(lane: Lane) -> None:
    lane.read([(date(2026, 6, 30), 0, "ACTUAL"), (date(2026, 7, 31), 310, "ACTUAL")])
    lane.have(flat(), HOME)
    lane.have(time_of_use())
    found = compare(lane, lane.operator)
    assert [(one.code, one.total is None, [p.code for p in one.findings]) for one in found] == [
        ("FLAT", False, []),
        ("TOU", True, ["RTG109"]),
    ]


def test_amounts_of_two_currencies_are_not_set_against_each_other(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    lane.have(flat("NEW", currency="GBP"))
    own, other = compare(lane, lane.operator)
    assert (own.code, own.difference, own.findings) == ("FLAT", 0, ())
    assert (other.total, other.difference, [p.code for p in other.findings]) == (None, None, ["RTG223"])
    with pytest.raises(Refused, match=r"RTG223: .*NEW: GBP, not AUD"):
        preview(lane)


def test_a_customer_compares_and_explains_what_is_theirs_for_their_days(lane: Lane) -> None:
    lane.load()
    lane.load(OTHER, value=50)
    lane.have(flat(), HOME, OTHER)
    lane.have(time_of_use())
    lane.street.town.rows("insert into submeter.price_plans (esco_id, code, status) values (%s, 'SECRET', 'draft') returning 1",
                          lane.street.town.esco_id)  # fmt: skip
    ann = tenant(lane, HOME, first=date(2026, 7, 10))
    mine, theirs = rated(lane, first=date(2026, 7, 10)), rated(lane, OTHER)
    whole = rated(lane)
    assert explain_line(lane.database, ann, mine[0]).same
    for number in (*theirs, *whole):  # of another, and of days before she came
        with pytest.raises(Refused, match="RTG220"):
            explain_line(lane.database, ann, number)
    found = compare(lane, ann, first=date(2026, 7, 10))
    assert {one.code for one in found} == {"FLAT", "TOU"}
    for more in ({}, {"home": OTHER, "first": date(2026, 7, 10)}):
        with pytest.raises(Refused, match="RTG200"):
            compare(lane, ann, **more)
    with pytest.raises(Refused, match="TRF140") as refused:
        compare(lane, ann, first=date(2026, 7, 10), plans=["SECRET"])
    assert "DEAR" not in refused.value.problem.hint
    nobody = Caller("authenticated", lane.street.town.esco_id, str(uuid4()))
    with pytest.raises(Refused, match="RTG200"):
        compare(lane, nobody)


# A change of plan -------------------------------------------------------------------------------------------------


def test_a_change_of_plan_shows_who_pays_more(lane: Lane) -> None:
    lane.load(value=100)
    lane.load(OTHER, value=400)
    lane.have(flat(), HOME, OTHER)
    lane.have(flat("NEW", price="0.30", daily="0.60"))
    found = preview(lane)
    # 148.8 kWh: 7.44 more for energy, 15.50 less a day's price; four times the energy: 29.76 more.
    assert [(row.difference, row.percent) for row in found.rows] == [
        (Decimal("15.69"), Decimal("7.8")),
        (Decimal("-8.87"), Decimal("-11.3")),
    ]
    assert found.failed == {}
    chart = histogram_of(found)
    assert sum(one.number for one in chart.bins) == 2
    assert chart.heading.subtitle == "1 pay more, 1 less, 0 the same; together +6.82 AUD"
    assert "█" in to_text(chart)
    assert draw(chart).count("<rect") == 2
    assert any("+15.69" in line for line in preview_lines(found, 1))


def preview(lane: Lane, **more: Any) -> Any:
    days = (more.pop("first", JULY), more.pop("end", AUGUST))
    return preview_plan_change(lane.database, lane.operator, "FLAT", "NEW", *days)


def test_what_a_new_plan_would_leave_out_is_told(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME)
    supply = next(one for one in flat().components if one.kind == "supply")
    lane.have(Plan(code="NEW", components=(supply,)))
    found = preview(lane)
    (row,) = found.rows
    assert [one.code for one in row.findings] == ["RTG211"]
    assert "! RTG211: " in "\n".join(preview_lines(found, 5))
    assert preview_rows(found)[0]["findings"]


def test_of_whom_it_cannot_be_said_comes_apart_and_others_are_left_out(lane: Lane) -> None:
    lane.load()
    lane.have(flat(), HOME, OTHER)
    lane.have(flat("NEW"))
    found = preview(lane)
    assert len(found.rows) == 1
    assert [[one.code for one in wrong] for wrong in found.failed.values()] == [["RTG202"]]
    (key,) = found.failed
    assert f"! {found.accounts[key]}: RTG202" in "\n".join(preview_lines(found, 5))
    assert found.accounts[key]
    assert preview_rows(found)[-1]["account_number"] == found.accounts[key]
    lane.have(flat("THIRD"), OTHER, first=JULY)
    assert preview(lane).failed == {}
    stranger = Caller("operator", str(uuid4()))
    with pytest.raises(Refused, match="TRF140"):
        preview_plan_change(lane.database, stranger, "FLAT", "NEW", JULY, AUGUST)
