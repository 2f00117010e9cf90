"""The nouns of a network: supply points, the meters in them, their registers, what is lost on the way."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

__all__ = ["LossFactorRow", "MeterPlace", "Point", "RegisterAt"]


class Point(NamedTuple):
    """A supply point that an identifier means, and the clock of its billing days."""

    id: UUID
    clock: str
    scheme: str


@dataclass(frozen=True, slots=True)
class MeterPlace:
    """A meter, and where it is: `point_id` and what follows are of its last installation, if it has one."""

    id: UUID
    serial: str
    esco_id: UUID
    point_id: UUID | None
    installation_id: UUID | None
    installed_at: datetime | None
    removed_at: datetime | None
    clock: str
    location: str | None
    hazards: str | None
    billed_to: date | None
    """First day not billed of the supply point; None where nothing is."""


@dataclass(frozen=True, slots=True)
class RegisterAt:
    """A register of a meter that is or was installed at a supply point."""

    id: UUID
    meter_id: UUID
    installation_id: UUID
    serial: str
    name: str
    meter_code: str
    """By which files name the meter: the serial number, unless it has another."""
    register: str
    """By which files name the register beside that code."""
    type: str | None
    direction: str
    unit: str
    digits: int | None
    installed_at: datetime
    removed_at: datetime | None
    closed_at: datetime | None
    multiplier: Decimal
    """The latest; 1 where none is on record."""

    @property
    def is_open(self) -> bool:
        return self.removed_at is None and self.closed_at is None

    @property
    def ended_at(self) -> datetime | None:
        """When it stopped to count here."""
        ends = [at for at in (self.removed_at, self.closed_at) if at is not None]
        return min(ends) if ends else None


class LossFactorRow(NamedTuple):
    """A loss factor on the days of `[from_date, to_date)`. `rank`: 0 supply point, 1 code, 2 site."""

    rank: int
    factor: Decimal
    from_date: date
    to_date: date | None
