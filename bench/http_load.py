"""A small HTTP load: a number of keep-alive connections, each with one request under way.

It stands in a process of its own and does as little as it can, so that the server is what is measured.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import cast

import uvloop

_LENGTH = b"content-length:"


@dataclass(frozen=True)
class Load:
    """What came of a load: seconds, answers, answers that were no success, and latencies in seconds."""

    seconds: float
    answers: int
    failures: int
    latencies: Sequence[float]

    @property
    def rate(self) -> float:
        return self.answers / self.seconds

    def percentile(self, share: float) -> float:
        return sorted(self.latencies)[int(share * (len(self.latencies) - 1))]


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


async def run(host: str, port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Send the requests round and round for so many seconds."""
    loop = asyncio.get_running_loop()
    endless = cycle(requests)
    started = time.perf_counter()
    waits = [loop.create_future() for _ in range(connections)]
    made = [_Connection(endless.__next__, started + seconds, wait) for wait in waits]
    for connection in made:
        await loop.create_connection(partial(_itself, connection), host, port)
    await asyncio.wait_for(asyncio.gather(*waits), seconds + 30)
    elapsed = time.perf_counter() - started
    latencies = [latency for connection in made for latency in connection.latencies]
    return Load(elapsed, len(latencies), sum(connection.failures for connection in made), latencies)


def _itself(connection: _Connection) -> _Connection:
    return connection


def main() -> None:
    """Read {host, port, requests, connections, seconds} as JSON from stdin; print the Load as JSON."""
    asked = json.load(sys.stdin)
    requests = [text.encode("latin-1") for text in asked["requests"]]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        load = runner.run(run(asked["host"], asked["port"], requests, asked["connections"], asked["seconds"]))
    print(
        json.dumps([load.seconds, load.answers, load.failures, load.percentile(0.5), load.percentile(0.99)])
    )


if __name__ == "__main__":
    main()
