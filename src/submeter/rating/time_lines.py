"""Lines of what is priced by time: supply each day, a price each month, capacity that was agreed."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.rating.line_sets import frame_of, keys_of_shares, line_set, of_parts
from submeter.rating.model import Exact, Frame, LineSet, Period, Terms
from submeter.rating.prices import PriceTable, price_table, rate_days
from submeter.rating.segments import Segment, month_share, months_begun, segments, year_share
from submeter.rating.terms import term_days
from submeter.rating.workings import workings
from submeter.tariffs.model import Component, Plan

__all__ = ["TimeLines", "time_lines", "time_share"]

_CAPACITY_SCALE = Fraction(1, 1000)


@dataclass(frozen=True, slots=True, eq=False)
class TimeLines:
    """The lines of a component that looks at no meter."""

    component: Component
    plan: Plan
    table: PriceTable
    quantity: Exact
    """(1, parts): days, months or years; of capacity 1, and the months are factors."""
    frame: Frame

    def lines(self, terms: Terms, count: int) -> LineSet:
        """The lines of `count` agreements."""
        quantity = self._of_capacity(terms) if self.component.kind == "capacity" else self.quantity
        money, merged = self.table.money(quantity), self.table.merged(quantity)
        wide = (count, len(self.table.keys))
        return line_set(
            self.frame,
            self.plan,
            Exact(np.broadcast_to(merged.values, wide), merged.scale),
            Exact(np.broadcast_to(money.values, wide), money.scale),
        )

    def _of_capacity(self, terms: Terms) -> Exact:
        if terms.capacity is None:
            hint = "Give the agreement's capacity in kW or kVA"
            raise Refused(Problem("RTG116", "The agreed capacity is not known", self.component.code, hint))
        ones = np.ones((1, self.quantity.values.shape[1]), np.int64)
        return Exact(terms.capacity[:, None] * ones, _CAPACITY_SCALE)


def time_lines(
    component: Component,
    plan: Plan,
    periods: Sequence[Period],
    terms: Terms,
    year_starts: int,
    *,
    parts_of_one: bool,
) -> TimeLines | None:
    """What can be worked out before there are agreements. None where the component holds on no day."""
    cuts = rate_days(component.rates) | term_days(component, terms)
    of_months = component.unit != "day"
    capacity = component.kind == "capacity"
    parts = segments(periods, cuts, component.from_date, component.to_date, by_month=capacity)
    if not parts:
        return None
    spans = [time_share(component, part, year_starts, periods[part.period].days) for part in parts]
    ones = [Fraction(1)] * len(parts)
    table = price_table(component, parts, ("",), 1, spans if capacity else ones, terms, monthly=capacity)
    shares: Sequence[Hashable] = keys_of_shares(table.keys, parts_of_one=parts_of_one)
    if of_months:  # shares of one price, which add up to its rounded whole
        shares = [(parts_of_one or key.period, key.part) for key in table.keys]
    return TimeLines(
        component,
        plan,
        table,
        of_parts(ones if capacity else spans),
        frame_of(component, table, ("",), shares, workings(component, table, parts, 1)),
    )


def time_share(component: Component, part: Segment, year_starts: int, period_days: int) -> Fraction:
    """How many of the component's units of time a part is: days, weeks, billing periods, months or years.

    A part of a period counts by its days. Months that are not prorated count in full, if they begin in the
    part, else not at all.
    """
    unit = component.unit
    if unit in ("day", "week"):
        return Fraction(part.days, 7 if unit == "week" else 1)
    if unit == "period":
        return Fraction(part.days, period_days)
    if unit == "year":
        return year_share(part.first, part.end, year_starts)
    if not component.prorate:
        return Fraction(months_begun(part.first, part.end))
    return month_share(part.first, part.end)
