"""One chunk of a file into the database: check, find whose it is, add up, put into place."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg

from submeter.core.problem import Problem
from submeter.metering import problems, store
from submeter.metering.meter_loading import load_meters
from submeter.metering.model import DayRow, DialRead, Finding, Item, MeterRow, Stream
from submeter.metering.placing import (
    Candidate,
    Placed,
    Sums,
    add_up,
    check,
    divide,
    find_register,
)
from submeter.metering.report import Report
from submeter.metering.store import FileRow

__all__ = ["FINDINGS_STORED", "Loader"]

FINDINGS_STORED = 10_000
_HELD = {"lower_quality", "billed", "edited"}
_STATUSES = {
    "ACTUAL": ("actual", "periodic"),
    "ACTUALC": ("customer", "periodic"),
    "ESTIMATE": ("estimated", "periodic"),
    "INVOICE_EST": ("estimated", "periodic"),
    "OPENING": ("actual", "opening"),
    "CLOSING": ("actual", "closing"),
}


@dataclass
class Loader:
    """Loads chunks of one file; what it learns about streams holds for the file."""

    report: Report
    last_year: int
    known: dict[Stream, tuple[Candidate, ...]] = field(default_factory=dict)

    def load(self, connection: psycopg.Connection, file: FileRow, items: Sequence[Item]) -> None:
        """All of the chunk, in the transaction of the connection."""
        days = [item for item in items if isinstance(item, DayRow)]
        reads = [item for item in items if isinstance(item, DialRead)]
        found = [item for item in items if isinstance(item, Finding)]
        self.report.counts["rejected"] += len(found)
        meters = [item for item in items if isinstance(item, MeterRow)]
        if meters:
            found += load_meters(connection, file.esco_id, meters, self.report.counts)
            self.known.clear()
        found += self._load_days(connection, file, days)
        found += self._load_reads(connection, file, reads)
        self._keep(connection, file, found)

    # --- days of intervals ---

    def _load_days(
        self, connection: psycopg.Connection, file: FileRow, days: Sequence[DayRow]
    ) -> list[Finding]:
        self.report.counts["days"] += len(days)
        self.report.counts["values"] += sum(len(row.amounts) for row in days) // 4
        good, found = self._checked(days)
        self._learn(connection, file, [row.stream for row in good])
        placed: list[Placed] = []
        waiting: list[DayRow] = []
        for row in good:
            fits = find_register(row, self.known[row.stream])
            if isinstance(fits, Problem):
                found.append(problems.finding(fits, row.line))
                waiting.append(row)
            else:
                placed.extend(divide(row, fits))
        self.report.counts["waiting"] += len(waiting)
        store.add_waiting(connection, file, zip(waiting, add_up(waiting), strict=True))
        return found + self._place(connection, file, placed)

    def _checked(self, days: Iterable[DayRow]) -> tuple[list[DayRow], list[Finding]]:
        good: list[DayRow] = []
        found: list[Finding] = []
        for row in days:
            problem = check(row, self.last_year)
            if problem:
                found.append(problems.finding(problem, row.line))
            else:
                good.append(row)
        self.report.counts["rejected"] += len(found)
        return good, found

    def _learn(self, connection: psycopg.Connection, file: FileRow, streams: Iterable[Stream]) -> None:
        new = [stream for stream in dict.fromkeys(streams) if stream not in self.known]
        if new:
            self.known.update(store.resolve(connection, file.esco_id, new))

    def _place(
        self, connection: psycopg.Connection, file: FileRow, placed: Sequence[Placed]
    ) -> list[Finding]:
        if not placed:
            return []
        sums: list[Sums] = add_up([one.row for one in placed])
        found = []
        for outcome in store.place(connection, file, placed, sums):
            self.report.counts["undecided" if outcome.kind in _HELD else outcome.kind] += outcome.number
            if outcome.day is not None:
                problem = problems.decision_needed(outcome.kind, outcome.day)
                found.append(problems.finding(problem, outcome.line or 0))
        return found

    # --- dial readings ---

    def _load_reads(
        self, connection: psycopg.Connection, file: FileRow, reads: Sequence[DialRead]
    ) -> list[Finding]:
        self._learn(connection, file, [read.stream for read in reads])
        return [
            problems.finding(problem, read.line, str(read.value))
            for read in reads
            if (problem := self._load_read(connection, file, read))
        ]

    def _load_read(self, connection: psycopg.Connection, file: FileRow, read: DialRead) -> Problem | None:
        fits = {one.register_id: one for one in self.known[read.stream]}
        if len(fits) != 1:
            self.report.counts["readings_open"] += 1
            return problems.no_register_of_reading(read) if not fits else problems.several_of_reading(read)
        if read.sub_type not in _STATUSES:
            return problems.misread(read)
        register = next(iter(fits.values()))
        day = read.read_on + timedelta(days=0 if read.sub_type == "OPENING" else 1)
        read_at = read.read_at or store.local_midnight(connection, register.register_id, day)
        there = store.find_reading(connection, register.register_id, read_at)
        digits = store.get_digits(connection, register.register_id)
        if there is not None:
            self.report.counts["readings_repeated"] += there == read.value
            return None if there == read.value else problems.other_reading(read, there)
        if read.value < 0 or (digits and read.value >= 10**digits):
            return problems.impossible_reading(read, digits)
        status, kind = _STATUSES[read.sub_type]
        store.add_reading(connection, _reading(file, register, read, read_at, status, kind))
        self.report.counts["readings"] += 1
        return None

    # --- findings ---

    def _keep(self, connection: psycopg.Connection, file: FileRow, found: Iterable[Finding]) -> None:
        for one in sorted(found, key=lambda finding: finding.line):
            self.report.add(one)
            self.report.counts["findings"] += 1
            if self.report.counts["findings"] <= FINDINGS_STORED:
                store.add_finding(connection, file, self.report.counts["findings"], one)


def _reading(file: FileRow, register: Candidate, read: DialRead, *more: Any) -> dict[str, Any]:
    read_at, status, kind = more
    return {
        "esco_id": file.esco_id, "register_id": register.register_id, "read_at": read_at,
        "reading": read.value, "status": status, "kind": kind, "source": f"file {file.id}, line {read.line}",
        "notes": read.notes or None,
    }  # fmt: skip


def chunks(items: Iterable[Item], rows: int, size: int) -> Iterator[list[Item]]:
    """Items in lists of at most `rows`, or about `size` bytes of amounts."""
    held: list[Item] = []
    weight = 0
    for item in items:
        held.append(item)
        weight += len(item.amounts) if isinstance(item, DayRow) else 200
        if len(held) >= rows or weight >= size:
            yield held
            held, weight = [], 0
    if held:
        yield held
