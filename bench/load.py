"""A small HTTP load: a number of keep-alive connections, each with one request under way.

It stands in a process of its own and costs as little as it can, for it shares the machine with what is
measured: raw sockets, requests made beforehand, and one look at an answer, which tells at once whether it
is whole and what it should be. Between two looks at the sockets it sleeps a moment, so that several answers
have come and nobody has to wake it for each.
"""

import gc
import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import cycle
from pathlib import Path

from bench.answers import connect, parse

PAUSE_S = 0.0002
FEW = 8  # with fewer connections the pause would be what is measured
PATIENCE_S = 30
_TWO = ord("2")


@dataclass(frozen=True)
class Exchange:
    """A request, and how its answer must end: with the blank line and the body."""

    request: str
    tail: str


@dataclass(frozen=True)
class Load:
    """What came of a load; times in seconds, ``cpu`` the load's own."""

    seconds: float
    answers: int
    failures: int
    p50: float
    p99: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


def run(port: int, exchanges: Sequence[Exchange], connections: int, seconds: float) -> Load:
    """Send the requests round and round for so many seconds. Every answer must be the right one."""
    asked = [port, [(one.request, one.tail) for one in exchanges], connections, seconds]
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
        timeout=seconds + 2 * PATIENCE_S,
    )
    if done.returncode:
        raise SystemExit(f"the load failed:\n{done.stderr}")
    made = Load(*json.loads(done.stdout))
    if made.failures:
        raise SystemExit(f"{made.failures} of {made.answers} answers were wrong: nothing was measured")
    return made


class _Link:
    """A connection and what is under way on it."""

    __slots__ = ("buffer", "receive", "send", "sent_at", "tail")

    def __init__(self, link: socket.socket) -> None:
        self.send, self.receive = link.sendall, link.recv
        self.buffer = b""
        self.tail = b""
        self.sent_at = 0.0


class _Driver:
    def __init__(self, port: int, exchanges: Iterator[tuple[bytes, bytes]], connections: int) -> None:
        self._sockets = [connect(port) for _ in range(connections)]
        self._links = {link.fileno(): _Link(link) for link in self._sockets}
        self._exchanges = exchanges
        self._pause = PAUSE_S if connections >= FEW else 0.0
        self.latencies: list[float] = []
        self.failures = 0

    def drive(self, seconds: float) -> None:
        """Until the time is over and every request was answered."""
        waiting = select.epoll()
        for number, link in self._links.items():
            waiting.register(number, select.EPOLLIN)
            self._send(link)
        deadline, underway = time.perf_counter() + seconds, len(self._links)
        while underway:
            time.sleep(self._pause)
            ready = waiting.poll(PATIENCE_S)
            if not ready:
                raise SystemExit(f"{underway} requests have had no answer for {PATIENCE_S} s")
            underway -= self._take(ready, deadline)

    def _take(self, ready: Sequence[tuple[int, int]], deadline: float) -> int:
        """Look at what has come; the number of connections that have done their work."""
        done, clock, links = 0, time.perf_counter, self._links
        for number, _ in ready:
            link = links[number]
            data = link.receive(1 << 18)
            whole = not link.buffer and data.endswith(link.tail) and data[9] == _TWO
            if not whole and not self._pieced_together(link, data):
                continue
            now = clock()
            self.latencies.append(now - link.sent_at)
            if now < deadline:
                self._send(link)
            else:
                done += 1
        return done

    def _send(self, link: _Link) -> None:
        request, link.tail = next(self._exchanges)
        link.sent_at = time.perf_counter()
        link.send(request)

    def _pieced_together(self, link: _Link, data: bytes) -> bool:
        """Whether the answer is whole now. One that is not what it should be counts as a failure."""
        if not data:
            raise SystemExit("the server hung up")
        link.buffer += data
        answer = parse(link.buffer)
        if answer is None:
            return False
        self.failures += not answer.success or answer.tail != link.tail
        link.buffer = b""
        return True


def main() -> None:
    """Read port, exchanges, connections and seconds as JSON from stdin; print the Load as JSON."""
    port, exchanges, connections, seconds = json.load(sys.stdin)
    made = cycle([(text.encode("latin-1"), tail.encode("latin-1")) for text, tail in exchanges])
    driver = _Driver(port, made, connections)
    gc.disable()
    started, before = time.perf_counter(), time.process_time()
    driver.drive(seconds)
    elapsed, cpu = time.perf_counter() - started, time.process_time() - before
    # The first of all connections come in one moment, to a server that slept: no usual load.
    latencies = sorted(driver.latencies[connections:] or driver.latencies)
    p50, p99 = (latencies[int(share * (len(latencies) - 1))] for share in (0.5, 0.99))
    print(json.dumps(astuple(Load(elapsed, len(driver.latencies), driver.failures, p50, p99, cpu))))


if __name__ == "__main__":
    main()
