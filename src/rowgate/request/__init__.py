"""From HTTP to an ``ApiRequest``: what the client wishes, with no knowledge of any database."""

from dataclasses import replace
from typing import NamedTuple

from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.request import headers as read_headers
from rowgate.request.arguments import with_arguments
from rowgate.request.headers import NO_HEADERS, Headers
from rowgate.request.media import parse_accept
from rowgate.request.model import Action, ApiRequest, Query, Window
from rowgate.request.payload import parse_payload
from rowgate.request.preferences import parse_preferences
from rowgate.request.query import parse_query
from rowgate.request.rules import ruled

__all__ = ["ApiRequest", "Headers", "Incoming", "parse_request"]


class Incoming(NamedTuple):
    """A request as any server hands it over."""

    method: str
    path: str
    query_string: bytes = b""
    headers: Headers = NO_HEADERS
    body: bytes = b""
    client: str = ""


_ACTIONS = {
    "GET": Action.READ,
    "HEAD": Action.READ,
    "POST": Action.INSERT,
    "PATCH": Action.UPDATE,
    "DELETE": Action.DELETE,
    "PUT": Action.REPLACE,
}


def parse_request(incoming: Incoming, config: Config) -> ApiRequest:
    """Read the whole request or refuse it; ``path`` is relative to where the gateway is mounted."""
    target, call = _target(incoming.path)
    action = _action(incoming.method, call=call)
    by_get = incoming.method in ("GET", "HEAD")
    profile = incoming.headers.get("accept-profile" if by_get else "content-profile")
    schema = read_headers.choose_schema(profile, config.db_schemas)
    query = parse_query(incoming.query_string, call=call and by_get, max_depth=config.max_depth)
    query = ruled(query, config, reads=by_get or call)
    request = ApiRequest(
        method=incoming.method,
        path=incoming.path,
        action=action,
        schema=schema,
        target=target,
        query=_ranged(query, incoming, config) if by_get or call else query,
        preferences=parse_preferences(incoming.headers.get("prefer", ""), tx_allowed=config.tx_override),
        accepts=parse_accept(incoming.headers.get("accept", "")),
        by_get=by_get,
        negotiated=len(config.db_schemas) > 1,
    )
    return _with_payload(request, incoming)


def _target(path: str) -> tuple[str, bool]:
    parts = path.strip("/").split("/")
    if len(parts) == 1 and parts[0]:
        return parts[0], False
    if len(parts) == 2 and parts[0] == "rpc" and parts[1]:
        return parts[1], True
    if parts == [""]:
        raise Refusal(404, "PGRST126", "Root endpoint metadata is disabled")
    hint = f"One row is asked for by a filter: /{parts[0]}?id=eq.{parts[1]}" if len(parts) == 2 else None
    raise Refusal(404, "PGRST125", "Invalid path specified in request URL", None, hint)


def _action(method: str, *, call: bool) -> Action:
    if call:
        if method in ("GET", "HEAD", "POST"):
            return Action.CALL
        raise Refusal(405, "PGRST101", f"Cannot use the {method} method on RPC")
    if method not in _ACTIONS:
        raise Refusal(405, "PGRST117", f"Unsupported HTTP method: {method}")
    return _ACTIONS[method]


def _ranged(query: Query, incoming: Incoming, config: Config) -> Query:
    """Let the Range header and the server's own limit narrow the root's window."""
    window = query.windows.get((), Window())
    asked = read_headers.parse_range(incoming.headers) if incoming.method == "GET" else None
    if asked:
        window = _common(window, asked)
    if config.db_max_rows is not None:
        window = _intersect(window, Window(window.offset, config.db_max_rows))
    return query if window.whole else replace(query, windows={**query.windows, (): window})


def _common(window: Window, asked: Window) -> Window:
    found = _intersect(window, asked)
    if found.limit == 0 and window.limit != 0:
        raise Refusal(
            416,
            "PGRST103",
            "Requested range not satisfiable",
            "No row lies both in the Range header and within limit and offset.",
        )
    return found


def _intersect(one: Window, other: Window) -> Window:
    offset = max(one.offset, other.offset)
    ends = [window.offset + window.limit for window in (one, other) if window.limit is not None]
    return Window(offset, max(min(ends) - offset, 0) if ends else None)


def _with_payload(request: ApiRequest, incoming: Incoming) -> ApiRequest:
    content_type = incoming.headers.get("content-type", "")
    if request.action is Action.CALL:
        return request if request.by_get else with_arguments(request, incoming.body, content_type)
    if request.action in (Action.INSERT, Action.UPDATE):
        return replace(request, payload=parse_payload(incoming.body, content_type, request.query.columns))
    if request.action is Action.REPLACE:  # the row is put whole, so there are no columns to choose
        return replace(request, payload=parse_payload(incoming.body, content_type, None))
    return request
