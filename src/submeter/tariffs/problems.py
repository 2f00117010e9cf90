"""What is refused about price plans, and what is found wrong in them."""

from collections.abc import Sequence
from datetime import date

from submeter.core.problem import Problem


def no_plan(said: str, known: Sequence[str]) -> Problem:
    """No plan of that code, or none that the caller may see."""
    hint = (
        f"One of: {', '.join(known)}" if known else "Add one: POST /price_plans, or `submeter tariff import`"
    )
    return Problem("TRF140", "There is no such price plan", said, hint)


def other_prices(code: str) -> Problem:
    """The plan is in use with other prices."""
    hint = "Say from which day the new ones hold (from_date), or give it another code"
    return Problem("TRF141", "The plan has other prices already, and agreements have it", code, hint)


def no_agreement(said: str) -> Problem:
    """No agreement of that id, or none that the caller may see."""
    hint = "GET /agreements lists those that you may see"
    return Problem("TRF142", "There is no such agreement", said, hint)


def not_kept(said: str, hint: str) -> Problem:
    """A value that the database does not take, and no check found before."""
    return Problem("TRF146", "The database does not take a value", said, hint)


def other_terms(plan: str, day: date) -> Problem:
    """The same plan is planned for later, with other conditions, capacity or offering."""
    hint = (
        "Name the terms of the later one (conditions, capacity), so that it begins earlier; or change its row"
        " in agreement_price_plans first"
    )
    return Problem("TRF147", "The plan is planned for later on other terms", f"{plan} from {day}", hint)


def no_days(first: date, end: date) -> Problem:
    """The end is not after the beginning."""
    hint = "The second day is the first on which the agreement no longer has the plan"
    return Problem("TRF148", "These are no days", f"{first} to {end}", hint)


def no_holidays(jurisdiction: str, known: Sequence[str]) -> Problem:
    """The library knows no such country or state."""
    hint = f"One of: {', '.join(known)}" if known else "Write country and state as ISO 3166 has them: AU-NSW"
    return Problem("TRF143", "Nothing is known of the holidays there", jurisdiction, hint)


def wrong_years(first: int, last: int) -> Problem:
    """From after to, too many, or too far away."""
    hint = "Name the first and the last year, at most 50 of them between 1970 and 2199"
    return Problem("TRF144", "These are no years to fill", f"{first} to {last}", hint)


def no_day() -> Problem:
    """It is not said from when."""
    return Problem("TRF145", "It is not said from which day", "", "Send from_date: 2026-07-01")
