"""Energy of plans that set export against import: `metering_options` for components and their parts.

Each component nets in its own time bands. Energy that is carried is known by component and band
(`energy:peak`), the running total over all bands as `net`, money as `money`; see `Terms.carried`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from submeter.rating.exact import common_scale, narrow, rescale, round_half_up, times, wide_sum
from submeter.rating.metering_options import net_energy, net_within, share_out
from submeter.rating.model import Exact, IntArray, LineSet, Terms, Usage
from submeter.rating.prices import MICRO
from submeter.rating.usage_lines import UsageLines
from submeter.tariffs.model import Component

__all__ = ["Ledger", "Netted", "Settled"]

ENERGY_SCALE = Fraction(1, 10**9)


@dataclass(slots=True)
class Ledger:
    """What one call carries from step to step."""

    before: Mapping[str, IntArray]
    after: dict[str, IntArray] = field(default_factory=dict)
    settled: Exact | None = None
    """(A, P) energy that the end of the year settles."""
    paid: Exact | None = None
    """(A, P) money that the end of the year pays."""

    def energy(self, name: str, count: int, scale: Fraction) -> IntArray:
        return self._of(name, count, ENERGY_SCALE, scale)

    def money(self, count: int, scale: Fraction) -> IntArray:
        return self._of("money", count, MICRO, scale)

    def _of(self, name: str, count: int, stored: Fraction, scale: Fraction) -> IntArray:
        held = self.before.get(name)
        zero = np.zeros(count, np.int64)
        return zero if held is None else rescale(Exact(np.asarray(held), stored), scale).values

    def keep(self, name: str, amount: Exact, stored: Fraction) -> None:
        """Rounded to what is stored, half up."""
        ratio = amount.scale / stored
        if ratio.denominator == 1:
            self.after[name] = times(amount.values, ratio.numerator)
            return
        places = len(str(stored.denominator)) - 1
        self.after[name] = round_half_up(amount, places)


@dataclass(frozen=True, slots=True, eq=False)
class Netted:
    """A component whose quantity is what is left of one direction after the other is taken off."""

    own: UsageLines
    other: UsageLines | None
    """The other direction, measured in the component's parts and bands; None where nothing counts it."""
    settles: tuple[bool, ...]
    carries: bool
    """Whether a surplus of export is carried over (`net_energy`), and not only left (`net_money`)."""

    @property
    def component(self) -> Component:
        return self.own.component

    def lines(self, usage: Usage, terms: Terms, ledger: Ledger) -> LineSet:
        own = self.own.measured(usage)
        other = self.other.measured(usage) if self.other else Exact(np.zeros_like(own.values), own.scale)
        finer = () if self._plain() and not ledger.before else (ENERGY_SCALE,)
        scale = common_scale([own.scale, other.scale, *finer])
        mine, theirs = (self._by_part(rescale(one, scale).values) for one in (own, other))
        left = self._left(self._whole(mine), self._whole(theirs), ledger, scale)
        return self.own.priced(Exact(self._shared(left, mine), scale), usage, terms)

    def _left(self, mine: IntArray, other: IntArray, ledger: Ledger, scale: Fraction) -> IntArray:
        """(A, P, B) of what is measured by period and band."""
        if not self.carries:
            return net_within(mine, other)[0]
        count, names = len(mine), [f"{self.component.code}:{band}" for band in self.own.bands]
        before = np.stack([ledger.energy(name, count, scale) for name in names], axis=1)
        found = net_energy(mine, other, before, ledger.energy("net", count, scale), self.settles)
        for place, name in enumerate(names):
            ledger.keep(name, Exact(found.carried[:, place], scale), ENERGY_SCALE)
        ledger.keep("net", Exact(found.carried_net, scale), ENERGY_SCALE)
        ledger.settled = Exact(found.settled, scale)
        return found.billed

    def _by_part(self, values: IntArray) -> IntArray:
        return values.reshape(len(values), len(self.own.parts), -1)

    def _plain(self) -> bool:
        """Whether each period is one part."""
        return [part.period for part in self.own.parts] == list(range(len(self.settles)))

    def _places(self) -> Iterable[tuple[int, list[int]]]:
        for period in range(len(self.settles)):
            yield period, [n for n, part in enumerate(self.own.parts) if part.period == period]

    def _whole(self, values: IntArray) -> IntArray:
        """(A, parts, B) to (A, P, B)."""
        if self._plain():
            return values
        return np.stack([wide_sum(values[:, places], 1) for _, places in self._places()], axis=1)

    def _shared(self, left: IntArray, mine: IntArray) -> IntArray:
        """(A, P, B) to (A, parts x B), in the ratio of what each part measured."""
        if self._plain():
            return left.reshape(len(left), -1)
        shares = np.zeros_like(mine, dtype=left.dtype)
        for period, places in self._places():
            if len(places) == 1:
                shares[:, places[0]] = left[:, period]
            elif places:
                shared = share_out(left[:, period], np.moveaxis(mine[:, places], 1, 2))
                shares[:, places] = np.moveaxis(shared, 2, 1)
        return narrow(shares.reshape(len(shares), -1))


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """A feed-in component that prices the energy which the end of the year settles, as of the last day."""

    own: UsageLines

    @property
    def component(self) -> Component:
        return self.own.component

    def lines(self, usage: Usage, terms: Terms, ledger: Ledger) -> LineSet:
        assert ledger.settled is not None, "usage comes before feed-in"
        settled, bands = ledger.settled, len(self.own.bands)
        count, parts = len(settled.values), self.own.parts
        measured = np.zeros((count, len(parts) * bands), settled.values.dtype)
        for place, part in enumerate(parts):
            if place + 1 == len(parts) or parts[place + 1].period != part.period:
                measured[:, place * bands] = settled.values[:, part.period]
        return self.own.priced(Exact(measured, settled.scale), usage, terms)
