"""One PostgreSQL connection driven through libpq's pipeline mode: many statements, one round trip.

A pipeline without BEGIN is one implicit transaction up to its Sync: settings made with
``set_config(..., true)`` are gone afterwards, and an error undoes everything before it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import psycopg
from psycopg import pq

from rowgate.sql import Statement

PREPARED = 500  # statements kept prepared on a connection; the oldest make room
_TUPLES, _SYNC = pq.ExecStatus.TUPLES_OK, pq.ExecStatus.PIPELINE_SYNC
_OK = (_TUPLES, pq.ExecStatus.COMMAND_OK)

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


Outcome = Rows | DatabaseError | ConnectionLost
"""What becomes of a pipeline: the first row of each of its last two statements, or why there is none."""


class Connection:
    """Runs one pipeline at a time. Not for several tasks at once."""

    def __init__(self, session: "psycopg.AsyncConnection[Row]") -> None:
        self._session = session
        self._link = session.pgconn
        self._link.nonblocking = 1
        self._link.enter_pipeline_mode()
        self._loop = asyncio.get_running_loop()
        self._socket = self._link.socket
        self._names: OrderedDict[str, bytes] = OrderedDict()
        self._made = 0
        self._results: list[pq.abc.PGresult] = []
        self._sent: list[str | None] = []
        self._tell: Callable[[Outcome], None] | None = None
        self._ended: asyncio.Event | None = None
        self._writing = False
        self._closed = False
        self.opened_at = self.used_at = self._loop.time()
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
        return self._tell is None and self._link.transaction_status == pq.TransactionStatus.IDLE

    @property
    def busy(self) -> bool:
        """Whether the database is still at work for somebody who has gone away."""
        return self._tell is not None and not self._closed

    async def cancel(self, patience_s: float) -> None:
        """Ask the database to end what it is doing, and wait until it has."""
        if self._tell is None:
            return
        self._ended = asyncio.Event()
        try:
            async with asyncio.timeout(patience_s):
                await self._session.cancel_safe(timeout=patience_s)
                await self._ended.wait()
        except (TimeoutError, psycopg.Error):
            self.close()

    async def run(self, statements: Sequence[Statement]) -> Rows:
        """As ``start``, awaited. Raises DatabaseError or ConnectionLost."""
        outcome: asyncio.Future[Outcome] = self._loop.create_future()
        self.start(statements, partial(_settle, outcome))
        rows = await outcome
        if isinstance(rows, Exception):
            raise rows
        return rows

    def start(self, statements: Sequence[Statement], tell: Callable[[Outcome], None]) -> None:
        """Send the statements in one flush; ``tell`` gets the first row of each of the last two.

        It is told a DatabaseError if one fails: the rest are then skipped and all is undone. The reading goes
        on to the end, whether anybody still wants to know or not.
        """
        self._tell, self._results, self._sent = tell, [], []
        try:
            for statement in statements:
                self._send(statement, self._sent)
            self._link.pipeline_sync()
        except psycopg.Error as error:
            self._finish(ConnectionLost(str(error)))
            return
        self._flush()

    def _send(self, statement: Statement, sent: list[str | None]) -> None:
        """Send a statement; ``sent`` notes for each command in the pipeline the text it prepares, if any."""
        if not statement.prepared:
            sent.append(None)
            self._link.send_query_params(statement.text.encode(), statement.parameters or None)
            return
        name = self._names.get(statement.text)
        if name is None:
            name = self._name(statement.text, sent)
            sent.append(statement.text)
            self._link.send_prepare(name, statement.text.encode())
        else:
            self._names.move_to_end(statement.text)
        sent.append(None)
        self._link.send_query_prepared(name, statement.parameters or None)

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
            self._finish(ConnectionLost(str(error)))
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
            self._finish(ConnectionLost(str(error)))

    def look(self) -> None:
        """Read what there is, as if the socket had said so.

        A loop may forget a reader whose socket has an error (libuv does, and a backend that dies with
        statements unread leaves one); whoever waits for the pipeline would wait for ever.
        """
        if self._tell is not None and not self._closed:
            self._readable()

    def _take_results(self) -> None:
        while self._tell is not None and not self._link.is_busy():
            result = self._link.get_result()
            if result is None:
                continue  # the end of one statement's results; the Sync is still to come
            if result.status == _SYNC:
                self._finish(self._outcome())
            else:
                self._results.append(result)

    def _outcome(self) -> Outcome:
        results = self._results
        failure = next((result for result in results if result.status not in _OK), None)
        if failure is None:
            tables = [result for result in results if result.status == _TUPLES]
            return [_first_row(result) for result in tables[-2:]]
        for text, result in zip(self._sent, results, strict=False):
            if text is not None and result.status not in _OK:
                self._names.pop(text, None)  # never came to be; one that did stays, even when its run failed
        return _error(failure)

    def _finish(self, outcome: Outcome) -> None:
        """End the pipeline and tell of it; a connection that was lost is closed."""
        tell, self._tell = self._tell, None
        if isinstance(outcome, ConnectionLost):
            self.close()
        if self._ended is not None:
            self._ended.set()
        if tell is not None:
            tell(outcome)

    def close(self) -> None:
        """Drop the connection; a pipeline under way fails."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._socket)
        if self._writing:
            self._loop.remove_writer(self._socket)
        self._link.finish()
        self._finish(ConnectionLost("the connection was closed"))


def _settle(future: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not future.done():  # nobody may be waiting any more
        future.set_result(outcome)


def _first_row(result: pq.abc.PGresult) -> Row:
    if not result.ntuples:
        return ()
    if result.command_status == b"EXPLAIN":  # one text, in as many rows as it has lines
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
