"""What idle keep-alive connections cost a gateway in memory, and whether they still answer afterwards."""

import resource
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass

from bench.answers import ask, connect
from bench.server import Server

CONNECTIONS = 1_000
GOAL_BYTES = 200 * 2**20
HELD_S = 10.0


@dataclass(frozen=True)
class Idle:
    """Resident memory of all processes before the connections and with them, and how many still answer."""

    before: int
    after: int
    alive: int

    def text(self) -> str:
        met = "met" if self.after < GOAL_BYTES and self.alive == CONNECTIONS else "not met"
        return (
            f"{CONNECTIONS} idle connections: {self.after / 2**20:.0f} MB"
            f" ({(self.after - self.before) / 2**20:+.1f} MB), {self.alive} answer after {HELD_S:g} s;"
            f" under {GOAL_BYTES / 2**20:.0f} MB, and all: {met}"
        )


def hold_idle(server: Server, request: str) -> Idle:
    """Open the connections, each after one request; look at the memory; ask each again."""
    before = server.resident_bytes()
    with ExitStack() as stack:
        links = [stack.enter_context(connect(server.port)) for _ in range(CONNECTIONS)]
        answered = sum(_answers(link, request) for link in links)
        if answered < CONNECTIONS:
            raise SystemExit(f"{answered} of {CONNECTIONS} connections were answered")
        time.sleep(HELD_S)
        after = server.resident_bytes()
        alive = sum(_answers(link, request) for link in links)
    return Idle(before, after, alive)


def _answers(link: socket.socket, request: str) -> bool:
    try:
        return ask(link, request).success
    except OSError:
        return False


def allow_files() -> None:
    """As many open files as the system lets us have; for the processes that are started, too."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
