"""What is remembered of one request while it is answered: for Server-Timing, the log and the metrics."""

import time

__all__ = ["STAGES", "Story"]

STAGES = ("jwt", "parse", "plan", "transaction", "response")


class Story:
    """Who asked, which SQL was run, and how long each stage took (milliseconds)."""

    __slots__ = ("_since", "durations", "role", "sql", "timed")

    def __init__(self, *, timed: bool = False) -> None:
        self.role: str | None = None
        self.sql: str | None = None
        self.timed = timed
        self.durations = dict.fromkeys(STAGES, 0.0) if timed else {}
        self._since = time.perf_counter() if timed else 0.0

    def end(self, stage: str) -> None:
        """A stage is over, and the next begins."""
        if self.timed:
            now = time.perf_counter()
            self.durations[stage] += (now - self._since) * 1000
            self._since = now

    def server_timing(self) -> str:
        return ", ".join(f"{stage};dur={duration:.1f}" for stage, duration in self.durations.items())
