"""What terms say of a component on a day: its loss factor, and the days on which any of that changes."""

from datetime import date
from fractions import Fraction

from submeter.rating.model import Terms
from submeter.rating.units import factor_days, factor_on
from submeter.tariffs.model import Component

__all__ = ["loss_on", "term_days"]


def loss_on(component: Component, terms: Terms, day: date) -> Fraction:
    """The product of the loss factors that a component applies."""
    product = Fraction(1)
    for name in component.loss_factors:
        product *= factor_on(terms.loss_factors.get(name, ()), day) or 1
    return product


def term_days(component: Component, terms: Terms) -> set[date]:
    """The days on which a loss factor or the tax of a component changes."""
    days = {
        day
        for tax in terms.taxes
        if tax.code == component.tax_code
        for day in (tax.from_date, tax.to_date)
        if day is not None
    }
    for name in component.loss_factors:
        days |= factor_days(terms.loss_factors.get(name, ()))
    return days
