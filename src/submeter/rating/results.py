"""What rating gives: charges of an agreement, where quantities were read, what a biller should look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from submeter.core.problem import Problem
from submeter.rating.lines import list_lines, total_of
from submeter.rating.model import Charges, Line
from submeter.rating.parts import Part, counts
from submeter.rating.peak_telling import PeakTold
from submeter.tariffs.model import Component
from submeter.tariffs.rows import StoredPlan, component_key

__all__ = ["Outcome", "Rated", "ReadAt", "Source", "Stored"]


@dataclass(frozen=True, slots=True)
class ReadAt:
    """A reading that a quantity rests on."""

    read_on: date
    value: Decimal
    sub_type: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a quantity was read: a register on the days of a period."""

    register_id: UUID
    register: str
    product: str
    unit: str
    type: str
    direction: str
    minutes: int
    """Length of intervals; 0 for a dial."""
    quantity: Decimal
    """What it counted on those days."""
    estimated: Decimal
    """Percent of it that was estimated, to two decimals."""
    days: int = 0
    """Of intervals that are there."""
    files: tuple[str, ...] = ()
    edited_by: tuple[str, ...] = ()
    loaded_at: datetime | None = None
    """When the last of the intervals came."""
    readings: tuple[ReadAt, ...] = ()

    def is_of(self, component: Component) -> bool:
        """Whether a component looks at it."""
        return counts(component, self.product, self.type, self.direction, self.unit)


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """What one plan charges an agreement for some periods."""

    part: Part
    plan: StoredPlan
    charges: Charges
    row: int
    findings: tuple[Problem, ...]
    sources: tuple[tuple[Source, ...], ...] = ()
    """By period that is charged."""
    peaks: tuple[PeakTold, ...] = ()
    """Of each month and band of its components of demand."""

    @property
    def total(self) -> Decimal:
        """What is to be paid for all periods, with tax."""
        return sum((total for _, total in self._totals()), Decimal(0))

    @property
    def tax(self) -> Decimal:
        """Tax, within prices and on top."""
        return sum((tax for tax, _ in self._totals()), Decimal(0))

    def total_of(self, period: int) -> tuple[Decimal, Decimal]:
        """Tax, and what is to be paid, of a period that is charged."""
        return total_of(self.charges, self.row, self.part.before + period)

    def _totals(self) -> Iterator[tuple[Decimal, Decimal]]:
        for place in range(len(self.part.charged)):
            yield self.total_of(place)

    def lines(self, period: int = 0) -> tuple[Line, ...]:
        """The lines of a period that is charged, in the order of calculation."""
        return list_lines(self.charges, self.row, self.part.before + period)

    def tell_sources(self, component: Component, period: int = 0) -> tuple[Source, ...]:
        """Where the quantity of a component was read."""
        return tuple(one for one in self.sources[period] if one.is_of(component)) if self.sources else ()

    def tell_peaks(self, line: Line) -> tuple[PeakTold, ...]:
        """The peaks that a line of demand rests on, by month."""
        first = line.first.replace(day=1)
        return tuple(
            one
            for one in self.peaks
            if component_key(one.component) == component_key(line.component)
            and one.band == line.band
            and first <= one.own.month < line.end
        )


class Stored(NamedTuple):
    """Under which numbers the lines of a plan are kept, by period that is charged."""

    ratings: tuple[int, ...]
    lines: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of an agreement: what it is charged, or why nothing is."""

    agreement_id: UUID
    account_number: str
    property_name: str
    rated: tuple[Rated, ...]
    problems: tuple[Problem, ...] = ()
    """Not empty: nothing is charged."""
    stored: tuple["Stored", ...] = ()
    """Where lines are kept, for each of `rated`."""

    @property
    def total(self) -> Decimal:
        return sum((one.total for one in self.rated), Decimal(0))
