"""Lines that rest on other lines: discounts, minimum charges, concessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np

from submeter.rating.exact import add, common_scale, greatest, muldiv, rescale, times
from submeter.rating.line_sets import by_period, frame_of, is_inclusive, line_set, of_parts, sum_by_tax
from submeter.rating.model import Exact, IntArray, LineSet, Period, Terms
from submeter.rating.prices import MICRO, LineKey, PriceTable, find_rate, price_table, rate_days
from submeter.rating.segments import Segment, month_share, segments, year_share
from submeter.rating.terms import term_days
from submeter.rating.time_lines import time_share
from submeter.tariffs.model import Component, DiscountRule, Plan

__all__ = ["Adjustment", "adjustment", "looks_at"]

_NO_BASE = {
    "discount": ("discount", "minimum", "feed_in", "concession"),
    "minimum": ("minimum", "feed_in", "concession"),
    "concession": ("concession",),
}
"""What an adjustment does not look at unless it names it."""


def looks_at(component: Component, other: Component) -> bool:
    """Whether the lines of another component, if they come before it, are of its base."""
    if component.base:
        return other.code in component.base
    return other.kind not in _NO_BASE[component.kind]


@dataclass(frozen=True, slots=True, eq=False)
class Adjustment:
    """A component whose lines are worked out from those before it."""

    component: Component
    plan: Plan
    periods: tuple[Period, ...]
    parts: tuple[Segment, ...]
    table: PriceTable
    """One part a period and price."""
    spans: Exact
    """(1, parts): how many days, months, ... of each part it is given for."""
    year_starts: int

    def lines(self, done: Sequence[LineSet], terms: Terms, count: int) -> LineSet | None:
        """None where it does not apply."""
        rule = self.component.discount or DiscountRule()
        if self.component.kind == "minimum":
            return self._minimum(done, terms, count)
        if rule.condition and rule.condition not in terms.conditions:
            return None
        return self._reduction(rule, done, count)

    def _minimum(self, done: Sequence[LineSet], terms: Terms, count: int) -> LineSet:
        """What is missing from the minimum. A yearly one is settled in the period that ends the year.

        Credits that exceed the charges of a period count as nothing reached: they are paid all the same.
        """
        base = self._base(done, count, inclusive=self.component.tax_inclusive)
        reached = Exact(np.maximum(base.values, 0), base.scale)
        least = self._by_period(self.table.money(self.spans), count)
        if self.component.unit == "year":
            reached, least = self._of_year(reached, least, terms)
        scale = common_scale([reached.scale, least.scale])
        missing = np.maximum(rescale(least, scale).values - rescale(reached, scale).values, 0)
        return self._line_set(Exact(missing, scale), [self._tax(place) for place in self._places()])

    def _of_year(self, reached: Exact, least: Exact, terms: Terms) -> tuple[Exact, Exact]:
        before = Fraction(0) if terms.charged_this_year is None else self._owed_before(terms)
        scale = common_scale([reached.scale, least.scale, MICRO, *([before] if before else [])])
        so_far, owed = (_roomy(rescale(one, scale).values) for one in (reached, least))
        if terms.charged_this_year is not None:
            so_far[:, 0] += rescale(Exact(terms.charged_this_year, MICRO), scale).values
            owed[:, 0] += int(before / scale)
        for place, period in enumerate(self.periods):
            if not self._ends_year(period):
                if place + 1 < len(self.periods):
                    so_far[:, place + 1] += so_far[:, place]
                    owed[:, place + 1] += owed[:, place]
                owed[:, place] = 0
        return Exact(so_far, scale), Exact(owed, scale)

    def _owed_before(self, terms: Terms) -> Fraction:
        """The minimum of the days of the year before the first period, since the agreement is charged."""
        first, component = self.periods[0].first, self.component
        began = date(first.year - (first.month < self.year_starts), self.year_starts, 1)
        since = max(began, terms.charged_since or began)
        if since >= first:
            return Fraction(0)
        days = segments([Period(since, first)], rate_days(component.rates), component.from_date)
        priced = ((part, find_rate(component, part.first, "", 1)) for part in days)
        owed = (
            Fraction(rate.price) * year_share(part.first, part.end, self.year_starts)
            for part, rate in priced
            if rate
        )
        return sum(owed, Fraction(0))

    def _ends_year(self, period: Period) -> bool:
        """Whether the year's last day lies in the period, or the component's own last day does."""
        last = date(period.first.year + (period.first.month >= self.year_starts), self.year_starts, 1)
        closes = self.component.to_date
        return period.end >= last or (closes is not None and period.first < closes <= period.end)

    def _reduction(self, rule: DiscountRule, done: Sequence[LineSet], count: int) -> LineSet | None:
        """A discount or concession, one line for each price and each tax of its base."""
        gross = is_inclusive(self.component)
        bases = sum_by_tax(self._looked_at(done), self.plan, len(self.periods), inclusive=gross)
        if not bases:
            return None
        whole = add(list(bases.values()))
        given = self._given(rule, whole, count)
        if self.component.kind == "concession":
            return self._line_set(_negative(given), [Decimal(0)] * len(self._places()))
        return self._by_tax(given, whole, bases)

    def _by_tax(self, given: Exact, whole: Exact, bases: dict[Decimal, Exact]) -> LineSet:
        """A discount is taxed as what it is taken from: shared among the taxes of its base."""
        if len(bases) == 1:
            return self._line_set(_negative(given), [next(iter(bases))] * len(self._places()))
        scale = common_scale([whole.scale, *(base.scale for base in bases.values())])
        total = rescale(whole, scale).values
        left, columns, taxes = given.values.copy(), [], []
        for place, (percent, base) in enumerate(bases.items()):
            last = place == len(bases) - 1
            part = left if last else muldiv(given.values, rescale(base, scale).values, total)
            left = left - part
            columns.append(part)
            taxes += [percent] * len(self._places())
        return self._line_set(_negative(Exact(np.concatenate(columns, axis=1), given.scale)), taxes)

    def _given(self, rule: DiscountRule, whole: Exact, count: int) -> Exact:
        """(A, P): the discount as a positive amount, within its threshold, cap and base.

        Where usage is corrected downwards the base is negative, and so is a percentage: it takes back what
        was given on what was not used. Where a price is below zero it is a surcharge, which has no base to
        stay within.
        """
        if rule.how == "percent":
            given = self._percent(rule, whole)
        else:
            given = self._by_period(self.table.money(self.spans), count)
        if (self.table.prices < 0).any():
            return self._capped(rule, given)
        scale = common_scale([given.scale, whole.scale])
        base = rescale(whole, scale).values
        found = np.clip(rescale(given, scale).values, np.minimum(base, 0), np.maximum(base, 0))
        return self._capped(rule, Exact(found, scale))

    def _percent(self, rule: DiscountRule, whole: Exact) -> Exact:
        """The percentages of the parts, weighed by their days, of what exceeds the threshold."""
        base = whole
        if rule.threshold:
            kept = of_parts([Fraction(rule.threshold) * self._years(period) for period in self.periods])
            scale = common_scale([base.scale, kept.scale])
            over = rescale(base, scale).values - rescale(kept, scale).values
            base = Exact(np.maximum(over, 0), scale)
        weights = [Fraction(0)] * len(self.periods)
        for part, price in zip(self.parts, self.table.prices, strict=True):
            days = self.periods[part.period].days
            weights[part.period] += Fraction(int(price), 10**8) * _days_given(rule, part) / days
        shares = of_parts(weights)
        return Exact(times(base.values, shares.values), base.scale * shares.scale)

    def _capped(self, rule: DiscountRule, given: Exact) -> Exact:
        if rule.cap is None:
            return given
        spans = {
            "day": lambda period: Fraction(period.days),
            "month": lambda period: month_share(period.first, period.end),
            "period": lambda _: Fraction(1),
            "year": self._years,
        }
        caps = of_parts([Fraction(rule.cap) * spans[rule.cap_per](period) for period in self.periods])
        scale = common_scale([given.scale, caps.scale])
        most = rescale(caps, scale).values
        return Exact(np.clip(rescale(given, scale).values, -most, most), scale)

    def _years(self, period: Period) -> Fraction:
        return year_share(period.first, period.end, self.year_starts)

    def _looked_at(self, done: Sequence[LineSet]) -> list[LineSet]:
        return [lines for lines in done if looks_at(self.component, lines.component)]

    def _base(self, done: Sequence[LineSet], count: int, *, inclusive: bool) -> Exact:
        sums = sum_by_tax(self._looked_at(done), self.plan, len(self.periods), inclusive=inclusive)
        if not sums:
            return Exact(np.zeros((count, len(self.periods)), np.int64), Fraction(1))
        return add(list(sums.values()))

    def _by_period(self, money: Exact, count: int) -> Exact:
        """(1, lines of the table) to (A, P)."""
        period = np.array([key.period for key in self.table.keys], np.int64)
        sums = by_period(money.values, period, len(self.periods))
        return Exact(np.broadcast_to(sums, (count, len(self.periods))), money.scale)

    def _places(self) -> list[int]:
        """The periods in which the component holds."""
        return sorted({part.period for part in self.parts})

    def _tax(self, period: int) -> Decimal:
        return next(key.tax for key in self.table.keys if key.period == period)

    def _line_set(self, amounts: Exact, taxes: Sequence[Decimal]) -> LineSet:
        """Lines of (A, P x groups): only the periods in which the component holds."""
        places, periods = self._places(), len(self.periods)
        groups = len(taxes) // len(places)
        columns = [group * periods + place for group in range(groups) for place in places]
        keys = [self._key(place, tax) for place, tax in zip(places * groups, taxes, strict=True)]
        spans = tuple((self.periods[key.period].first, self.periods[key.period].end) for key in keys)
        none = np.zeros(0, np.int64)
        table = PriceTable(none, 1, Fraction(1), tuple(keys), spans, None, none)
        chosen = Exact(_columns(amounts.values, columns), amounts.scale)
        ones = Exact(np.ones_like(chosen.values), Fraction(1))
        frame = frame_of(self.component, table, ("",), range(len(keys)))
        return line_set(frame, self.plan, ones, chosen)

    def _key(self, place: int, tax: Decimal) -> LineKey:
        rate = next(key.rate for key in self.table.keys if key.period == place)
        return LineKey(place, 0, 1, rate, Fraction(1), tax)


def adjustment(
    component: Component, plan: Plan, periods: Sequence[Period], terms: Terms, year_starts: int
) -> Adjustment | None:
    """What can be worked out before other lines are. None where the component holds on no day."""
    cuts = rate_days(component.rates) | term_days(component, terms)
    rule = component.discount or DiscountRule()
    # Prices that hold for some months only change where months do.
    parts = segments(periods, cuts, component.from_date, component.to_date, by_month=bool(rule.months))
    if not parts:
        return None
    table = price_table(component, parts, ("",), 1, [Fraction(1)] * len(parts), terms)
    spans = of_parts([_span(component, rule, part, periods[part.period], year_starts) for part in parts])
    return Adjustment(component, plan, tuple(periods), parts, table, spans, year_starts)


def _span(
    component: Component, rule: DiscountRule, part: Segment, period: Period, year_starts: int
) -> Fraction:
    """How many times the price is given for a part."""
    if component.kind == "minimum":
        return time_share(component, part, year_starts, period.days)
    if not _days_given(rule, part):
        return Fraction(0)
    if rule.how == "per_day":
        return Fraction(part.days)
    if rule.how == "per_month":
        return month_share(part.first, part.end)
    return Fraction(part.days, period.days)


def _days_given(rule: DiscountRule, part: Segment) -> int:
    return part.days if not rule.months or part.first.month in rule.months else 0


def _roomy(values: IntArray) -> IntArray:
    """A copy, of Python's own integers where sums along a row could overflow int64."""
    fits = values.dtype == object or greatest(values) * 2 * max(values.shape[1], 1) < 1 << 62
    return values.astype(values.dtype if fits else object)


def _columns(values: IntArray, columns: Sequence[int]) -> IntArray:
    return values if list(columns) == list(range(values.shape[1])) else values[:, list(columns)]


def _negative(amount: Exact) -> Exact:
    return Exact(-amount.values, amount.scale)
