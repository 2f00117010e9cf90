"""What offerings give and take, rated with the plan that they come on top of."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from submeter.rating.engine import rate
from submeter.rating.lines import list_lines, total_of
from submeter.rating.model import Period, Terms, Usage
from submeter.tariffs.inducements import Schedule, inducement_components
from submeter.tariffs.model import Calendar, Component, Plan, Rate, TaxRate

START, END = date(2026, 6, 1), date(2026, 7, 1)
PLAN = Plan(
    code="p",
    components=(
        Component(code="daily", kind="supply", unit="day", tax_code="GST", rates=(Rate(START, Decimal(2)),)),
        Component(
            code="modem", kind="fixed", unit="month", tax_code="GST", rates=(Rate(START, Decimal(40)),)
        ),
    ),
)
GST = (TaxRate("GST", Decimal(10), date(2000, 7, 1)),)


def schedule(**about: Any) -> Schedule:
    given: dict[str, Any] = {"code": "WELCOME", "type": "usage_discount", "amount": None, "percent": None}
    return Schedule(**{**given, "from_date": date(2026, 1, 1), **about})


def lines(*schedules: Schedule, end: date = END, **of: Any) -> dict[str, tuple[Decimal, Decimal]]:
    """By code: amount and tax; and the total."""
    about: dict[str, Any] = {"customer_type": "residential", "conditions": frozenset(), "bills": [end], **of}
    had = about.pop("had", 0)
    more = inducement_components(schedules, given=[had] * len(schedules), **about)
    plan = replace(PLAN, components=(*PLAN.components, *(component for _, component in more)))
    period = Period(START, end)
    charges = rate(
        Usage(first=START, end=end), plan, Calendar("Australia/Sydney"), [period], Terms(taxes=GST)
    )
    found = {line.component.code: (line.amount, line.tax) for line in list_lines(charges, 0, 0)}
    return {**found, "total": (total_of(charges, 0, 0)[1], total_of(charges, 0, 0)[0])}


def test_a_percentage_is_taken_from_all() -> None:
    found = lines(schedule(percent=Decimal(-5)))
    assert found["WELCOME:usage_discount"] == (Decimal("-5.00"), Decimal("-0.50"))
    assert found["total"] == (Decimal("104.50"), Decimal("9.50"))


def test_a_percentage_of_some_components() -> None:
    found = lines(schedule(percent=Decimal(-10), component_codes=("daily",)))
    assert found["WELCOME:usage_discount"][0] == Decimal("-6.00")


def test_a_surcharge_is_a_percentage_above_zero() -> None:
    found = lines(schedule(type="other", percent=Decimal("1.5")))
    assert found["WELCOME:other"] == (Decimal("1.50"), Decimal("0.15"))


def test_a_fee_for_each_invoice_has_its_own_tax() -> None:
    found = lines(schedule(type="postage_fee", amount=Decimal("2.20"), tax_code="GST", tax_inclusive=True))
    assert found["WELCOME:postage_fee"] == (Decimal("2.20"), Decimal("0.20"))
    assert found["total"] == (Decimal("112.20"), Decimal("10.20"))


def test_a_credit_for_the_first_invoices() -> None:
    first = schedule(type="credit", amount=Decimal(-25), frequency="first_invoices", invoices=2)
    assert lines(first, had=1)["WELCOME:credit"][0] == Decimal("-25.00")
    assert "WELCOME:credit" not in lines(first, had=2)


def test_the_first_invoices_end_with_the_last_of_them() -> None:
    first = schedule(type="credit", amount=Decimal(-25), frequency="first_invoices", invoices=3)
    bills = [date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)]
    about: dict[str, Any] = {"customer_type": "", "conditions": frozenset(), "bills": bills}
    ((_, component),) = inducement_components([first], given=[1], **about)
    assert component.to_date == date(2026, 8, 1)
    ((_, component),) = inducement_components([first], given=[0], **{**about, "bills": bills[:3]})
    assert component.to_date is None


@pytest.mark.parametrize(
    ("about", "of", "given"),
    [
        ({"customer_type": "business"}, {}, False),
        ({"customer_type": "residential"}, {}, True),
        ({"payment_method": "direct_debit"}, {}, False),
        ({"payment_method": "direct_debit"}, {"conditions": frozenset({"direct_debit"})}, True),
        ({"type": "late_payment_fee"}, {}, False),
    ],
)
def test_for_whom(about: dict[str, Any], of: dict[str, Any], given: bool) -> None:
    assert (len(lines(schedule(percent=Decimal(-1), **about), **of)) == 4) is given


def test_two_schedules_of_a_kind_are_two_lines() -> None:
    found = lines(schedule(percent=Decimal(-1)), schedule(percent=Decimal(-2), component_codes=("modem",)))
    assert found["WELCOME:usage_discount"][0] == Decimal("-1.00")
    assert found["WELCOME:usage_discount:2"][0] == Decimal("-0.80")


def test_it_ends_within_the_period() -> None:
    half = schedule(percent=Decimal(-10), to_date=date(2026, 6, 16))
    assert lines(half)["WELCOME:usage_discount"][0] == Decimal("-5.00")
