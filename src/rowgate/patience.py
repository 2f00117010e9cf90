"""HTTP connections that are closed when a request does not come, or does not come to its end."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["LAST_S", "PatientProtocol"]

HEADERS_S = 30
LAST_S = 1  # a request that is already on its way arrives within this


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's own, with a bound on how long the headers of a request may take, and patience at the end.

    A connection that is closed while it lies idle may lose a request that its client has just sent. So at the
    end each is given a moment for one more request, whose answer says that it is the last.
    """

    _waiting: asyncio.TimerHandle | None = None
    _ending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._waiting is None:
            self._wait()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()
        if self._ending is not None:
            self._ending.cancel()
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        if not getattr(self.cycle, "response_complete", True):
            self.cycle.keep_alive = False
        elif self._ending is None:
            self._ending = asyncio.get_running_loop().call_later(LAST_S, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        if self._ending is not None:
            self._ending.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = asyncio.get_running_loop().call_later(HEADERS_S, self.timeout_keep_alive_handler)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
