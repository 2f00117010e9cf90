"""Several processes that share the port: one parent starts them, hands on signals, replaces the lost."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType

__all__ = ["WORKER", "end_with_parent", "run_workers"]

WORKER = "ROWGATE_WORKER"
"""Set in a worker's environment: its number. The first one has the admin port."""

log = logging.getLogger("rowgate")

AGAIN_S = 1  # a worker that ends at once must not be started in a rush


class _Workers:
    def __init__(self, arguments: Sequence[str], count: int) -> None:
        self._command = [sys.executable, "-m", "rowgate.cli", *arguments]
        self._stopping = False
        self.running: dict[int, subprocess.Popen[bytes]] = {}
        for number in range(count):
            self._start(number)

    def _start(self, number: int) -> None:
        environment = {**os.environ, WORKER: str(number)}
        self.running[number] = subprocess.Popen(  # noqa: S603 - ourselves
            self._command, env=environment, stdin=subprocess.PIPE
        )

    def hand_on(self, number: int, _frame: FrameType | None) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self._stopping = True
        for worker in self.running.values():
            worker.send_signal(number)

    def tend(self) -> int:
        """Until all have ended because they were told to. A worker that refuses its settings ends all."""
        while self.running:
            time.sleep(0.1)
            for number, worker in list(self.running.items()):
                status = worker.poll()
                if status is None:
                    continue
                del self.running[number]
                if status == 2 and not self._stopping:
                    self.hand_on(signal.SIGTERM, None)
                    return 2
                if not self._stopping:
                    log.error("Worker %d ended with %d; starting another", number, status)
                    time.sleep(AGAIN_S)
                if not self._stopping:  # it may have been told meanwhile
                    self._start(number)
        return 0


def end_with_parent() -> None:
    """In a worker: end in order when the parent is gone, for nobody could tell it to any more.

    The parent holds the other end of stdin and never writes; the kernel closes it, however the parent ended.
    """

    def wait() -> None:
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def run_workers(arguments: Sequence[str], count: int) -> int:
    """Run them; the exit code of it all."""
    workers = _Workers(arguments, count)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, workers.hand_on)
    return workers.tend()
