"""From a result to status, headers and body."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote as percent

from rowgate.catalog.model import Relation
from rowgate.errors import Refusal, fits_a_header
from rowgate.execute import ResultSet
from rowgate.plan.model import Call, Insert, Plan, Read, Write
from rowgate.request.model import ApiRequest, Resolution, Return

__all__ = ["Answer", "answer", "refuse", "verify_singular"]

Headers = tuple[tuple[str, str], ...]

_BODILESS = frozenset((204, 205, 304))


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: any server can send it. Without ``sized`` nobody knows how long the body would be."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    sized: bool = True


def answer(request: ApiRequest, plan: Plan, result: ResultSet) -> Answer:
    """The answer to a request that was carried out."""
    if request.media.explain:
        only = (("Content-Type", request.media.content_type),)
        return _bodied(request, Answer(200, only, result.body))
    if isinstance(plan, Call) and plan.routine.returns.void:
        status, body = 204, b""
    elif isinstance(plan, Read | Call):
        verify_singular(request, result)
        status, body = _range_status(request, result), _bytes(request, result)
    else:
        status, body = _write_status(plan, result), _bytes(request, result)
    status = _status_from_sql(result) or status
    body = b"" if status in _BODILESS else body
    own = _headers(request, plan, result, shows=_shows(plan, status))
    headers = _replaced(own, _headers_from_sql(result))
    return _bodied(request, Answer(status, headers, body))


def _bodied(request: ApiRequest, answer: Answer) -> Answer:
    """HEAD is answered like GET, without a body; how long it would be nobody has worked out."""
    return replace(answer, body=b"", sized=False) if request.method == "HEAD" else answer


def _shows(plan: Plan, status: int) -> bool:
    """Whether the answer has a body, be it empty."""
    if status in _BODILESS:
        return False
    if isinstance(plan, Call):
        return not plan.routine.returns.void
    return isinstance(plan, Read) or plan.returning is Return.REPRESENTATION


def _bytes(request: ApiRequest, result: ResultSet) -> bytes:
    return bytes.fromhex(result.body.decode()) if request.media.binary else result.body


def refuse(refusal: Refusal, *, verbose: bool = True) -> Answer:
    """The answer to a request that was not. The body has four keys, sorted and compact, as clients expect."""
    body = json.dumps(
        refusal.body(verbose=verbose), ensure_ascii=False, separators=(",", ":"), sort_keys=True
    ).encode(errors="replace")
    own = {
        "Content-Type": "application/json; charset=utf-8",
        "Proxy-Status": f"PostgREST; error={refusal.code}",
    }
    return Answer(refusal.status, _replaced(own.items(), refusal.headers), body)


def _replaced(own: Iterable[tuple[str, str]], said: Sequence[tuple[str, str]]) -> Headers:
    """Our own headers but for those that SQL said otherwise, and what it said."""
    names = {name.lower() for name, _ in said}
    return (*(pair for pair in own if pair[0].lower() not in names), *said)


def verify_singular(request: ApiRequest, result: ResultSet) -> None:
    """One object was asked for: anything but exactly one row is refused (and a write undone)."""
    if request.media.singular and result.page != 1:
        raise Refusal(
            406,
            "PGRST116",
            "Cannot coerce the result to a single JSON object",
            f"The result contains {result.page} rows",
        )


def _range_status(request: ApiRequest, result: ResultSet) -> int:
    """200 for all there is (or for who knows), 206 for a part, 416 for a page behind the end."""
    if result.total is None:
        return 200
    offset = request.window.offset
    if offset and offset > result.total:
        raise Refusal(
            416,
            "PGRST103",
            "Requested range not satisfiable",
            f"An offset of {offset} was requested, but there are only {result.total} rows.",
            headers=(("Content-Range", f"*/{result.total}"),),
        )
    return 206 if result.page < result.total else 200


def _write_status(plan: Write, result: ResultSet) -> int:
    if isinstance(plan, Insert):
        merged = plan.conflict is not None and plan.conflict.resolution is Resolution.MERGE
        return 200 if merged and result.page and result.updated >= result.page else 201
    return 200 if plan.returning is Return.REPRESENTATION else 204


def _headers(request: ApiRequest, plan: Plan, result: ResultSet, *, shows: bool) -> list[tuple[str, str]]:
    headers = []
    if shows:
        headers.append(("Content-Type", request.media.content_type))
    if isinstance(plan, Read | Call):
        headers.append(("Content-Range", _content_range(request.window.offset, result)))
        if isinstance(plan, Read):
            headers.append(("Content-Location", f"/{percent(request.target)}"))
    else:
        headers.append(("Content-Range", _written_range(plan, result)))
        headers += _location(plan.relation, result)
    applied = request.preferences.applied(request.action)
    if applied:
        headers.append(("Preference-Applied", applied))
    if request.negotiated:
        headers.append(("Content-Profile", request.schema))
    return headers


def _content_range(offset: int, result: ResultSet) -> str:
    total = "*" if result.total is None else str(result.total)
    return f"{offset}-{offset + result.page - 1}/{total}" if result.page else f"*/{total}"


def _written_range(plan: Write, result: ResultSet) -> str:
    total = "*" if result.total is None else str(result.total)
    if isinstance(plan, Insert) or not result.page:
        return f"*/{total}"
    return f"0-{result.page - 1}/{total}"


def _location(relation: Relation, result: ResultSet) -> Headers:
    """Where a single new row can be read again."""
    if result.location is None or result.page != 1:
        return ()
    values: Sequence[str] = json.loads(result.location)
    keys = zip(relation.primary_key, values, strict=True)
    query = "&".join(f"{percent(name, safe='')}=eq.{percent(value, safe='')}" for name, value in keys)
    return (("Location", f"/{percent(relation.name.name)}?{query}"),)


def _status_from_sql(result: ResultSet) -> int | None:
    """``response.status``, set by a function."""
    if result.status is None:
        return None
    if not (result.status.isdigit() and 200 <= int(result.status[:4]) <= 599):
        raise Refusal(500, "PGRST112", "response.status GUC must be a valid status code")
    return int(result.status)


def _headers_from_sql(result: ResultSet) -> list[tuple[str, str]]:
    """``response.headers``, set by a function: a JSON array of objects of one key each."""
    if result.headers is None:
        return []
    try:
        pairs = [_one_pair(item) for item in _list(json.loads(result.headers))]
    except (ValueError, AttributeError, TypeError):
        raise Refusal(
            500,
            "PGRST111",
            "response.headers GUC must be a JSON array composed of objects with a single key and a string value",  # noqa: E501,
        ) from None
    # How long the body is, and where it ends, is the server's to say.
    return [pair for pair in pairs if pair[0].lower() not in ("content-length", "transfer-encoding")]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _one_pair(item: Any) -> tuple[str, str]:
    ((name, value),) = item.items()
    if not fits_a_header(name, value):
        raise ValueError(name)
    return name, value
