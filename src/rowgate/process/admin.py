"""The admin server: is it alive, is it ready, what does it count, what does it know. On a port of its own."""

from collections.abc import Callable

from rowgate.app import Gateway
from rowgate.asgi import Receive, Scope, Send, send_answer
from rowgate.config import dump
from rowgate.errors import Refusal
from rowgate.process.describe import schema_as_json
from rowgate.process.metrics import Requests, metrics
from rowgate.response import Answer

__all__ = ["Admin"]

_TEXT = (("Content-Type", "text/plain; charset=utf-8"),)
_JSON = (("Content-Type", "application/json; charset=utf-8"),)


class Admin:
    """``alive`` says whether the gateway's own port is open, ``listening`` whether the listener is there."""

    def __init__(
        self,
        gateway: Gateway,
        requests: Requests,
        alive: Callable[[], bool],
        listening: Callable[[], bool],
    ) -> None:
        self._gateway = gateway
        self._requests = requests
        self._alive = alive
        self._listening = listening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        if scope["type"] == "http":
            await send_answer(send, self._answer(scope["path"].strip("/")))

    def _answer(self, page: str) -> Answer:
        if page == "live":
            return Answer(200 if self._alive() else 500)
        if page == "ready":
            return Answer(200 if self._ready() else 503)
        if page == "metrics":
            return Answer(200, _TEXT, metrics(self._gateway, self._requests).encode())
        if page == "config":
            return Answer(200, _TEXT, dump(self._gateway.config).encode())
        if page == "schema_cache":
            return self._schema()
        return Answer(404)

    def _ready(self) -> bool:
        return self._alive() and self._gateway.keeper.ready and self._listening()

    def _schema(self) -> Answer:
        try:
            return Answer(200, _JSON, schema_as_json(self._gateway.catalog).encode())
        except Refusal:
            return Answer(503)
