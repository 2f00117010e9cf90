"""Which registers and days are meant."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from submeter.core.problem import Refused
from submeter.metering import interval_problems as problems
from submeter.metering.estimation import Policy
from submeter.metering.interval_rules import IntervalTolerance
from submeter.metering.model import Stream

__all__ = ["IntervalRegister", "Selection", "Settings", "check_days", "chunked", "settings_of"]

LONGEST = timedelta(days=366 * 60)
EARLIEST, LATEST = date(1970, 1, 1), date(2199, 12, 31)
"""The years that intervals can be kept for."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")


def check_days(*days: date | None) -> None:
    """Raises Refused MTR403 for a day of which there can be no intervals."""
    for day in days:
        if day and not EARLIEST <= day <= LATEST:
            raise Refused(problems.wrong_days(f"{day} is not from {EARLIEST} to {LATEST}"))


@dataclass(frozen=True, slots=True)
class Selection:
    """Registers by `register` (id or name) or `site` (id, code or name), else all; days of `[first, end)`.

    Raises Refused MTR403 where the days are in the wrong order, or of no time that can be meant.
    """

    register: str = ""
    site: str = ""
    first: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        check_days(self.first, self.end)
        if self.first and self.end and not self.first < self.end <= self.first + LONGEST:
            raise Refused(problems.wrong_days(f"from {self.first} to {self.end}"))

    @property
    def last(self) -> date | None:
        return self.end - timedelta(1) if self.end else None

    @property
    def register_id(self) -> str | None:
        return self.register if _UUID.fullmatch(self.register) else None

    @property
    def site_id(self) -> str | None:
        return self.site if _UUID.fullmatch(self.site) else None


class Settings(NamedTuple):
    """How the intervals of a register are checked and estimated."""

    tolerance: IntervalTolerance
    policy: Policy


class IntervalRegister(NamedTuple):
    """A register with what checks and estimates need to know of it."""

    id: UUID
    esco_id: UUID
    name: str
    serial: str
    unit: str
    direction: str
    clock: str
    """Of the billing days where it is."""
    may_export: bool
    spans: tuple[tuple[int, int], ...]
    """When its meter was in place: minutes since 1970 UTC."""
    settings: Settings

    def __str__(self) -> str:
        return f"{self.serial}/{self.name}"

    @property
    def stream(self) -> Stream:
        """The register as rules name whose data they look at."""
        return Stream("register", str(self.id), self.name, self.serial, self.unit, self.direction)

    def has(self, start: int, end: int) -> bool:
        """Whether the meter was in place for some of the time."""
        return any(start < last and end > first for first, last in self.spans)


def settings_of(stored: Mapping[str, Any]) -> Settings:
    """What is stored, and where it says nothing what the program has."""
    tolerance = IntervalTolerance(**_known(stored, IntervalTolerance()))
    least, most = Policy().like_days
    like_days = (stored.get("like_days_least", least), stored.get("like_days_most", most))
    return Settings(tolerance, Policy(**_known(stored, Policy()), like_days=(min(like_days), like_days[1])))


def _known(stored: Mapping[str, Any], defaults: IntervalTolerance | Policy) -> dict[str, Any]:
    """The settings that are about this, as the type that the default has: numbers come from JSON."""
    names = {field.name: type(getattr(defaults, field.name)) for field in fields(defaults)}
    found = {name: value for name, value in stored.items() if name in names}
    return {name: Decimal(str(value)) if names[name] is Decimal else value for name, value in found.items()}


def chunked(items: list[Any], size: int) -> list[list[Any]]:
    """The items in lists of at most `size`."""
    return [items[place : place + size] for place in range(0, len(items), size)]
