"""Check registers whose days are all stored, while those of the next ones are: both processors have work."""

from collections.abc import Iterator, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from submeter.core.caller import Caller
from submeter.db.database import Database
from submeter.db.transactions import retried
from submeter.metering.checking import Checked, check_due

__all__ = ["Ahead", "check_ahead"]


@dataclass
class Ahead:
    """What is known of the order of a file's registers, and the checks of those that it has left."""

    database: Database
    caller: Caller
    worker: ThreadPoolExecutor
    under_way: list[Future[Checked]] = field(default_factory=list)
    last: Set[UUID] = frozenset()
    """Registers of the last chunk: the next one may go on with them."""
    left: set[UUID] = field(default_factory=set)
    in_order: bool = True
    """Whether the file never came back to a register. Where it does, as day by day, the rest is checked at
    its end: once, not with every day."""

    def stored(self, registers: Set[UUID]) -> None:
        """Days of these registers are stored and committed."""
        finished = self.last - registers
        self.in_order = self.in_order and self.left.isdisjoint(registers)
        self.last = registers
        if finished and self.in_order:
            self.left |= finished
            work = partial(check_due, self.database, self.caller, finished)
            self.under_way.append(self.worker.submit(retried, work))

    def done(self) -> Checked:
        """Waits for the checks; what they have done. Raises what one of them raised."""
        return sum_of(check.result() for check in self.under_way)


@contextmanager
def check_ahead(database: Database, caller: Caller) -> Iterator[Ahead]:
    """Checks in a thread of its own. What is not begun when an exception ends this stays due."""
    worker = ThreadPoolExecutor(1, "check")
    try:
        yield Ahead(database, caller, worker)
    finally:
        worker.shutdown(cancel_futures=True)


def sum_of(checks: Iterator[Checked]) -> Checked:
    """What several checks have done."""
    done = Checked()
    for check in checks:
        done = done.plus(check)
    return done
