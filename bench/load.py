"""A small HTTP load: a number of keep-alive connections, each with one request under way.

It stands in a process of its own and does as little as it can, so that the server is what is measured.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from itertools import cycle
from typing import cast

import uvloop

_LENGTH = b"content-length:"


@dataclass(frozen=True)
class Load:
    """What came of a load; times in seconds."""

    seconds: float
    answers: int
    failures: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


def run(port: int, requests: Sequence[str], connections: int, seconds: float) -> Load:
    """Send the requests round and round for so many seconds. Every answer must be a success."""
    asked = {"port": port, "requests": requests, "connections": connections, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, __file__], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"the load failed:\n{done.stderr}")
    made = Load(*json.loads(done.stdout))
    if made.failures:
        raise SystemExit(f"{made.failures} of {made.answers} answers were no success: nothing was measured")
    return made


class _Connection(asyncio.Protocol):
    def __init__(
        self, next_request: Callable[[], bytes], deadline: float, done: asyncio.Future[None]
    ) -> None:
        self.next_request = next_request
        self.deadline = deadline
        self.done = done
        self.buffer = b""
        self.latencies: list[float] = []
        self.failures = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.next_request())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0 or len(self.buffer) < head + 4 + self._body_length(head):
            return
        now = time.perf_counter()
        self.latencies.append(now - self.sent)
        self.failures += self.buffer[9:10] != b"2"
        self.buffer = b""
        if now < self.deadline:
            self._send()
        else:
            self.transport.close()

    def _body_length(self, head: int) -> int:
        at = self.buffer.find(_LENGTH, 0, head)
        return int(self.buffer[at + len(_LENGTH) : self.buffer.find(b"\r", at)]) if at >= 0 else 0

    def connection_lost(self, error: Exception | None) -> None:
        self.failures += error is not None
        if not self.done.done():
            self.done.set_result(None)


async def _run(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    endless = cycle(requests)
    started = time.perf_counter()
    waits = [loop.create_future() for _ in range(connections)]
    made = [_Connection(endless.__next__, started + seconds, wait) for wait in waits]
    for connection in made:
        await loop.create_connection(partial(_itself, connection), "127.0.0.1", port)
    await asyncio.wait_for(asyncio.gather(*waits), seconds + 30)
    elapsed = time.perf_counter() - started
    latencies = sorted(latency for connection in made for latency in connection.latencies)
    p50, p99 = (latencies[int(share * (len(latencies) - 1))] for share in (0.5, 0.99))
    return Load(elapsed, len(latencies), sum(connection.failures for connection in made), p50, p99)


def _itself(connection: _Connection) -> _Connection:
    return connection


def main() -> None:
    """Read {port, requests, connections, seconds} as JSON from stdin; print the Load as JSON."""
    asked = json.load(sys.stdin)
    requests = [text.encode("latin-1") for text in asked["requests"]]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        load = runner.run(_run(asked["port"], requests, asked["connections"], asked["seconds"]))
    print(json.dumps(astuple(load)))


if __name__ == "__main__":
    main()
