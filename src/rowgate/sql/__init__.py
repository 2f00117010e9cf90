"""From a plan to ``Statement(text, parameters)``. The only folder that composes SQL.

Every statement answers with one row of the same columns (``RESULT``), the body already JSON.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rowgate.plan.model import SOURCE, Call, Delete, Insert, Plan, Read, Replace, Update, Write
from rowgate.request.model import ApiRequest, Return
from rowgate.sql import write
from rowgate.sql.body import body, explained
from rowgate.sql.call import call_source, is_scalar, served_source
from rowgate.sql.parts import Parameters, quote
from rowgate.sql.privileges import privileges_source
from rowgate.sql.select import count, count_rows, select

__all__ = ["RESULT", "Statement", "render", "render_privileges", "render_served"]

RESULT = ("body", "page", "total", "location", "updated", "headers", "status")
"""The columns of every statement's single row; ``status`` and ``headers`` were set by SQL, if at all."""

_FROM_SQL = (
    "nullif(current_setting('response.headers', true), '') AS headers, "
    "nullif(current_setting('response.status', true), '') AS status"
)


class Statement(NamedTuple):
    """SQL text and its parameters, in text format; ``prepared`` if it is worth keeping for the next time.

    ``estimate`` asks the planner about it, just before.
    """

    text: str
    parameters: Sequence[bytes | None] = ()
    prepared: bool = True
    estimate: "Statement | None" = None


def render(plan: Plan, request: ApiRequest) -> Statement:
    """Say a plan in SQL."""
    parameters = Parameters()
    if isinstance(plan, Read):
        text = _rows(plan, request, parameters)
    elif isinstance(plan, Call):
        # Nothing reads what a void function returns, and PostgreSQL leaves out what is not read.
        kept = "MATERIALIZED " if plan.routine.returns.void else ""
        source = call_source(plan, parameters)
        text = f"WITH {quote(SOURCE)} AS {kept}({source}) {_result(plan, request, parameters)}"
    else:
        source = _written(plan, parameters)
        text = f"WITH {quote(SOURCE)} AS ({source}) {_confirm(plan, request, parameters)}"
    if request.media.explain:
        return Statement(explained(text, request.media.explain), parameters.values, prepared=False)
    estimate = _estimate(plan, request) if isinstance(plan, Read) else None
    return Statement(text, parameters.values, estimate=estimate)


def _estimate(plan: Read, request: ApiRequest) -> Statement | None:
    """Ask the planner how many rows there are, where the request wants that; its answer is JSON."""
    if request.preferences.count not in ("planned", "estimated"):
        return None
    parameters = Parameters()
    text = f"EXPLAIN (FORMAT JSON) {count_rows(plan.root, parameters)}"
    return Statement(text, parameters.values, prepared=False)


def render_served(plan: Call | Insert, request: ApiRequest, rows: bytes) -> Statement:
    """The same answer over rows that the application made, fed through the declared type."""
    parameters = Parameters()
    source = served_source(plan, rows, parameters)
    rest = (
        _result(plan, request, parameters) if isinstance(plan, Call) else _confirm(plan, request, parameters)
    )
    return Statement(f"WITH {quote(SOURCE)} AS ({source}) {rest}", parameters.values)


def render_privileges(schema: str) -> Statement:
    """What the role of the request may do in a schema, as the body."""
    parameters = Parameters()
    source = privileges_source(schema, parameters)
    return Statement(
        _answer('max("privileges")', "1", "NULL::bigint", f"({source}) AS item"), parameters.values
    )


def _written(plan: Insert | Update | Delete, parameters: Parameters) -> str:
    if isinstance(plan, Insert):
        return write.insert(plan, parameters)
    if isinstance(plan, Update):
        return write.update(plan, parameters)
    return write.delete(plan, parameters)


def _rows(plan: Read | Call, request: ApiRequest, parameters: Parameters) -> str:
    total = _total(plan, parameters)
    made = "''" if request.method == "HEAD" else body("item.*", request.media, singular=False)
    return _answer(made, "count(*)", total, f"({select(plan.root, parameters)}) AS item")


def _total(plan: Read | Call, parameters: Parameters) -> str:
    """All the rows there are; those of the answer itself, where no window leaves any out."""
    if not plan.with_total:
        return "NULL::bigint"
    if isinstance(plan, Read) and plan.count_at_most is not None:
        # An estimate will do past this many: there is no need to count them all.
        rows = count_rows(plan.root, parameters)
        most = parameters.add(str(plan.count_at_most + 1))
        return f"(SELECT count(*) FROM ({rows} LIMIT {most}) AS counted)"
    return "count(*)" if plan.root.window.whole else f"({count(plan.root, parameters)})"


def _result(plan: Call, request: ApiRequest, parameters: Parameters) -> str:
    """How a function's rows become a body: bare values, one object, or an array."""
    returns = plan.routine.returns
    if returns.void:
        return _answer("''", "1", "NULL::bigint", quote(SOURCE))
    if not is_scalar(plan) and returns.many:
        return _rows(plan, request, parameters)
    row = 'item."value"' if is_scalar(plan) else "item.*"
    source = f"({select(plan.root, parameters)}) AS item"
    total = f"({count(plan.root, parameters)})" if plan.with_total else "NULL::bigint"
    made = "''" if request.method == "HEAD" else body(row, request.media, singular=not returns.many)
    return _answer(made, "count(*)", total, source)


def _confirm(plan: Write, request: ApiRequest, parameters: Parameters) -> str:
    if plan.returning is Return.REPRESENTATION:
        made = body("item.*", request.media, singular=False)
        source = f"({select(plan.root, parameters)}) AS item"
    else:
        made, source = "''", f"{quote(SOURCE)} AS item"
    # The rows that were written are known; there is nothing to plan.
    counts = request.preferences.count in ("exact", "estimated")
    total = "count(*)" if counts else "NULL::bigint"
    return _answer(made, "count(*)", total, source, _location(plan))


def _location(plan: Write) -> str:
    """The primary key of a row, as text, for the Location header."""
    keys = plan.relation.primary_key
    inserts = isinstance(plan, Insert) and not isinstance(plan, Replace)
    if plan.returning is not Return.HEADERS or not keys or not inserts:
        return "NULL"
    values = ", ".join(f"to_json({quote(SOURCE)}.{quote(key)}) #>> '{{}}'" for key in keys)
    return f"(SELECT json_build_array({values})::text FROM {quote(SOURCE)} LIMIT 1)"


def _answer(made: str, page: str, total: str, source: str, location: str = "NULL") -> str:
    return (
        f"SELECT {made} AS body, {page} AS page, {total} AS total, {location} AS location, "
        f"{write.UPDATED} AS updated, {_FROM_SQL} FROM {source}"
    )
