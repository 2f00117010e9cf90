"""HTTP as bytes on a socket: requests as somebody wrote them, answers taken apart no further than they must be."""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from integration.rowgate.world import bearer

PATIENCE_S = 30
WRITER = bearer("writer", sub="ann")["authorization"]


class Reply(NamedTuple):
    """An answer; its headers sorted, without the date."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key == name), None)


class Wire:
    """One connection to a server on this machine."""

    def __init__(self, port: int, *, receive_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def send(self, *parts: bytes) -> None:
        """Each part in a packet of its own. A server that refuses early may close before all was sent."""
        with contextlib.suppress(OSError):
            for part in parts:
                self.socket.sendall(part)

    def reply(self, *, head: bool = False) -> Reply:
        """The next answer; ``head`` if it was asked for with HEAD. Raises EOFError where there is none."""
        while b"\r\n\r\n" not in self._read:
            self._more()
        top, _, self._read = self._read.partition(b"\r\n\r\n")
        line, *lines = top.split(b"\r\n")
        status = int(line.split(b" ")[1])
        if status == 100:
            return self.reply(head=head)
        pairs = [(name.lower(), value.strip()) for name, _, value in (one.partition(b":") for one in lines)]
        headers = dict(pairs)
        bodiless = head or status in (204, 304)
        body = b"" if bodiless else self._body(headers)
        return Reply(status, tuple(sorted(pair for pair in pairs if pair[0] != b"date")), body)

    def _body(self, headers: dict[bytes, bytes]) -> bytes:
        length = int(headers[b"content-length"])  # nothing of ours is sent in chunks
        while len(self._read) < length:
            self._more()
        body, self._read = self._read[:length], self._read[length:]
        return body

    def _more(self) -> None:
        try:
            chunk = self.socket.recv(65536)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            raise EOFError(self._read)
        self._read += chunk

    def ends(self) -> bool:
        """Whether the server says no more, and closes."""
        try:
            while self.socket.recv(65536):
                return False
        except ConnectionResetError:
            pass
        return self._read == b""

    def close(self) -> None:
        self.socket.close()


@contextlib.contextmanager
def wire(port: int, *, receive_bytes: int | None = None) -> Iterator[Wire]:
    """A connection, closed in the end."""
    connection = Wire(port, receive_bytes=receive_bytes)
    try:
        yield connection
    finally:
        connection.close()


def request(
    method: str, target: str | bytes, body: bytes | None = None, *, version: str = "1.1", **headers: str
) -> bytes:
    """A request as most clients write it; ``authorization`` may be said to be nobody's."""
    said = {
        "Host": "x",
        "Authorization": WRITER,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    if body is not None:
        said = {"Content-Length": str(len(body)), **said}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items() if value)
    target = target if isinstance(target, bytes) else target.encode()
    return b"%b %b HTTP/%b\r\n%b\r\n%b" % (
        method.encode(), target, version.encode(), lines.encode("latin-1"), body or b"",
    )  # fmt: skip


def all_replies(port: int, parts: Sequence[bytes], heads: Sequence[bool] = ()) -> list[Reply | str]:
    """What is answered to these bytes: all replies up to the end, with the end as the last.

    The last thing that is asked is a request that has the server close.
    """
    found: list[Reply | str] = []
    with wire(port) as connection:
        connection.send(
            *parts, b"GET /escos?id=eq.1&select=id HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        try:
            while True:
                number = len(found)
                found.append(connection.reply(head=number < len(heads) and heads[number]))
        except EOFError as end:
            found.append(f"the end, after {end.args[0]!r}")
    return found
