"""One PostgreSQL connection driven through libpq's pipeline mode: many statements, one round trip.

A pipeline without BEGIN is one implicit transaction up to its Sync: settings made with
``set_config(..., true)`` are gone afterwards, and an error undoes everything before it.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import psycopg
from psycopg import pq

from rowgate.sql import Statement

PREPARED = 500  # statements kept prepared on a connection; the oldest make room
_TUPLES, _SYNC = int(pq.ExecStatus.TUPLES_OK), int(pq.ExecStatus.PIPELINE_SYNC)
_DONE = int(pq.ExecStatus.COMMAND_OK)

Row = tuple[bytes | None, ...]
Rows = list[Row]


@dataclass(eq=False)
class DatabaseError(Exception):
    """What PostgreSQL said went wrong; ``in_function`` if it happened inside a function of the database.

    ``constraint`` is the one that was broken: schema, table or domain, and name.
    """

    sqlstate: str
    message: str
    details: str | None = None
    hint: str | None = None
    in_function: bool = False
    constraint: tuple[str, str, str] = ("", "", "")

    def __str__(self) -> str:
        return f"{self.sqlstate}: {self.message}"


class ConnectionLost(Exception):
    """The connection is gone, and with it any knowledge of what became of the transaction."""


class AskAgain(ConnectionLost):
    """Nothing came of it, for a reason that may not be there the next time."""


Outcome = Rows | DatabaseError | ConnectionLost
"""What becomes of a pipeline: the first row of each of its last statements, or why there is none."""


class Flight:
    """A pipeline on its way: what is sent, and what came of it so far. It hears of its end in ``landed``."""

    __slots__ = ("last", "results", "sent", "statements")

    def __init__(self, statements: Sequence[Statement], last: int = 1) -> None:
        self.statements = statements
        self.last = last  # how many results are wanted
        self.results: list[pq.abc.PGresult] = []
        self.sent: list[str | None] = []  # for each command, the text that it prepares, if any

    def landed(self, outcome: Outcome) -> None:
        """It is over."""
        raise NotImplementedError


class _Awaited(Flight):
    """One that a task waits for."""

    __slots__ = ("_outcome",)

    def __init__(
        self, statements: Sequence[Statement], last: int, outcome: "asyncio.Future[Outcome]"
    ) -> None:
        super().__init__(statements, last)
        self._outcome = outcome

    def landed(self, outcome: Outcome) -> None:
        if not self._outcome.done():  # nobody may be waiting any more
            self._outcome.set_result(outcome)


class Connection:
    """Runs pipelines, in the order in which they were sent; each is a transaction of its own."""

    def __init__(self, session: "psycopg.AsyncConnection[Row]") -> None:
        self._session = session
        self._link = session.pgconn
        self._link.nonblocking = 1
        self._link.enter_pipeline_mode()
        self._loop = asyncio.get_running_loop()
        self._socket = self._link.socket
        self._names: OrderedDict[str, bytes] = OrderedDict()
        self._made = 0
        self._flights: deque[Flight] = deque()
        self._ended: asyncio.Event | None = None
        self._writing = False
        self.closed = False
        self.opened_at = self.used_at = self.turned_at = self._loop.time()
        self.took = self._began = 0.0  # seconds that the latest pipeline was at work, by a finer clock
        # Always listening: the end of an idle connection is noticed when it comes.
        self._loop.add_reader(self._socket, self._readable)

    @classmethod
    async def open(cls, conninfo: str) -> "Connection":
        session = await psycopg.AsyncConnection[Row].connect(
            conninfo, autocommit=True, fallback_application_name="rowgate"
        )
        return cls(session)

    @property
    def usable(self) -> bool:
        """Whether another pipeline may be sent; never while one, or a transaction, is unfinished."""
        return not self._flights and self._link.transaction_status == pq.TransactionStatus.IDLE

    @property
    def busy(self) -> bool:
        """Whether the database is still at work for somebody who has gone away."""
        return bool(self._flights) and not self.closed

    async def cancel(self, patience_s: float) -> None:
        """Ask the database to end what it is doing, and wait until it has."""
        if not self._flights:
            return
        self._ended = asyncio.Event()
        try:
            async with asyncio.timeout(patience_s):
                await self._session.cancel_safe(timeout=patience_s)
                await self._ended.wait()
        except (TimeoutError, psycopg.Error):
            self.close()

    async def run(self, statements: Sequence[Statement], last: int = 1) -> Rows:
        """Send the statements, for the first row of the last ones. Raises DatabaseError, ConnectionLost."""
        outcome: asyncio.Future[Outcome] = self._loop.create_future()
        self.start(_Awaited(statements, last, outcome))
        rows = await outcome
        if isinstance(rows, Exception):
            raise rows
        return rows

    def start(self, flight: Flight) -> None:
        """Send the statements in one flush; the flight hears of the first row of each of its ``last``.

        It hears of a DatabaseError if one fails: the rest are then skipped and all is undone. The reading
        goes on to the end, whether anybody still wants to know or not.
        """
        if not self._flights:
            self.turned_at, self._began = self._loop.time(), perf_counter()
        self._flights.append(flight)
        names = self._names
        try:
            for statement in flight.statements:
                name = names.get(statement[0]) if statement[2] else None
                if name is None:
                    self._send(statement, flight)
                else:  # nearly always; so it is said here, where it costs no call
                    names.move_to_end(statement[0])
                    flight.sent.append(None)
                    self._link.send_query_prepared(name, statement[1] or None)
            self._link.pipeline_sync()
        except psycopg.Error as error:
            self._lose(ConnectionLost(str(error)))
            return
        self._flush()

    def _send(self, statement: Statement, flight: Flight) -> None:
        """Send one that is not prepared yet, or never."""
        text, parameters, prepared, _ = statement
        if not prepared:
            flight.sent.append(None)
            self._link.send_query_params(text.encode(), parameters or None)
            return
        name = self._name(text, flight.sent)
        flight.sent.append(text)
        self._link.send_prepare(name, text.encode())
        flight.sent.append(None)
        self._link.send_query_prepared(name, parameters or None)

    def _name(self, text: str, sent: list[str | None]) -> bytes:
        self._made += 1
        name = b"rowgate_%d" % self._made
        if len(self._names) >= PREPARED:
            _, oldest = self._names.popitem(last=False)
            sent.append(None)
            self._link.send_query_params(b"DEALLOCATE " + oldest, None)
        self._names[text] = name
        return name

    def _flush(self) -> None:
        try:
            unsent = self._link.flush() == 1
        except psycopg.Error as error:
            self._lose(ConnectionLost(str(error)))
            return
        if unsent and not self._writing:
            self._loop.add_writer(self._socket, self._flush)
        elif not unsent and self._writing:
            self._loop.remove_writer(self._socket)
        self._writing = unsent

    def _readable(self) -> None:
        try:
            self._link.consume_input()
            if self._writing:
                self._flush()
            self._take_results()
        except psycopg.Error as error:
            self._lose(ConnectionLost(str(error)))

    def look(self) -> None:
        """Read what there is, as if the socket had said so.

        A loop may forget a reader whose socket has an error (libuv does, and a backend that dies with
        statements unread leaves one); whoever waits for the pipeline would wait for ever.
        """
        if self.busy:
            self._readable()

    def _take_results(self) -> None:
        is_busy, get_result = self._link.is_busy, self._link.get_result
        while self._flights and not is_busy():
            result = get_result()
            if result is None:
                continue  # the end of one statement's results; the Sync is still to come
            if result.status == _SYNC:
                self._land()
            else:
                self._flights[0].results.append(result)

    def _land(self) -> None:
        """The first pipeline is at its end; the next has its turn."""
        flight = self._flights.popleft()
        now = perf_counter()
        self.took, self._began = now - self._began, now
        self.turned_at = self._loop.time()
        if self._ended is not None and not self._flights:
            self._ended.set()
        flight.landed(self._outcome(flight))

    def _outcome(self, flight: Flight) -> Outcome:
        results = flight.results
        tables = []
        for result in results:
            status = result.status
            if status == _TUPLES:
                tables.append(result)
            elif status != _DONE:
                return self._failed(flight, result)
        return [_first_row(result) for result in tables[-flight.last :]]

    def _failed(self, flight: Flight, failure: pq.abc.PGresult) -> DatabaseError:
        for text, result in zip(flight.sent, flight.results, strict=False):
            if text is not None and result.status != _DONE:
                self._names.pop(text, None)  # never came to be; one that did stays, even when its run failed
        return _error(failure)

    def _lose(self, lost: ConnectionLost) -> None:
        """Drop the connection; all that is under way is told what became of it."""
        if not self.closed:
            self.closed = True
            self._loop.remove_reader(self._socket)
            if self._writing:
                self._loop.remove_writer(self._socket)
            self._link.finish()
        if self._ended is not None:
            self._ended.set()
        flights, self._flights = self._flights, deque()
        for flight in flights:
            flight.landed(lost)

    def close(self) -> None:
        """Drop the connection; what is under way fails."""
        if not self.closed:
            self._lose(ConnectionLost("the connection was closed"))


def _first_row(result: pq.abc.PGresult) -> Row:
    if not result.ntuples:
        return ()
    if (
        result.nfields == 1 and result.command_status == b"EXPLAIN"
    ):  # one text, in as many rows as it has lines
        return (b"\n".join(result.get_value(row, 0) or b"" for row in range(result.ntuples)),)
    get = result.get_value
    return tuple([get(0, column) for column in range(result.nfields)])


def _error(result: pq.abc.PGresult) -> DatabaseError:
    def said(field: pq.DiagnosticField) -> str | None:
        value = result.error_field(field)
        return value.decode("utf-8", "replace") if value is not None else None

    return DatabaseError(
        said(pq.DiagnosticField.SQLSTATE) or "XX000",
        said(pq.DiagnosticField.MESSAGE_PRIMARY) or result.get_error_message(),
        said(pq.DiagnosticField.MESSAGE_DETAIL),
        said(pq.DiagnosticField.MESSAGE_HINT),
        " function " in f" {said(pq.DiagnosticField.CONTEXT) or ''}",
        (
            said(pq.DiagnosticField.SCHEMA_NAME) or "",
            said(pq.DiagnosticField.TABLE_NAME) or said(pq.DiagnosticField.DATATYPE_NAME) or "",
            said(pq.DiagnosticField.CONSTRAINT_NAME) or "",
        ),
    )
