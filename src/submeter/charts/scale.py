"""Round numbers for axes, and numbers as people read them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

__all__ = ["Scale", "label", "nice_step", "scale_for", "short"]

_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_LEAST = Decimal("1e-9")


class Scale(NamedTuple):
    """An axis from `low` to `high`, both of them ticks."""

    low: Decimal
    high: Decimal
    step: Decimal

    @property
    def ticks(self) -> tuple[Decimal, ...]:
        count = int((self.high - self.low) / self.step)
        return tuple(self.low + n * self.step for n in range(count + 1))

    def share(self, value: Decimal) -> float:
        """Where on the axis a value stands: 0 at `low`, 1 at `high`."""
        return float((value - self.low) / (self.high - self.low))


def nice_step(span: Decimal, most: int) -> Decimal:
    """The least of 1, 2, 2.5, 5 times a power of ten of which `most` reach over `span`."""
    rough = max(span, _LEAST) / most
    power = Decimal(1).scaleb(rough.adjusted())
    return next(factor * power for factor in _STEPS if factor * power >= rough)


def scale_for(values: Sequence[Decimal], most: int = 5) -> Scale:
    """A scale on which all values have a place, and zero."""
    low, high = min(Decimal(0), *values, Decimal(0)), max(Decimal(0), *values, Decimal(0))
    if low == high:
        return Scale(Decimal(0), Decimal(1), Decimal(1))
    step = nice_step(high - low, most)
    return Scale((low / step).__floor__() * step, (high / step).__ceil__() * step, step)


def label(value: Decimal) -> str:
    """The number without idle zeros, with a thin gap between thousands: 1 250, 0.25."""
    text = f"{value.normalize():,f}" if value else "0"
    return text.replace(",", "\u202f").replace("-", "\u2212")


def short(value: Decimal) -> str:
    """The number to three digits or to the whole, for places with little room: 0.123, 12.3, 1 234."""
    places = max(0, 2 - value.adjusted()) if value else 0
    return label(round(value, places))
