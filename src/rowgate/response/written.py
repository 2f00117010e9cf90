"""Status and headers of what a write did."""

import json
from collections.abc import Sequence
from urllib.parse import quote as percent

from rowgate.catalog.model import Relation
from rowgate.execute import ResultSet
from rowgate.plan.model import Insert, Replace, Update, Write
from rowgate.request.model import Resolution, Return

Headers = tuple[tuple[str, str], ...]


def written_status(plan: Write, result: ResultSet) -> int:
    """201 where a row came to be; an upsert that only found rows there made none."""
    if isinstance(plan, Insert):
        merged = plan.conflict is not None and plan.conflict.resolution is Resolution.MERGE
        if not merged or result.updated < result.page:
            return 201
        if not isinstance(plan, Replace):
            return 200
    return 200 if plan.returning is Return.REPRESENTATION else 204


def written_headers(plan: Write, result: ResultSet) -> Headers:
    if isinstance(plan, Replace):
        return ()
    return (("Content-Range", _range(plan, result)), *_location(plan.relation, result))


def _range(plan: Write, result: ResultSet) -> str:
    """Rows have places only where they were there before and still are."""
    total = "*" if result.total is None else str(result.total)
    if isinstance(plan, Update) and result.page:
        return f"0-{result.page - 1}/{total}"
    return f"*/{total}"


def _location(relation: Relation, result: ResultSet) -> Headers:
    """Where a single new row can be read again."""
    if result.location is None or result.page != 1:
        return ()
    values: Sequence[str | None] = json.loads(result.location)
    keys = zip(relation.primary_key, values, strict=True)
    query = "&".join(f"{percent(name, safe='')}={_condition(value)}" for name, value in keys)
    return (("Location", f"/{percent(relation.name.name)}?{query}"),)


def _condition(value: str | None) -> str:
    return "is.null" if value is None else f"eq.{percent(value, safe='')}"
