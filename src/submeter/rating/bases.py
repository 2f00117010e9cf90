"""What a discount, minimum or concession was worked out from: whose amounts, and what they add up to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from submeter.rating.adjustments import looks_at
from submeter.rating.line_sets import is_inclusive, tax_share
from submeter.rating.model import Line
from submeter.tariffs.model import Component
from submeter.tariffs.rows import component_key

__all__ = ["Base", "base_of"]


@dataclass(frozen=True, slots=True)
class Base:
    """Amounts as the invoice shows them, all with tax or all without, by the names of their components."""

    parts: tuple[tuple[str, Fraction], ...]
    own: Fraction
    """Of all of it, what is taxed as the line is. A discount has a line for each tax."""
    taxes: frozenset[Decimal]
    with_tax: bool

    @property
    def total(self) -> Fraction:
        return sum((amount for _, amount in self.parts), Fraction(0))


def base_of(component: Component, lines: Sequence[Line], tax_percent: Decimal, *, rounded: bool) -> Base:
    """Out of the lines of a bill, in the order of calculation, those before the component's that it looks at.

    `rounded`: each line is, so later lines rest on what the invoice shows.
    """
    wanted = is_inclusive(component)
    looked_at = [line for line in _before(component, lines) if looks_at(component, line.component)]
    parts: dict[str, Fraction] = {}
    own = Fraction(0)
    for line in looked_at:
        amount = (Fraction(line.amount) if rounded else line.unrounded) * tax_share(
            line.tax_percent, inclusive=is_inclusive(line.component), wanted=wanted
        )
        name = line.component.name or line.component.code
        parts[name] = parts.get(name, Fraction(0)) + amount
        own += amount if line.tax_percent == tax_percent else 0
    taxes = frozenset(line.tax_percent for line in looked_at)
    return Base(tuple(parts.items()), own, taxes, wanted)


def _before(component: Component, lines: Sequence[Line]) -> Iterable[Line]:
    for line in lines:
        if component_key(line.component) == component_key(component):
            return
        yield line
