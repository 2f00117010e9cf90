"""The exchange of a meter: a final reading of the old, an opening index of the new, no day between them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from submeter.core.problem import Problem
from submeter.metering.reading_rules import check_reading
from submeter.metering.readings import Queued, Reading, ReadingCase, RegisterFacts

__all__ = ["check_exchange", "check_readings", "no_final", "no_opening"]


def no_final(detail: str) -> Problem:
    """The old meter is taken away unread."""
    hint = "Enter a CLOSING reading of the day of removal"
    return Problem("MTR330", "The old meter has no final reading", detail, hint)


def no_opening(detail: str) -> Problem:
    """Nobody knows where the new meter began."""
    hint = "Enter an OPENING reading of the day of installation: usually what its dial showed, often 0"
    return Problem("MTR331", "The new meter has no opening reading of its first day", detail, hint)


def check_exchange(
    old: RegisterFacts, final: Reading, new: RegisterFacts, opening: Reading
) -> tuple[Problem, ...]:
    """What is wrong with an exchange; empty if it can be done.

    The final reading passes the rules of every reading besides. The old meter is removed on the day of its
    final reading, and the new one is installed on that day or later.
    """
    found = []
    if final.sub_type != "CLOSING" or old.removed_on != final.read_on:
        detail = f"removed on {old.removed_on}; last: {final.sub_type} of {final.read_on}"
        found.append(no_final(detail))
    if opening.sub_type != "OPENING" or new.installed_on != opening.read_on:
        detail = f"installed on {new.installed_on}; first: {opening.sub_type} of {opening.read_on}"
        found.append(no_opening(detail))
    if new.installed_on and old.removed_on and new.installed_on < old.removed_on:
        detail = f"installed on {new.installed_on}, the old one removed on {old.removed_on}"
        hint = "Correct one of the days: an exchange has the new meter after the old"
        found.append(
            Problem("MTR332", "The new meter was there before the old one was removed", detail, hint)
        )
    return tuple(found)


def check_readings(
    old: RegisterFacts,
    final: Reading,
    new: RegisterFacts,
    opening: Reading,
    before: Sequence[Reading],
    last_billed: Reading | None,
    today: date,
) -> tuple[Problem, ...]:
    """What the rules of every reading say of both. `before` is what was read of the old meter, in time."""
    # A meter that was never read has no opening index to compare with; it can be taken away all the same.
    was = old if before else replace(old, installed_on=None)
    actual = [reading for reading in before if not reading.is_estimate]
    cases = (
        ReadingCase(
            final,
            today,
            register=was,
            previous=before[-1] if before else None,
            last_actual=actual[-1] if actual else None,
            last_billed=last_billed,
        ),
        ReadingCase(opening, today, register=new),
    )
    outcomes = [check_reading(case) for case in cases]
    return tuple(problem for one in outcomes if isinstance(one, Queued) for problem in one.problems)
