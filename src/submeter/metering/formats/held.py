"""Rows held back until the dates of a file have shown in which order day and month stand.

01/02/2026 may be either, and only a later row tells that a file is month first. Nothing of it is used.
"""

from collections.abc import Iterator

from submeter.metering.formats.dates import DateOrder, day_of
from submeter.metering.model import Item

__all__ = ["Proof", "held_back"]

_MOST = 100_000
"""So many rows are held back at the most: a file of many meters is sorted by day, and memory stays flat."""


class Proof:
    """Whether a date has shown that day comes first, or was never in doubt."""

    def __init__(self) -> None:
        self.given = False

    def look(self, text: str, order: DateOrder) -> None:
        """A date that could be read."""
        if not self.given:
            is_iso = day_of(text, "year first") is not None
            self.given = order != "day first" or is_iso or day_of(text, "month first") is None


def held_back(items: Iterator[Item], proof: Proof) -> Iterator[Item]:
    """The items, from when the proof is given, or there are no more. Passes on what `items` raises before."""
    held: list[Item] = []
    for item in items:
        held.append(item)
        if proof.given or len(held) >= _MOST:
            break
    yield from held
    yield from items
