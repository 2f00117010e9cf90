"""How long requests of one shape keep the database busy, as far as is known."""

from rowgate.execute.planning import Planning

__all__ = ["Pace"]

KNOWN_AFTER = 16  # runs
SHORT_S = 0.002  # once, with nothing beside it, it took no longer
MEAN_S = 0.01  # on the average, whatever else ran beside it
WEIGHT = 1 / 8  # of the latest run in the average
NOT_BEFORE = -256  # runs until one that held up others is trusted again


class Pace:
    """Learns from each run. A shape is quick if it is so as a rule, not by luck with one value."""

    __slots__ = ("_least", "_mean", "_runs", "planning")

    def __init__(self) -> None:
        self._runs = 0
        self._mean = 0.0
        self._least = 1.0
        self.planning = Planning()

    @property
    def quick(self) -> bool:
        """Whether others may wait behind it."""
        return self._runs >= KNOWN_AFTER and self._least < SHORT_S and self._mean < MEAN_S

    def note(self, seconds: float, *, once: bool = False, alone: bool = False) -> None:
        """It ran so long, waiting for its turn not counted; ``once`` and ``alone`` as in ``Planning``."""
        self.planning.note(once=once, seconds=seconds, alone=alone)
        self._runs += 1
        self._mean += (seconds - self._mean) * WEIGHT
        self._least = min(self._least, seconds)

    def held_up(self) -> None:
        """Others had to wait for it too long."""
        self._runs = NOT_BEFORE
        self._least = 1.0
