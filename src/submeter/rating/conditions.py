"""What an agreement is said to have, and no discount of its plan asks for: a word that was misspelt."""

from collections.abc import Iterable

from submeter.core.problem import Problem
from submeter.rating.problems import conditions_unnamed
from submeter.tariffs.formats.problems import nearest
from submeter.tariffs.model import Plan
from submeter.tariffs.remarks import USUAL_CONDITIONS

__all__ = ["check_conditions"]


def check_conditions(plan: Plan, conditions: Iterable[str]) -> list[Problem]:
    """RTG214. The usual ways to pay are told only where a discount asks for something like them: whoever pays
    by direct debit does so on a plan that gives nothing for it, too."""
    named = {one.discount.condition for one in plan.components if one.discount} - {""}
    found = []
    for name in sorted(set(conditions) - named):
        near = nearest(name, named)
        if near or name not in USUAL_CONDITIONS:
            found.append(conditions_unnamed(name, near or nearest(name, USUAL_CONDITIONS)))
    return found
