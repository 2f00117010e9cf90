"""Runs a statement as the caller: role, claims and request go in with it, in one round trip."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rowgate.auth import Caller
from rowgate.catalog.roles import RoleSettings
from rowgate.catalog.rules import Rules
from rowgate.config import Config
from rowgate.errors import Refusal, status_of
from rowgate.execute.connection import Connection, ConnectionLost, DatabaseError, Row
from rowgate.execute.context import Context
from rowgate.execute.ending import BEGIN, CHECK_NOW, COMMIT, ROLLBACK, is_undone, settings_of
from rowgate.execute.hoisted import hoisted_settings, isolation
from rowgate.execute.pool import Pool
from rowgate.execute.raised import WHOLE_ANSWER, raised_answer
from rowgate.request import ApiRequest
from rowgate.sql import RESULT, Statement
from rowgate.sql.parts import quote

__all__ = ["Executor", "ResultSet"]


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


Verify = Callable[[ResultSet], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What is sent for a request: the last statement answers, after an ``estimated`` one if there is one.

    ``verify`` looks at the result before anything is committed; ``begin`` is an explicit start, ``undone``
    an end in a rollback.
    """

    statements: Sequence[Statement]
    verify: Verify | None = None
    begin: Statement | None = None
    undone: bool = False
    estimated: bool = False


class Executor:
    """Runs statements over a pool of connections."""

    def __init__(self, config: Config) -> None:
        self._pool = Pool(config)
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
        self._config = config
        self._context = Context(config, roles)
        self._path = ", ".join(quote(name) for name in config.db_extra_search_path)
        self._settings_text = _settings_text(tuple(config.app_settings))
        self._app_values = tuple(value.encode() for value in config.app_settings.values())

    async def run(
        self,
        caller: Caller,
        request: ApiRequest,
        statement: Statement,
        *,
        read_only: bool,
        headers: str,
        verify: Verify | None = None,
        hoisted: Sequence[tuple[str, str]] = (),
    ) -> ResultSet:
        """Run the statement in a transaction of its own, under the ``hoisted`` settings.

        With ``verify`` the result is looked at before anything is committed; what it raises undoes the write.
        """
        settings = self.settings(caller, request, headers, read_only=read_only)
        before = (statement.estimate,) if statement.estimate else ()
        asked = (*settings_of(request), *hoisted_settings(hoisted))
        run = Run(
            self._context.around(caller.role, settings, *asked, *before, statement),
            verify,
            isolation(hoisted) or self._context.begin(caller.role),
            undone=not read_only and is_undone(request, self._config),
            estimated=statement.estimate is not None,
        )
        try:
            if not read_only:
                return await self._attempt(run)
            try:
                return await self._attempt(run)
            except ConnectionLost:
                # It was lost while it lay idle, most likely. What only reads may be asked again.
                return await self._attempt(run)
        except DatabaseError as error:
            raise refusal(error, caller, self._rules) from error
        except ConnectionLost as error:
            raise Refusal(
                503, "PGRST001", "Database connection lost.", str(error).strip() or None, "Try again shortly."
            ) from error

    async def _attempt(self, run: Run) -> ResultSet:
        async with self._pool.connection() as connection:
            if run.verify is None and run.begin is None and not run.undone:
                return _result(await connection.run(run.statements), run)
            return await _ended_by_hand(connection, run)

    def settings(self, caller: Caller, request: ApiRequest, headers: str, *, read_only: bool) -> Statement:
        values = (
            f"{quote(request.schema)}, {self._path}" if self._path else quote(request.schema),
            caller.role,
            caller.claims,
            request.method,
            request.path,
            headers,
            request.cookies,
            "on" if read_only else "off",
        )
        return Statement(self._settings_text, [*(value.encode() for value in values), *self._app_values])

    def close(self) -> None:
        self._pool.close()


def _result(rows: Sequence[Row], run: Run) -> ResultSet:
    result = ResultSet(rows[-1])
    if run.estimated:
        result.estimate = int(json.loads(rows[-2][0] or b"")[0]["Plan"]["Plan Rows"])
    return result


async def _ended_by_hand(connection: Connection, run: Run) -> ResultSet:
    """An explicit BEGIN outlives the pipeline's Sync, so a failure leaves a transaction to be ended."""
    checks = (CHECK_NOW,) if run.undone else ()
    try:
        rows = await connection.run((run.begin or BEGIN, *run.statements, *checks))
        result = _result(rows, run)
        if run.verify is not None:
            run.verify(result)
    except (DatabaseError, Refusal):
        await connection.run((ROLLBACK,))
        raise
    await connection.run((ROLLBACK if run.undone else COMMIT,))
    return result


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
    return f"SELECT {', '.join(calls)}"
