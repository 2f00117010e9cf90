"""A served database, and the people who knock at its door."""

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey

from submeter.app import Application
from submeter.db.database import Database
from submeter.settings import Settings

WORLD = Path(__file__).with_name("world.sql")
ESCOS = ("north", "south")
PEOPLE = ("alice", "bob", "carol", "dora", "frank", "joan", "lena")


def id_of(name: str) -> str:
    """The id that the world gives to a name: `id_of("north alice")`."""
    return str(UUID(hashlib.md5(name.encode()).hexdigest()))


@dataclass(frozen=True)
class Viewer:
    """Who asks: a name for complaints, the token's claims, and for whom the truth is asked.

    A claim that names nobody (malformed, foreign, unknown) leaves ``esco`` or ``customer`` at None.
    """

    name: str
    claims: dict[str, Any]
    sight: str
    esco: str | None = None
    customer: str | None = None


@dataclass(frozen=True)
class Window:
    """A stretch of time [first, last) on a few registers, the circuits that they alone count for, their sites."""

    first: str
    last: str
    registers: tuple[str, ...]
    circuits: tuple[str, ...]
    sites: tuple[str, ...]


@dataclass
class Site:
    """A server's address, the key of its tokens, and the owner's connection behind its back."""

    url: str
    secret: str
    owner: psycopg.Connection
    window: "Window | None" = None
    """Intervals to look at, where looking at all of them would take too long."""
    _client: httpx.Client = field(init=False)
    _tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        key = self.token({"role": "anon"})
        self.owner.execute("set timezone to 'UTC'")
        self._client = httpx.Client(base_url=f"{self.url}/rest/v1", headers={"apikey": key}, timeout=60)

    def token(self, claims: dict[str, Any], secret: str | None = None) -> str:
        now = int(time.time())
        claims = {"iat": now, "exp": now + 3600, **claims}
        return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret or self.secret))

    def ask(
        self, viewer: Viewer, method: str, path: str, body: Any = None, prefer: str = "", **headers: str
    ) -> httpx.Response:
        """One request of a viewer."""
        if viewer.claims:
            if viewer.name not in self._tokens:
                self._tokens[viewer.name] = self.token(viewer.claims)
            headers["Authorization"] = f"Bearer {self._tokens[viewer.name]}"
        if prefer:
            headers["Prefer"] = prefer
        return self._client.request(method, path, json=body, headers=headers)

    def close(self) -> None:
        self._client.close()
        self.owner.close()


@contextmanager
def served(database: Database, secret: str) -> Iterator[Site]:
    """Serve a database on a loopback port, in a thread, as long as the block lasts."""
    settings = Settings(jwt_secret=secret)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(Application(settings, database), log_level="warning", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        host, port = listener.getsockname()
        site = Site(f"http://{host}:{port}", secret, database.connect_owner())
        try:
            yield site
        finally:
            site.close()
            server.should_exit = True
            thread.join()


def build_world(owner: psycopg.Connection) -> None:
    """Two companies alike, and the rows that belong to neither."""
    with owner.transaction():
        owner.execute(
            "insert into submeter.benchmark_tariffs (region, period_start, unit_rate, standing_charge, provenance)"
            " values ('south_west', '2024-01-01', 0.4, 0.6, 'illustrative')"
        )
        for esco in ESCOS:
            owner.execute(
                f"create or replace function pg_temp.id(name text) returns uuid language sql"
                f" return md5('{esco} ' || name)::uuid"
            )
            owner.execute(WORLD.read_text().format(esco=esco))


def operator(esco: str) -> Viewer:
    esco_id = id_of(f"{esco} esco")
    return Viewer(f"operator of {esco}", {"role": "operator", "esco_id": esco_id}, "esco", esco_id)


def customer(name: str) -> Viewer:
    """A customer by the name in the world: `north alice`."""
    esco_id, customer_id = id_of(f"{name.split(maxsplit=1)[0]} esco"), id_of(name)
    claims = {"role": "authenticated", "esco_id": esco_id, "customer_id": customer_id}
    return Viewer(name, claims, "customer", esco_id, customer_id)


ANON = Viewer("anon", {}, "anon")
SERVICE = Viewer("service_role", {"role": "service_role"}, "all")
