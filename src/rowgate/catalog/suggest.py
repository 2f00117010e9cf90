"""The nearest right name for a wrong one."""

from collections.abc import Iterable

from rowgate.catalog.model import Routine

# How much alike two names must be before one is offered for the other. A name that was not asked for
# is told to whoever asks, so it must nearly have been known already; PostgREST draws the line there too.
NAMES_ALIKE = 0.75
PARAMETERS_ALIKE = 0.33  # the function's name was right: its parameters are no secret


def nearest(wrong: str, known: Iterable[str], at_least: float = NAMES_ALIKE) -> str | None:
    """The known name most like the wrong one, the first in the alphabet of several; None if none is near.

    Likeness is one less the share of letters to change, whatever their case.
    """
    scored = [(-alike(wrong, name, at_least), name) for name in set(known)]
    score, name = min(scored, default=(0.0, ""))
    return name if -score >= at_least else None


def nearest_parameters(given: Iterable[str], overloads: Iterable[Routine]) -> str | None:
    """The parameters, as ``(a, b)``, of the overload whose parameters are most like the given ones."""
    known = (_listed(parameter.name for parameter in routine.parameters) for routine in overloads)
    return nearest(_listed(given), known, PARAMETERS_ALIKE)


def alike(one: str, other: str, at_least: float = 0.0) -> float:
    """How much alike two names are, from 0 to 1; 0 where it is found to be less than ``at_least``."""
    one, other = one.casefold(), other.casefold()
    longest = max(len(one), len(other))
    if longest == 0:
        return 1.0
    if min(len(one), len(other)) < at_least * longest:  # the lengths alone differ by too much
        return 0.0
    return 1 - _changes(one, other) / longest


def _changes(one: str, other: str) -> int:
    """The least number of letters to insert, delete or replace (Levenshtein's distance)."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, candidate in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (letter != candidate))
    return row[-1]


def _listed(names: Iterable[str]) -> str:
    return f"({', '.join(sorted(names))})"
