"""From a result to status, headers and body."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote as percent

from rowgate.errors import Refusal
from rowgate.execute import ResultSet
from rowgate.plan.model import Call, Insert, Plan, Read
from rowgate.request.model import ApiRequest, MediaType
from rowgate.response.counts import total
from rowgate.response.legacy import warning
from rowgate.response.verify import verification, verify_singular
from rowgate.response.written import written_headers, written_status

__all__ = ["Answer", "answer", "refuse", "verification"]

Headers = tuple[tuple[str, str], ...]

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
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
    if isinstance(plan, Call) and plan.routine.returns.void:
        status, body = 204, b""
    elif isinstance(plan, Read | Call):
        result.total = total(request, result)
        verify_singular(request, result) if _counts_rows(plan) else None
        status, body = _range_status(request, result), result.body
    else:
        status, body = written_status(plan, result), result.body
    status = _status_from_sql(result) or status
    body = b"" if request.method == "HEAD" or status in _BODILESS else body
    said = _headers_from_sql(result)
    replaced = {name.lower() for name, _ in said}
    own = [pair for pair in _headers(request, plan, result, body) if pair[0].lower() not in replaced]
    return Answer(status, (*own, *said), body, sized=request.method != "HEAD")


def refuse(refusal: Refusal) -> Answer:
    """The answer to a request that was not. The body has four keys, sorted and compact, as clients expect."""
    body = json.dumps(refusal.body(), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(
        errors="replace"
    )
    headers = (
        ("Content-Type", "application/json; charset=utf-8"),
        ("Proxy-Status", f"PostgREST; error={refusal.code}"),
        *refusal.headers,
    )
    return Answer(refusal.status, headers, body)


def _counts_rows(plan: Plan) -> bool:
    return not isinstance(plan, Call) or plan.routine.returns.many


def _range_status(request: ApiRequest, result: ResultSet) -> int:
    """200 for all there is (or for who knows), 206 for a part, 416 for a page behind the end."""
    if result.total is None:
        return 200
    offset = request.window.offset
    if offset and offset > result.total and request.preferences.count != "planned":
        raise Refusal(
            416,
            "PGRST103",
            "Requested range not satisfiable",
            f"An offset of {offset} was requested, but there are only {result.total} rows.",
            headers=(("Content-Range", f"*/{result.total}"),),
        )
    return 206 if result.page < result.total else 200


def _headers(request: ApiRequest, plan: Plan, result: ResultSet, body: bytes) -> list[tuple[str, str]]:
    headers = []
    if body or request.method == "HEAD":
        headers.append(("Content-Type", f"{_media(request).value}; charset=utf-8"))
    if isinstance(plan, Read | Call):
        if _counts_rows(plan):
            headers.append(("Content-Range", _content_range(request.window.offset, result)))
        if isinstance(plan, Read):
            headers.append(("Content-Location", f"/{percent(request.target)}"))
    else:
        headers += written_headers(plan, result)
    headers += warning(request, plan)
    if applied := _applied(request, plan):
        headers.append(("Preference-Applied", applied))
    if request.negotiated:
        headers.append(("Content-Profile", request.schema))
    return headers


def _media(request: ApiRequest) -> MediaType:
    return request.media if request.media is MediaType.OBJECT else MediaType.JSON


def _content_range(offset: int, result: ResultSet) -> str:
    total = "*" if result.total is None else str(result.total)
    return f"{offset}-{offset + result.page - 1}/{total}" if result.page else f"*/{total}"


def _applied(request: ApiRequest, plan: Plan) -> str:
    preferences = request.preferences
    if isinstance(plan, Insert) and plan.conflict is None:
        preferences = replace(preferences, resolution=None)  # there is no key to know a duplicate by
    return preferences.applied(request.action)


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
    """A header's name and value, neither of which may end the line and begin another."""
    ((name, value),) = item.items()
    if not (_HEADER_NAME.fullmatch(name) and value.isprintable()):
        raise ValueError(name)
    return name, value
