"""One chunk of a file into the database: check, find whose it is, add up, put into place."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem
from submeter.metering import problems, store
from submeter.metering.chunks import Chunk
from submeter.metering.meter_loading import load_meters
from submeter.metering.model import DayRow, DialRead, Finding, Stream
from submeter.metering.offers import STATUS_OF, Offer
from submeter.metering.placing import (
    Candidate,
    Placed,
    Sums,
    divide,
    find_register,
)
from submeter.metering.reading_actions import find_registers
from submeter.metering.reading_desk import Desk
from submeter.metering.readings import reading_of
from submeter.metering.report import Report
from submeter.metering.store import FileRow

__all__ = ["FINDINGS_STORED", "Loader"]

FINDINGS_STORED = 10_000
_HELD = {"lower_quality", "billed", "edited"}
_COUNTED = {"placed": "readings", "duplicate": "readings_repeated", "waiting": "readings_waiting"}


@dataclass
class Loader:
    """Loads chunks of one file; what it learns about streams holds for the file."""

    report: Report
    now: datetime
    caller: Caller = field(default_factory=lambda: Caller("service_role"))
    known: dict[Stream, tuple[Candidate, ...]] = field(default_factory=dict)
    registers: Set[UUID] = frozenset()
    """Those that the last chunk has days of."""

    def load(self, connection: psycopg.Connection, file: FileRow, chunk: Chunk) -> None:
        """All of the chunk, in the transaction of the connection."""
        self.report.counts.update(chunk.counts)
        found = list(chunk.found)
        if chunk.meters:
            found += load_meters(connection, file.esco_id, chunk.meters, self.report.counts)
            self.known.clear()
        found += self._load_days(connection, file, chunk)
        found += self._load_reads(connection, file, chunk.reads)
        self._keep(connection, file, found)

    # --- days of intervals ---

    def _load_days(self, connection: psycopg.Connection, file: FileRow, chunk: Chunk) -> list[Finding]:
        self._learn(connection, file, [row.stream for row in chunk.days])
        found: list[Finding] = []
        placed: list[tuple[Placed, Sums]] = []
        waiting: list[tuple[DayRow, Sums]] = []
        for row, sums in zip(chunk.days, chunk.sums, strict=True):
            fits = find_register(row, self.known[row.stream])
            if isinstance(fits, Problem):
                found.append(problems.finding(fits, row.line))
                waiting.append((row, sums))
            else:
                placed += divide(row, sums, fits)
        self.report.counts["waiting"] += len(waiting)
        store.add_waiting(connection, file, waiting)
        return found + self._place(connection, file, placed)

    def _learn(self, connection: psycopg.Connection, file: FileRow, streams: Iterable[Stream]) -> None:
        new = [stream for stream in dict.fromkeys(streams) if stream not in self.known]
        if new:
            self.known.update(store.resolve(connection, file.esco_id, new))

    def _place(
        self, connection: psycopg.Connection, file: FileRow, placed: Sequence[tuple[Placed, Sums]]
    ) -> list[Finding]:
        self.registers = {one.register_id for one, _ in placed}
        if not placed:
            return []
        found = []
        days, sums = zip(*placed, strict=True)
        for outcome in store.place(connection, file, days, sums):
            self.report.counts["undecided" if outcome.kind in _HELD else outcome.kind] += outcome.number
            if outcome.day is not None:
                problem = problems.decision_needed(outcome.kind, outcome.day)
                found.append(problems.finding(problem, outcome.line or 0))
        return found

    # --- dial readings ---

    def _load_reads(
        self, connection: psycopg.Connection, file: FileRow, reads: Sequence[DialRead]
    ) -> list[Finding]:
        """Into place or into the queue, by the way of all readings; what waits is found."""
        if not reads:
            return []
        offers = find_registers(connection, [_offer(file, read) for read in reads])
        found = []
        desk = Desk(connection, self.caller, self.now)
        for read, settled in zip(reads, desk.take(offers), strict=True):
            self.report.counts[_COUNTED[settled.kind]] += 1
            if settled.kind == "waiting":
                found.append(problems.finding(settled.problems[0], read.line, str(read.value)))
        return found

    # --- findings ---

    def _keep(self, connection: psycopg.Connection, file: FileRow, found: Iterable[Finding]) -> None:
        for one in sorted(found, key=lambda finding: finding.line):
            self.report.add(one)
            self.report.counts["findings"] += 1
            if self.report.counts["findings"] <= FINDINGS_STORED:
                store.add_finding(connection, file, self.report.counts["findings"], one)


def _offer(file: FileRow, read: DialRead) -> Offer:
    status, kind = STATUS_OF[read.sub_type]
    return Offer(
        str(file.esco_id), None, reading_of(read), status, kind, str(uuid4()), next_read_on=read.next_read_on,
        source=f"file {file.id}, line {read.line}", notes=read.notes or None,
        stream=read.stream, file_id=file.id, line=read.line,
    )  # fmt: skip
