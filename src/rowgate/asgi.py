"""The gateway as an ASGI application: bodies bounded, headers joined, cross-origin requests answered."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from rowgate.app import Gateway
from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.request import Headers, Incoming
from rowgate.response import Answer, refuse

__all__ = ["Asgi", "Receive", "Scope", "Send", "cross_origin", "join_headers", "send_answer"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DISCONNECT_AFTER_S = 0.2  # a shorter request is over before it is worth asking whether anybody waits

_METHODS = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
_ALWAYS_ALLOWED = ("Accept", "Accept-Language", "Content-Language")
_EXPOSED = (
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, "
    "Transfer-Encoding, Range-Unit"
)


class Asgi:
    """Serves a gateway under ``prefix`` (``/rest/v1``, or nothing)."""

    def __init__(self, gateway: Gateway, prefix: str = "") -> None:
        self._gateway = gateway
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        headers = join_headers(scope["headers"])
        config = self._gateway.config
        if is_preflight(scope, headers) and self._allows(headers["origin"]):
            await send_answer(send, self._preflight(headers), self._cors(headers))
            return
        try:
            async with asyncio.timeout(config.server_patience):
                body = await read_body(receive, headers, config.max_body)
        except TimeoutError:
            await send_answer(send, refuse(_too_slow(config.server_patience)), self._cors(headers))
            return
        except Refusal as refusal:
            await send_answer(
                send, refuse(refusal, verbose=self._gateway.config.verbose), self._cors(headers)
            )
            return
        except ConnectionAbortedError:
            return
        path = scope["path"].removeprefix(self._prefix)
        client = (scope.get("client") or ("",))[0]
        incoming = Incoming(scope["method"], path, scope["query_string"], headers, body, client)
        try:
            answer = await while_connected(self._gateway.answer(incoming), receive)
        except ConnectionAbortedError:
            return
        await send_answer(send, answer, self._cors(headers))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._gateway.start()
        except Exception as error:  # noqa: BLE001 - whatever it is, the server must be told
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._gateway.stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _preflight(self, headers: Headers) -> Answer:
        asked = headers.get("access-control-request-headers", "")
        wanted = [name.strip() for name in asked.split(",") if name.strip()]
        allowed = ", ".join(dict.fromkeys(("Authorization", *wanted, *_ALWAYS_ALLOWED)))
        return Answer(
            200,
            (
                ("Access-Control-Allow-Methods", _METHODS),
                ("Access-Control-Allow-Headers", allowed),
                ("Access-Control-Max-Age", "86400"),
            ),
        )

    def _allows(self, origin: str) -> bool:
        allowed = self._gateway.config.server_cors_allowed_origins
        return not allowed or origin in allowed

    def _cors(self, headers: Headers) -> list[tuple[str, str]]:
        return cross_origin(headers, self._gateway.config)


def cross_origin(headers: Headers, config: Config) -> list[tuple[str, str]]:
    """The headers by which a page of another origin may read the answer."""
    origin, allowed = headers.get("origin"), config.server_cors_allowed_origins
    if origin is None or (allowed and origin not in allowed):
        return []
    if allowed:
        own = [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
    else:
        own = [("Access-Control-Allow-Origin", "*")]
    return [*own, ("Access-Control-Expose-Headers", _EXPOSED)]


def is_preflight(scope: Scope, headers: Headers) -> bool:
    return bool(
        scope["method"] == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers
    )


def join_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Header names are lower case; a repeated header is one, joined by commas."""
    joined = Headers()
    for name, value in raw:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The whole body.

    Raises Refusal (413) past ``limit`` bytes, ConnectionAbortedError if the client has gone.
    """
    announced = headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
        raise _too_large(limit)
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return b"".join(chunks)


async def while_connected(answering: Awaitable[Answer], receive: Receive) -> Answer:
    """The answer, unless the client goes away first: then the work is ended, and with it the query.

    Raises ConnectionAbortedError in that case.
    """
    task = asyncio.current_task()
    assert task is not None
    watcher: asyncio.Task[None] | None = None
    gone = False

    async def watch() -> None:
        nonlocal gone
        message = await receive()
        if message["type"] == "http.disconnect":
            gone = True
            task.cancel()

    def start() -> None:
        nonlocal watcher
        watcher = loop.create_task(watch())

    loop = asyncio.get_running_loop()
    timer = loop.call_later(DISCONNECT_AFTER_S, start)
    try:
        return await answering
    except asyncio.CancelledError:
        if gone and task.uncancel() == 0:
            raise ConnectionAbortedError from None
        raise
    finally:
        timer.cancel()
        if watcher is not None:
            watcher.cancel()


def _too_slow(seconds: int) -> Refusal:
    headers = (("Connection", "close"),)
    return Refusal(408, "PGRST102", f"The body did not arrive within {seconds} s", headers=headers)


def _too_large(limit: int) -> Refusal:
    return Refusal(413, "PGRST102", f"The body is larger than {limit} bytes", None, "Send it in parts")


async def send_answer(send: Send, answer: Answer, more: Iterable[tuple[str, str]] = ()) -> None:
    """Send an answer, with more headers of the server's own."""
    headers = [_encoded(name, value) for name, value in (*answer.headers, *more)]
    if answer.location:
        headers.append(_encoded("Content-Location", answer.location))
    if answer.sized and answer.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _encoded(name: str, value: str) -> tuple[bytes, bytes]:
    return name.lower().encode("latin-1"), value.encode("latin-1", "replace")
