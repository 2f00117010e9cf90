"""What an offering gives or takes on top of a plan, as components of that plan."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from submeter.tariffs.model import Component, DiscountRule, Rate

__all__ = ["Schedule", "inducement_components"]


class Schedule(NamedTuple):
    """An amount or a percentage that an inducement gives (below zero) or takes, for whom and how often."""

    code: str
    """Of the inducement."""
    type: Literal[
        "postage_fee", "direct_debit_discount", "usage_discount", "late_payment_fee", "credit", "other"
    ]
    amount: Decimal | None
    percent: Decimal | None
    from_date: date
    to_date: date | None = None
    component_codes: tuple[str, ...] = ()
    customer_type: str | None = None
    payment_method: str | None = None
    frequency: Literal["periodic", "per_invoice", "first_invoices"] = "per_invoice"
    invoices: int | None = None
    invoice_description: str = ""
    tax_code: str = ""
    tax_inclusive: bool = False


def inducement_components(
    schedules: Iterable[Schedule], *, customer_type: str, conditions: frozenset[str], invoices_before: int = 0
) -> tuple[Component, ...]:
    """The components that schedules come to for an agreement.

    A payment method is one of `conditions`. A schedule for the first invoices has passed when
    `invoices_before` have been sent. Fees for late payment are no part of what is used, and are left to
    whoever sees that a payment is late.
    """
    held = [
        schedule
        for schedule in schedules
        if schedule.type != "late_payment_fee"
        and schedule.customer_type in (None, customer_type)
        and (schedule.payment_method is None or schedule.payment_method in conditions)
        and (schedule.invoices is None or invoices_before < schedule.invoices)
    ]
    return tuple(_numbered(held))


def _numbered(schedules: Iterable[Schedule]) -> Iterator[Component]:
    """Each with a code of its own, that no component of a plan can have: plans' codes have no colon."""
    taken: dict[str, int] = {}
    for schedule in schedules:
        code = f"{schedule.code}:{schedule.type}"
        taken[code] = taken.get(code, 0) + 1
        yield _component(schedule, code if taken[code] == 1 else f"{code}:{taken[code]}")


def _component(schedule: Schedule, code: str) -> Component:
    name = schedule.invoice_description or schedule.type.replace("_", " ").capitalize()
    if schedule.percent is not None:
        rate = Rate(schedule.from_date, -schedule.percent, schedule.to_date)
        return Component(
            code=code,
            kind="discount",
            name=name,
            unit="percent",
            rates=(rate,),
            discount=DiscountRule("percent"),
            base=schedule.component_codes,
            from_date=schedule.from_date,
            to_date=schedule.to_date,
        )
    assert schedule.amount is not None, "a schedule has an amount or a percentage"
    return Component(
        code=code,
        kind="fixed",
        name=name,
        unit="period",
        rates=(Rate(schedule.from_date, schedule.amount, schedule.to_date),),
        tax_code=schedule.tax_code,
        tax_inclusive=schedule.tax_inclusive,
        from_date=schedule.from_date,
        to_date=schedule.to_date,
    )
