"""Who may be told which values: staff those of their ESCO, a customer those of their own days.

A virtual register may be made of others' registers, which its customer does not see. So its parts are read
with the rights of the ESCO's staff, whom row-level security keeps to that ESCO, and only the result is told:
for the moments at which the register measured the customer, as the database has them (`my_register_spans`).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.metering.virtual_values import Place

__all__ = ["Sight"]


@dataclass(frozen=True, slots=True)
class Sight:
    """What may be told: the registers in `spans`, while these last. None: all that `reader` sees."""

    reader: Caller
    """With whose rights values are read."""
    spans: tuple[Place, ...] | None

    def cut(self, places: Iterable[Place]) -> tuple[Place, ...]:
        """Of registers in their places, what may be told."""
        if self.spans is None:
            return tuple(places)
        met = (_overlap(place, span) for place in places for span in self.spans)
        return tuple(place for place in met if place)

    @contextmanager
    def discreetly(self) -> Iterator[None]:
        """What is wrong with parts is not told to a customer (Refused NET129): they may be others'."""
        try:
            yield
        except Refused:
            if self.spans is None:
                raise
            hint = "Ask for whole days or longer steps; else ask the company that supplies you"
            problem = Problem("NET129", "The values cannot be computed at present", "", hint)
            raise Refused(problem) from None


def _overlap(place: Place, span: Place) -> Place | None:
    start_at = max(place.start_at, span.start_at)
    ends = [end for end in (place.end_at, span.end_at) if end]
    if place.register_id != span.register_id or (ends and min(ends) <= start_at):
        return None
    return Place(place.register_id, place.sign, start_at, min(ends, default=None))
