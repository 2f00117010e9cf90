"""What stands in the way of charging an agreement (RTG200 to RTG208), and what a biller looks at besides."""

from collections.abc import Sequence
from datetime import date, timedelta

from submeter.core.problem import Problem

__all__ = [
    "conditions_unnamed",
    "days_billed",
    "holidays_unknown",
    "intervals_do_not_fit",
    "intervals_missing",
    "list_days",
    "no_agreement",
    "no_capacity",
    "no_days",
    "no_line",
    "no_meter",
    "no_period",
    "no_plan_on",
    "no_register_for",
    "nothing_counts",
    "nothing_to_compare",
    "other_currency",
    "other_product",
    "overlapping",
    "readings_missing",
    "several_agreements",
    "share_estimated",
    "too_many_plans",
    "trial_kept",
]

_DAY = timedelta(days=1)
_SHOWN = 6


def list_days(days: Sequence[date]) -> str:
    """Days in words, neighbours as one span: 2026-03-02 to 2026-03-04, 2026-03-09."""
    spans: list[list[date]] = []
    for day in days:
        if spans and day == spans[-1][1] + _DAY:
            spans[-1][1] = day
        else:
            spans.append([day, day])
    words = [str(first) if first == last else f"{first} to {last}" for first, last in spans[:_SHOWN]]
    return ", ".join(words) + (f" and {len(spans) - _SHOWN} more" if len(spans) > _SHOWN else "")


# Nothing is charged ---------------------------------------------------------------------------------------


def no_agreement(agreement: str) -> Problem:
    """Not there, or not the caller's."""
    hint = "GET /agreements lists those that you may see; use the id of one of them"
    return Problem("RTG200", "There is no such agreement", agreement, hint)


def intervals_missing(register: str, days: Sequence[date], count: int) -> Problem:
    hint = "Import the days, or estimate them (submeter intervals estimate); then rate again"
    detail = f"register {register}: {count} on {list_days(days)}"
    context = {"register": register, "days": [str(day) for day in days], "missing": count}
    return Problem("RTG201", "Intervals are missing", detail, hint, context)


def readings_missing(register: str, days: Sequence[date]) -> Problem:
    hint = "Enter a reading (an ESTIMATE, if nobody read it) at both ends of the period; then rate again"
    detail = f"register {register}: {list_days(days)}"
    context = {"register": register, "days": [str(day) for day in days]}
    return Problem("RTG202", "No readings around these days", detail, hint, context)


def intervals_do_not_fit(register: str) -> Problem:
    hint = (
        "Give each day one version, with the clock that its source states and intervals that divide the day"
    )
    return Problem(
        "RTG203", "Intervals overlap, or do not fit the billing days", f"register {register}", hint
    )


def no_days(first: date, end: date, of: str) -> Problem:
    hint = "Choose days within the agreement"
    return Problem("RTG204", "The agreement has none of these days", f"{first} to {end}; it has {of}", hint)


def no_plan_on(days: Sequence[date]) -> Problem:
    hint = "Give the agreement a price plan on these days (agreement_price_plans), or rate others"
    context = {"days": [str(day) for day in days]}
    return Problem("RTG205", "There is no price plan on these days", list_days(days), hint, context)


def no_capacity(component: str) -> Problem:
    hint = "Write it to capacity of the agreement's row in agreement_price_plans"
    return Problem("RTG206", "The agreed capacity is not known", component, hint)


def no_meter() -> Problem:
    hint = "Install a meter with registers at the supply point (submeter meter, meter_installations)"
    return Problem("RTG207", "There is no meter for what the plan charges by meter", "", hint)


def no_period(first: date, end: date, longest: int) -> Problem:
    hint = f"Ask for 1 to {longest} days; the second day is the first that is not charged"
    return Problem("RTG208", "The days cannot be charged", f"{first} to {end}", hint)


# Worth a look ---------------------------------------------------------------------------------------------


def no_register_for(component: str, wanted: str) -> Problem:
    hint = "Give a register of the meter this type, or take the component out of the plan"
    return Problem("RTG210", "A component has no register to count", f"{component} wants {wanted}", hint)


def nothing_counts(register: str) -> Problem:
    hint = "Add a component for it to the plan, or correct the register's type"
    return Problem("RTG211", "A register is charged by no component", register, hint)


def share_estimated(register: str, percent: str) -> Problem:
    hint = "The next actual will correct it"
    context = {"register": register, "percent": percent}
    return Problem("RTG212", "A part is estimated", f"register {register}: {percent} %", hint, context)


def conditions_unnamed(name: str, near: str) -> Problem:
    hint = f"Is it {near}? " if near else ""
    hint += "Correct conditions of the agreement's row in agreement_price_plans, or the discount of the plan"
    return Problem("RTG214", "No discount of the plan asks for a condition", name, hint)


# Other ----------------------------------------------------------------------------------------------------


def no_line(number: object) -> Problem:
    hint = "GET /rated_lines lists the lines that you may see"
    return Problem("RTG220", "There is no such rated line", str(number), hint)


def several_agreements(said: str, found: Sequence[str]) -> Problem:
    """An account with power and gas, or two homes: the wrong one is not changed by mistake."""
    hint = "Name one by its id, or by an identifier of its supply point"
    return Problem("RTG228", "Several agreements have that name", f"{said}: {', '.join(found)}", hint)


def nothing_to_compare(what: str) -> Problem:
    hint = "Look at the days, the plan's code and its status, and at which agreements have it"
    return Problem("RTG227", "There is nothing to compare", what, hint)


def days_billed(billed_to: date) -> Problem:
    """Lines of days that are billed stay: what the bill says is in them."""
    hint = f"Rate without store, or from {billed_to} on"
    return Problem("RTG229", "The days are billed", f"the agreement is billed to {billed_to}", hint)


def too_many_plans(count: int, most: int) -> Problem:
    hint = "Name fewer plans"
    return Problem("RTG221", "Too many plans at once", f"{count}; {most} at the most", hint)


def other_currency(plan: str, currency: str, usual: str) -> Problem:
    hint = "Correct the plan's currency (a table without one has AUD), or take plans of one currency"
    detail = f"{plan}: {currency}, not {usual}"
    return Problem("RTG223", "Plans of two currencies cannot be compared", detail, hint)


def trial_kept(plan: str) -> Problem:
    """What an agreement would have cost is not what it owes."""
    hint = (
        "Leave store out; or give the agreement the plan (rpc/assign_price_plan) and rate without naming it"
    )
    return Problem("RTG224", "What a plan would have cost is not kept", plan, hint)


def other_product(plan: str, product: str, products: str) -> Problem:
    hint = "Name a plan of the product that is supplied"
    detail = f"{plan} is a plan of {product}, the agreement has {products}"
    return Problem("RTG225", "The plan is of another product", detail, hint)


def overlapping(first: date, end: date) -> Problem:
    """Lines are kept of days beside those that are to be kept, by one rating: they would stand no more."""
    hint = f"Rate all days from {first} to {end} at once"
    detail = f"lines are kept for {first} to {end}; some of these days would have none that stand"
    return Problem("RTG226", "Kept lines of other days would be lost", detail, hint)


def holidays_unknown(component: str, years: Sequence[int]) -> Problem:
    """A remark: what is charged is right only if there was no holiday."""
    hint = "Fill the calendar of the site (submeter calendar fill, rpc/fill_calendar), and rate again"
    detail = f"{component} has prices for them; of {', '.join(map(str, years))} none are known"
    return Problem("RTG213", "Public holidays are not known", detail, hint)
