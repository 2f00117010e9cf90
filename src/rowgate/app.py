"""The row of stages: authenticate, prepare (parse, plan, render), run, answer. Free of any server."""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence, Set
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import psycopg

from rowgate.auth import Authenticator, Caller, Seen
from rowgate.catalog.model import Catalog, Name
from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.execute import Beforehand, ConnectionLost, Executor, Outcome, ResultSet, Run, Said, Told, lost
from rowgate.execute.pool import Pool
from rowgate.keeper import Keeper, Loaded
from rowgate.openapi import as_asked, by_function, is_root
from rowgate.openapi.root import Root
from rowgate.plan import make_plan
from rowgate.plan.model import Call, Insert
from rowgate.prepared import Prepared, Preparer
from rowgate.request import Headers, Incoming, parse_request
from rowgate.request.payload import Outline
from rowgate.response import Answer, refuse
from rowgate.response.every import is_traced, located, traced, traces, with_vary
from rowgate.response.options import options_of, options_of_root
from rowgate.sql import Statement, render, render_served
from rowgate.story import Story

__all__ = ["Gateway", "Observer", "PythonSide", "Way"]

log = logging.getLogger("rowgate")

PythonSide = Mapping[Name, Callable[[Mapping[str, Any], Any], Sequence[Mapping[str, Any]]]]
"""The port by which the application answers in the place of SQL: a function, or a relation's insert, to
``(claims, arguments or rows) -> rows``. It is called in a thread, after the caller's right was checked."""

Observer = Callable[[Incoming, Story, Answer], None]
"""Is told of every request that was answered."""

Respond = Callable[[Answer], None]
Abandon = Callable[[], object]
"""Ends the work on a request that nobody waits for any more, down to the query in the database."""

SERVED_BY_THE_APPLICATION = "0A000"


class Asked(Story):
    """A request under way, with what became of it so far; ``stop`` ends what is being done about it."""

    __slots__ = ("caller", "gateway", "incoming", "prepared", "respond", "said", "statement", "stop")

    caller: Caller
    said: Said
    prepared: Prepared
    statement: Statement | None

    def __init__(self, gateway: "Gateway", incoming: Incoming, respond: Respond) -> None:
        super().__init__(timed=gateway.config.server_timing_enabled)
        self.gateway = gateway
        self.incoming = incoming
        self.respond = respond
        self.stop: Abandon = _nothing

    def told(self, outcome: Outcome | Refusal) -> None:
        """What the one flush brought, in which most requests are done."""
        self.gateway.conclude(self, outcome)

    def abandon(self) -> None:
        """Nobody waits for the answer any more."""
        self.respond = _to_nobody
        self.stop()


class Way(NamedTuple):
    """What requests of one sender and one shape have in common, as long as ``preparer`` is in use."""

    preparer: Preparer
    prepared: Prepared
    outline: Outline | None
    caller: Caller
    seen: Seen | None
    said: Said
    before: Beforehand


class Gateway:
    """Serves the schemas of ``config`` from its database."""

    def __init__(self, config: Config, python_side: PythonSide | None = None) -> None:
        self.config = config
        self.observe: Observer | None = None
        self.tally: Callable[[int], bool] = self._unobserved
        self.keeper = Keeper(config, self._use)
        self._executor = Executor(config)
        self._root = Root(config, self._executor)
        self.authenticator = Authenticator(config)
        self._python_side = python_side or {}
        self._preparer: Preparer | None = None
        self._traces = traces(config)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Read the catalog. Where there is no database yet, serve 503 and go on trying."""
        try:
            await self.keeper.load()
        except psycopg.OperationalError as error:
            if not self.config.db_pool_automatic_recovery:
                raise
            log.error("No database yet: %s", error)
            self.keeper.reload()

    def stop(self) -> None:
        self.keeper.stop()
        self._executor.close()

    def _use(self, loaded: Loaded) -> None:
        """From here on serve what was read; nothing of before is left in use but requests under way."""
        if loaded.config != self.config:
            self.authenticator = Authenticator(loaded.config)
            self.config = loaded.config
            self._traces = traces(loaded.config)
            self._root = Root(loaded.config, self._executor)
        self._executor.renew(loaded.config, loaded.roles, loaded.rules)
        self._preparer = Preparer(loaded.config, loaded.catalog, frozenset(self._python_side))

    @property
    def pool(self) -> Pool:
        return self._executor.pool

    @property
    def catalog(self) -> Catalog:
        return self.keeper.catalog

    @property
    def preparer(self) -> Preparer:
        """Raises Refusal (503) while there is no catalog."""
        return self._preparer or Preparer(self.config, self.catalog)

    @property
    def current(self) -> Preparer | None:
        """What ways are known by: another one, and nothing that was remembered of them holds."""
        return self._preparer

    def _unobserved(self, status: int) -> bool:  # noqa: ARG002
        """Whether an answer of this status is noted by that, and need not be shown to the observer."""
        return self.observe is None

    def way(self, incoming: Incoming, values: Sequence[bytes]) -> Way | None:
        """What is known of all requests that differ from this one in no more than these values, and the body.

        None where that is not enough to answer them.
        """
        preparer, known = self._preparer, self.authenticator.recall(incoming.headers)
        if preparer is None or known is None or is_root(incoming) or is_traced(self.config, incoming.headers):
            return None
        found = preparer.way(incoming, values)
        if found is None or incoming.method == "HEAD":
            return None
        prepared, outlined = found
        said = Said(prepared.request.schema, incoming.method, incoming.path, incoming.headers)
        before = self._executor.beforehand(known[0], said, prepared.run)
        return before and Way(preparer, prepared, outlined, *known, said, before)

    def send(self, way: Way, statement: Statement, tell: Told) -> Abandon:
        """Send the statement of a request whose way is known; ``tell`` hears what came of it."""
        prepared = way.prepared
        return self._executor.start_behind(way.before, statement, prepared.run, prepared.pace, tell)

    def resume(self, way: Way, statement: Statement, incoming: Incoming, respond: Respond) -> Asked:
        """A request that was sent so, as if it had come the long way; to be concluded."""
        asked = Asked(self, incoming, respond)
        asked.caller, asked.said, asked.prepared, asked.statement = (
            way.caller,
            way.said,
            way.prepared,
            statement,
        )
        asked.role, asked.sql = way.caller.role, statement.text
        return asked

    async def answer(self, incoming: Incoming) -> Answer:
        """Answer a request, whatever it is. Cancelled, it takes its query in the database with it."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        abandon = self.begin(incoming, partial(_settle, answered))
        try:
            return await answered
        except asyncio.CancelledError:
            abandon()
            raise

    def begin(self, incoming: Incoming, respond: Respond) -> Abandon:
        """Answer a request by calling ``respond``, now or soon."""
        if is_root(incoming) and self.config.db_root_spec:
            by_name = by_function(incoming, self.config.db_root_spec)
            return self.begin(by_name, lambda answered: respond(as_asked(incoming, answered)))
        asked = Asked(self, incoming, respond)
        try:
            self._begin(asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
            self._refuse(asked, error)
        return asked.abandon

    def _begin(self, asked: Asked) -> None:
        incoming = asked.incoming
        caller = asked.caller = self.authenticator.identify(incoming.headers)
        asked.role = caller.role
        asked.end("jwt")
        if incoming.method == "OPTIONS":
            self._finish(asked, with_vary(self._options(incoming)))
            return
        if is_root(incoming):
            self._spawn(asked, self._root.answer(caller, incoming, self.catalog))
            return
        asked.prepared, asked.statement = prepared, statement = self.preparer.prepare(incoming, asked)
        said = asked.said = Said(prepared.request.schema, incoming.method, incoming.path, incoming.headers)
        if statement is not None:
            asked.sql = statement.text
            start = self._executor.start
            abandon = start(caller, said, statement, prepared.run, prepared.pace, asked.told)
            if abandon is not None:
                if asked.stop is _nothing:  # else it was told of at once, and goes another way by now
                    asked.stop = abandon
                return
        self._spawn(asked, self._by_steps(asked))

    def conclude(self, asked: Asked, outcome: Outcome | Refusal) -> None:
        """Answer a request whose one flush is over."""
        asked.end("transaction")
        result = self._executor.result(outcome, asked.caller)
        if isinstance(result, ResultSet):
            try:
                answered = asked.prepared.answers.make(result)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
                self._refuse(asked, error)
            else:
                asked.end("response")
                self._finish(asked, answered)
        elif isinstance(result, ConnectionLost) and asked.prepared.run.read_only:
            # It was lost while it lay idle, most likely. What only reads may be asked again.
            self._spawn(asked, self._by_steps(asked))
        else:
            self._refuse(asked, result if isinstance(result, Refusal) else lost(result))

    async def _by_steps(self, asked: Asked) -> Answer:
        """The way of a request that needs more than one flush, or Python's help."""
        caller, said, prepared, statement = asked.caller, asked.said, asked.prepared, asked.statement
        if statement is None:
            statement = await self._ask_python(caller, said, prepared)
            asked.sql = statement.text
        result = await self._executor.run(caller, said, statement, prepared.run)
        asked.end("transaction")
        answered = prepared.answers.make(result)
        asked.end("response")
        return answered

    def _spawn(self, asked: Asked, work: Coroutine[Any, Any, Answer]) -> None:
        async def do() -> None:
            try:
                answered = with_vary(await work)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
                self._refuse(asked, error)
            else:
                self._finish(asked, answered)

        task = asyncio.get_running_loop().create_task(do())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        asked.stop = task.cancel

    def _refuse(self, asked: Asked, error: Exception) -> None:
        if not isinstance(error, Refusal):
            log.error("bug while answering %s %s", asked.incoming.method, asked.incoming.path, exc_info=error)
            error = Refusal(500, "PGRSTX00", "Internal error; it was logged")
        self._finish(asked, refuse(error, verbose=self.config.verbose))

    def _finish(self, asked: Asked, answered: Answer) -> None:
        """What every answer carries, and who is told of it."""
        incoming = asked.incoming
        if answered.location:
            answered = located(answered, incoming.query_string)
        if self._traces:
            answered = traced(answered, self.config, incoming.headers, asked)
        if self.observe is not None:
            self.observe(incoming, asked, answered)
        asked.stop = _nothing  # what leads back to this would be a cycle
        asked.respond(answered)

    def _options(self, incoming: Incoming) -> Answer:
        """What may be asked of this address; arguments choose between functions of one name."""
        if not incoming.path.strip("/"):
            return options_of_root()
        headers = Headers((name, value) for name, value in incoming.headers.items() if name != "accept")
        query = incoming.query_string if incoming.path.startswith("/rpc/") else b""
        as_get = incoming._replace(method="GET", headers=headers, query_string=query)
        request = parse_request(as_get, self.config)
        return options_of(request, make_plan(request, self.catalog))

    async def _ask_python(self, caller: Caller, said: Said, prepared: Prepared) -> Statement:
        """Let the application make the rows, and give them their declared types.

        The SQL object is tried first: its grants and argument types decide whether the caller may come
        in, and its body refuses with ``SERVED_BY_THE_APPLICATION``: "yes, but not here".
        """
        request, plan = prepared.request, prepared.plan
        assert isinstance(plan, Call | Insert)
        try:
            await self._executor.run(caller, said, render(plan, request), Run(read_only=False))
        except Refusal as refusal:
            if refusal.code != SERVED_BY_THE_APPLICATION:
                raise
        else:
            raise AssertionError(f"{plan} has a body in SQL and a callable in Python")
        name = plan.routine.name if isinstance(plan, Call) else plan.relation.name
        given = _given(plan) if plan.payload else dict(request.query.arguments)
        rows = await asyncio.to_thread(self._python_side[name], json.loads(caller.claims), given)
        return render_served(plan, request, json.dumps(rows, default=str).encode())


def _nothing() -> None:
    """There is nothing to abandon."""


def _settle(answered: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not answered.done():  # whoever waits may be cancelled, and not know it yet
        answered.set_result(answer)


def _to_nobody(_: Answer) -> None:
    """Whoever asked has gone."""


def _given(plan: Call | Insert) -> Any:
    """The body's rows; for a call its arguments, which are the first row's, as in SQL."""
    assert plan.payload is not None
    try:
        given = json.loads(plan.payload.raw, parse_float=Decimal)  # exact, as in SQL
    except ValueError:  # well formed, but with a number of more digits than Python will read
        raise Refusal(400, "PGRST102", "A number in the body is too long") from None
    if isinstance(plan, Call):
        return (given[0] if given else {}) if isinstance(given, list) else given
    names = {column.name for column in plan.columns}
    return [_of(names, row) for row in given] if isinstance(given, list) else _of(names, given)


def _of(names: Set[str], row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says of the columns that are inserted: `columns` may name fewer than the row has."""
    return {name: value for name, value in row.items() if name in names}
