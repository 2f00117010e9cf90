"""The exchange of a meter: a final reading of the old, an opening index of the new, no day between them."""

from submeter.core.problem import Problem
from submeter.metering.readings import Reading, RegisterFacts

__all__ = ["check_exchange"]


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
        hint = "Enter a CLOSING reading of the day of removal"
        found.append(Problem("MTR330", "The old meter has no final reading", detail, hint))
    if opening.sub_type != "OPENING" or new.installed_on != opening.read_on:
        detail = f"installed on {new.installed_on}; first: {opening.sub_type} of {opening.read_on}"
        hint = "Enter an OPENING reading of the day of installation: usually what its dial showed, often 0"
        found.append(Problem("MTR331", "The new meter has no opening reading of its first day", detail, hint))
    if new.installed_on and old.removed_on and new.installed_on < old.removed_on:
        detail = f"installed on {new.installed_on}, the old one removed on {old.removed_on}"
        hint = "Correct one of the days: an exchange has the new meter after the old"
        found.append(
            Problem("MTR332", "The new meter was there before the old one was removed", detail, hint)
        )
    return tuple(found)
