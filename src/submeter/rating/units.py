"""What a unit is in another one: metric prefixes, energy, volumes, and what a site's conversions say."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from submeter.core.problem import Problem, Refused
from submeter.rating.model import Dated, Terms

__all__ = ["convert", "converts", "factor_days", "factor_on"]

_SIZES: dict[str, tuple[str, Fraction]] = {
    "Wh": ("energy", Fraction(3600)),
    "kWh": ("energy", Fraction(3_600_000)),
    "MWh": ("energy", Fraction(3_600_000_000)),
    "MJ": ("energy", Fraction(1_000_000)),
    "GJ": ("energy", Fraction(1_000_000_000)),
    "L": ("volume", Fraction(1)),
    "kL": ("volume", Fraction(1000)),
    "m3": ("volume", Fraction(1000)),
    "ML": ("volume", Fraction(1_000_000)),
    # A hundred cubic feet, as imperial gas meters count them; 2.83 m3 by the UK's regulations.
    "hcf": ("volume", Fraction(2830)),
    "ft3": ("volume", Fraction(283, 10)),
}


def factor_on(factors: Sequence[Dated], day: date) -> Fraction | None:
    """The factor of a day, if there is one."""
    return next((one.factor for one in factors if one.from_date <= day < one.to_date), None)


def factor_days(factors: Sequence[Dated]) -> set[date]:
    """The days on which a factor begins or ends."""
    return {day for one in factors for day in (one.from_date, one.to_date)}


def converts(product: str, unit: str, wanted: str, terms: Terms) -> tuple[tuple[Dated, ...], Fraction] | None:
    """How `unit` of a product becomes `wanted`: dated factors (empty: none needed) and a fixed one.

    None where nobody says. Gas in m3 is priced in kWh by a conversion to kWh, or to MJ and from there.
    """
    fixed = _ratio(unit, wanted)
    if fixed is not None:
        return (), fixed
    for (of, source, target), factors in terms.conversions.items():
        before, after = _ratio(unit, source), _ratio(target, wanted)
        if of == product and before is not None and after is not None:
            return factors, before * after
    return None


def convert(factors: Sequence[Dated], fixed: Fraction, product: str, day: date) -> Fraction:
    """The factor of one day. Refuses (RTG105) a day that no conversion covers."""
    found = factor_on(factors, day) if factors else Fraction(1)
    if found is None:
        hint = "Add the conversion (heating value, MJ per litre, ...) that holds on that day for the site"
        raise Refused(Problem("RTG105", "There is no conversion for a day", f"{product} on {day}", hint))
    return found * fixed


def _ratio(unit: str, wanted: str) -> Fraction | None:
    if unit == wanted:
        return Fraction(1)
    (kind, size), (other, part) = _SIZES.get(unit, ("", 1)), _SIZES.get(wanted, ("-", 1))
    return Fraction(size) / part if kind == other else None
