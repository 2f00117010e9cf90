"""What an offering gives or takes on top of a plan, as components of that plan."""

from collections.abc import Sequence
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
    customer_type: str | None = None
    payment_method: str | None = None
    frequency: Literal["periodic", "per_invoice", "first_invoices"] = "per_invoice"
    invoices: int | None = None
    invoice_description: str = ""
    tax_code: str = ""
    tax_inclusive: bool = False
    component_codes: tuple[str, ...] = ()
    """A percentage is of these; empty: of all."""


def inducement_components(
    schedules: Sequence[Schedule],
    *,
    customer_type: str,
    conditions: frozenset[str],
    bills: Sequence[date],
    given: Sequence[int],
) -> tuple[tuple[int, Component], ...]:
    """The components that schedules come to for an agreement, each with the place of its schedule.

    A payment method is one of `conditions`. `bills` are the days on which the bills end that are worked out,
    `given` says how many bills before had each schedule; one for the first bills ends with the last of them.
    Fees for late payment are no part of what is used, and are left to whoever sees that a payment is late.
    """
    found, taken = [], dict[str, int]()
    for place, (schedule, had) in enumerate(zip(schedules, given, strict=True)):
        ends = _last_day(schedule, bills, had)
        if ends is not None and _is_for(schedule, customer_type, conditions):
            code = f"{schedule.code}:{schedule.type}"
            taken[code] = taken.get(code, 0) + 1
            # No component of a plan can have the code: those have no colon.
            code = code if taken[code] == 1 else f"{code}:{taken[code]}"
            found.append((place, _component(schedule, code, None if ends == date.max else ends)))
    return tuple(found)


def _is_for(schedule: Schedule, customer_type: str, conditions: frozenset[str]) -> bool:
    return (
        schedule.type != "late_payment_fee"
        and schedule.customer_type in (None, customer_type)
        and (schedule.payment_method is None or schedule.payment_method in conditions)
    )


def _last_day(schedule: Schedule, bills: Sequence[date], had: int) -> date | None:
    """The first day on which it does not hold any more; None where it has passed."""
    ends = schedule.to_date or date.max
    if schedule.invoices is None:
        return ends
    left = schedule.invoices - had
    if left <= 0:
        return None
    return min(ends, bills[left - 1]) if left < len(bills) else ends


def _component(schedule: Schedule, code: str, to_date: date | None) -> Component:
    name = schedule.invoice_description or schedule.type.replace("_", " ").capitalize()
    if schedule.percent is not None:
        rate = Rate(schedule.from_date, -schedule.percent, to_date)
        return Component(
            code=code,
            kind="discount",
            name=name,
            unit="percent",
            rates=(rate,),
            discount=DiscountRule("percent"),
            base=schedule.component_codes,
            from_date=schedule.from_date,
            to_date=to_date,
        )
    assert schedule.amount is not None, "a schedule has an amount or a percentage"
    return Component(
        code=code,
        kind="fixed",
        name=name,
        unit="period",
        rates=(Rate(schedule.from_date, schedule.amount, to_date),),
        tax_code=schedule.tax_code,
        tax_inclusive=schedule.tax_inclusive,
        from_date=schedule.from_date,
        to_date=to_date,
    )
