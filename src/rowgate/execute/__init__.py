"""Runs a statement as the caller: role, claims and request go in with it, in one round trip."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rowgate.auth import Caller
from rowgate.catalog.roles import RoleSettings
from rowgate.catalog.rules import Rules
from rowgate.config import Config
from rowgate.errors import Refusal, status_of
from rowgate.execute.connection import Connection, ConnectionLost, DatabaseError, Outcome, Row, Rows
from rowgate.execute.context import Context
from rowgate.execute.ending import BEGIN, CHECK_NOW, COMMIT, ROLLBACK, is_undone, settings_of
from rowgate.execute.errand import Errand
from rowgate.execute.hoisted import hoisted_settings, isolation
from rowgate.execute.pace import Pace
from rowgate.execute.pool import Pool
from rowgate.execute.raised import WHOLE_ANSWER, raised_answer
from rowgate.execute.sharing import Sharing
from rowgate.request import ApiRequest, Headers
from rowgate.request.headers import NO_HEADERS
from rowgate.sql import RESULT, Statement
from rowgate.sql.parts import quote

__all__ = [
    "Beforehand",
    "ConnectionLost",
    "Executor",
    "Outcome",
    "Pace",
    "ResultSet",
    "Run",
    "Said",
    "Told",
    "lost",
]

REMEMBERED = 1000  # settings of requests
PLAN_ONCE = ", set_config('plan_cache_mode', 'force_generic_plan', true))"
LAST = 2  # results that are looked at: before the statement's there may be one of its estimate


class ResultSet:
    """The single row that every statement answers with (``rowgate.sql.RESULT``)."""

    __slots__ = ("body", "estimate", "headers", "location", "page", "status", "total", "updated")

    def __init__(self, row: Row) -> None:
        row = row if len(row) > 1 else (*row, *(None,) * (len(RESULT) - 1))  # a plan is a body alone
        assert len(row) == len(RESULT)
        body, page, total, location, updated, headers, status = row
        self.body = body or b""
        self.page = int(page or 0)
        self.total = None if total is None else int(total)
        self.location = location
        self.updated = int(updated or 0)
        self.headers = headers
        self.status = status
        self.estimate: int | None = None

    @property
    def said_more(self) -> bool:
        """Whether there is more to it than a body and counts, so that the next answer will be another."""
        return (
            self.location is not None
            or self.headers is not None
            or self.status is not None
            or self.estimate is not None
        )


Verify = Callable[[ResultSet], None]


class Said(NamedTuple):
    """What functions in the database may ask about the request, as ``current_setting('request...')``."""

    schema: str
    method: str
    path: str
    headers: Headers = NO_HEADERS


@dataclass(frozen=True, slots=True)
class Run:
    """How a statement is run; the same for every request of a shape.

    ``asked`` are settings that the request or its function makes; ``verify`` looks at the result before
    anything is committed; ``level`` is an explicit start, ``undone`` an end in a rollback.
    """

    read_only: bool
    asked: Sequence[Statement] = ()
    verify: Verify | None = None
    level: Statement | None = None
    undone: bool = False

    @classmethod
    def of(
        cls,
        request: ApiRequest,
        config: Config,
        *,
        read_only: bool,
        verify: Verify | None = None,
        hoisted: Sequence[tuple[str, str]] = (),
    ) -> "Run":
        """What the request, the settings and the function's own (``hoisted``) settings say of it."""
        return cls(
            read_only,
            (*settings_of(request), *hoisted_settings(hoisted)),
            verify,
            isolation(hoisted),
            undone=not read_only and is_undone(request, config),
        )

    @property
    def in_one_flush(self) -> bool:
        """Whether the transaction ends with the pipeline, and nothing is to be decided in between."""
        return self.verify is None and self.level is None and not self.undone


class Beforehand(NamedTuple):
    """What goes before a statement, as PostgreSQL sees fit to plan it and planned once for all values."""

    usually: Sequence[Statement]
    once: Sequence[Statement]
    may_plan_once: bool


Told = Callable[[Outcome | Refusal], None]
Result = ResultSet | Refusal | ConnectionLost
"""What comes of a statement. A lost connection is told of as it is: what only reads may be run again."""


class Executor:
    """Runs statements over a pool of connections."""

    def __init__(self, config: Config) -> None:
        self._pool = Pool(config)
        self._sharing = Sharing(self._pool)
        self._use(config, RoleSettings())
        self._rules: Rules = {}

    def renew(self, config: Config, roles: RoleSettings, rules: Rules) -> None:
        """Go on under other settings, or over another schema: nothing that was prepared is used again."""
        self._use(config, roles)
        self._rules = rules
        self._pool.renew()

    @property
    def pool(self) -> Pool:
        return self._pool

    def _use(self, config: Config, roles: RoleSettings) -> None:
        self._context = Context(config, roles)
        self._further = [quote(name) for name in config.db_extra_search_path]
        self._search_paths: dict[str, bytes] = {}
        self._known_settings: dict[tuple[int, str, str, str, bool, bool], tuple[Said, Caller, Statement]] = {}
        self._settings_text = _settings_text(tuple(config.app_settings))
        self._app_values = tuple(value.encode() for value in config.app_settings.values())

    async def run(self, caller: Caller, said: Said, statement: Statement, run: Run) -> ResultSet:
        """Run the statement in a transaction of its own.

        With ``run.verify`` the result is looked at before anything is committed; what it raises undoes the
        write. Raises Refusal.
        """
        try:
            if not run.read_only:
                return await self._attempt(caller, said, statement, run)
            try:
                return await self._attempt(caller, said, statement, run)
            except ConnectionLost:
                # It was lost while it lay idle, most likely. What only reads may be asked again.
                return await self._attempt(caller, said, statement, run)
        except DatabaseError as error:
            raise refusal(error, caller, self._rules) from error
        except ConnectionLost as error:
            raise lost(error) from error

    def start(
        self, caller: Caller, said: Said, statement: Statement, run: Run, pace: Pace, tell: Told
    ) -> Callable[[], None] | None:
        """As ``run``, without a task: ``tell`` is called with what ``result`` makes sense of.

        What is returned abandons it. None where that cannot be, and nothing was begun.
        """
        if not run.in_one_flush or statement.estimate or self._context.begin(caller.role):
            return None
        once = self._context.may_plan_once(caller.role) and pace.planning.choose()
        statements = self._statements(caller, said, statement, run, once=once)
        return self._send(statements, run, pace, tell, once=once)

    def beforehand(self, caller: Caller, said: Said, run: Run) -> "Beforehand | None":
        """What ``start`` would send before a statement; None where it would not, or would change that."""
        if not run.in_one_flush or self._context.begin(caller.role) or not self._context.prepared:
            return None
        once = self._context.may_plan_once(caller.role)
        usually = self._before(caller, said, run, once=False)
        return Beforehand(usually, self._before(caller, said, run, once=True) if once else usually, once)

    def start_behind(
        self, before: "Beforehand", statement: Statement, run: Run, pace: Pace, tell: Told
    ) -> Callable[[], None]:
        """As ``start``, with what goes before the statement worked out already."""
        once = before.may_plan_once and pace.planning.choose()
        statements = (*(before.once if once else before.usually), statement)
        return self._send(statements, run, pace, tell, once=once)

    def _send(
        self, statements: Sequence[Statement], run: Run, pace: Pace, tell: Told, *, once: bool
    ) -> Callable[[], None]:
        errand = Errand(self._pool, statements, tell, pace, once=once)
        if run.read_only:
            errand.begin_read(self._sharing)
        else:
            errand.begin()
        return errand.abandon

    def result(self, outcome: Outcome | Refusal, caller: Caller) -> Result:
        """What was told of, in the gateway's terms."""
        if isinstance(outcome, list):
            return ResultSet(outcome[-1])
        return refusal(outcome, caller, self._rules) if isinstance(outcome, DatabaseError) else outcome

    async def _attempt(self, caller: Caller, said: Said, statement: Statement, run: Run) -> ResultSet:
        statements = self._statements(caller, said, statement, run)
        begin = run.level or self._context.begin(caller.role)
        async with self._pool.connection() as connection:
            if run.in_one_flush and begin is None:
                rows = await connection.run(statements, LAST)
            else:
                rows = await _ended_by_hand(connection, statements, begin or BEGIN, run)
        return _result(rows, statement)

    def _statements(
        self, caller: Caller, said: Said, statement: Statement, run: Run, *, once: bool = False
    ) -> Sequence[Statement]:
        settings = self.settings(caller, said, read_only=run.read_only, once=once)
        before = (statement.estimate,) if statement.estimate else ()
        return self._context.around(caller.role, settings, *run.asked, *before, statement)

    def _before(self, caller: Caller, said: Said, run: Run, *, once: bool) -> Sequence[Statement]:
        settings = self.settings(caller, said, read_only=run.read_only, once=once)
        return self._context.around(caller.role, settings, *run.asked)

    def settings(self, caller: Caller, said: Said, *, read_only: bool, once: bool = False) -> Statement:
        """Who asks, and what, for this transaction only. The same for many requests, so it is remembered.

        With ``once`` its statements are planned once for all values.
        """
        schema, method, path, headers = said
        key = (id(headers), schema, method, path, read_only, once)
        known = self._known_settings.get(key)
        # What is remembered holds the headers too, so that no others can have their identity.
        if known is not None and known[1] is caller:
            return known[2]
        if len(self._known_settings) >= REMEMBERED:
            self._known_settings.clear()
        made = self._make_settings(caller, said, read_only=read_only)
        if once:
            made = made._replace(text=made.text.removesuffix(")") + PLAN_ONCE)
        self._known_settings[key] = (said, caller, made)
        return made

    def _make_settings(self, caller: Caller, said: Said, *, read_only: bool) -> Statement:
        headers = said.headers
        values = (
            self._search_path(said.schema),
            *caller.encoded,
            said.method.encode(),
            said.path.encode(),
            headers.as_json,
            headers.cookies_as_json,
            b"on" if read_only else b"off",
            *self._app_values,
        )
        return Statement(self._settings_text, values)

    def _search_path(self, schema: str) -> bytes:
        path = self._search_paths.get(schema)
        if path is None:
            path = self._search_paths[schema] = ", ".join((quote(schema), *self._further)).encode()
        return path

    def close(self) -> None:
        self._pool.close()


def _result(rows: Rows, statement: Statement) -> ResultSet:
    result = ResultSet(rows[-1])
    if statement.estimate:
        result.estimate = int(json.loads(rows[-2][0] or b"")[0]["Plan"]["Plan Rows"])
    return result


async def _ended_by_hand(
    connection: Connection, statements: Sequence[Statement], begin: Statement, run: Run
) -> Rows:
    """An explicit BEGIN outlives the pipeline's Sync, so a failure leaves a transaction to be ended."""
    checks = (CHECK_NOW,) if run.undone else ()
    try:
        rows = await connection.run((begin, *statements, *checks), LAST)
        if run.verify is not None:
            run.verify(ResultSet(rows[-1]))
    except (DatabaseError, Refusal):
        await connection.run((ROLLBACK,))
        raise
    await connection.run((ROLLBACK if run.undone else COMMIT,))
    return rows


def lost(error: ConnectionLost) -> Refusal:
    """What to answer when nobody knows what became of the transaction."""
    details = str(error).strip() or None
    return Refusal(503, "PGRST001", "Database connection lost.", details, "Try again shortly.")


def refusal(error: DatabaseError, caller: Caller, rules: Rules) -> Refusal:
    """PostgreSQL's error as an answer, with PostgREST's status for its SQLSTATE."""
    if error.sqlstate == WHOLE_ANSWER:
        return raised_answer(error)
    status = status_of(
        error.sqlstate, anonymous=caller.anonymous, message=error.message, in_function=error.in_function
    )
    headers = (("WWW-Authenticate", "Bearer"),) if status == 401 else ()
    hint = error.hint or rules.get(error.constraint)
    if status == 401 and caller.anonymous:
        hint = hint or "The request had no token. Send one: Authorization: Bearer <token>"
    return Refusal(status, error.sqlstate, error.message, error.details, hint, headers)


def _settings_text(app_settings: Sequence[str]) -> str:
    """One SELECT that makes all settings, for this transaction only."""
    names = (
        "search_path",
        "role",
        "request.jwt.claims",
        "request.method",
        "request.path",
        "request.headers",
        "request.cookies",
        "transaction_read_only",
        *(f"app.settings.{name}" for name in app_settings),
    )
    calls = (
        f"set_config('{name.replace(chr(39), chr(39) * 2)}', ${i}, true)" for i, name in enumerate(names, 1)
    )
    # Its answer is one small number: nobody reads it, and the settings sent back would be a kilobyte.
    return f"SELECT pg_catalog.num_nulls({', '.join(calls)})"
