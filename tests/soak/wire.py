"""An HTTP client that reads answers strictly, and clients that behave badly."""

import asyncio
import contextlib
import random
import socket
import struct
from dataclasses import dataclass, field

PATIENCE_S = 60  # no answer in this time is none


class Broken(Exception):
    """The server closed without an answer, or sent something that is none."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[bytes, bytes] = field(default_factory=dict)


class Wire:
    """A keep-alive connection, opened again when it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is not None and (self._streams[0].at_eof() or self._streams[1].is_closing()):
            self.close()  # the server closed it between two requests
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        return self._streams

    async def ask(self, raw: bytes) -> Answer:
        """Send a request and read its whole answer. Raises Broken."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await self._open()
                writer.write(raw)
                return await self._answer(reader)
        except TimeoutError:
            self.close()
            raise Broken(f"no answer within {PATIENCE_S} s") from None
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise Broken(f"the connection ended: {error!r}") from error

    async def _answer(self, reader: asyncio.StreamReader) -> Answer:
        first, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
        if not first.startswith(b"HTTP/1.1 "):
            raise Broken(f"no HTTP: {first!r}")
        pairs = (line.partition(b":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        status = int(first[9:12])
        body = b""
        if status not in (204, 304):
            body = await reader.readexactly(int(headers[b"content-length"]))
        if headers.get(b"connection", b"").lower() == b"close":
            self.close()
        return Answer(status, body, headers)

    async def drop(self, raw: bytes, rng: random.Random) -> None:
        """Go away: in the middle of the request, while it is answered, or in the middle of the answer."""
        how = rng.choice(("in the request", "at once", "soon", "in the answer"))
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            reader, writer = await self._open()
            writer.write(raw[: rng.randrange(1, len(raw))] if how == "in the request" else raw)
            await writer.drain()
            if how == "soon":
                await asyncio.sleep(rng.random() * 0.4)
            elif how == "in the answer":
                async with asyncio.timeout(PATIENCE_S):
                    await reader.readexactly(rng.randrange(1, 200))
        self.close(reset=rng.random() < 0.5)

    def close(self, *, reset: bool = False) -> None:
        """Close, in order or with a reset."""
        if self._streams is None:
            return
        writer, self._streams = self._streams[1], None
        if reset:
            with contextlib.suppress(OSError):
                own: socket.socket = writer.get_extra_info("socket")
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        else:
            writer.close()


async def read_slowly(port: int, raw: bytes, stop: asyncio.Event) -> None:
    """Ask for much and take a little of it now and then: 6 MB in half a minute."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 40_000)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.sock_sendall(connection, raw)
        with contextlib.suppress(OSError):
            while not stop.is_set() and await loop.sock_recv(connection, 40_000):
                await _until(stop, 0.2)


async def write_slowly(port: int, raw: bytes, stop: asyncio.Event) -> None:
    """Send a request byte by byte, over and over."""
    while not stop.is_set():
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                for at in range(len(raw)):
                    writer.write(raw[at : at + 1])
                    await writer.drain()
                    if await _until(stop, 0.3) or writer.is_closing():
                        break
            finally:
                writer.close()


async def _until(stop: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
