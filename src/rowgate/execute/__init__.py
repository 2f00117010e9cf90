"""Runs a statement as the caller: role, claims and request go in with it, in one round trip."""

from collections.abc import Callable, Sequence

from rowgate.auth import Caller
from rowgate.config import Config
from rowgate.errors import Refusal, status_of
from rowgate.execute.connection import Connection, ConnectionLost, DatabaseError, Row
from rowgate.execute.hoisted import isolation, settings_of
from rowgate.execute.pool import Pool
from rowgate.execute.raised import WHOLE_ANSWER, raised_answer
from rowgate.request import ApiRequest
from rowgate.sql import RESULT, Statement
from rowgate.sql.parts import quote

__all__ = ["Executor", "ResultSet"]

# Never prepared: to make room for one more name takes a command, and a failed transaction refuses it.
_BEGIN, _COMMIT, _ROLLBACK = (Statement(text, prepared=False) for text in ("BEGIN", "COMMIT", "ROLLBACK"))


class ResultSet:
    """The single row that every statement answers with (``rowgate.sql.RESULT``)."""

    __slots__ = ("body", "headers", "location", "page", "status", "total", "updated")

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


Verify = Callable[[ResultSet], None]


class Executor:
    """Runs statements over a pool of connections."""

    def __init__(self, config: Config) -> None:
        self._pool = Pool(config)
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
        levels = isolation(hoisted)
        statements = (*levels, settings, *settings_of(hoisted), statement)
        if levels and verify is None:
            verify = _accept  # a level is set inside BEGIN; PostgreSQL would do it without, and warn
        try:
            if not read_only:
                return await self._attempt(statements, verify)
            try:
                return await self._attempt(statements, verify)
            except ConnectionLost:
                # It was lost while it lay idle, most likely. What only reads may be asked again.
                return await self._attempt(statements, verify)
        except DatabaseError as error:
            raise refusal(error, caller) from error
        except ConnectionLost as error:
            raise Refusal(
                503, "PGRST001", "Database connection lost.", str(error).strip() or None, "Try again shortly."
            ) from error

    async def _attempt(self, statements: Sequence[Statement], verify: Verify | None) -> ResultSet:
        async with self._pool.connection() as connection:
            if verify is None:
                return ResultSet((await connection.run(statements))[-1])
            return await _verified(connection, statements, verify)

    def settings(self, caller: Caller, request: ApiRequest, headers: str, *, read_only: bool) -> Statement:
        values = (
            f"{quote(request.schema)}, {self._path}" if self._path else quote(request.schema),
            caller.role,
            caller.claims,
            request.method,
            request.path,
            headers,
            "on" if read_only else "off",
        )
        return Statement(self._settings_text, [*(value.encode() for value in values), *self._app_values])

    def close(self) -> None:
        self._pool.close()


def _accept(result: ResultSet) -> None:
    """Nothing to verify."""


async def _verified(connection: Connection, statements: Sequence[Statement], verify: Verify) -> ResultSet:
    """An explicit BEGIN outlives the pipeline's Sync, so a failure leaves a transaction to be ended."""
    try:
        rows = await connection.run((_BEGIN, *statements))
        result = ResultSet(rows[-1])
        verify(result)
    except (DatabaseError, Refusal):
        await connection.run((_ROLLBACK,))
        raise
    await connection.run((_COMMIT,))
    return result


def refusal(error: DatabaseError, caller: Caller) -> Refusal:
    """PostgreSQL's error as an answer, with PostgREST's status for its SQLSTATE."""
    if error.sqlstate == WHOLE_ANSWER:
        return raised_answer(error)
    status = status_of(
        error.sqlstate, anonymous=caller.anonymous, message=error.message, in_function=error.in_function
    )
    headers = (("WWW-Authenticate", "Bearer"),) if status == 401 else ()
    hint = error.hint
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
        "transaction_read_only",
        *(f"app.settings.{name}" for name in app_settings),
    )
    calls = (
        f"set_config('{name.replace(chr(39), chr(39) * 2)}', ${i}, true)" for i, name in enumerate(names, 1)
    )
    return f"SELECT {', '.join(calls)}"
