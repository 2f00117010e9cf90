"""One flush on its way through the pool, by callbacks: most requests need no task of their own."""

from collections.abc import Callable, Sequence

from rowgate.errors import Refusal
from rowgate.execute.connection import Connection, Outcome
from rowgate.execute.pool import Pool, Waiting
from rowgate.sql import Statement

__all__ = ["Errand"]


def _to_nobody(_: Outcome | Refusal) -> None:
    """It was told already."""


class Errand:
    """Waits for a connection, sends, and tells what came of it, unless it was abandoned by then."""

    __slots__ = ("_connection", "_pool", "_statements", "_tell", "_waiting")

    def __init__(
        self, pool: Pool, statements: Sequence[Statement], tell: Callable[[Outcome | Refusal], None]
    ) -> None:
        self._pool = pool
        self._statements = statements
        self._tell = tell
        self._waiting: Waiting | None = None
        self._connection: Connection | None = None

    def begin(self) -> None:
        self._waiting = self._pool.ask(self._go)

    def _go(self, given: Connection | Refusal) -> None:
        self._waiting = None
        if isinstance(given, Refusal):
            self._end(given)
            return
        self._connection = given
        given.start(self._statements, self._come_back)

    def _come_back(self, outcome: Outcome) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return  # it was abandoned, and the pool has it already
        self._pool.give_back(connection)
        self._end(outcome)

    def _end(self, outcome: Outcome | Refusal) -> None:
        """Tell, and let go of whom it told: they hold each other, which only the collector could part."""
        tell, self._tell = self._tell, _to_nobody
        tell(outcome)

    def abandon(self) -> None:
        """Nobody waits for it any more: leave the queue, or have the database stop."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.give_back(connection)
        elif self._waiting is not None:
            self._waiting.gone = True
