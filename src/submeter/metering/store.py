"""Meter data in the database: files, days of intervals, what waits."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import sql

from submeter.core.problem import Refused
from submeter.db.queries import load_queries
from submeter.metering import problems
from submeter.metering.model import Finding, Stream
from submeter.metering.packing import END, FIXED, HEADER, VARIABLE, pack, ranges_json
from submeter.metering.placing import Candidate, Placed, Sums, rounds, span_of

__all__ = [
    "FileRow",
    "Outcome",
    "WaitingRow",
    "add_finding",
    "add_waiting",
    "add_years",
    "advance_file",
    "begin_file",
    "decide_waiting",
    "find_file",
    "get_esco",
    "list_waiting",
    "list_years",
    "place",
    "refresh_statistics",
    "resolve",
    "retry_waiting",
]

_QUERIES = load_queries(__package__ or "")
_ALWAYS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
_COPY = sql.SQL("copy pg_temp.staged_intervals ({}) from stdin (format binary)").format(
    sql.SQL(", ").join(map(sql.Identifier, (*FIXED, *VARIABLE)))
)
_PIECE = 1 << 18  # bytes for libpq at a time


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as the database knows it."""

    id: int
    esco_id: UUID
    status: str
    items_done: int
    made_at: datetime
    counts: Mapping[str, int]


class Outcome(NamedTuple):
    """What became of staged days: a number of them, or one line that a person decides about."""

    kind: str
    line: int | None
    day: date | None
    number: int


class WaitingRow(NamedTuple):
    """A day that waits."""

    id: int
    reason: str
    identifier: str
    register: str
    day: date
    file: str | None
    line: int | None


def get_esco(connection: psycopg.Connection) -> UUID:
    """The ESCO that the caller acts for. Raises Refused MTR231 where there are several and none is named."""
    row = connection.execute(_QUERIES["esco_of_caller"]).fetchone()
    if row is None or row[0] is None:
        raise Refused(problems.no_esco())
    found: UUID = row[0]
    return found


def refresh_statistics(connection: psycopg.Connection) -> None:
    """Let the planner look at meters and places that are many more than it knows of."""
    connection.execute(_QUERIES["refresh_statistics"])


def begin_file(connection: psycopg.Connection, values: Mapping[str, Any]) -> FileRow:
    """The file, added if these bytes, so read, are new to the ESCO. Locked until the transaction ends."""
    connection.execute(_QUERIES["begin_file"], {**values, "read_with": json.dumps(values["read_with"])})
    found = find_file(connection, values["esco_id"], values["sha256"], values["read_with"])
    assert found
    return found


def find_file(
    connection: psycopg.Connection, esco_id: UUID, sha256: str, read_with: Mapping[str, Any]
) -> FileRow | None:
    """The file of these bytes, read with that, locked until the transaction ends."""
    values = {"esco_id": esco_id, "sha256": sha256, "read_with": json.dumps(read_with)}
    row = connection.execute(_QUERIES["get_file"], values).fetchone()
    return FileRow(*row) if row else None


def advance_file(connection: psycopg.Connection, values: Mapping[str, Any]) -> bool:
    """Note how far a file is loaded; False where somebody else got further meanwhile."""
    row = {**values, "counts": json.dumps(values["counts"])}
    return connection.execute(_QUERIES["advance_file"], row).rowcount == 1


def list_years(connection: psycopg.Connection) -> tuple[int, ...]:
    """The years that have partitions."""
    return tuple(year for (year,) in connection.execute(_QUERIES["list_years"]))


def add_years(connection: psycopg.Connection, years: Iterable[int]) -> None:
    """Make the partitions of years."""
    for year in sorted(years):
        connection.execute(_QUERIES["add_year"], {"year": year})


def resolve(
    connection: psycopg.Connection, esco_id: UUID, streams: Sequence[Stream]
) -> dict[Stream, tuple[Candidate, ...]]:
    """The registers that each stream may mean, and when; one query for all."""
    said = json.dumps([[s.scheme, s.identifier, s.register, s.serial, s.unit, s.direction] for s in streams])
    found: dict[Stream, list[Candidate]] = {stream: [] for stream in streams}
    rows = connection.execute(_QUERIES["resolve_streams"], {"esco_id": esco_id, "streams": said})
    for number, register_id, unit, from_at, to_at in rows:
        span = (from_at or _ALWAYS[0], to_at or _ALWAYS[1])
        found[streams[number]].append(Candidate(register_id, unit, *span))
    return {stream: tuple(candidates) for stream, candidates in found.items()}


def place(
    connection: psycopg.Connection, file: FileRow, placed: Sequence[Placed], sums: Sequence[Sums]
) -> Iterator[Outcome]:
    """COPY days into a temporary table, and put them from there into place in one statement."""
    connection.execute("call submeter.make_staging()")
    rows = pack(placed, sums, rounds(placed), file.made_at, file.id)
    with connection.cursor().copy(_COPY) as copy:
        for piece in _pieces(rows):
            copy.write(piece)
    for row in connection.execute(_QUERIES["place_intervals"], {"esco_id": file.esco_id}):
        yield Outcome(*row)


def _pieces(rows: Iterable[bytes]) -> Iterator[bytes]:
    held, size = [HEADER], 0
    for row in rows:
        held.append(row)
        size += len(row)
        if size > _PIECE:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join((*held, END))


def add_waiting(connection: psycopg.Connection, file: FileRow, days: Iterable[tuple[Any, Sums]]) -> None:
    """Days (rows of the file with their sums) whose register is not known."""
    rows = [_waiting(file, row, sums) for row, sums in days]
    if rows:
        # Before the first row: two files may bring the same one, and then one waits for the other.
        connection.execute(_QUERIES["lock_intervals"], {"esco_id": file.esco_id})
    with connection.cursor() as cursor:
        cursor.executemany(_QUERIES["add_waiting"], rows)


def _waiting(file: FileRow, row: Any, sums: Sums) -> dict[str, Any]:
    return {
        **row._asdict(), **row.stream._asdict(), **span_of(row.clock, row.day)._asdict(), **sums._asdict(),
        "ranges": ranges_json(row), "esco_id": file.esco_id, "file_at": file.made_at, "file_id": file.id,
    }  # fmt: skip


def add_finding(connection: psycopg.Connection, file: FileRow, number: int, finding: Finding) -> None:
    """Keep what was wrong."""
    problem = finding.problem
    values = {
        "file_id": file.id, "esco_id": file.esco_id, "number": number, "line": finding.line,
        "field": finding.column, "value": finding.value[:1000], "code": problem.code,
        "title": problem.title, "detail": problem.detail, "hint": problem.hint,
    }  # fmt: skip
    if not connection.execute(_QUERIES["add_finding"], values).rowcount:
        connection.execute(_QUERIES["add_finding_again"], values)


def retry_waiting(connection: psycopg.Connection, esco_id: UUID) -> int:
    """Try to place what waits for a meter; how many days found one."""
    row = connection.execute(_QUERIES["retry_waiting"], {"esco_id": esco_id}).fetchone()
    return int(row[0]) if row else 0


def decide_waiting(
    connection: psycopg.Connection, waiting_id: int, reason: str, *, accept: bool
) -> str | None:
    """Accept or turn down a day that waits; what became of it, None where there is none."""
    connection.execute(_QUERIES["lock_waiting"], {"id": waiting_id})
    values = {"id": waiting_id, "accept": accept, "reason": reason.strip()}
    row = connection.execute(_QUERIES["decide_waiting"], values).fetchone()
    return row[0] if row else None


def list_waiting(connection: psycopg.Connection, limit: int) -> tuple[WaitingRow, ...]:
    """Days that wait, the longest first."""
    return tuple(WaitingRow(*row) for row in connection.execute(_QUERIES["list_waiting"], {"limit": limit}))
