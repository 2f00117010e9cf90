"""A kind of request, the texts it becomes over HTTP, and the two statements it becomes in PostgreSQL."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from unittest.mock import patch

from bench.world import Keys
from rowgate.app import Gateway
from rowgate.config import Config
from rowgate.execute.connection import Connection, Flight
from rowgate.request import Headers, Incoming
from rowgate.sql import Statement

DISTINCT = 500  # requests that differ in their key
STEP = 10  # the keys of the token's tenant: 1, 11, 21 ...


@dataclass(frozen=True)
class Kind:
    """How it is asked; ``{key}`` in target, body and ``truth`` stands for a random key of ``keys``.

    ``truth`` is a query for the JSON that must come, ``written`` one for the number of rows that requests of
    this kind have written, ``rows`` of them each.
    """

    name: str
    method: str
    target: str
    keys: Keys
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    truth: str = ""
    written: str = ""
    rows: int = 1

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.target.startswith("/rpc/")

    @property
    def distinct(self) -> int:
        """How many different requests there are to send."""
        return DISTINCT if "{key}" in self.target + self.body else 1

    def random_key(self) -> str:
        return self.keys.text(random.randrange(1, self.keys.last + 1, STEP))

    def text(self, key: str, headers: Mapping[str, str], prefix: str = "") -> str:
        """The request as it goes over the wire."""
        body = self.body.replace("{key}", key)
        sent = {"host": "127.0.0.1", **headers, **self.headers}
        if self.method != "GET":
            sent |= {"content-type": "application/json", "content-length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        return f"{self.method} {prefix}{self.target.replace('{key}', key)} HTTP/1.1\r\n{lines}\r\n{body}"

    def incoming(self, key: str, headers: Mapping[str, str]) -> Incoming:
        """The request as the gateway's core takes it."""
        path, _, query = self.target.replace("{key}", key).partition("?")
        sent = Headers({"host": "127.0.0.1", **headers, **self.headers})
        if self.method != "GET":
            sent["content-type"] = "application/json"
        return Incoming(self.method, path, query.encode(), sent, self.body.replace("{key}", key).encode())


def statements_of(kind: Kind, headers: Mapping[str, str], config: Config) -> Sequence[Statement]:
    """What the gateway sends to PostgreSQL for a request of this kind, with the key of number 1 in it."""
    return asyncio.run(_recorded(kind.incoming(kind.keys.text(1), headers), config))


async def _recorded(incoming: Incoming, config: Config) -> Sequence[Statement]:
    sent: list[Statement] = []
    start = Connection.start

    def recorded(self: Connection, flight: Flight) -> None:
        sent.extend(flight.statements)
        start(self, flight)

    gateway = Gateway(config)
    with patch.object(Connection, "start", recorded):
        await gateway.start()
        answer = await gateway.answer(incoming)
    gateway.stop()
    if answer.status >= 300:
        raise SystemExit(f"{incoming.method} {incoming.path}: {answer.status} {answer.body!r}")
    return sent
