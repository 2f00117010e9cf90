"""Lines of money that metering options carry over, and of what the end of the year pays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np

from submeter.rating.exact import add, common_scale, narrow, rescale, times
from submeter.rating.line_sets import is_inclusive, line_set, of_parts, sum_by_tax, tax_share
from submeter.rating.metering_options import Carry, carry_money, settling
from submeter.rating.model import Exact, Frame, IntArray, LineSet, Period
from submeter.rating.netting import Ledger
from submeter.rating.prices import MICRO
from submeter.tariffs.model import Plan, Rate

__all__ = ["CARRIED", "TRUE_UP", "CarriedMoney", "TrueUpMoney", "money_frame"]

CARRIED, TRUE_UP = "carried", "true_up"
"""What the lines show as their band."""
_NAMES = {CARRIED: "Credit carried over", TRUE_UP: "Credit paid at the end of the year"}
_ENERGY = ("usage", "controlled_load", "pass_through", "spot", "green")
"""What credits are used for."""


@dataclass(frozen=True, slots=True, eq=False)
class CarriedMoney:
    """Credits are held back as far as they exceed what energy costs, and used later: one line a period."""

    frame: Frame
    plan: Plan
    periods: tuple[Period, ...]

    def lines(self, done: Sequence[LineSet], ledger: Ledger) -> LineSet:
        """Positive is held back; negative is used of what was held back before. Tax is within."""
        charges = self._sum(done, _ENERGY)
        credit = self._sum(done, ("feed_in",))
        scale = common_scale([charges.scale, credit.scale, MICRO])
        owed, earned = rescale(charges, scale).values, -rescale(credit, scale).values
        found = self._carry(owed, earned, ledger, scale)
        ledger.keep("money", Exact(found.carried, scale), MICRO)
        ledger.paid = Exact(found.paid, scale)
        return _money_lines(self.frame, self.plan, Exact(narrow(earned - found.applied), scale))

    def _carry(self, owed: IntArray, earned: IntArray, ledger: Ledger, scale: Fraction) -> Carry:
        plan, before = self.plan, ledger.money(len(earned), scale)
        settles = settling(self.periods, plan.true_up_month)
        true_up = "credit" if plan.metering == "net_energy" else plan.true_up
        starts = plan.credit_from if plan.metering == "net_billing_carry" else "month"
        return carry_money(owed, earned, before, settles, true_up, starts)

    def _sum(self, done: Sequence[LineSet], kinds: Sequence[str]) -> Exact:
        sets = [one for one in done if one.component.kind in kinds]
        none = np.zeros((len(done[0].unrounded.values), len(self.periods)), np.int64)
        parts = sum_by_tax(sets, self.plan, len(self.periods), inclusive=True)
        return add([Exact(none, Fraction(1)), *parts.values()])


@dataclass(frozen=True, slots=True, eq=False)
class TrueUpMoney:
    """What of carried credits the end of the year pays, after all that looks at the month's charges."""

    frame: Frame
    plan: Plan

    def lines(self, ledger: Ledger) -> LineSet:
        assert ledger.paid is not None, "credits are carried before they are paid"
        return _money_lines(self.frame, self.plan, Exact(-ledger.paid.values, ledger.paid.scale))


def money_frame(credits_: Frame, plan: Plan, periods: Sequence[Period], band: str) -> Frame:
    """A line a period: so many times one unit of money, taxed as the period's last line of the credits."""
    component, places = credits_.component, range(len(periods))
    taxes = tuple(_tax_of(credits_, place) for place in places)
    return Frame(
        replace(component, unit=plan.currency, name=_NAMES[band]),
        np.arange(len(periods)),
        tuple((period.first, period.end) for period in periods),
        (band,) * len(periods),
        (0,) * len(periods),
        tuple(Rate(period.first, Decimal(1), band=band, step=0) for period in periods),
        (Fraction(1),) * len(periods),
        taxes,
        {tax: np.array([n for n in places if taxes[n] == tax]) for tax in dict.fromkeys(taxes)},
        (),
    )


def _money_lines(frame: Frame, plan: Plan, amounts: Exact) -> LineSet:
    """Amounts (A, P), tax within, as feed-in: a quantity of money that is taken off."""
    money, inclusive = amounts, is_inclusive(frame.component)
    if not inclusive and any(frame.tax_percent):
        shares = of_parts([tax_share(tax, inclusive=True, wanted=inclusive) for tax in frame.tax_percent])
        money = Exact(times(amounts.values, shares.values), amounts.scale * shares.scale)
    return line_set(frame, plan, Exact(-money.values, money.scale), money)


def _tax_of(frame: Frame, period: int) -> Decimal:
    found = [tax for of, tax in zip(frame.period, frame.tax_percent, strict=True) if of == period]
    return found[-1] if found else Decimal(0)
