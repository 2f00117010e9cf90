"""Answers as they come over the wire: where one ends, and what it says."""

import re
import socket
from dataclasses import dataclass

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9a-fA-F]+)[^\r]*\r\n")
BLANK = b"\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    """``tail`` is everything from the blank line on, as it was sent; ``body`` the content alone."""

    status: int
    tail: bytes
    body: bytes

    @property
    def success(self) -> bool:
        return 200 <= self.status < 300


def parse(data: bytes) -> Answer | None:
    """The answer that ``data`` is; None while some of it is still to come."""
    head = data.find(BLANK)
    if head < 0:
        return None
    tail, status = data[head:], int(data[9:12])
    if _CHUNKED.search(data, 0, head):
        body = _unchunked(tail[len(BLANK) :])
        return None if body is None else Answer(status, tail, body)
    announced = _LENGTH.search(data, 0, head)
    length = int(announced[1]) if announced and status != 204 else 0
    body = tail[len(BLANK) :]
    return Answer(status, tail, body) if len(body) >= length else None


def _unchunked(data: bytes) -> bytes | None:
    at, body = 0, b""
    while size := _CHUNK.match(data, at):
        length = int(size[1], 16)
        if not length:
            return body if data.endswith(BLANK) else None
        body += data[size.end() : size.end() + length]
        at = size.end() + length + 2
    return None


def ask(link: socket.socket, request: str) -> Answer:
    """Send one request and wait for its answer. Raises OSError."""
    link.sendall(request.encode("latin-1"))
    data = b""
    while (answer := parse(data)) is None:
        more = link.recv(1 << 18)
        if not more:
            raise ConnectionResetError(f"the server hung up on: {request[:200]}")
        data += more
    return answer


def connect(port: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), timeout=30)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link
