"""Whether a shape's statement is planned once for all values, or as PostgreSQL sees fit.

PostgreSQL compares what it estimates, and charges little for planning itself. A short read through views
and policies may spend most of its time on being planned anew for its values, each time. What is faster is
known by trying: now and then both ways are run in turns and measured. A plan for all values can be a bad one
for some, so a single run that is far off ends it, and trials become rarer.
"""

__all__ = ["Planning"]

FIRST_TRIAL = 32  # runs before it
MOST = 96  # runs as PostgreSQL sees fit in a trial, if nobody may be planned once
EACH = 24  # runs of either way in a trial, of which
TELLS = 3  # are shorter than the one that tells what it takes by itself, and not what else goes on
BETTER = 0.85  # of the other's time: less is not worth a plan that knows no values
LATER = 4  # times as many runs until the next trial
LATEST = 16_384  # runs between two trials
FAR = 4  # times as long as the slowest run of the other way
FAR_S = 0.25  # and so much more: a busy machine stops anybody for a while
WORSE = 1.5  # times the other's mean: better for some values, and not for others


class Planning:
    """Learns from each run; ``once`` is how the statement is planned when nothing is tried."""

    __slots__ = ("_gap", "_left", "_times", "_turn", "_worst", "once")

    def __init__(self) -> None:
        self.once = False
        self._gap = self._left = FIRST_TRIAL
        self._times: tuple[list[float], list[float]] | None = None  # as PostgreSQL sees fit, and once
        self._turn = False
        self._worst = 0.0

    @property
    def on_trial(self) -> bool:
        """Whether runs are measured against each other, for which they have to be alone."""
        return self._times is not None

    def choose(self) -> bool:
        """Whether to plan the next run's statement once for all values."""
        if self._times is None:
            if self._left > 0:
                return self.once
            self._times = ([], [])
        self._turn = not self._turn
        return self._turn

    def note(self, *, once: bool, seconds: float, alone: bool) -> None:
        """A run that was planned so took so long; if ``alone`` on its connection, by itself."""
        if self._times is not None:
            if alone:
                self._compare(self._times, once=once, seconds=seconds)
        elif self.once and once and seconds > self._worst:
            self._settle(once=False)
        else:
            self._left -= 1

    def failed(self) -> None:
        """Planned once, it took longer than it may. What was under way beside it tells nothing new."""
        if self.once or self.on_trial:
            self._settle(once=False)

    def _compare(self, times: tuple[list[float], list[float]], *, once: bool, seconds: float) -> None:
        times[once].append(seconds)
        self._worst = FAR_S + FAR * max(times[False], default=0.0)
        if once and seconds > self._worst:
            self._settle(once=False)
        elif len(times[False]) >= MOST:
            self._settle(once=self.once)  # of those who come now, nobody may be planned once
        elif min(map(len, times)) >= EACH:
            self._settle(once=self._is_better(*times))

    def _is_better(self, otherwise: list[float], once: list[float]) -> bool:
        """Whether to plan once: it is so much better than what was; or still as good, or nearly."""
        if sum(once) / len(once) > WORSE * sum(otherwise) / len(otherwise):
            return False
        best, former = sorted(once)[TELLS], sorted(otherwise)[TELLS]
        return BETTER * best < former if self.once else best < BETTER * former

    def _settle(self, *, once: bool) -> None:
        self.once = once
        self._times = None
        self._gap = self._left = min(self._gap * LATER, LATEST)
