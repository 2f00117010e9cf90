"""The row of stages, in order: authenticate, parse, plan, render, run, answer. Free of any server."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from rowgate.auth import Authenticator, Caller
from rowgate.catalog.model import Catalog, Name
from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.execute import Executor, ResultSet
from rowgate.execute.hoisted import hoisted
from rowgate.execute.pool import Pool
from rowgate.keeper import Keeper, Loaded
from rowgate.openapi import as_asked, by_function, is_root
from rowgate.openapi.root import Root
from rowgate.plan import Plan, make_plan
from rowgate.plan.media import negotiate
from rowgate.plan.model import Call, Delete, Insert, Read, Update
from rowgate.request import ApiRequest, Incoming, headers_as_json, parse_request
from rowgate.response import Answer, answer, refuse, verification
from rowgate.response.every import traced, with_vary
from rowgate.response.options import options_of, options_of_root
from rowgate.sql import Statement, render, render_served
from rowgate.story import Story

__all__ = ["Gateway", "Observer", "PythonSide"]

log = logging.getLogger("rowgate")

PythonSide = Mapping[Name, Callable[[Mapping[str, Any], Any], Sequence[Mapping[str, Any]]]]
"""The port by which the application answers in the place of SQL: a function, or a relation's insert, to
``(claims, arguments or rows) -> rows``. It is called in a thread, after the caller's right was checked."""

Observer = Callable[[Incoming, Story, Answer], None]
"""Is told of every request that was answered."""

SERVED_BY_THE_APPLICATION = "0A000"


class Gateway:
    """Serves the schemas of ``config`` from its database."""

    def __init__(self, config: Config, python_side: PythonSide | None = None) -> None:
        self.config = config
        self.observe: Observer | None = None
        self.keeper = Keeper(config, self._use)
        self._executor = Executor(config)
        self._root = Root(config, self._executor)
        self.authenticator = Authenticator(config)
        self._python_side = python_side or {}

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
            self._root = Root(loaded.config, self._executor)
        self._executor.renew(loaded.config, loaded.roles, loaded.rules)

    async def answer(self, incoming: Incoming) -> Answer:
        """The whole way of a request, and what every answer carries."""
        if is_root(incoming) and self.config.db_root_spec:
            return as_asked(incoming, await self.answer(by_function(incoming, self.config.db_root_spec)))
        story = Story(timed=self.config.server_timing_enabled)
        try:
            answered = with_vary(await self._answered(incoming, story))
        except Refusal as refusal:
            answered = refuse(refusal, verbose=self.config.verbose)
        except Exception:
            log.exception("bug while answering %s %s", incoming.method, incoming.path)
            answered = refuse(Refusal(500, "PGRSTX00", "Internal error; it was logged"))
        answered = traced(answered, self.config, incoming.headers, story)
        if self.observe is not None:
            self.observe(incoming, story, answered)
        return answered

    async def _answered(self, incoming: Incoming, story: Story) -> Answer:
        caller = self.authenticator.identify(incoming.headers)
        story.role = caller.role
        story.end("jwt")
        if incoming.method == "OPTIONS":
            return self._options(incoming)
        if is_root(incoming):
            return await self._root.answer(caller, incoming, self.catalog)
        request = parse_request(incoming, self.config)
        story.end("parse")
        plan = make_plan(request, self.catalog, frozenset(self._python_side))
        request = negotiate(request, plan, self.catalog, explain=self.config.db_plan_enabled)
        self._guard(plan)
        story.end("plan")
        result = await self._run(caller, request, plan, headers_as_json(incoming.headers), story)
        story.end("transaction")
        answered = answer(request, plan, result)
        story.end("response")
        return answered

    def _options(self, incoming: Incoming) -> Answer:
        """What may be asked of this address; arguments choose between functions of one name."""
        if not incoming.path.strip("/"):
            return options_of_root()
        headers = {name: value for name, value in incoming.headers.items() if name != "accept"}
        query = incoming.query_string if incoming.path.startswith("/rpc/") else b""
        as_get = replace(incoming, method="GET", headers=headers, query_string=query)
        request = parse_request(as_get, self.config)
        return options_of(request, make_plan(request, self.catalog))

    @property
    def pool(self) -> Pool:
        return self._executor.pool

    @property
    def catalog(self) -> Catalog:
        return self.keeper.catalog

    def _guard(self, plan: Plan) -> None:
        """Refuse to change every row by a forgotten filter, where the settings say so."""
        if isinstance(plan, Update) and not plan.columns:
            return  # nothing is set, so nothing changes
        if self.config.require_where and isinstance(plan, Update | Delete) and not plan.where:
            raise Refusal(
                400,
                "21000",
                f"{type(plan).__name__.upper()} requires a WHERE clause",
                None,
                "Say which rows are meant with a filter, e.g. ?id=eq.{id}; for all of them, ?id=not.is.null",
            )

    async def _run(
        self, caller: Caller, request: ApiRequest, plan: Plan, headers: str, story: Story
    ) -> ResultSet:
        if isinstance(plan, Call | Insert) and plan.served and not request.media.explain:
            statement, read_only = await self._ask_python(caller, request, plan, headers), True
        else:
            statement, read_only = render(plan, request), _is_read_only(request, plan)
        story.sql = statement.text
        verify = verification(request, plan, read_only=read_only)
        return await self._executor.run(
            caller,
            request,
            statement,
            read_only=read_only,
            headers=headers,
            verify=verify,
            hoisted=self._hoisted(plan),
        )

    def _hoisted(self, plan: Plan) -> Sequence[tuple[str, str]]:
        if not isinstance(plan, Call) or not plan.routine.settings:
            return ()
        return hoisted(plan.routine, self.config.db_hoisted_tx_settings)

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
        given = _given(plan) if plan.payload else dict(request.query.arguments)
        rows = await asyncio.to_thread(self._python_side[name], json.loads(caller.claims), given)
        return render_served(plan, request, json.dumps(rows, default=str).encode())


def _given(plan: Call | Insert) -> Any:
    """The body's rows; for a call its arguments, which are the first row's, as in SQL."""
    assert plan.payload is not None
    try:
        given = json.loads(plan.payload.raw)
    except ValueError:  # well formed, but with a number of more digits than Python will read
        raise Refusal(400, "PGRST102", "A number in the body is too long") from None
    if isinstance(plan, Call) and isinstance(given, list):
        return given[0] if given else {}
    return given


def _is_read_only(request: ApiRequest, plan: Plan) -> bool:
    if isinstance(plan, Call):
        return request.by_get or plan.routine.read_only
    return isinstance(plan, Read)
