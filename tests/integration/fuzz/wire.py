"""A keep-alive HTTP/1.1 connection that sends any bytes and reads answers strictly."""

import socket


class BrokenConnection(Exception):
    """The server closed without an answer, or sent something that is none."""


class Wire:
    """One connection at a time; a closed one is opened again."""

    def __init__(self, port: int, patience_s: float) -> None:
        self._port = port
        self._patience_s = patience_s
        self._socket: socket.socket | None = None
        self._buffer = b""

    def ask(self, raw: bytes, method: str) -> int:
        """Send a request and read its whole answer; the status. Raises BrokenConnection, TimeoutError."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), self._patience_s)
            self._buffer = b""
        self._socket.sendall(raw)
        return self._answer(method)

    def ask_anything(self, raw: bytes) -> int | None:
        """Send what may be no HTTP, on a connection of its own, and hang up; a status if one came."""
        self.close()
        with socket.create_connection(("127.0.0.1", self._port), self._patience_s) as connection:
            try:
                connection.sendall(raw)
                connection.shutdown(socket.SHUT_WR)
                start = connection.recv(4096)
                while connection.recv(65536):
                    pass
            except (BrokenPipeError, ConnectionResetError):
                return None
        return int(start[9:12]) if start.startswith(b"HTTP/1.1 ") else None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _answer(self, method: str) -> int:
        head = self._until(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        if not first.startswith(b"HTTP/1.1 "):
            raise BrokenConnection(first)
        status = int(first[9:12])
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)
        }
        if method != "HEAD" and status not in (204, 304):
            self._exactly(int(headers[b"content-length"]))
        if headers.get(b"connection") == b"close":
            self.close()
        elif self._buffer:
            raise BrokenConnection(f"more than one answer: {self._buffer[:200]!r}")
        return status

    def _until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(end)
        return head

    def _exactly(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._more()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _more(self) -> None:
        assert self._socket is not None
        chunk = self._socket.recv(65536)
        if not chunk:
            raise BrokenConnection(f"closed after {self._buffer[:200]!r}")
        self._buffer += chunk
