"""The row of stages, in order: authenticate, parse, plan, render, run, answer. Free of any server."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import psycopg

from rowgate.auth import Authenticator, Caller
from rowgate.catalog.load import load_catalog
from rowgate.catalog.model import Catalog, Name
from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.execute import Executor, ResultSet
from rowgate.openapi import as_asked, by_function, is_root
from rowgate.openapi.root import Root
from rowgate.plan import Plan, make_plan
from rowgate.plan.model import Call, Delete, Insert, Read, Update
from rowgate.request import ApiRequest, Incoming, headers_as_json, parse_request
from rowgate.response import Answer, answer, refuse, verify_singular
from rowgate.sql import Statement, render, render_served

__all__ = ["Gateway", "PythonSide"]

log = logging.getLogger("rowgate")

PythonSide = Mapping[Name, Callable[[Mapping[str, Any], Any], Sequence[Mapping[str, Any]]]]
"""The port by which the application answers in the place of SQL: a function, or a relation's insert, to
``(claims, arguments or rows) -> rows``. It is called in a thread, after the caller's right was checked."""

SERVED_BY_THE_APPLICATION = "0A000"


class Gateway:
    """Serves the schemas of ``config`` from its database."""

    def __init__(self, config: Config, python_side: PythonSide | None = None) -> None:
        self.config = config
        self._python_side = python_side or {}
        self._authenticator = Authenticator(config)
        self._executor = Executor(config)
        self._root = Root(config, self._executor)
        self._catalog: Catalog | None = None

    async def start(self) -> None:
        """Read the catalog. Raises psycopg.OperationalError where there is no database."""
        async with await psycopg.AsyncConnection.connect(self.config.db_uri) as connection:
            self._catalog = await load_catalog(connection, self.config.db_schemas)
        log.info(
            "serving %d relations, %d functions", len(self._catalog.relations), len(self._catalog.routines)
        )

    def stop(self) -> None:
        self._executor.close()

    async def answer(self, incoming: Incoming) -> Answer:
        """The whole way of a request."""
        if is_root(incoming) and self.config.db_root_spec:
            return as_asked(incoming, await self.answer(by_function(incoming, self.config.db_root_spec)))
        try:
            caller = self._authenticator.identify(incoming.headers)
            if is_root(incoming):
                return await self._root.answer(caller, incoming, self.catalog)
            request = parse_request(incoming, self.config)
            plan = make_plan(request, self.catalog, frozenset(self._python_side))
            self._guard(plan)
            result = await self._run(caller, request, plan, headers_as_json(incoming.headers))
            return answer(request, plan, result)
        except Refusal as refusal:
            return refuse(refusal)
        except Exception:
            log.exception("bug while answering %s %s", incoming.method, incoming.path)
            return refuse(Refusal(500, "PGRSTX00", "Internal error; it was logged"))

    @property
    def catalog(self) -> Catalog:
        if self._catalog is None:
            raise Refusal(503, "PGRST002", "Could not query the database for the schema cache. Retrying.")
        return self._catalog

    def _guard(self, plan: Plan) -> None:
        """Refuse to change every row by a forgotten filter, where the settings say so."""
        if self.config.require_where and isinstance(plan, Update | Delete) and not plan.where:
            raise Refusal(
                400,
                "21000",
                f"{type(plan).__name__.upper()} requires a WHERE clause",
                None,
                "Say which rows are meant with a filter, e.g. ?id=eq.{id}; for all of them, ?id=not.is.null",
            )

    async def _run(self, caller: Caller, request: ApiRequest, plan: Plan, headers: str) -> ResultSet:
        if isinstance(plan, Call | Insert) and plan.served:
            statement, read_only = await self._ask_python(caller, request, plan, headers), True
        else:
            statement, read_only = render(plan, request), _is_read_only(request, plan)
        verify = None if read_only or not request.wants_one_row else partial(verify_singular, request)
        return await self._executor.run(
            caller, request, statement, read_only=read_only, headers=headers, verify=verify
        )

    async def _ask_python(
        self, caller: Caller, request: ApiRequest, plan: Call | Insert, headers: str
    ) -> Statement:
        """Let the application make the rows, and give them their declared types.

        The SQL object is tried first: its grants and argument types decide whether the caller may come
        in, and its body refuses with ``SERVED_BY_THE_APPLICATION``: "yes, but not here".
        """
        try:
            await self._executor.run(caller, request, render(plan, request), read_only=False, headers=headers)
        except Refusal as refusal:
            if refusal.code != SERVED_BY_THE_APPLICATION:
                raise
        else:
            raise AssertionError(f"{plan} has a body in SQL and a callable in Python")
        name = plan.routine.name if isinstance(plan, Call) else plan.relation.name
        given = _given(plan.payload.raw) if plan.payload else dict(request.query.arguments)
        rows = await asyncio.to_thread(self._python_side[name], json.loads(caller.claims), given)
        return render_served(plan, request, json.dumps(rows, default=str).encode())


def _given(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:  # well formed, but with a number of more digits than Python will read
        raise Refusal(400, "PGRST102", "A number in the body is too long") from None


def _is_read_only(request: ApiRequest, plan: Plan) -> bool:
    if isinstance(plan, Call):
        return request.by_get or plan.routine.read_only
    return isinstance(plan, Read)
