"""What people ask for: load a file of meter data, try again what waits, decide about a day."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import retried, transaction
from submeter.metering import problems, reading, store
from submeter.metering.checking import check_due
from submeter.metering.checking_ahead import Ahead, check_ahead
from submeter.metering.chunks import Chunk, chunk_of, chunks
from submeter.metering.column_maps import find_map
from submeter.metering.formats.column_map import ColumnMap
from submeter.metering.loading import Loader
from submeter.metering.model import FileError, Finding, Item
from submeter.metering.placing import FIRST_YEAR
from submeter.metering.reading import How, how_to_read
from submeter.metering.reading_actions import retry_unknown
from submeter.metering.reading_problems import no_reason
from submeter.metering.report import Report
from submeter.metering.store import FileRow

__all__ = [
    "Options",
    "Source",
    "check_how",
    "decide_waiting",
    "import_file",
    "import_rows",
    "list_waiting",
    "retry_waiting",
]

CHUNK_ROWS = 5_000
CHUNK_BYTES = 16 << 20

Parts = Callable[[BinaryIO, str, How], Iterator[reading.Part]]


@dataclass(frozen=True, slots=True)
class Source:
    """A file to load: `open` gives its bytes anew, each time from the beginning."""

    name: str
    open: Callable[[], BinaryIO]
    made_at: datetime
    """When it was made, as far as is known: between versions without a time of their own the later wins."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to load. `format` names one instead of looking; `progress` hears the days that are done.

    For tables of no format: `columns` is a column map, or the name of one that is kept; `clock` is theirs.
    """

    all_or_nothing: bool = False
    dry_run: bool = False
    format: str = ""
    columns: str | ColumnMap = ""
    clock: str = ""
    progress: Callable[[int], None] = lambda _: None
    parts: Parts = reading.parts
    chunk_rows: int = CHUNK_ROWS
    check: bool = True
    """Whether to look at the intervals once they are stored."""


def import_file(
    database: Database, caller: Caller, source: Source, options: Options, now: datetime
) -> Report:
    """Load a file: what is good goes into place, what is not becomes a finding.

    Chunk by chunk, each a transaction that also notes how far the file is: killed at any moment and called
    again, it goes on where it was. With `all_or_nothing` or `dry_run` it is one transaction, and a finding
    (or the dry run) undoes it. What has to give way to others is begun anew, some times. The same bytes are
    loaded once, and once more if another column map or clock is named. Raises Refused: MTR155, MTR193,
    MTR195, MTR196, MTR230, MTR231, and as the formats do where nothing of the file can be read.
    """
    how = check_how(database, caller, options)
    with check_ahead(database, caller) as ahead:

        def new_run() -> _Run:
            loader = Loader(Report(source.name), now, caller)
            return _Run(database, caller, source, options, loader, how, now.year + 1, ahead=ahead)

        whole = options.all_or_nothing or options.dry_run
        report = retried(lambda: new_run().all_at_once()) if whole else new_run().by_chunks()
        if options.check and report.status in ("loaded", "repeated"):
            checked = ahead.done().plus(retried(lambda: check_due(database, caller)))
            report.counts["suspect"] += checked.found
    return report


def check_how(database: Database, caller: Caller, options: Options) -> How:
    """How files are to be read, told before the first is.

    Raises Refused: MTR155, MTR191, MTR193, MTR195, MTR196, MTR231.
    """
    columns = options.columns if isinstance(options.columns, ColumnMap) else None
    if options.columns and columns is None:
        with transaction(database, caller) as connection:
            columns = find_map(connection, str(options.columns))
    return how_to_read(options.format, columns, options.clock)


def import_rows(
    connection: psycopg.Connection,
    esco_id: UUID,
    name: str,
    items: Iterable[Item],
    made_at: datetime,
    last_year: int,
) -> Report:
    """Load rows that somebody made, within a transaction of theirs, as if they had come as a file.

    The name tells such files of an ESCO apart. Raises Refused MTR230 where it was loaded before.
    """
    loader = Loader(Report(name, format="rows"), made_at)
    sha256 = hashlib.sha256(f"rows {name}".encode()).hexdigest()
    run = _Run(
        None, None, Source(name, BytesIO, made_at), Options(), loader, How(), last_year, esco_id, sha256
    )
    return run.within(connection, items)


def retry_waiting(database: Database, caller: Caller) -> int:
    """Try to place the days that wait for a meter; how many found one. Raises Refused MTR231."""
    with transaction(database, caller) as connection:
        return store.retry_waiting(connection, store.get_esco(connection))


def decide_waiting(database: Database, caller: Caller, waiting_id: int, reason: str, *, accept: bool) -> str:
    """Accept or turn down a day that waits for a decision; says what became of it. The audit keeps why.

    Raises Refused: MTR232 where no such day waits for one, MTR263 without a reason.
    """
    if not reason.strip():
        raise Refused(no_reason(f"day {waiting_id} is decided about"))
    with transaction(database, caller) as connection:
        became = store.decide_waiting(connection, waiting_id, reason, accept=accept)
    if became is None:
        raise Refused(problems.nothing_waits(waiting_id))
    return became


def list_waiting(database: Database, caller: Caller, limit: int = 100) -> tuple[store.WaitingRow, ...]:
    """The days that wait, for a meter or a decision."""
    with transaction(database, caller) as connection:
        return store.list_waiting(connection, limit)


def work_ahead(chunks: Iterable[Chunk], load: Callable[[Chunk], None]) -> None:
    """Load chunks one by one, in order, while the next one is read: the database's time is not waited for.

    Whatever goes wrong with a chunk is raised here, before the one after the next is read.
    """
    with ThreadPoolExecutor(1, "import") as worker:
        under_way: Future[None] | None = None
        for chunk in chunks:
            if under_way:
                under_way.result()
            under_way = worker.submit(load, chunk)
        if under_way:
            under_way.result()


class _Undone(Exception):
    """Ends a transaction whose work is not wanted."""


@dataclass
class _Run:
    """One import: what is asked for, and how far it is."""

    database: Database | None
    """None in a transaction of somebody else's."""
    caller: Caller | None
    source: Source
    options: Options
    loader: Loader
    how: How
    last_year: int
    """Days of later ones are mistakes."""
    esco_id: UUID | None = None
    sha256: str = ""
    size: int = 0
    done: int = 0
    clocks: set[str] = field(default_factory=set)
    years: set[int] = field(default_factory=set)
    ahead: Ahead | None = None
    """Checks what is stored while more is."""

    @property
    def report(self) -> Report:
        return self.loader.report

    def by_chunks(self) -> Report:
        """A transaction for each chunk."""
        self._look()
        with self._transaction() as connection:
            file = self._known(connection)
        if file and file.status == "loaded":
            return self._repeated(file)
        self._go_on(file)
        with self._chunks() as every:
            work_ahead(every, self._load_chunk)
        self._done_whole(self._finish)
        return self.report

    def _load_chunk(self, chunk: Chunk) -> None:
        self._make_years(chunk)
        self._done_whole(lambda connection: self._load(connection, chunk))
        if self.ahead and self.options.check:
            self.ahead.stored(self.loader.registers)
        self.options.progress(self.report.counts["days"])

    def _done_whole(self, work: Callable[[psycopg.Connection], None]) -> None:
        """One transaction, begun anew where it had to give way; what was noted meanwhile is forgotten."""
        before, done = self.report.copy(), self.done

        def forget() -> None:
            self.loader.report, self.done = before.copy(), done
            self.loader.known.clear()

        def once() -> None:
            with self._transaction() as connection:
                work(connection)

        retried(once, forget)

    def within(self, connection: psycopg.Connection, items: Iterable[Item]) -> Report:
        """In one transaction, which is not ours."""
        for chunk in self._chunked(items):
            store.add_years(connection, self._new_years(chunk))
            self._load(connection, chunk)
        self._finish(connection)
        return self.report

    def all_at_once(self) -> Report:
        """One transaction for all, undone if anything was found or nothing was to be kept."""
        self._look()
        try:
            with self._transaction() as connection:
                file = self._known(connection)
                if file and file.status == "loaded":
                    return self._repeated(file)
                self._go_on(file)
                self._load_all(connection)
                self.report.status = self._verdict()
                if self.report.status != "loaded":
                    raise _Undone
        except _Undone:
            self.report.file_id = None
        return self.report

    def _load_all(self, connection: psycopg.Connection) -> None:
        with self._chunks() as every:
            for chunk in every:
                self._make_years(chunk)
                self._load(connection, chunk)
                self.options.progress(self.report.counts["days"])
        self._finish(connection)

    def _verdict(self) -> str:
        if self.options.dry_run:
            return "checked"
        return "loaded" if self.report.is_clean else "refused"

    # --- the file ---

    def _look(self) -> None:
        digest = hashlib.sha256()
        self.size = 0
        with self.source.open() as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
                self.size += len(piece)
        self.sha256 = digest.hexdigest()
        with self._transaction() as connection:
            store.refresh_statistics(connection)

    def _known(self, connection: psycopg.Connection) -> FileRow | None:
        self.esco_id = store.get_esco(connection)
        self.years = set(store.list_years(connection))
        return store.find_file(connection, self.esco_id, self.sha256, self.how.as_json())

    def _go_on(self, file: FileRow | None) -> None:
        """Where an import that was broken off had come to."""
        if file and file.items_done:
            self.done, self.report.counts = file.items_done, Counter(file.counts)

    def _repeated(self, file: FileRow) -> Report:
        """Nothing to load, but what waited may have found its meter."""
        self.report.status, self.report.file_id = "repeated", file.id
        if not self.options.dry_run:
            with self._transaction() as connection:
                self._retry(connection, file)
        return self.report

    def _transaction(self) -> AbstractContextManager[psycopg.Connection]:
        assert self.database
        assert self.caller
        return transaction(self.database, self.caller)

    def _begin(self, connection: psycopg.Connection) -> FileRow:
        values: dict[str, Any] = {
            "esco_id": self.esco_id, "name": self.source.name, "sha256": self.sha256,
            "size": self.size, "format": self.report.format, "made_at": self.source.made_at,
            "received_by": self.caller.signature() if self.caller else "the system",
            "read_with": self.how.as_json(),
        }  # fmt: skip
        file = store.begin_file(connection, values)
        if file.items_done != self.done or file.status == "loaded":
            raise Refused(problems.file_in_use(self.source.name))
        self.report.file_id = file.id
        return file

    # --- its items ---

    @contextmanager
    def _chunks(self) -> Iterator[Iterator[Chunk]]:
        with self.source.open() as stream:
            yield self._chunked(islice(self._items(stream), self.done, None))

    def _chunked(self, items: Iterable[Item]) -> Iterator[Chunk]:
        for some in chunks(items, self.options.chunk_rows, CHUNK_BYTES):
            yield chunk_of(some, self.last_year)

    def _items(self, stream: BinaryIO) -> Iterator[Item]:
        """All items; a file that breaks off is a finding, one of which nothing can be read a refusal."""
        count = 0
        try:
            for part in self.options.parts(stream, self.source.name, self.how):
                self.report.format = part.format
                for item in part.items:
                    count += 1
                    yield item
        except FileError as error:
            if not count:
                raise Refused(error.problem) from error
            yield Finding(error.problem, error.line)

    def _make_years(self, chunk: Chunk) -> None:
        """Partitions are made in a transaction of their own: nobody waits for ours."""
        if new := self._new_years(chunk):
            with self._transaction() as connection:
                store.add_years(connection, new)

    def _new_years(self, chunk: Chunk) -> set[int]:
        new = {year for year in chunk.years - self.years if FIRST_YEAR <= year <= self.last_year}
        self.years |= new
        return new

    def _load(self, connection: psycopg.Connection, chunk: Chunk) -> None:
        file = self._begin(connection)
        self.clocks |= chunk.clocks
        self.report.clocks = tuple(sorted(self.clocks))
        self.loader.load(connection, file, chunk)
        self._advance(connection, file, chunk.size, "loading")

    def _finish(self, connection: psycopg.Connection) -> None:
        file = self._begin(connection)
        self._retry(connection, file)
        # Meters do not wait by themselves: the same bytes may come again for them.
        if self.report.counts["meters_open"]:
            self._advance(connection, file, -file.items_done, "loading")
        else:
            self._advance(connection, file, 0, "loaded")

    def _retry(self, connection: psycopg.Connection, file: FileRow) -> None:
        """What waited may have found its meter."""
        self.report.counts["found"] += store.retry_waiting(connection, file.esco_id)
        self.report.counts["readings_found"] += retry_unknown(connection, self.loader.caller, self.loader.now)

    def _advance(self, connection: psycopg.Connection, file: FileRow, count: int, status: str) -> None:
        before = file.items_done
        self.done = before + count
        noted = store.advance_file(
            connection,
            {
                "id": file.id, "items_before": before, "items_done": self.done, "status": status,
                "counts": self.report.counts, "clocks": sorted(self.clocks), "format": self.report.format,
            },
        )  # fmt: skip
        if not noted:
            raise Refused(problems.file_in_use(self.source.name))
