"""Usage by a price plan gives charges. The stages, in order; each is a module of its own."""

from collections.abc import Sequence

from submeter.core.problem import Problem, Refused
from submeter.rating.adjustments import Adjustment
from submeter.rating.carrying import CarriedMoney, TrueUpMoney
from submeter.rating.model import Charges, LineSet, Period, Terms, Usage
from submeter.rating.netting import Ledger, Netted, Settled
from submeter.rating.program import Step, program_of
from submeter.rating.taxes import payable
from submeter.rating.time_lines import TimeLines
from submeter.tariffs.model import Calendar, Plan

__all__ = ["rate"]

_NO_TERMS = Terms()


def rate(
    usage: Usage,
    plan: Plan,
    calendar: Calendar,
    periods: Sequence[Period],
    terms: Terms = _NO_TERMS,
    *,
    agreements: int = 1,
    parts_of_one: bool = False,
) -> Charges:
    """What each agreement of a batch owes for each of `periods`, in the order of time.

    `agreements` says how many there are where no stream does. With `parts_of_one` the periods are parts of
    one longer period: rounded lines of all parts add up to the rounded line of the whole.

    Raises Refused (RTG1..): a day without price, tax, conversion or usage; time bands on a dial; and others,
    each with what to do. Nothing is charged then.
    """
    _check(periods)
    program = program_of(usage, plan, calendar, tuple(periods), terms, parts_of_one=parts_of_one)
    count = len(usage.streams[0].amounts) if usage.streams else agreements
    done: list[LineSet] = []
    ledger = Ledger(terms.carried)
    for step in program.steps:
        lines = _lines(step, usage, terms, done, count, ledger)
        if lines is not None:
            done.append(lines)
    sums = payable(done, plan, count, len(periods))
    return Charges(tuple(periods), tuple(done), *sums, plan.decimals, program.unmatched, ledger.after)


def _lines(
    step: Step, usage: Usage, terms: Terms, done: Sequence[LineSet], count: int, ledger: Ledger
) -> LineSet | None:
    if isinstance(step, TimeLines):
        return step.lines(terms, count)
    if isinstance(step, Adjustment):
        return step.lines(done, terms, count)
    if isinstance(step, Netted | Settled):
        return step.lines(usage, terms, ledger)
    if isinstance(step, CarriedMoney):
        return step.lines(done, ledger)
    if isinstance(step, TrueUpMoney):
        return step.lines(ledger)
    return step.lines(usage, terms)


def _check(periods: Sequence[Period]) -> None:
    """Refuses (RTG100) periods that are empty, overlap or are out of order."""
    ends = [periods[0].first, *(period.end for period in periods[:-1])] if periods else []
    right = periods and all(period.first < period.end for period in periods)
    if not right or any(period.first < end for period, end in zip(periods, ends, strict=True)):
        said = ", ".join(f"{period.first} to {period.end}" for period in periods) or "none"
        hint = "Give periods of a day or more, in the order of time, that do not overlap"
        raise Refused(Problem("RTG100", "The periods cannot be charged", said, hint))
