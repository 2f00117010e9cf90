"""What the metering option of a plan puts in the place of its components' steps, and behind them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from submeter.core.problem import Problem, Refused
from submeter.rating.carrying import CARRIED, TRUE_UP, CarriedMoney, TrueUpMoney, money_frame
from submeter.rating.metering_options import settling
from submeter.rating.model import Period
from submeter.rating.netting import Netted, Settled
from submeter.rating.usage_lines import UsageLines
from submeter.tariffs.model import Component, Kind, Plan

__all__ = ["by_metering_option"]

Measure = Callable[[Component], UsageLines | None]


def by_metering_option(
    steps: Sequence[Any], plan: Plan, periods: tuple[Period, ...], measure: Measure
) -> list[Any]:
    """The steps of a plan, netted and with what is carried. `measure` makes a component's lines.

    Refuses (RTG117) what cannot be netted by the month: a price or a step for each interval.
    """
    found = list(steps)
    if plan.metering in {"net_energy", "net_money"}:
        option = _Option(plan, periods, tuple(_of_kind(steps, "usage")), tuple(_of_kind(steps, "feed_in")))
        found = [option.netted(step, measure) for step in steps]
    last = max((n for n, step in enumerate(steps) if step in _of_kind(steps, "feed_in")), default=None)
    if last is None or plan.metering in {"net_billing", "buy_all_sell_all"}:
        return found
    if plan.metering == "net_energy" and plan.true_up != "credit":
        ends: list[Any] = [step for step in found if isinstance(step, Settled)]
        found = [step for step in found if not isinstance(step, Settled)]
    else:
        frame = steps[last].frame
        found.insert(last + 1, CarriedMoney(money_frame(frame, plan, periods, CARRIED), plan, periods))
        ends = [TrueUpMoney(money_frame(frame, plan, periods, TRUE_UP), plan)]
    return [*found, *(ends if plan.true_up == "pay" else [])]


def _of_kind(steps: Sequence[Any], kind: str) -> list[UsageLines]:
    return [step for step in steps if isinstance(step, UsageLines) and step.component.kind == kind]


@dataclass(frozen=True, slots=True)
class _Option:
    plan: Plan
    periods: tuple[Period, ...]
    buys: tuple[UsageLines, ...]
    sells: tuple[UsageLines, ...]

    def netted(self, step: Any, measure: Measure) -> Any:
        """A step whose energy is netted, in its place; other steps as they are."""
        if step not in self.buys and step not in self.sells:
            return step
        _check(step.component)
        carries = self.plan.metering == "net_energy"
        if step in self.sells and carries:
            return Settled(step) if self.buys else step
        other = measure(self._other(step.component))
        return Netted(step, other, settling(self.periods, self.plan.true_up_month), carries)

    def _other(self, component: Component) -> Component:
        """The same component as if it counted the other direction, by the registers that price that one."""
        beyond = self.buys if component.kind == "feed_in" else self.sells
        types = beyond[0].component.register_types if beyond else ()
        kind: Kind = "usage" if component.kind == "feed_in" else "feed_in"
        return replace(component, kind=kind, register_types=types)


def _check(component: Component) -> None:
    if component.spot_series or (component.steps.scope == "running" and len(component.rates) > 1):
        hint = "Let the steps be shared or each band's own, or set the plan's metering to net_billing"
        detail = f"{component.code} is priced by the interval"
        raise Refused(Problem("RTG117", "Energy that is netted by the month has no intervals", detail, hint))
