"""A request's whole way, from its bytes to the statements and back, remembered by sender and shape.

Most requests that an API sees differ from one before in a value or two, behind ``name=operator.``, or in
their body. Of those all else is known: who asks, what is sent to the database first, which statement it is,
where its values go, what the head of the answer says. What is not as it was goes the long way, which is also
how all of this is learned: nothing is remembered here but what it made, and whatever fails is its to answer.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from uvicorn.server import ServerState

from rowgate.app import Gateway, Way
from rowgate.errors import Refusal
from rowgate.execute import Outcome
from rowgate.request import Headers, Incoming
from rowgate.request.payload import outline
from rowgate.request.query import canonical
from rowgate.response import Answer
from rowgate.sql import Statement

__all__ = ["Express", "Hurried", "Sender", "Whole", "head_of", "remember"]

REMEMBERED = 2_000  # ways, heads of requests, and of answers
LONGEST_REMEMBERED = 4_096  # what is longer is read each time
LONGEST = 65_536  # bytes of a request
HEADS = 64  # of the answers of one way
BODILESS = (204, 304)
_VALUES = re.compile(rb"(=(?:eq|neq|gte?|lte?)\.)([\w.:@~-]*)(?=[& ])")
_MARK = f"rowgate{secrets.token_hex(8)}".encode()  # nobody can send what nobody can guess
_MARKED = re.compile(_MARK + rb"x([0-9]+)x")


class Sender(NamedTuple):
    """What the head of a request says, short of its first line; all of it the same for all that carry it."""

    headers: Headers
    body_length: int
    cross_origin: tuple[tuple[str, str], ...]
    check: Callable[[], None]
    forwarded_for: str = ""


Whole = tuple[Incoming, Sender, bytes]
"""A request, who sent it, and what came behind it."""


class Head(NamedTuple):
    """The head of an answer, up to where it is found; ``location`` is that, short of values."""

    status: int
    head: bytes
    location: bytes


class Known:
    """The way of requests that have one sender and one shape, and the heads of their answers."""

    __slots__ = ("_incoming", "heads", "located", "order", "parameters", "places", "sender", "text", "way")

    def __init__(self, way: Way, sender: Sender, incoming: Incoming) -> None:
        statement = way.prepared.statement
        assert statement is not None
        self.way = way
        self.sender = sender
        self.text = statement.text
        self.parameters = statement.parameters
        self.places = tuple(way.prepared.places)
        self.located, self.order = _located(incoming.query_string)
        self._incoming = incoming
        self.heads: dict[tuple[bytes | None, ...], Head] = {}

    def again(self, request: bytes, client: str) -> Incoming:
        """The request that was sent."""
        query = request.split(b" ", 2)[1].partition(b"?")[2]
        body = request[len(request) - self.sender.body_length :]
        return self._incoming._replace(query_string=query, body=body, client=client)

    def learn(self, row: tuple[bytes | None, ...]) -> None:
        """Remember the head of the answer to this row, if it depends on no more than the row's counts."""
        answer = self.way.prepared.answers.recall(row)
        if answer is not None and len(self.heads) < HEADS:
            self.heads[row[1:]] = self._head(answer)

    def _head(self, answer: Answer) -> Head:
        head = head_of(answer.status, (*answer.headers, *self.sender.cross_origin))
        path = answer.location.encode("latin-1", "replace").replace(b"%", b"%%")
        if path:
            head += b"content-location: "
        return Head(answer.status, head, b"%b%b\r\n" % (path, self.located) if path else b"")


def take_out(line: bytes) -> tuple[bytes, list[bytes]]:
    """The first line of a request without the plain values of its filters, and these.

    Each stood between ``=operator.`` and ``&`` or the end, so lines that are the same without them had as
    many, in the same places.
    """
    pieces = _VALUES.split(line)
    values = pieces[2::3]
    del pieces[2::3]
    return b"".join(pieces), values


def _located(query: bytes) -> tuple[bytes, tuple[int, ...]]:
    """What stands behind the path at which an answer is found, to be filled with values in this order."""
    if not query:
        return b"", ()
    pieces = _VALUES.split(query + b" ")
    pieces[2::3] = [_MARK + b"x%dx" % number for number in range(len(pieces) // 3)]
    said = canonical(b"".join(pieces)[:-1]).encode("latin-1", "replace").replace(b"%", b"%%")
    order = tuple(int(number) for number in _MARKED.findall(said))
    return b"?" + _MARKED.sub(b"%b", said), order


class Express:
    """Knows the ways of a server's requests. ``read`` reads a request that came whole."""

    def __init__(self, gateway: Gateway, read: Callable[[bytes, str], Any]) -> None:
        self.gateway = gateway
        self.read = read
        # None: it came once, or has no way. Most of what comes once never comes again.
        self.known: dict[tuple[bytes, bytes], Known | None] = {}
        self._preparer: Any = None
        self.date = b""
        self._dated: list[tuple[bytes, bytes]] = []

    def meet(self, key: tuple[bytes, bytes], data: bytes, values: Sequence[bytes]) -> None:
        """Learn the way of a request that came before.

        Ways of an older schema are let go of all at once: each would keep all that was known of that schema.
        """
        if self._preparer is not self.gateway.current:
            self._preparer = self.gateway.current
            self.known.clear()
        if key not in self.known:
            remember(self.known, key, None, len(key[0]) + len(key[1]))
            return
        self.known[key] = None
        whole = self.read(data, "")
        if isinstance(whole, tuple) and not whole[2]:
            incoming, sender, _ = whole
            way = self.gateway.way(incoming, values)
            if way is not None:
                self.known[key] = Known(way, sender, incoming)

    def dated(self, server: ServerState) -> bytes:
        """The date, and what else the server says in every answer."""
        if server.default_headers is not self._dated:  # uvicorn makes them anew every second
            self._dated = server.default_headers
            self.date = b"".join(b"%b: %b\r\n" % pair for pair in self._dated)
        return self.date


class Hurried(asyncio.Protocol):
    """A connection, as far as the ways of its requests are known."""

    def __init__(self, express: Express, server_state: ServerState) -> None:
        self._express = express
        self._server = server_state
        self._loop = asyncio.get_running_loop()
        self._abandon: Callable[[], object] | None = None
        self._answering: Sender | None = None
        self._rest = b""  # what came behind the request under way
        self._full = self._stopping = self._bodiless = False
        self._client = ""
        self._since = 0.0
        self._transport: Any = None
        self._known: Known | None = None
        self._request = b""
        self._values: list[bytes] = []
        self._statement = Statement("")

    def _hurry(self, data: bytes) -> bool:
        """Send a request to the database if its way is known; else nothing is done, and it is learned.

        This and ``_told`` are the hot path, and long for that reason: every request goes through them.
        """
        express = self._express
        gateway = express.gateway
        line_end = data.find(b"\r\n")
        end = data.find(b"\r\n\r\n", line_end)
        if not 0 < line_end <= end or len(data) > LONGEST:
            return False
        line, values = take_out(data[:line_end])
        key = (line, data[line_end:end])
        known = express.known.get(key)
        if known is None or known.way.preparer is not gateway.current:
            express.meet(key, data, values)
            return False
        sender, way = known.sender, known.way
        body = data[end + 4 :]
        try:
            sender.check()
            if len(body) != sender.body_length or (way.outline and outline(body) != way.outline):
                return False
        except Refusal:
            return False
        if way.outline:
            values.append(body)
        if way.seen is not None and not gateway.authenticator.again(way.seen, way.caller):
            return False
        parameters = list(known.parameters)
        for position, slot in known.places:
            parameters[position] = values[slot]
        self._answering, self._bodiless = sender, False
        self._known, self._request, self._values = known, data, values
        self._statement = Statement(known.text, parameters)
        abandon = gateway.send(way, self._statement, self._told)
        if self._known is not None:  # else it was told of at once
            self._abandon = abandon
        return True

    def _told(self, outcome: Outcome | Refusal) -> None:
        """Answer with the head that such rows have had; the first time, the long way."""
        known, self._known = self._known, None
        assert known is not None
        express = self._express
        row = outcome[-1] if isinstance(outcome, list) else ()
        head = known.heads.get(row[1:])
        if head is None or self._stopping or not express.gateway.tally(head.status):
            self._conclude(known, outcome, row)
            return
        server, body, location = self._server, row[0] or b"", head.location
        if location:
            values = self._values
            location %= tuple([values[number] for number in known.order])
            if b":" in location or b"@" in location:  # they are the values' own: all else is encoded
                location = location.replace(b":", b"%3A").replace(b"@", b"%40")
        date = express.dated(server)
        if head.status in BODILESS:
            said = b"%b%b%b\r\n" % (head.head, location, date)
        else:
            said = b"%b%b%bcontent-length: %d\r\n\r\n%b" % (head.head, location, date, len(body), body)
        self._answering = self._abandon = None
        self._request, self._values = b"", []  # idle connections are many
        self._since = self._loop.time()
        server.total_requests += 1
        self._transport.write(said)
        if self._rest and not self._full:
            self._loop.call_soon(self._go_on)

    def _conclude(self, known: Known, outcome: Outcome | Refusal, row: tuple[bytes | None, ...]) -> None:
        """Go on as if it had come the long way."""
        whole = self._express.read(self._request, self._client)
        # Settings that were read anew meanwhile may not take such a request any more. This one was taken.
        incoming = whole[0] if isinstance(whole, tuple) else known.again(self._request, self._client)
        gateway = self._express.gateway
        asked = gateway.resume(known.way, self._statement, incoming, self._respond)
        self._abandon = asked.abandon
        gateway.conclude(asked, outcome)
        if row:
            known.learn(row)

    def _respond(self, answer: Answer) -> None:
        raise NotImplementedError

    def _go_on(self) -> None:
        raise NotImplementedError


def remember(remembered: dict[Any, Any], key: Any, value: Any, length: int) -> None:
    """Keep what may come again; the oldest makes room."""
    if length > LONGEST_REMEMBERED:
        return
    if len(remembered) >= REMEMBERED:
        del remembered[next(iter(remembered))]
    remembered[key] = value


def head_of(status: int, headers: tuple[tuple[str, str], ...]) -> bytes:
    """The status line and the headers."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    lines = (f"{name.lower()}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} {phrase}\r\n{''.join(lines)}".encode("latin-1", "replace")
