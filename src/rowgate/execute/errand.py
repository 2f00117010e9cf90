"""One flush on its way through the pool, by callbacks: most requests need no task of their own."""

from collections.abc import Callable, Sequence

from rowgate.errors import Refusal
from rowgate.execute.connection import AskAgain, Connection, DatabaseError, Flight, Outcome
from rowgate.execute.pace import Pace
from rowgate.execute.pool import Pool, Waiting
from rowgate.execute.sharing import Sharing
from rowgate.sql import Statement

__all__ = ["Errand"]

NOT_PREPARED = "26000"  # it was to be, by somebody in front whose transaction failed
CANCELED = "57014"  # it took longer than it may


def _to_nobody(_: Outcome | Refusal) -> None:
    """It was told already, or nobody wants to know."""


class Errand(Flight):
    """Waits for a connection, sends, and tells what came of it, unless it was abandoned by then."""

    __slots__ = (
        "_again",
        "_alone",
        "_connection",
        "_once",
        "_pace",
        "_pool",
        "_reads",
        "_shared",
        "_tell",
        "_waiting",
    )

    def __init__(
        self,
        pool: Pool,
        statements: Sequence[Statement],
        tell: Callable[[Outcome | Refusal], None],
        pace: Pace,
        *,
        once: bool = False,
    ) -> None:
        """``pace`` is told how long it took, and ``once``, whether it was planned once for all values."""
        super().__init__(statements)
        self._pool = pool
        self._tell = tell
        self._waiting: Waiting | None = None
        self._connection: Connection | None = None
        self._shared: Sharing | None = None
        self._pace = pace
        self._once = once
        self._again: Errand | None = None
        self._reads = False
        self._alone = True

    def begin(self) -> None:
        self._waiting = self._pool.ask(self._go)

    def begin_read(self, sharing: Sharing) -> None:
        """As ``begin``, for what only reads and may be sent twice: one that is quick shares a connection."""
        self._reads = True
        alone = self._pace.planning.on_trial or not self._pace.quick
        connection = None if alone else sharing.take(self)
        if connection is None:
            self.begin()
            return
        self._alone = False
        self._shared = sharing
        self._connection = connection
        connection.start(self)

    def _go(self, given: Connection | Refusal) -> None:
        self._waiting = None
        if isinstance(given, Refusal):
            self._end(given)
            return
        self._connection = given
        given.start(self)

    def landed(self, outcome: Outcome) -> None:
        connection = self._connection
        if connection is None:
            return  # it was abandoned, and the pool has the connection already
        self._connection = None
        outcome = self._learn(outcome, connection.took)
        if self._shared is None:
            self._pool.give_back(connection)
        else:
            self._shared.leave(connection)
            if isinstance(outcome, DatabaseError) and outcome.sqlstate == NOT_PREPARED:
                self.move()
                return
        self._end(outcome)

    def _learn(self, outcome: Outcome, seconds: float) -> Outcome:
        """Note how it went; a read that had no time left for want of a plan of its own may be asked again."""
        if isinstance(outcome, list):
            self._pace.note(seconds, once=self._once, alone=self._alone)
        elif self._once and isinstance(outcome, DatabaseError) and outcome.sqlstate == CANCELED:
            self._pace.planning.failed()
            return AskAgain(str(outcome)) if self._reads else outcome
        return outcome

    def _end(self, outcome: Outcome | Refusal) -> None:
        """Tell, and let go of whom it told: they hold each other, which only the collector could part."""
        tell, self._tell = self._tell, _to_nobody
        tell(outcome)

    def stand_alone(self) -> None:
        """What it does is not quick, so nobody shares its connection any more."""
        self._shared = None
        self._pace.held_up()
        if self._tell is _to_nobody:
            self.abandon()

    def move(self) -> None:
        """Leave the connection to who is slow there, and begin again on another."""
        tell, self._tell = self._tell, _to_nobody
        if tell is not _to_nobody:
            self._again = Errand(self._pool, self.statements, tell, self._pace, once=self._once)
            self._again.begin()

    def abandon(self) -> None:
        """Nobody waits for it any more: leave the queue, or have the database stop.

        A quick read among others is let run: to stop it is more work than it has, and might hit another.
        """
        self._tell = _to_nobody
        if self._again is not None:
            self._again.abandon()
        if self._shared is not None:
            return
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.give_back(connection)
        elif self._waiting is not None:
            self._waiting.gone = True
