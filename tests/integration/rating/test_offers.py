"""What offerings give and take on top of plans, charged by what the database holds."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integration.rating.lane import AUGUST, HOME, JULY, OTHER, Lane, flat, make_lane
from submeter.db.database import Database
from submeter.rating.comparing import compare_plans
from submeter.rating.explaining import explain_lines
from submeter.rating.line_actions import explain_line

SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)


@pytest.fixture
def lane(database: Database) -> Lane:
    """A home with a flat plan, whose July is 34.10 + 37.20, and its neighbour with the same."""
    made = make_lane(database)
    for home in (HOME, OTHER):
        made.load(home, days=92)
    made.have(flat(), HOME, OTHER)
    return made


def offer(lane: Lane, home: str, *schedules: dict[str, Any]) -> None:
    """Give a home an offering with these schedules."""
    town = lane.street.town
    inducement = town.add("inducements", code="WELCOME")
    for schedule in schedules:
        town.add("inducement_schedules", inducement_id=inducement, **schedule)
    offering = town.add("offerings", code="O", inducement_id=inducement)
    town.rows(
        "update submeter.agreement_price_plans set offering_id = %s where agreement_id = %s returning 1",
        offering, lane.agreement(home),
    )  # fmt: skip


def amounts(found: Any) -> dict[str, Decimal]:
    return {line.component.code: line.amount for rated in found.rated for line in rated.lines()}


def test_a_discount_and_a_fee_are_lines_of_the_home_that_has_them(lane: Lane) -> None:
    discount = {"type": "usage_discount", "percent": Decimal(-10), "component_codes": ["usage"]}
    fee = {"type": "postage_fee", "amount": Decimal("2.20"), "tax_code": "GST", "tax_inclusive": True}
    offer(lane, HOME, discount, fee)
    found = lane.rate()
    assert amounts(found) == {
        "usage": Decimal("37.20"),
        "supply": Decimal("34.10"),
        "WELCOME:usage_discount": Decimal("-3.72"),
        "WELCOME:postage_fee": Decimal("2.20"),
    }
    # 10 % of 67.58, and of the fee a tenth is within it.
    assert found.total == Decimal("67.58") + Decimal("6.76") + Decimal("2.20")
    assert set(amounts(lane.rate(OTHER))) == {"usage", "supply"}


def test_it_is_for_who_pays_so(lane: Lane) -> None:
    offer(lane, HOME, {"type": "other", "percent": Decimal(-2), "payment_method": "direct_debit"})
    assert "WELCOME:other" not in amounts(lane.rate())
    lane.street.town.rows(
        "update submeter.agreement_price_plans set conditions = '{direct_debit}' returning 1"
    )
    assert amounts(lane.rate())["WELCOME:other"] == Decimal("-1.43")


@pytest.mark.parametrize("off", ["inducements", "inducement_schedules"])
def test_what_is_not_active_does_nothing(lane: Lane, off: str) -> None:
    offer(lane, HOME, {"type": "credit", "amount": Decimal(-5)})
    assert "WELCOME:credit" in amounts(lane.rate())
    lane.street.town.rows(f"update submeter.{off} set active = false returning 1")
    assert "WELCOME:credit" not in amounts(lane.rate())


def test_a_credit_of_the_first_two_bills(lane: Lane) -> None:
    first_two = {"type": "credit", "amount": Decimal(-5), "frequency": "first_invoices", "invoices": 2}
    offer(lane, HOME, first_two)
    months = [(JULY, AUGUST), (AUGUST, SEPTEMBER), (SEPTEMBER, OCTOBER)]
    found = [lane.rate(first=first, end=end, store_lines=True) for first, end in months]
    assert ["WELCOME:credit" in amounts(one) for one in found] == [True, True, False]
    # Rating the second month again gives it again; it is not the third.
    assert "WELCOME:credit" in amounts(lane.rate(first=AUGUST, end=SEPTEMBER, store_lines=True))
    assert "WELCOME:credit" not in amounts(lane.rate(first=SEPTEMBER, end=OCTOBER))


def test_its_line_is_kept_and_told(lane: Lane) -> None:
    offer(lane, HOME, {"type": "usage_discount", "percent": Decimal(-10), "invoice_description": "Thank you"})
    number = lane.rate(store_lines=True).stored[0].lines[0][-1]
    query = "select component_id is null, inducement_schedule_id is not null, amount from public.rated_lines where id = %s"
    assert lane.street.town.rows(query, number) == [(True, True, Decimal("-7.13"))]
    explained = explain_line(lane.database, lane.operator, number)
    assert explained.then.line is not None
    assert explained.then.line.amount == Decimal("-7.13")
    assert "Thank you" in "\n".join(explain_lines(explained))


def test_another_plan_is_compared_with_the_offering_on_both(lane: Lane) -> None:
    offer(lane, HOME, {"type": "credit", "amount": Decimal(-5)})
    lane.have(flat("CHEAP", price="0.20"))
    found = compare_plans(lane.database, lane.operator, lane.agreement(HOME), None, JULY, AUGUST)
    totals = {one.code: one.total for one in found}
    # 148.8 kWh at 5 cents less, and GST; the credit without.
    assert totals == {"FLAT": Decimal("73.43"), "CHEAP": Decimal("73.43") - Decimal("8.18")}
