"""The fast lane: a request that comes in one piece is answered without the ceremony of a stock server.

Most requests of an API are small, arrive whole, and differ from the one before in nothing but their first
line. For those, and only those, this protocol stands in front of uvicorn's own: what it cannot answer at once
(a request in parts, chunks, upgrades, HTTP/1.0, another prefix) goes to uvicorn together with its connection,
before anything was done for it, and so do all limits, time-outs and oddities that belong to it.

Only a body may come behind its head, as many clients send it, if it is not long in coming.

Measured against uvicorn alone: docs/benchmarks.md.
"""

import asyncio
import re
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, cast
from urllib.parse import unquote_to_bytes

import httptools
from uvicorn.config import Config as ServerConfig
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.server import ServerState

from rowgate.app import Gateway
from rowgate.asgi import cross_origin, join_headers
from rowgate.errors import Refusal
from rowgate.express import Express, Hurried, Sender, Whole, head_of, remember
from rowgate.patience import LAST_S, PatientProtocol
from rowgate.request import Headers, Incoming
from rowgate.response import Answer, refuse

__all__ = ["Door", "Lane"]

Door = Callable[[Headers], tuple[Headers, Callable[[], None]]]
"""What stands before the gateway: takes its own header out of the others, and gives a check to be made for
every request that carries them, which raises Refusal."""

LONGEST_HEAD = 32_768
IDLE_S = 75  # how long a connection may do nothing
UNREAD_S = 60  # how long an answer may wait for a client that does not read
SWEEP_S = 5
MOST_PARTS = 32  # in which a body may come
LONGEST_IN_PARTS = 1 << 20  # bytes

_UNUSUAL = ("transfer-encoding", "expect", "upgrade", "proxy-connection")
_METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")}
_LINE = re.compile(rb"(GET|HEAD|POST|PATCH|PUT|DELETE) (/[!-\"$->@-~]*)(?:\?([!-\"$-~]*))? HTTP/1\.1")


class Part(Enum):
    """A request of which not all is there."""

    HEAD = "nothing about the head is unusual, and the body is on its way"


class Lane:
    """Makes the protocols of a server's connections; ``prefix`` is where the gateway is mounted."""

    def __init__(self, gateway: Gateway, prefix: str = "", door: Door | None = None) -> None:
        self.gateway = gateway
        self._prefix = prefix
        self._door = door
        self._config = gateway.config
        self._senders: dict[bytes, Sender] = {}
        self._paths: dict[bytes, str] = {}
        self._heads: dict[tuple[Any, ...], bytes] = {}
        self.express = Express(gateway, self.read)
        self._proxies: Any = ()

    def __call__(
        self, config: ServerConfig, server_state: ServerState, app_state: dict[str, Any], **_: Any
    ) -> "Connection":
        """As uvicorn makes its own protocols."""
        stock = partial(PatientProtocol, config=config, server_state=server_state, app_state=app_state)
        if not self._proxies and config.proxy_headers:
            self._proxies = ProxyHeadersMiddleware(
                config.loaded_app, config.forwarded_allow_ips
            ).trusted_hosts
        return Connection(self, stock, server_state)

    def read(self, data: bytes, client: str) -> Whole | Part | None:
        """The request at the beginning of ``data``, or that its body is to come; None for an unusual one."""
        end = data.find(b"\r\n\r\n")
        if not 0 < end < LONGEST_HEAD:
            return None
        line_end = data.find(b"\r\n")
        line = _LINE.fullmatch(data, 0, line_end)
        sender = self._sender(data[line_end:end]) if line is not None else None
        if line is None or sender is None:
            return None
        method, path, query = line.groups(b"")
        body = end + 4
        rest = body + sender.body_length
        inside = self._inside(path)
        if inside is None:
            return None
        if self._door is not None and b"apikey=" in query:
            return None
        if len(data) < rest:
            return Part.HEAD if sender.body_length <= LONGEST_IN_PARTS else None
        if sender.forwarded_for and client in self._proxies:
            client = sender.forwarded_for
        incoming = Incoming(_METHODS[method], inside, query, sender.headers, data[body:rest], client)
        return incoming, sender, data[rest:]

    def _inside(self, path: bytes) -> str | None:
        """The path below the prefix, decoded; None for one that is not ours."""
        known = self._paths.get(path)
        if known is not None:
            return known
        name = unquote_to_bytes(path).decode("utf-8", "replace")
        inside = name.removeprefix(self._prefix)
        ours = not self._prefix or (inside != name and inside[:1] in ("", "/"))
        if not ours:
            return None
        remember(self._paths, path, inside, len(path))
        return inside

    def _sender(self, head: bytes) -> Sender | None:
        if self.gateway.config is not self._config:
            self._config = self.gateway.config
            self._senders.clear()
        known = self._senders.get(head)
        if known is not None:
            return known
        sender = self._meet(head)
        if sender is not None:
            remember(self._senders, head, sender, len(head))
        return sender

    def _meet(self, head: bytes) -> Sender | None:
        """Read a head as uvicorn would; None for one that asks for something unusual."""
        said = _Said()
        try:
            httptools.HttpRequestParser(said).feed_data(b"GET / HTTP/1.1" + head + b"\r\n\r\n")
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        headers = join_headers(said.headers)
        length = headers.get("content-length", "0")
        usual = headers.get("connection", "keep-alive").lower() == "keep-alive"
        odd = any(name in headers for name in _UNUSUAL)
        if not usual or odd or "host" not in headers or not (length.isdecimal() and len(length) < 10):
            return None
        if int(length) > self._config.max_body:
            return None
        own = tuple(cross_origin(headers, self._config))
        forwarded_for = self._client_of(headers)
        headers, check = self._door(headers) if self._door else (headers, _open)
        return Sender(headers, int(length), own, check, forwarded_for)

    def _client_of(self, headers: Headers) -> str:
        """Whom a proxy asks for, as uvicorn would say it; empty where there is none."""
        said = headers.get("x-forwarded-for")
        return str(self._proxies.get_trusted_client_address(said)[0]) if said and self._proxies else ""

    def write(
        self, answer: Answer, sender: Sender, server: ServerState, *, last: bool, bodiless: bool
    ) -> bytes:
        """The answer as it goes over the wire."""
        date = self.express.dated(server)
        key = (answer.status, answer.headers, sender.cross_origin, last)
        head = self._heads.get(key)
        if head is None:
            more = (("Connection", "close"),) if last else ()
            head = head_of(answer.status, (*answer.headers, *sender.cross_origin, *more))
            remember(self._heads, key, head, len(head))
        if answer.location:
            head += b"content-location: %b\r\n" % answer.location.encode("latin-1", "replace")
        if not answer.sized or answer.status in (204, 304):
            return head + date + b"\r\n"
        body = b"" if bodiless else answer.body
        return b"%b%bcontent-length: %d\r\n\r\n%b" % (head, date, len(answer.body), body)


def _open() -> None:
    """There is no door."""


class _Said:
    """Collects the headers that a parser finds."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))


class Connection(Hurried):
    """One client's connection, until it asks for something unusual. Its requests are answered in order."""

    def __init__(self, lane: Lane, stock: Callable[[], PatientProtocol], server_state: ServerState) -> None:
        super().__init__(lane.express, server_state)
        self._lane = lane
        self._make_stock = stock
        self._part = b""  # of a request that is not all there
        self._parts = 0
        self._unsent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._client = str(peer[0]) if isinstance(peer, tuple) else ""
        self._server.connections.add(cast("Any", self))
        self._since = self._loop.time()
        self._timer = self._loop.call_later(IDLE_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._timer.cancel()
        self._server.connections.discard(cast("Any", self))
        if self._abandon is not None:
            self._abandon()

    def data_received(self, data: bytes) -> None:
        if self._answering is not None or self._full or self._rest:
            self._rest += data
            self._transport.pause_reading()
            return
        if self._part or not self._hurry(data):
            self._take(data)

    def _take(self, data: bytes) -> None:
        data, self._part = self._part + data, b""
        whole = self._lane.read(data, self._client)
        if whole is Part.HEAD and self._parts < MOST_PARTS:
            self._wait_for_more(data)
            return
        if whole is None or whole is Part.HEAD:
            self._hand_over(data)
            return
        incoming, sender, self._rest = whole
        self._parts = 0
        self._answering = sender
        self._bodiless = incoming.method == "HEAD"
        try:
            sender.check()
        except Refusal as refusal:
            self._respond(refuse(refusal))
            return
        abandon = self._lane.gateway.begin(incoming, self._respond)
        if self._answering is not None:
            self._abandon = abandon

    def _wait_for_more(self, data: bytes) -> None:
        if not self._parts:
            self._since = self._loop.time()
            self._timer.cancel()
            self._timer = self._loop.call_later(SWEEP_S, self._look)
        self._part = data
        self._parts += 1

    def _respond(self, answer: Answer) -> None:
        sender, self._answering, self._abandon = self._answering, None, None
        assert sender is not None
        self._since = self._loop.time()
        self._server.total_requests += 1
        said = self._lane.write(answer, sender, self._server, last=self._stopping, bodiless=self._bodiless)
        self._transport.write(said)
        if self._stopping:
            self._transport.close()
        elif self._rest and not self._full:
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Turn to what the client sent in the meantime."""
        if self._answering is not None or self._full or not self._rest or self._transport.is_closing():
            return
        data, self._rest = self._rest, b""
        self._transport.resume_reading()
        self._take(data)

    def _hand_over(self, data: bytes) -> None:
        """From here on the connection is uvicorn's."""
        self._timer.cancel()
        self._server.connections.discard(cast("Any", self))
        stock = self._make_stock()
        self._transport.set_protocol(stock)
        stock.connection_made(self._transport)
        stock.data_received(data)
        if self._stopping:
            stock.shutdown()

    def pause_writing(self) -> None:
        self._full = True
        self._unsent = self._transport.get_write_buffer_size()

    def resume_writing(self) -> None:
        self._full = False
        self._go_on()

    def _look(self) -> None:
        """End a connection that does nothing, or whose client does not read."""
        now, unsent = self._loop.time(), self._transport.get_write_buffer_size()
        if unsent < self._unsent:
            self._since = now  # it is read, if slowly
        self._unsent = unsent
        if self._part and not self._full and now - self._since >= SWEEP_S:
            self._hand_over(self._part)  # its patience is another
        elif self._answering is None and now - self._since >= (UNREAD_S if self._full else IDLE_S):
            self._transport.abort()  # to close it would be to wait for what is unsent
        else:
            self._timer = self._loop.call_later(SWEEP_S, self._look)

    def shutdown(self) -> None:
        """The server stops: the next answer is the last. uvicorn calls it."""
        self._stopping = True
        if self._part and not self._full:
            self._hand_over(self._part)
        elif self._answering is None:
            self._loop.call_later(LAST_S, self._close_idle)

    def _close_idle(self) -> None:
        if self._answering is None:
            self._transport.close()
