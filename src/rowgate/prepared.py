"""A request made ready to run: parsed, planned and said in SQL. Requests of one shape are so once.

The values are cut out of the request, marks are put in their places, and the marked request goes through
parse, plan and render. Where the marks come out as parameters of the statement, the values of every request
of that shape can take their places. Where they do not, nothing is remembered, and each goes its own way.
"""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rowgate.catalog.model import Catalog
from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.execute import Pace, Run
from rowgate.execute.hoisted import hoisted
from rowgate.plan import Plan, make_plan
from rowgate.plan.media import negotiate
from rowgate.plan.model import Call, Delete, Insert, Read, Served, Update
from rowgate.request import ApiRequest, Headers, Incoming, parse_request
from rowgate.request.headers import SHAPING
from rowgate.request.payload import Outline, is_json, outline
from rowgate.request.query import LONGEST
from rowgate.request.shape import GAP, Kind, Slot, fill, take_apart
from rowgate.response import verification
from rowgate.response.remembered import Answers
from rowgate.sql import Statement, render
from rowgate.sql.slots import Place, as_parameter, places
from rowgate.story import Story

__all__ = ["Prepared", "Preparer"]

REMEMBERED = 1000  # shapes; one is some kilobytes
LONGEST_SHAPE = 4000  # bytes; a plan takes many times as many


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that can be run. ``statement`` is None where Python makes the rows."""

    request: ApiRequest
    plan: Plan
    run: Run
    answers: Answers
    statement: Statement | None
    places: Sequence[Place] = ()
    pace: Pace = field(default_factory=Pace)

    def with_values(self, slots: Sequence[Slot]) -> Statement:
        """The statement with these values in it. Raises Refusal for one that cannot be."""
        assert self.statement is not None
        parameters = list(self.statement.parameters)
        for position, slot in self.places:
            parameters[position] = as_parameter(slots[slot])
        return Statement(self.statement.text, parameters)


_Key = tuple[str, str, bytes, tuple[str | None, ...], Outline | None]
"""What decides what a request means, short of its values: method, path, shape of the query, headers, body."""


class Preparer:
    """Prepares requests under one configuration and one catalog; made anew when either changes."""

    def __init__(self, config: Config, catalog: Catalog, served: Served = frozenset()) -> None:
        self._config = config
        self._catalog = catalog
        self._served = served
        self._known: OrderedDict[_Key, Prepared | None] = OrderedDict()
        # Nobody can send what nobody can guess, so no value is taken for a mark.
        self._mark = f"rowgate{secrets.token_hex(8)}".encode()

    def prepare(self, incoming: Incoming, story: Story) -> tuple[Prepared, Statement | None]:
        """The request made ready, and the statement with its values. Raises Refusal."""
        try:
            known = self._remembered(incoming)
        except Refusal:  # it may not be the first thing that is wrong
            known = None
        if known is not None:
            story.end("parse")
            return known
        prepared = self._whole_way(incoming, story)
        return prepared, prepared.statement

    def _remembered(self, incoming: Incoming) -> tuple[Prepared, Statement] | None:
        """What is remembered of the request's shape, with its values; None if that is nothing."""
        taken = self._take_apart(incoming)
        if taken is None:
            return None
        key, slots = taken
        if key in self._known:
            known = self._known[key]
            self._known.move_to_end(key)
        else:
            known = self._learn(key, incoming, slots)
        return None if known is None else (known, known.with_values(slots))

    def way(self, incoming: Incoming, values: Sequence[bytes]) -> tuple[Prepared, Outline | None] | None:
        """What is remembered of the request's shape, if just these are the values of all that have it.

        The body counts as the last of them. Only values that are parameters as they stand will do.
        """
        try:
            taken = self._take_apart(incoming)
        except Refusal:
            return None
        key, slots = taken or (None, [])
        known = self._known.get(key) if key else None
        plain = all(slot.kind in (Kind.TEXT, Kind.BODY) for slot in slots)
        outlined = key[-1] if key else None
        given = [*values, incoming.body] if outlined else list(values)
        if known is None or not plain or [slot.raw for slot in slots] != given:
            return None
        return known, outlined

    def _take_apart(self, incoming: Incoming) -> tuple[_Key, list[Slot]] | None:
        """The key of the request's shape, and its values; None where it must go its own way."""
        method, path, query, headers = incoming.method, incoming.path, incoming.query_string, incoming.headers
        if method == "PUT" or len(query) > LONGEST or GAP in query:
            return None
        by_get = method in ("GET", "HEAD")
        shape, slots = take_apart(query, call=by_get and path.startswith("/rpc/"))
        said = None
        if not by_get and method != "DELETE":
            readable = incoming.body and is_json(headers.get("content-type", ""))
            said = outline(incoming.body) if readable else None
            if said is None:
                return None
            slots.append(Slot(Kind.BODY, incoming.body))
        return (method, path, shape, headers.shaping, said), slots

    def _learn(self, key: _Key, incoming: Incoming, slots: Sequence[Slot]) -> Prepared | None:
        """What can be remembered of this shape; what cannot is remembered too."""
        if _length(key) > LONGEST_SHAPE:
            return None
        try:
            prepared = self._marked(key, incoming, slots)
        except Refusal:  # it will be said in the words of the request itself
            prepared = None
        self._known[key] = prepared
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return prepared

    def _marked(self, key: _Key, incoming: Incoming, slots: Sequence[Slot]) -> Prepared | None:
        kinds = [slot.kind for slot in slots]
        marks = [self._mark + b"x%d" % number for number in range(len(slots))]
        _, _, shape, _, body = key
        in_query = len(slots) - (body is not None)
        query = fill(
            shape, [_in_query(kind, mark) for kind, mark in zip(kinds, marks, strict=True)][:in_query]
        )
        # No other header is shown to whoever might remember what it says.
        shaping = Headers((name, text) for name, text in incoming.headers.items() if name in SHAPING)
        prepared = self._whole_way(
            incoming._replace(query_string=query, headers=shaping), Story(), marks[-1] if body else None
        )
        statement = prepared.statement
        if statement is None or statement.estimate or prepared.request.media.explain:
            return None
        found = places(statement, kinds, marks)
        return None if found is None else replace(prepared, places=found)

    def _whole_way(self, incoming: Incoming, story: Story, body_mark: bytes | None = None) -> Prepared:
        request = parse_request(incoming, self._config)
        if body_mark is not None and request.payload is not None:
            request = replace(request, payload=replace(request.payload, raw=body_mark))
        story.end("parse")
        plan = make_plan(request, self._catalog, self._served)
        request = negotiate(request, plan, self._catalog, explain=self._config.db_plan_enabled)
        self._guard(plan)
        by_python = isinstance(plan, Call | Insert) and plan.served and not request.media.explain
        statement = None if by_python else render(plan, request)
        story.end("plan")
        run = self._run(request, plan, read_only=by_python or _is_read_only(request, plan))
        return Prepared(request, plan, run, Answers(request, plan), statement)

    def _guard(self, plan: Plan) -> None:
        """Refuse to change every row by a forgotten filter, where the settings say so."""
        if isinstance(plan, Update) and not plan.columns:
            return  # nothing is set, so nothing changes
        if self._config.require_where and isinstance(plan, Update | Delete) and not plan.where:
            raise Refusal(
                400,
                "21000",
                f"{type(plan).__name__.upper()} requires a WHERE clause",
                None,
                "Say which rows are meant with a filter, e.g. ?id=eq.{id}; for all of them, ?id=not.is.null",
            )

    def _run(self, request: ApiRequest, plan: Plan, *, read_only: bool) -> Run:
        return Run.of(
            request,
            self._config,
            read_only=read_only,
            verify=verification(request, plan, read_only=read_only),
            hoisted=self._hoisted(plan),
        )

    def _hoisted(self, plan: Plan) -> Sequence[tuple[str, str]]:
        if not isinstance(plan, Call) or not plan.routine.settings:
            return ()
        return hoisted(plan.routine, self._config.db_hoisted_tx_settings)


def _length(key: _Key) -> int:
    _, path, shape, shaping, body = key
    return (
        len(path)
        + len(shape)
        + sum(map(len, filter(None, shaping)))
        + sum(map(len, body.keys if body else ()))
    )


def _in_query(kind: Kind, mark: bytes) -> bytes:
    """A mark as it stands in the place of a value."""
    return b"(" + mark + b")" if kind is Kind.LIST else mark


def _is_read_only(request: ApiRequest, plan: Plan) -> bool:
    if isinstance(plan, Call):
        return request.by_get or plan.routine.read_only
    return isinstance(plan, Read)
