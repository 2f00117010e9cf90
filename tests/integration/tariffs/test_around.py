"""Around plans: calendars, defaults of a site, prices beside the cap, solar credits, inducements."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.tariffs import terms_store
from submeter.tariffs.actions import save_plan
from submeter.tariffs.agreement_actions import assign_plan
from submeter.tariffs.calendar_actions import fill_calendar
from submeter.tariffs.calls import CALLS
from submeter.tariffs.model import Component, Plan
from unit.tariffs.plans import BEGIN, rate

pytestmark = pytest.mark.system_postgres
SERVICE = Caller("service_role")


@pytest.fixture
def home(world: Any, build: Any) -> Any:
    for esco in ("wlce", "lfce"):
        build.esco(world, esco, "south_west")
    build.home(world, "wlce", "flat1")
    build.home(world, "wlce", "flat2")
    build.customer(world, "wlce", "ann")
    build.supply(world, "wlce", "flat1", "ann", "2026-01-01")
    return world


@pytest.fixture
def clerk(home: Any) -> Caller:
    return home.operator("wlce")


# Calendars -------------------------------------------------------------------------------------------------------


def test_a_calendar_is_filled_and_people_have_the_last_word(home: Any, clerk: Caller) -> None:
    first = fill_calendar(home.database, clerk, "AU-NSW", 2026, 2027)
    assert (first.added > 20, first.years) == (True, (2026, 2027))
    home.run(clerk, "update calendar_holidays set is_holiday = false where day = '2026-04-25'")
    home.run(
        clerk,
        "insert into calendar_holidays (calendar_id, day, name) values (%s, '2028-03-01', 'Show Day')",
        first.id,
    )
    again = fill_calendar(home.database, clerk, "AU-NSW", 2026, 2028)
    assert (again.id, again.added < first.added, again.years) == (first.id, True, (2026, 2027, 2028))
    home.run(clerk, "update sites set calendar_id = %s", first.id)
    site = UUID(home["wlce site"])
    with home.acting(clerk) as connection:
        days = terms_store.load_calendars(connection, [site])[site].calendar.holidays
    assert {date(2026, 1, 26), date(2028, 3, 1), date(2028, 12, 25)} <= days
    assert date(2026, 4, 25) not in days
    assert fill_calendar(home.database, clerk, "AU-NSW", 2026, 2028).added == 0


def test_states_have_holidays_of_their_own_and_calendars_any_name(home: Any, clerk: Caller) -> None:
    fill_calendar(home.database, clerk, "market", 2026, 2026, "AU-VIC")
    fill_calendar(home.database, clerk, "market", 2027, 2027)
    query = "select jurisdiction, min(day)::text, max(day)::text from calendar_holidays join calendars c on c.id = calendar_id where {} group by 1"
    assert home.rows(clerk, query.format("c.name is null")) == [("AU-VIC", "2026-01-01", "2027-12-28")]
    cup = "select count(*) from calendar_holidays where name ilike '%%melbourne cup%%' and day = '2026-11-03'"
    assert home.value(clerk, cup) == 1
    assert home.value(home.operator("lfce"), "select count(*) from calendars") == 0


@pytest.mark.parametrize(
    ("code", "years", "refusal"),
    [("XX", (2026, 2026), "TRF143"), ("AU-ABC", (2026, 2026), "TRF143"), ("AU-NSW", (2027, 2026), "TRF144"),
     ("AU-NSW", (2000, 2100), "TRF144")],
)  # fmt: skip
def test_what_nobody_can_fill(
    home: Any, clerk: Caller, code: str, years: tuple[int, int], refusal: str
) -> None:
    with pytest.raises(Refused, match=refusal) as refused:
        fill_calendar(home.database, clerk, code, *years)
    assert refused.value.problem.hint
    assert home.value(clerk, "select count(*) from calendars") == 0


# Served functions ------------------------------------------------------------------------------------------------


def test_the_functions_over_rest_say_what_they_did(home: Any, clerk: Caller) -> None:
    usage = Component(code="usage", kind="usage", rates=(rate("0.3"),))
    save_plan(home.database, clerk, Plan(code="FLAT", components=(usage,)))
    (filled,) = CALLS["fill_calendar"](
        home.database, clerk, {"code": "NZ", "from_year": 2026, "to_year": 2026}
    )
    assert (filled["calendar"], filled["years"]) == ("NZ", [2026])
    arguments = {"agreement_id": home["ann at flat1"], "plan": "FLAT", "from_date": "2026-01-01"}
    (given,) = CALLS["assign_price_plan"](home.database, clerk, arguments)
    assert (given["outcome"], given["begins"], given["ends"]) == ("added", BEGIN, None)
    with pytest.raises(Refused, match="TRF145"):
        CALLS["assign_price_plan"](home.database, clerk, {**arguments, "from_date": None})
    assert CALLS["check_price_plans"](home.database, clerk, {}) == []
    home.run(clerk, "update price_plan_components set base = '{supply}'")
    (found,) = CALLS["check_price_plans"](home.database, clerk, {"code": "FLAT"})
    assert (found["plan"], found["component"], found["error_code"]) == ("FLAT", "usage", "TRF103")


# Defaults of a site ----------------------------------------------------------------------------------------------


def test_the_row_that_says_most_goes_first(home: Any, clerk: Caller, refused: Any) -> None:
    for code, product in (("A", "electricity"), ("B", "electricity"), ("C", "electricity"), ("W", "water")):
        home.run(clerk, "insert into price_plans (code, product) values (%s, %s)", code, product)
    insert = ("insert into site_price_plans (site_id, price_plan_id, customer_type, payment_method, from_date)"
              " select %s, id, %s, %s, '2026-01-01' from price_plans where code = %s")  # fmt: skip
    for code, kind, method in (
        ("A", None, None),
        ("B", None, "direct_debit"),
        ("C", "business", None),
        ("W", None, None),
    ):
        home.run(clerk, insert, home["wlce site"], kind, method, code)
    with refused("23P01"):
        home.run(clerk, insert, home["wlce site"], None, None, "B")
    query = "select string_agg(code, '' order by code) from default_price_plans(%s, %s, %s, %s)"
    for kind, method, expected in (
        ("residential", None, "AW"), ("residential", "direct_debit", "BW"), ("business", "direct_debit", "CW"),
    ):  # fmt: skip
        assert home.value(clerk, query, home["wlce site"], "2026-06-01", kind, method) == expected
    assert home.value(clerk, query, home["wlce site"], "2025-06-01", None, None) is None


# Caps ------------------------------------------------------------------------------------------------------------


def test_a_price_is_compared_with_the_cap_on_the_caps_tax_basis(home: Any, build: Any, clerk: Caller) -> None:
    build.benchmark(home, "south_west", "2026-01-01", "0.25", "0.60")
    for code, inclusive, unit, standing in (
        ("NET", False, "0.239", "0.50"),  # 5 % on top: 0.25095, 0.525
        ("GROSS", True, "0.25", "0.61"),
    ):
        terms: dict[str, Any] = {"tax_code": "VAT_REDUCED", "tax_inclusive": inclusive}
        supply = Component(code="supply", kind="supply", unit="day", rates=(rate(standing),), **terms)
        usage = Component(code="usage", kind="usage", rates=(rate(unit),), **terms)
        save_plan(home.database, clerk, Plan(code=code, components=(supply, usage), currency="GBP"))
    query = "select plan, charge, price, cap, over from price_caps_check('2026-02-01') order by plan, charge"
    d = Decimal
    assert home.rows(clerk, query) == [
        ("GROSS", "standing_charge", d("0.61"), d("0.60"), True),
        ("GROSS", "unit_rate", d("0.25"), d("0.25"), False),
        ("NET", "standing_charge", d("0.525"), d("0.60"), False),
        ("NET", "unit_rate", d("0.25095"), d("0.25"), True),
    ]
    home.run(SERVICE, "update benchmark_tariffs set tax_basis = 'exclusive'")
    prices = "select price from price_caps_check('2026-02-01') where plan = 'GROSS' and charge = 'unit_rate'"
    assert home.value(clerk, prices) == d("0.238095")
    assert home.rows(home.operator("lfce"), query) == []


# Solar credits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capacity", "month", "per_year", "pence"),
    [("3.5", "2025-02-01", 3650, 980), ("3.5", "2025-01-01", 3650, 1085), ("3.5", "2025-02-01", 7300, 1960),
     (None, "2025-02-01", 3650, 0), ("0", "2025-02-01", 3650, 0), ("3.5", "2024-02-01", 3650, 0)],
)  # fmt: skip
def test_solar_credits_are_the_reference_systems(
    home: Any, clerk: Caller, capacity: str | None, month: str, per_year: int, pence: int
) -> None:
    home.run(
        clerk,
        "insert into solar_credit_tariffs (period_start, credit_pence_per_year) values ('2025-01-01', %s)",
        per_year,
    )
    home.run(
        clerk,
        "insert into solar_installations (property_id, declared_net_capacity) values (%s, %s)",
        home["flat1"],
        capacity,
    )
    assert home.rows(clerk, "select property_id::text, credit_pence from solar_credits(%s)", month) == [
        (home["flat1"], pence)
    ]


def test_a_leap_year_has_a_day_more_and_a_credit_may_be_shared(
    home: Any, clerk: Caller, refused: Any
) -> None:
    home.run(
        clerk,
        "insert into solar_credit_tariffs (period_start, credit_pence_per_year) values ('2024-01-01', 3650), ('2025-01-01', 3650)",
    )
    days = "select credit_pence_per_day from solar_credit_tariffs order by period_start"
    assert home.rows(clerk, days) == [(Decimal("9.9726775956284153"),), (Decimal(10),)]
    home.run(
        clerk,
        "insert into solar_installations (property_id, declared_net_capacity) values (%s, 3.5)",
        home["flat1"],
    )
    share = "insert into solar_credit_allocations (installation_id, property_id, ratio) values (%s, %s, %s)"
    for name, ratio in (("flat1", "0.25"), ("flat2", "0.75")):
        home.run(clerk, share, home["flat1"], home[name], ratio)
    query = "select property_id::text, credit_pence from solar_credits('2025-02-14')"
    assert dict(home.rows(clerk, query)) == {home["flat1"]: 245, home["flat2"]: 735}
    with refused("23514") as info:
        home.run(clerk, "update solar_credit_allocations set ratio = 0.5 where ratio = 0.25")
    assert "TRF160" in str(info.value)


# Offerings -------------------------------------------------------------------------------------------------------


def test_an_inducement_is_an_amount_or_a_percentage(home: Any, clerk: Caller, refused: Any) -> None:
    home.run(clerk, "insert into inducements (code) values ('DD')")
    insert = "insert into inducement_schedules (inducement_id, type, amount, percent, frequency, invoices) select id, 'credit', %s, %s, %s, %s from inducements"
    home.run(clerk, insert, None, "-5", "per_invoice", None)
    home.run(clerk, insert, "-20", None, "first_invoices", 3)
    for wrong in (
        ("-1", "-1", "per_invoice", None),
        (None, None, "per_invoice", None),
        ("-1", None, "first_invoices", None),
    ):
        with refused("23514"):
            home.run(clerk, insert, *wrong)
    home.run(
        clerk,
        "insert into offerings (code, inducement_id, contract_months) select 'WELCOME', id, 12 from inducements",
    )
    usage = Component(code="usage", kind="usage", rates=(rate("0.3"),))
    save_plan(home.database, clerk, Plan(code="FLAT", components=(usage,)))
    assign_plan(home.database, clerk, UUID(home["ann at flat1"]), "FLAT", BEGIN)
    assert home.run(clerk, "update agreement_price_plans set offering_id = (select id from offerings)") == 1
    with refused("23503"):
        home.run(clerk, "delete from offerings")
    assert home.value(clerk, "select count(*) from audit where table_name = 'inducement_schedules'") == 2
