"""Plans through the database: they come back as they went, prices have versions, what is billed stays."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given, settings

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.transactions import transaction
from submeter.tariffs import store, terms_store
from submeter.tariffs.actions import PlanOptions, check_stored_plans, find_stored_plan, save_plan
from submeter.tariffs.agreement_actions import Given, assign_plan
from submeter.tariffs.model import Band, Component, DiscountRule, Plan, Rate
from submeter.tariffs.versions import merge
from unit.tariffs.plans import BEGIN, WHOLE, plans, rate

pytestmark = pytest.mark.system_postgres
SERVICE = Caller("service_role")
DAY = date(2026, 7, 1)
Refuses = Callable[[str], AbstractContextManager["pytest.ExceptionInfo[psycopg.Error]"]]
USAGE = Component(code="usage", kind="usage", rates=(rate("0.3"),))
SUPPLY = Component(code="supply", kind="supply", unit="day", rates=(rate("1"),))
FLAT = Plan(code="FLAT", components=(SUPPLY, USAGE))


@pytest.fixture
def home(world: Any, build: Any) -> Any:
    """Ann in flat1 since 2026, two operators."""
    for esco in ("wlce", "lfce"):
        build.esco(world, esco, "south_west")
    build.home(world, "wlce", "flat1")
    build.customer(world, "wlce", "ann")
    build.supply(world, "wlce", "flat1", "ann", "2026-01-01", "2027-01-01")
    return world


@pytest.fixture
def clerk(home: Any) -> Caller:
    return home.operator("wlce")


def agreement(home: Any) -> UUID:
    return UUID(home["ann at flat1"])


def bill(home: Any, day: str) -> None:
    home.run(SERVICE, "update submeter.agreements set billed_to_date = %s", day)


# Plans -----------------------------------------------------------------------------------------------------------


def test_a_plan_comes_back_as_it_went(home: Any, clerk: Caller) -> None:
    saved = save_plan(home.database, clerk, WHOLE)
    found = find_stored_plan(home.database, clerk, "HOME")
    assert (saved.outcome, found.id, found.product, found.status) == (
        "added",
        saved.id,
        "electricity",
        "active",
    )
    assert found.plan == WHOLE
    assert {key.code for key in found.component_ids} == {one.code for one in WHOLE.components}
    assert len(found.rate_ids) == sum(len(one.rates) for one in WHOLE.components)
    assert found.rate_id(WHOLE.components[0], WHOLE.components[0].rates[0])
    assert save_plan(home.database, clerk, WHOLE).outcome == "unchanged"


@settings(max_examples=15)
@given(plans(), plans())
def test_versions_are_stored_as_they_are_merged(module_world: Any, old: Plan, new: Plan) -> None:
    clerk = module_world.operator("wlce")
    old = replace(old, code=f"P{uuid4()}")
    new = replace(new, code=old.code)
    save_plan(module_world.database, clerk, old)
    for _ in range(2):
        save_plan(module_world.database, clerk, new, from_date=DAY)
        assert find_stored_plan(module_world.database, clerk, old.code).plan == merge(old, new, DAY)
    assert save_plan(module_world.database, clerk, new, from_date=DAY).outcome == "unchanged"


@pytest.fixture(scope="module")
def module_world(module_database: Any, new_world: Any, builders: Any) -> Any:
    world = new_world(module_database)
    builders.esco(world, "wlce", "south_west")
    return world


def test_many_plans_are_read_with_a_query_for_each_table(home: Any, clerk: Caller) -> None:
    for code in "ABC":
        save_plan(home.database, clerk, replace(WHOLE, code=code))
    with home.acting(clerk) as connection:
        asked: list[str] = []
        whole = store.load_plans(_Counting(connection, asked))  # type: ignore[arg-type]
        some = store.load_plans(connection, codes=["A", "C", "X"], esco_id=UUID(home["wlce"]))
        by_id = store.load_plans(connection, ids=list(some))
    assert len(asked) == 4
    assert sorted(one.plan.code for one in whole.values()) == ["A", "B", "C"]
    assert {one.plan.code for one in some.values()} == {"A", "C"}
    assert by_id.keys() == some.keys()


class _Counting:
    def __init__(self, connection: psycopg.Connection, asked: list[str]) -> None:
        self._connection, self._asked = connection, asked

    def cursor(self, **options: Any) -> Any:
        self._asked.append("query")
        return self._connection.cursor(**options)


def test_codes_are_the_escos_own(home: Any, clerk: Caller) -> None:
    other = home.operator("lfce")
    for caller in (clerk, other):
        assert save_plan(home.database, caller, FLAT).outcome == "added"
    with pytest.raises(Refused, match="TRF140") as refused:
        find_stored_plan(home.database, other, "HOME")
    assert refused.value.problem.hint == "One of: FLAT"


def test_a_plan_that_cannot_be_charged_is_not_kept(home: Any, clerk: Caller) -> None:
    wrong = replace(FLAT, components=(replace(USAGE, base=("x",), tax_code="VAT"),))
    with pytest.raises(Refused, match="TRF103") as refused:
        save_plan(home.database, clerk, wrong)
    assert refused.value.problem.context["also"][0].code == "TRF114"
    with pytest.raises(Refused, match="TRF140"):
        find_stored_plan(home.database, clerk, "FLAT")


def test_what_was_entered_piece_by_piece_is_looked_through(home: Any, clerk: Caller) -> None:
    save_plan(home.database, clerk, FLAT)
    home.run(clerk, "delete from price_plan_rates where price = 1")
    ((stored, findings),) = check_stored_plans(home.database, clerk, "FLAT")
    assert stored.plan.code == "FLAT"
    assert [(one.component, one.problem.code) for one in findings] == [("supply", "TRF109")]
    assert check_stored_plans(home.database, home.operator("lfce")) == ()


def test_a_plan_in_use_needs_a_day_for_other_prices(home: Any, clerk: Caller) -> None:
    dearer = replace(FLAT, components=(SUPPLY, replace(USAGE, rates=(rate("0.4"),))))
    save_plan(home.database, clerk, FLAT)
    assert save_plan(home.database, clerk, dearer).outcome == "changed"
    assign_plan(home.database, clerk, agreement(home), "FLAT", BEGIN)
    with pytest.raises(Refused, match="TRF141"):
        save_plan(home.database, clerk, FLAT)
    save_plan(home.database, clerk, FLAT, from_date=DAY, options=PlanOptions(status="closed"))
    found = find_stored_plan(home.database, clerk, "FLAT")
    assert found.status == "closed"
    assert found.plan.components[1].rates == (rate("0.4", BEGIN, DAY), rate("0.3", DAY))


# What is billed --------------------------------------------------------------------------------------------------


@pytest.fixture
def billed(home: Any, clerk: Caller) -> Any:
    """FLAT is ann's, and billed up to 1 July; the week has bands."""
    banded = replace(USAGE, code="tou", bands=(Band("all"),), rates=(rate("0.2", band="all"),))
    save_plan(home.database, clerk, replace(FLAT, components=(*FLAT.components, banded)))
    assign_plan(home.database, clerk, agreement(home), "FLAT", BEGIN)
    bill(home, "2026-07-01")
    return home


LOCKED = {
    "a price": ("TRF130", "update price_plan_rates set price = 2"),
    "a price's day": ("TRF130", "update price_plan_rates set from_date = '2026-02-01'"),
    "a price's end": ("TRF130", "update price_plan_rates set to_date = '2026-06-30'"),
    "a price gone": ("TRF130", "delete from price_plan_rates"),
    "a price more": ("TRF130", "insert into price_plan_rates (component_id, price, step, from_date) select id, 1, 2, '2026-06-30' from price_plan_components"),
    "a component": ("TRF131", "update price_plan_components set share = 50"),
    "a component's end": ("TRF131", "update price_plan_components set to_date = '2026-06-30'"),
    "a component gone": ("TRF131", "delete from price_plan_components where code = 'tou'"),
    "a band": ("TRF131", "update price_plan_bands set from_minute = 1"),
    "a band gone": ("TRF131", "delete from price_plan_bands"),
    "a band more": ("TRF131", "insert into price_plan_bands (component_id, code) select id, 'x' from price_plan_components where code = 'usage'"),
    "the rounding": ("TRF132", "update price_plans set rounding = 'invoice'"),
    "who has it": ("TRF133", "delete from agreement_price_plans"),
    "what holds": ("TRF136", "update agreement_price_plans set conditions = '{direct_debit}'"),
    "the capacity": ("TRF136", "update agreement_price_plans set capacity = 5"),
    "until when": ("TRF133", "update agreement_price_plans set to_date = '2026-06-30'"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOCKED)
def test_what_is_billed_stays(billed: Any, clerk: Caller, refused: Refuses, name: str) -> None:
    code, statement = LOCKED[name]
    with pytest.raises(psycopg.Error, match=code) as info:
        billed.run(clerk, statement)
    assert info.value.diag.message_hint
    assert "2026-07-01" in (info.value.diag.message_detail or "")


FREE = [
    "update price_plan_rates set to_date = '2026-07-01'",
    "update price_plan_components set name = 'Energy', gl_code = '1'",
    "update price_plan_components set to_date = '2026-07-01'",
    "update price_plans set name = 'Flat', status = 'closed'",
    "update agreement_price_plans set to_date = '2026-07-01'",
]


@pytest.mark.parametrize("statement", FREE)
def test_what_comes_after_may_change(billed: Any, clerk: Caller, statement: str) -> None:
    assert billed.run(clerk, statement)


def test_a_price_that_is_billed_is_ended_and_another_added(billed: Any, clerk: Caller) -> None:
    dearer = replace(FLAT, components=(SUPPLY, replace(USAGE, rates=(rate("0.4"),))))
    with pytest.raises(Refused, match="TRF13"):
        save_plan(billed.database, clerk, dearer, from_date=DAY - timedelta(1))
    assert save_plan(billed.database, clerk, dearer, from_date=DAY).outcome == "changed"
    rows = "select price, from_date::text, to_date::text from price_plan_rates where band = '' and price < 1 order by from_date"
    assert billed.rows(clerk, rows) == [
        (Decimal("0.3"), "2026-01-01", "2026-07-01"),
        (Decimal("0.4"), "2026-07-01", None),
    ]
    audit = "select action, changes ->> 'price', changes ->> 'to_date' from audit where table_name = 'price_plan_rates' order by id desc limit 2"
    assert billed.rows(Caller("operator", billed["wlce"]), audit) == [
        ("insert", "0.4", None),
        ("update", None, "2026-07-01"),
    ]


def test_prices_have_six_decimals_and_do_not_overlap(home: Any, clerk: Caller, refused: Refuses) -> None:
    save_plan(home.database, clerk, FLAT)
    insert = "insert into price_plan_rates (component_id, price, step, from_date, to_date) select id, %s, %s, %s, %s from price_plan_components"
    home.run(clerk, insert, "0.1234560", 2, BEGIN, None)
    for sqlstate, values in (
        ("23514", ("0.1234567", 3, BEGIN, None)),
        ("23514", ("1", 3, DAY, BEGIN)),
        ("23P01", ("1", 1, DAY, None)),
    ):
        with refused(sqlstate):
            home.run(clerk, insert, *values)


def test_a_demand_gets_the_usual_rule(home: Any, clerk: Caller, refused: Refuses) -> None:
    save_plan(home.database, clerk, FLAT)
    key = home.value(clerk, "select id from price_plans")
    insert = "insert into price_plan_components (price_plan_id, code, kind, unit, tax_code) values (%s, 'peak', 'demand', 'kVA', %s)"
    with refused("23503") as info:
        home.run(clerk, insert, key, "NO")
    assert "TRF114" in str(info.value)
    home.run(clerk, insert, key, "GST")
    query = "select demand_unit, demand_minutes, demand_charged_per from price_plan_components where code = 'peak'"
    assert home.rows(clerk, query) == [("kVA", 30, "month")]


# Who has which ---------------------------------------------------------------------------------------------------


def history(home: Any, caller: Caller) -> list[tuple[str, str, str | None]]:
    with home.acting(caller) as connection:
        spans = store.load_plan_history(connection, [agreement(home)]).get(agreement(home), ())
        known = store.load_plans(connection)
    return [(known[s.price_plan_id].plan.code, str(s.from_date), str(s.to_date)) for s in spans]


def test_a_plan_follows_another_and_once_is_enough(home: Any, clerk: Caller) -> None:
    for code in "ABC":
        save_plan(home.database, clerk, replace(FLAT, code=code))
    for outcome in ("added", "unchanged"):
        assert assign_plan(home.database, clerk, agreement(home), "A", BEGIN).outcome == outcome
    for _ in range(2):
        assign_plan(home.database, clerk, agreement(home), "C", date(2026, 9, 1))
    key = find_stored_plan(home.database, clerk, "B").id
    assert assign_plan(home.database, clerk, agreement(home), key, DAY).outcome == "changed"
    assert assign_plan(home.database, clerk, agreement(home), key, DAY).outcome == "unchanged"
    expected = [
        ("A", "2026-01-01", "2026-07-01"),
        ("B", "2026-07-01", "2026-09-01"),
        ("C", "2026-09-01", "2027-01-01"),
    ]
    assert history(home, clerk) == expected
    assert history(home, home.customer("ann")) == expected
    assign_plan(home.database, clerk, agreement(home), "A", date(2026, 9, 1))
    assert history(home, clerk)[-1][0] == "A"


def test_what_holds_of_a_customer_goes_on_with_the_next_plan(home: Any, clerk: Caller) -> None:
    """Who pays by direct debit does so after a change of plan, too."""
    for code in "AB":
        save_plan(home.database, clerk, replace(FLAT, code=code))
    assign_plan(home.database, clerk, agreement(home), "A", BEGIN)
    home.run(clerk, "update agreement_price_plans set conditions = '{direct_debit}', capacity = 12.5")
    assign_plan(home.database, clerk, agreement(home), "B", DAY)
    with transaction(home.database, clerk) as connection:
        rows = connection.execute(
            "select from_date, conditions, capacity from agreement_price_plans order by from_date"
        ).fetchall()
    assert rows == [(day, ["direct_debit"], Decimal("12.5")) for day in (BEGIN, DAY)]


def terms(home: Any, caller: Caller) -> list[tuple[str, list[str], Decimal | None]]:
    query = "select from_date::text, conditions, capacity from agreement_price_plans order by from_date"
    with transaction(home.database, caller) as connection:
        return [(day, had, capacity) for day, had, capacity in connection.execute(query)]


def give(home: Any, clerk: Caller, plan: str, day: date, **more: Any) -> tuple[str, str, str]:
    done = assign_plan(home.database, clerk, agreement(home), plan, day, Given(**more))
    return done.outcome, str(done.from_date), str(done.to_date)


def test_a_plan_that_is_planned_for_later_begins_earlier(home: Any, clerk: Caller) -> None:
    """One row and so one bill; there would be two."""
    for code in "AB":
        save_plan(home.database, clerk, replace(FLAT, code=code))
    give(home, clerk, "A", BEGIN, conditions=frozenset({"direct_debit"}))
    give(home, clerk, "B", date(2026, 9, 1))
    assert give(home, clerk, "B", DAY) == ("changed", "2026-07-01", "2027-01-01")
    assert history(home, clerk) == [("A", "2026-01-01", "2026-07-01"), ("B", "2026-07-01", "2027-01-01")]
    assert give(home, clerk, "B", BEGIN) == ("changed", "2026-01-01", "2027-01-01")  # no day of A is left
    assert history(home, clerk) == [("B", "2026-01-01", "2027-01-01")]
    assert terms(home, clerk) == [("2026-01-01", ["direct_debit"], None)]


def test_on_other_terms_it_does_not_unless_they_are_named(home: Any, clerk: Caller) -> None:
    for code in "AB":
        save_plan(home.database, clerk, replace(FLAT, code=code))
    give(home, clerk, "A", BEGIN)
    later = {"conditions": frozenset({"direct_debit"}), "capacity": Decimal("12.5")}
    give(home, clerk, "B", date(2026, 9, 1), **later)
    with pytest.raises(Refused, match=r"TRF147: .*B from 2026-09-01") as refused:
        give(home, clerk, "B", DAY)
    assert refused.value.problem.hint
    assert len(history(home, clerk)) == 2
    assert give(home, clerk, "B", DAY, **later)[0] == "changed"
    assert terms(home, clerk) == [("2026-01-01", [], None), ("2026-07-01", ["direct_debit"], Decimal("12.5"))]
    bill(home, "2026-07-15")
    with pytest.raises(Refused, match="TRF133"):
        give(home, clerk, "B", date(2026, 6, 1), **later)


def test_a_plan_for_some_days_and_other_terms_of_the_same_plan(home: Any, clerk: Caller) -> None:
    for code in "AB":
        save_plan(home.database, clerk, replace(FLAT, code=code))
    assert give(home, clerk, "A", BEGIN, to_date=DAY) == ("added", "2026-01-01", "2026-07-01")
    assert give(home, clerk, "A", BEGIN, to_date=DAY)[0] == "unchanged"
    debit = {"conditions": frozenset({"direct_debit"})}
    assert give(home, clerk, "A", date(2026, 3, 1), **debit) == ("changed", "2026-03-01", "None")
    assert give(home, clerk, "A", date(2026, 4, 1)) == ("unchanged", "2026-03-01", "2027-01-01")
    assert give(home, clerk, "A", date(2026, 4, 1), to_date=DAY) == ("changed", "2026-03-01", "2026-07-01")
    assert terms(home, clerk) == [("2026-01-01", [], None), ("2026-03-01", ["direct_debit"], None)]
    assert give(home, clerk, "A", date(2026, 3, 1), capacity=Decimal(5))[0] == "changed"
    assert terms(home, clerk)[-1] == ("2026-03-01", ["direct_debit"], Decimal(5))
    with pytest.raises(Refused, match="TRF148"):
        give(home, clerk, "B", DAY, to_date=DAY)
    with pytest.raises(Refused, match=r"TRF146: .*capacity") as refused:
        give(home, clerk, "B", DAY, capacity=Decimal("1.2345"))
    assert "capacity" in refused.value.problem.hint


def test_what_looks_like_a_slip_is_found_in_what_is_kept(home: Any, clerk: Caller) -> None:
    cut = Component(
        code="cut", kind="discount", rates=(rate("0.05"),), discount=DiscountRule(condition="pensioner")
    )
    saved = save_plan(home.database, clerk, replace(FLAT, components=(*FLAT.components, cut)))
    assert [one.code for one in saved.remarks] == ["TRF121", "TRF122"]
    ((_, findings),) = check_stored_plans(home.database, clerk, "FLAT")
    assert [(one.component, one.problem.code) for one in findings] == [("cut", "TRF121"), ("cut", "TRF122")]
    give(home, clerk, "FLAT", BEGIN, conditions=frozenset({"pensioner"}))
    ((_, findings),) = check_stored_plans(home.database, clerk, "FLAT")
    assert [one.problem.code for one in findings] == ["TRF122"]  # somebody has it: it is no slip


def test_plans_of_two_products_hold_beside_each_other(home: Any, clerk: Caller, refused: Refuses) -> None:
    save_plan(home.database, clerk, FLAT)
    save_plan(home.database, clerk, replace(FLAT, code="NET"), options=PlanOptions("broadband"))
    for code in ("FLAT", "NET"):
        assign_plan(home.database, clerk, agreement(home), code, BEGIN)
    assert [code for code, *_ in history(home, clerk)] == ["NET", "FLAT"]
    with refused("23P01"):
        home.run(clerk, "insert into agreement_price_plans (agreement_id, price_plan_id, from_date) select %s, id, '2026-06-01'"
                 " from price_plans where code = 'NET'", agreement(home))  # fmt: skip
    with refused("23P01"):
        home.run(clerk, "update price_plans set product = 'broadband'")


REFUSED = {
    "TRF133": (DAY - timedelta(1), "active"),
    "TRF134": (date(2027, 1, 1), "active"),
    "TRF135": (DAY, "draft"),
}


@pytest.mark.parametrize("code", REFUSED)
def test_days_on_which_a_plan_cannot_be_given(home: Any, clerk: Caller, code: str) -> None:
    day, status = REFUSED[code]
    save_plan(home.database, clerk, FLAT, options=PlanOptions(status=status))  # type: ignore[arg-type]
    bill(home, "2026-07-01")
    with pytest.raises(Refused, match=code) as refused:
        assign_plan(home.database, clerk, agreement(home), "FLAT", day)
    assert refused.value.problem.hint
    assert history(home, clerk) == []


def test_an_agreement_or_plan_that_is_not_there(home: Any, clerk: Caller) -> None:
    save_plan(home.database, clerk, FLAT)
    for caller, key, plan, code in (
        (clerk, uuid4(), "FLAT", "TRF142"),
        (home.operator("lfce"), agreement(home), "FLAT", "TRF142"),
        (clerk, agreement(home), "HOME", "TRF140"),
        (clerk, agreement(home), uuid4(), "TRF140"),
    ):
        with pytest.raises(Refused, match=code) as refused:
            assign_plan(home.database, caller, key, plan, BEGIN)
        assert refused.value.problem.hint


# What plans look at ----------------------------------------------------------------------------------------------


def test_what_surrounds_a_plan_is_read_by_site_and_supply_point(home: Any, clerk: Caller) -> None:
    site, point = home["wlce site"], home["flat1 point"]
    home.run(clerk, "insert into calendars (code, year_starts, years) values ('AU-NSW', 7, '{2026}')")
    home.run(clerk, "insert into calendar_holidays (calendar_id, day, name, is_holiday) select id, d, 'x', h from calendars,"
             " (values (date '2026-01-26', true), ('2026-04-25', false)) v (d, h)")  # fmt: skip
    home.run(
        clerk,
        "update sites set market_time_zone = 'Etc/GMT-10', time_zone = 'Australia/Sydney', calendar_id = (select id from calendars)",
    )
    home.run(
        clerk,
        "insert into loss_factors (kind, supply_point_id, factor, from_date) values ('MLF', %s, 1.02, '2026-02-01')",
        point,
    )
    home.run(clerk, "insert into loss_factors (kind, site_id, factor) values ('internal', %s, 1.01)", site)
    home.run(
        clerk,
        "insert into price_conversions (site_id, product, from_unit, to_unit, heating_value, divisor) values (%s, 'gas', 'm3', 'kWh', 39.4, 3.6)",
        site,
    )
    home.run(clerk, "insert into spot_prices (series, day, starts_at, prices) select 'NSW1', d, d::timestamp at time zone 'Etc/GMT-10', array_fill(1, array[48])"
             " from unnest(array[date '2026-01-01', '2026-01-02', '2026-01-05']) d")  # fmt: skip
    with home.acting(clerk) as connection:
        found = terms_store.load_calendars(connection, [UUID(site)])[UUID(site)]
        losses = terms_store.load_loss_factors(connection, [UUID(point)], BEGIN, DAY)[UUID(point)]
        conversions = terms_store.load_conversions(connection, [UUID(site)])[UUID(site)]
        spot = terms_store.load_spot_days(
            connection, UUID(home["wlce"]), ["NSW1"], BEGIN, BEGIN + timedelta(1)
        )
        agreements = store.load_agreements(connection, [agreement(home)])
        taxes = {(tax.code, tax.percent) for tax in terms_store.load_tax_rates(connection)}
    assert (found.calendar.clock, found.calendar.market_clock) == ("Australia/Sydney", "Etc/GMT-10")
    assert (found.calendar.holidays, found.calendar.year_starts) == ({date(2026, 1, 26)}, 7)
    assert (found.code, found.years) == ("AU-NSW", {2026})
    assert [(s.factor, s.from_date) for s in losses["MLF"]] == [
        (1, BEGIN),
        (Fraction("1.02"), date(2026, 2, 1)),
    ]
    assert [s.factor for s in losses["LOSS"]] == [Fraction("1.01")]
    assert conversions["gas", "m3", "kWh"][0].factor == Fraction("39.4") / Fraction("3.6")
    assert [one.day.day for one in spot["NSW1"]] == [1, 2]
    assert agreements[agreement(home)].site_id == UUID(site)
    assert {
        ("GST", Decimal(10)),
        ("NZ_GST", Decimal(15)),
        ("VAT_REDUCED", Decimal(5)),
        ("EXEMPT", Decimal(0)),
    } <= taxes


def test_a_customers_plan_has_the_prices_of_their_days(home: Any, clerk: Caller, build: Any) -> None:
    build.customer(home, "wlce", "bea")
    build.supply(home, "wlce", "flat1", "bea", "2027-01-01")
    save_plan(home.database, clerk, FLAT)
    save_plan(
        home.database,
        clerk,
        replace(FLAT, components=(SUPPLY, replace(USAGE, rates=(rate("0.4"),)))),
        from_date=date(2027, 1, 1),
    )
    for name, first in (("ann", BEGIN), ("bea", date(2027, 1, 1))):
        assign_plan(home.database, clerk, UUID(home[f"{name} at flat1"]), "FLAT", first)
    seen: dict[str, tuple[Rate, ...]] = {}
    for name in ("ann", "bea"):
        with home.acting(home.customer(name)) as connection:
            (stored,) = store.load_plans(connection).values()
        seen[name] = stored.plan.components[1].rates
    assert [one.price for one in seen["ann"]] == [Decimal("0.3")]
    assert [one.price for one in seen["bea"]] == [Decimal("0.4")]
