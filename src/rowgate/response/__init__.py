"""From a result to status, headers and body."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import quote as percent

from rowgate.errors import Refusal, fits_a_header
from rowgate.execute import ResultSet
from rowgate.plan.model import Call, Insert, Plan, Read
from rowgate.request.model import ApiRequest, Return
from rowgate.response.counts import total
from rowgate.response.legacy import warning
from rowgate.response.verify import verification, verify_singular
from rowgate.response.written import written_headers, written_status

__all__ = ["Answer", "answer", "body_of", "refuse", "verification"]

Headers = tuple[tuple[str, str], ...]

_BODILESS = frozenset((204, 205, 304))


class Answer(NamedTuple):
    """What goes back: any server can send it. Without ``sized`` nobody knows how long the body would be.

    ``location`` is sent as Content-Location. It stands apart from the headers, which are the same for all
    requests of a shape and so are written once.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    sized: bool = True
    location: str = ""


def answer(request: ApiRequest, plan: Plan, result: ResultSet) -> Answer:
    """The answer to a request that was carried out."""
    if request.media.explain:
        only = (("Content-Type", request.media.content_type),)
        return _bodied(request, Answer(200, only, result.body))
    if isinstance(plan, Call) and plan.routine.returns.void:
        status, body = 204, b""
    elif isinstance(plan, Read | Call):
        result.total = total(request, result)
        verify_singular(request, result)
        status, body = _range_status(request, result), body_of(request, result)
    else:
        status, body = written_status(plan, result), body_of(request, result)
    status = _status_from_sql(result) or status
    body = b"" if status in _BODILESS else body
    own = _headers(request, plan, result, shows=_shows(plan, status))
    said = _headers_from_sql(result)
    headers = _replaced(own, said)
    return _bodied(request, Answer(status, headers, body, location=_location(request, plan, said)))


def _location(request: ApiRequest, plan: Plan, said: Sequence[tuple[str, str]]) -> str:
    """The path that a read's answer is found at, unless SQL said another."""
    own = isinstance(plan, Read) and not any(name.lower() == "content-location" for name, _ in said)
    return f"/{percent(request.target)}" if own else ""


def _bodied(request: ApiRequest, answer: Answer) -> Answer:
    """HEAD is answered like GET, without a body; how long it would be nobody has worked out."""
    return answer._replace(body=b"", sized=False) if request.method == "HEAD" else answer


def _shows(plan: Plan, status: int) -> bool:
    """Whether the answer has a body, be it empty."""
    if status in _BODILESS:
        return False
    if isinstance(plan, Call):
        return not plan.routine.returns.void
    return isinstance(plan, Read) or plan.returning is Return.REPRESENTATION


def body_of(request: ApiRequest, result: ResultSet) -> bytes:
    """The body of a result, if the answer has one."""
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


def _headers(request: ApiRequest, plan: Plan, result: ResultSet, *, shows: bool) -> list[tuple[str, str]]:
    headers = []
    if shows:
        headers.append(("Content-Type", request.media.content_type))
    if isinstance(plan, Read | Call):
        headers.append(("Content-Range", _content_range(request.window.offset, result)))
    else:
        headers += written_headers(plan, result)
    headers += warning(request, plan)
    if applied := _applied(request, plan):
        headers.append(("Preference-Applied", applied))
    if request.negotiated:
        headers.append(("Content-Profile", request.schema))
    return headers


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
    ((name, value),) = item.items()
    if not fits_a_header(name, value):
        raise ValueError(name)
    return name, value
