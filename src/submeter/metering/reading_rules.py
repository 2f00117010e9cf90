"""The checks of a dial reading, in the order in which they are made: one row of `RULES` each.

A check looks at a `ReadingCase` and says what is wrong, or None. Manual entry, files and the API use the same
rules. `check_reading` is the whole; the queue's actions (process, force, delete) are built on its outcome.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from submeter.core.problem import Problem
from submeter.metering import high_low
from submeter.metering import reading_checks as checks
from submeter.metering.readings import SUB_TYPES, Accepted, Duplicate, Outcome, Queued, Reading, ReadingCase

__all__ = ["RULES", "Rule", "check_reading", "may_be_forced"]

Severity = Literal["exception", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One check. `final`: where it fails, what comes after it cannot be judged.

    `may_force`: a person may accept the reading all the same. Not where the sums could not be made any more:
    no register, no value, a dial that went backwards.
    """

    code: str
    title: str
    hint: str
    check: Callable[[ReadingCase], str | None]
    severity: Severity = "exception"
    final: bool = False
    may_force: bool = True

    def problem(self, case: ReadingCase) -> Problem | None:
        """What is wrong by this rule, if anything."""
        detail = self.check(case)
        context = {"read_on": case.candidate.read_on, "value": case.candidate.value}
        return None if detail is None else Problem(self.code, self.title, detail, self.hint, context)


def check_reading(case: ReadingCase) -> Outcome:
    """Accepted, with warnings perhaps; queued with the reasons; or a duplicate, which is dropped silently."""
    if checks.is_duplicate(case):
        return Duplicate(case.candidate)
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for rule in _rules_for(case.candidate):
        found = rule.problem(case)
        if found is not None:
            (problems if rule.severity == "exception" else warnings).append(found)
            if rule.final:
                break
    if not problems:
        return Accepted(case.candidate, tuple(warnings))
    return Queued(
        case.candidate, tuple(problems), tuple(warnings), case.previous, high_low.likely_roll_over(case)
    )


def may_be_forced(code: str) -> bool:
    """Whether a person may accept a reading that this rule did not let pass."""
    return any(rule.code == code and rule.may_force for rule in RULES)


def _rules_for(candidate: Reading) -> tuple[Rule, ...]:
    """A misread is kept for the record and counts for nothing: it only has to belong somewhere."""
    return tuple(rule for rule in RULES if rule.final) if candidate.sub_type == "MISREAD" else RULES


RULES: tuple[Rule, ...] = (
    Rule(
        "MTR302",
        "No supply point has this identifier",
        "Correct the identifier, or add the supply point; the reading is tried again by itself",
        checks.site_unknown,
        final=True,
        may_force=False,
    ),
    Rule(
        "MTR303",
        "The supply point has no such active meter and register",
        "Correct meter and register, or add the meter; the reading is tried again by itself",
        checks.register_unknown,
        final=True,
        may_force=False,
    ),
    Rule(
        "MTR304",
        "The value is none that a dial can show",
        "Enter the digits",
        checks.no_dial_value,
        final=True,
        may_force=False,
    ),
    Rule(
        "MTR306",
        "There is no such kind of reading",
        f"Use one of {', '.join(SUB_TYPES)}",
        checks.sub_type_unknown,
        final=True,
        may_force=False,
    ),
    Rule(
        "MTR305",
        "Date and time of the reading are of different days",
        "Correct one of them; check the source's clock and the order of day and month",
        checks.time_of_other_day,
        may_force=False,
    ),
    Rule(
        "MTR307",
        "The reading is dated in the future",
        "Correct the date; check the order of day and month",
        checks.in_future,
        may_force=False,
    ),
    Rule(
        "MTR308",
        "No account is open on the day of the reading",
        "Move somebody in (or the occupier) from that day, or delete the reading",
        checks.no_account,
    ),
    Rule(
        "MTR309",
        "The meter was not in place on the day of the reading",
        "Correct the date, or the meter's installation or removal",
        checks.not_installed,
        may_force=False,
    ),
    Rule(
        "MTR319",
        "The meter has no opening index",
        "Enter an OPENING reading of the day of installation, then process this one again",
        checks.no_opening_index,
    ),
    Rule(
        "MTR310",
        "The value has more digits than the dial",
        "Read again without the red digits, or correct the number of digits of the register",
        checks.more_digits,
        may_force=False,
    ),
    Rule(
        "MTR311",
        "The period is billed already",
        "Reverse the bill first, or delete the reading",
        checks.already_billed,
    ),
    Rule(
        "MTR312",
        "Another value is held for the same moment",
        "Force this one and mark the other as MISREAD, or delete this one",
        checks.differs_from_held,
    ),
    Rule(
        "MTR313",
        "More than one reading of a day",
        "Keep the one of the end of the day; force both only if both are needed",
        checks.second_of_day,
    ),
    Rule(
        "MTR317",
        "The add factor is not one turn of the dial, or the dial has not passed zero",
        "Take the add factor away, or correct it to 10 to the number of digits",
        checks.wrong_add_factor,
        may_force=False,
    ),
    Rule(
        "MTR314",
        "The reading is lower than the one before",
        "Add a turn of the dial if it passed zero; else read again, or mark the one before as MISREAD",
        checks.backwards,
        may_force=False,
    ),
    Rule(
        "MTR315",
        "A register of imported energy ran backwards",
        "Look for solar panels or a wrong connection behind the meter, and for a register of export",
        checks.reverse_flow,
        may_force=False,
    ),
    Rule(
        "MTR316",
        "The reading is higher than a later one",
        "Read again, or mark the later one as MISREAD",
        checks.above_next,
        may_force=False,
    ),
    Rule(
        "MTR318",
        "A factor of the gas reading is missing",
        "Enter temperature factor and heating value of the period",
        checks.gas_factor_missing,
        may_force=False,
    ),
    Rule(
        "MTR320",
        "Too many estimates in a row",
        "Have the meter read, or ask the customer for a reading; force if neither is possible",
        checks.too_many_estimates,
    ),
    Rule(
        "MTR321",
        "Use is too high against the past",
        "Compare with a photo or read again; force it if it is right",
        high_low.too_high,
    ),
    Rule(
        "MTR322",
        "Use is too low against the past",
        "Compare with a photo or read again; force it if it is right",
        high_low.too_low,
    ),
    Rule(
        "MTR323",
        "No use for several readings while somebody lives there",
        "See whether the meter has stopped or the home stands empty",
        checks.zero_use,
        "warning",
    ),
    Rule(
        "MTR324",
        "Energy is used where nobody is supplied",
        "Find out who is there; send an occupier letter",
        checks.use_without_supply,
        "warning",
    ),
    Rule(
        "MTR325",
        "A long time since the reading before",
        "See whether a reading is missing in between",
        checks.gap,
        "warning",
    ),
    Rule(
        "MTR326",
        "A later reading is held already",
        "Nothing, if the reading was late; use of both periods changes",
        checks.before_later_one,
        "warning",
    ),
)
"""All checks, in their order. A duplicate has no code: nobody is told of it."""
