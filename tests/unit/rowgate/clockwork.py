"""An event loop for tests of time-outs, which wait for nothing."""

import asyncio


class Clockwork(asyncio.SelectorEventLoop):
    """An event loop whose time passes when it is told to."""

    now = 1000.0

    def time(self) -> float:
        return self.now

    def settle(self, *, later_s: float = 0) -> None:
        """Let everything happen that can, now and until then."""
        self.run_until_complete(_many_turns())
        end = self.now + later_s
        while self.now < end:
            due = [timer.when() for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
            self.now = max(self.now, min([*due, end]))
            self.run_until_complete(_many_turns())


async def _many_turns() -> None:
    for _ in range(12):
        await asyncio.sleep(0)
