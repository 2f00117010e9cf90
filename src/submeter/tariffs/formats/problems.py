"""What may be wrong with a file of price plans, each with its code and what to do about it.

TRF201 to TRF219 are about tables of prices, TRF221 to TRF229 about URDB, TRF231 and up about what is written.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import NamedTuple

from submeter.core.problem import Problem
from submeter.metering.model import Finding
from submeter.tariffs.model import Plan

__all__ = ["Reading", "nearest"]


class Reading(NamedTuple):
    """What a file says: plans that are whole, and what was found. A plan with a bad cell is left out."""

    plans: tuple[Plan, ...]
    findings: tuple[Finding, ...] = ()
    doubtful: frozenset[str] = frozenset()
    """Codes of the plans that lack a price of the file: somebody has to accept that."""
    left_out: int = 0
    """How many plans could not be made."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that looks most like this one; empty where none does."""
    by_key = {one.lower(): one for one in known}
    near = get_close_matches(word.strip().lower(), by_key, n=1, cutoff=0.6)
    return by_key[near[0]] if near else ""


# --- tables of prices ------------------------------------------------------------------------------------


_ALSO_CALLED = {
    "price": "rate",
    "unit price": "rate",
    "tax": "tax_code",
    "days": "day_types",
    "plan": "plan_code",
}
"""Names that people give to columns and that look like none of them, or like a wrong one."""


def unknown_column(name: str, known: Sequence[str]) -> Problem:
    near = _ALSO_CALLED.get(name.strip().lower().replace("_", " ")) or nearest(name, known)
    hint = f"Is it `{near}`? Rename it, or take the column out" if near else "Rename it, or take it out"
    return Problem("TRF201", "A column is not known", name, f"{hint}: a price that nobody reads is no price.")


def missing_columns(names: Sequence[str]) -> Problem:
    return Problem("TRF202", "A column is missing", ", ".join(names), "Add it to the header.")


def doubled_column(name: str) -> Problem:
    return Problem("TRF203", "A column is there twice", name, "Take one of them out.")


def not_a_number(column: str, hint: str = "") -> Problem:
    usual = "Write digits with a point: 0.285. No currency, no thousands comma."
    return Problem("TRF204", "The cell is no number", column, hint or usual)


def too_fine(column: str) -> Problem:
    hint = "Round the price as its owner publishes it: six decimals are kept."
    return Problem("TRF205", "The number has more than six decimals", column, hint)


def not_a_day(column: str) -> Problem:
    return Problem("TRF206", "The cell is no day", column, "Write YYYY-MM-DD or DD/MM/YYYY.")


def not_a_choice(column: str, value: str, known: Sequence[str]) -> Problem:
    near = nearest(value, known)
    hint = (f"Is it `{near}`? " if near else "") + f"Known are: {', '.join(known)}."
    return Problem("TRF207", "The cell holds no known word", column, hint)


def not_understood(column: str, like: str) -> Problem:
    return Problem("TRF208", "The cell is not understood", column, f"Write it like this: {like}.")


def empty_cell(column: str, why: str) -> Problem:
    return Problem("TRF209", "A cell is empty", f"{column}: {why}", "Fill it in.")


def contradiction(column: str, said: str, line: int) -> Problem:
    hint = "Leave the cell empty, or write the same in all rows of the component (or plan)."
    return Problem("TRF210", "Two rows contradict each other", f"{column}: line {line} has {said!r}", hint)


def no_first_day() -> Problem:
    hint = "Fill in `from_date`, or name the first day of prices: `--from 2026-07-01`."
    return Problem("TRF211", "It is not said from when the price holds", hint=hint)


def steps_apart(expected: str) -> Problem:
    hint = "A step begins where the one before it ends. Correct one of them, or leave `step_from` empty."
    return Problem("TRF212", "The steps do not meet", f"the step before ends at {expected}", hint)


def price_twice(line: int) -> Problem:
    hint = "One price for each band, step and first day. Take one out, or correct its band, step or day."
    return Problem("TRF213", "The same price is there twice", f"also in line {line}", hint)


def wrong_width(found: int, expected: int) -> Problem:
    hint = "Look for a comma inside a value, or a missing one."
    detail = f"{found} cells, the header has {expected}"
    return Problem("TRF214", "The row has more cells than the header", detail, hint)


def unreadable_table(why: str) -> Problem:
    hint = "Save the sheet as CSV (UTF-8) again."
    return Problem("TRF215", "The table cannot be read", why, hint)


def unknown_file(name: str) -> Problem:
    hint = "A table of prices begins with a line of column names; URDB is JSON."
    return Problem("TRF216", "The file is no file of price plans", name, hint)


def out_of_range(column: str, what: str) -> Problem:
    return Problem("TRF217", "The number is out of range", f"{column}: {what}", "Correct it.")


def prices_overlap(line: int) -> Problem:
    hint = "Correct `to_date`, the first day on which the price no longer holds. Empty: until the next one."
    return Problem("TRF218", "Two prices hold on the same day", f"line {line} begins before this ends", hint)


def no_plan_in_file(name: str) -> Problem:
    return Problem(
        "TRF219", "No plan of the file can be used", name, "Correct what was found, and try again."
    )


# --- URDB ------------------------------------------------------------------------------------------------


def not_urdb(why: str) -> Problem:
    hint = "Save the answer of URDB's API (version 7 or 8, format json) as it is."
    return Problem("TRF221", "The file is no URDB rate", why, hint)


def wrong_shape(field: str, expected: str) -> Problem:
    return Problem(
        "TRF222", "A field of URDB is not as it must be", f"{field}: {expected}", "Correct the field.",
        {"field": field},
    )  # fmt: skip


def rounded(field: str, value: Decimal, kept: Decimal) -> Problem:
    hint = "Compare with the utility's published price, and correct it if that has fewer decimals."
    detail = f"{field}: {value} is kept as {kept}, {kept - value:+f}"
    return Problem("TRF223", "A price was rounded to six decimals", detail, hint, {"field": field})


def not_carried(field: str, why: str) -> Problem:
    hint = "What it charges is missing in the plan. Add it as a component, or accept the plan without."
    return Problem("TRF224", "A price was not carried over", f"{field}: {why}", hint, {"field": field})


def left_out(fields: Sequence[str]) -> Problem:
    hint = "No price depends on them, unless their text says so. Keep the file if you need them."
    context = {"fields": tuple(fields)}
    return Problem("TRF225", "Fields without a price were left out", ", ".join(fields), hint, context)


def assumed(field: str, what: str) -> Problem:
    hint = "Compare with the utility's tariff sheet, and correct the plan where it differs."
    return Problem(
        "TRF226", "The file leaves open what was assumed", f"{field}: {what}", hint, {"field": field}
    )


def unknown_field(field: str, known: Iterable[str]) -> Problem:
    near = nearest(field, known)
    hint = f"Is it `{near}`? Correct it" if near else "If a price depends on it, add that as a component"
    return Problem("TRF227", "URDB has no such field", field, f"{hint}.", {"field": field})


def not_accepted(code: str) -> Problem:
    hint = (
        "Look at the findings; then add what is missing as components, or take the plan as it is: `--accept`."
    )
    return Problem("TRF228", "The plan lacks a price of its file", code, hint)


# --- writing ---------------------------------------------------------------------------------------------


def cannot_say(plan: str, reasons: Sequence[str]) -> Problem:
    hint = "Export it as CSV (`--format csv`), which says everything."
    context = {"reasons": tuple(reasons)}
    return Problem(
        "TRF231", "The plan cannot be said in URDB", f"{plan}: {'; '.join(reasons)}", hint, context
    )


def no_prices_on(plan: str, day: date) -> Problem:
    hint = "Name a day on which its prices hold: `--on 2026-07-01`."
    return Problem("TRF232", "No price of the plan holds on the day", f"{plan} on {day}", hint)


def several_plans(codes: Sequence[str]) -> Problem:
    hint = "Name one. A table of prices (`--format csv`) has room for many."
    return Problem("TRF234", "Only one plan can be written there", ", ".join(codes), hint)


def not_said(what: Sequence[str]) -> Problem:
    hint = "They are kept in CSV."
    return Problem("TRF233", "URDB has no place for some of the plan", ", ".join(what), hint)
