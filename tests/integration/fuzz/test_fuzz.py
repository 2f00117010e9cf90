"""Whatever is sent to the REST API, the answer is never the server's failure, and there is always one."""

import asyncio
import os
import sys
import threading
from collections import Counter
from dataclasses import replace

import httpx
import psycopg
import pytest

from integration.fuzz.requests import Fuzzer, Request
from integration.fuzz.wire import BrokenConnection, Wire
from integration.rowgate.served import served
from integration.rowgate.world import token
from rowgate.catalog.load import load_catalog
from rowgate.catalog.model import Catalog
from submeter.app import Application
from submeter.db.database import Database
from submeter.settings import Settings

SECRET = "a secret of the tests, long enough for HS256"
COUNT = int(os.environ.get("SUBMETER_FUZZ", "0")) or (10_000 if os.environ.get("SUBMETER_PROVE") else 500)
SEED = os.environ.get("SUBMETER_FUZZ_SEED", "1")
CLIENTS = 4
PATIENCE_S = 30


async def _catalog(conninfo: str) -> Catalog:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        return await load_catalog(connection, ["public"])


def seed_rows(port: int) -> list[str]:
    """A few rows through the API itself, so that filters have something to fail on; their ids, the ESCO's first."""
    headers = {"apikey": token("service_role"), "authorization": f"Bearer {token('service_role')}"}
    headers["prefer"] = "return=representation"
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/rest/v1", headers=headers, timeout=30) as client:
        region = client.get("/regions?limit=1").json()[0]["code"]
        (esco,) = client.post("/escos", json={"code": "fuzz", "name": "Fuzz", "region": region}).json()
        owned = {"esco_id": esco["id"]}
        ids = [str(esco["id"])]
        for relation, rows in {
            "sellers": [{"name": "fuzz seller"}],
            "sites": [{"name": f"site {number}"} for number in range(3)],
            "customers": [{"name": f"n{number}", "email": f"n{number}@example.org"} for number in range(5)],
            "meters": [{"serial": f"EML-{number}"} for number in range(5)],
        }.items():
            answer = client.post(f"/{relation}", json=[{**row, **owned} for row in rows])
            assert answer.status_code == 201, answer.text
            ids += [row["id"] for row in answer.json()]
    return ids


class Run:
    """One client's share of the requests, and what came back."""

    def __init__(self, fuzzer: Fuzzer, port: int, count: int) -> None:
        self.fuzzer, self.wire, self.count = fuzzer, Wire(port, PATIENCE_S), count
        self.statuses: Counter[int | None] = Counter()
        self.kinds: Counter[str] = Counter()
        self.failures: list[str] = []

    def __call__(self) -> None:
        for _ in range(self.count):
            request = self.fuzzer.next()
            self.kinds[request.kind] += 1
            try:
                status = self._status(request)
            except (BrokenConnection, TimeoutError, OSError, ValueError, KeyError) as error:
                self._fail(request, repr(error))
                continue
            self.statuses[status] += 1
            if status is not None and status >= 500:
                self._fail(request, f"status {status}")
        self.wire.close()

    def _status(self, request: Request) -> int | None:
        if request.broken is not None:
            return self.wire.ask_anything(request.wire())
        return self.wire.ask(request.wire(), request.method)

    def _fail(self, request: Request, what: str) -> None:
        self.failures.append(f"{what}\n  as bytes: {request.wire()!r}")
        self.wire.close()


@pytest.mark.proof
def test_no_request_makes_the_server_fail(
    database: Database, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    catalog = asyncio.run(_catalog(database.owner_conninfo))
    application = Application(Settings(jwt_secret=SECRET), database)
    with served(application) as port:
        ids = seed_rows(port)
        tokens = [
            f"Bearer {token(role, esco_id=ids[0])}"
            for role in ("service_role", "service_role", "operator", "operator", "authenticated", "anon")
        ]
        runs = [
            Run(
                Fuzzer(f"{SEED}.{number}", catalog, tokens, token("anon"), "/rest/v1", ids),
                port,
                COUNT // CLIENTS,
            )
            for number in range(CLIENTS)
        ]
        threads = [threading.Thread(target=run) for run in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses = sum((run.statuses for run in runs), Counter[int | None]())
    kinds = sum((run.kinds for run in runs), Counter[str]())
    failures = [failure for run in runs for failure in run.failures]
    by_status = sorted(statuses.items(), key=lambda pair: (pair[0] is None, pair[0] or 0))
    report = (
        f"\nfuzz: seed {SEED}, {sum(kinds.values())} requests, {len(failures)} failures\n"
        f"  by status: {dict(by_status)}\n  by kind: {dict(sorted(kinds.items()))}\n"
    )
    with capsys.disabled():
        sys.stdout.write(report)
    bugs = [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
    assert not bugs, bugs[0].getMessage() + "\n" + (caplog.text[:3000])
    assert not failures, f"seed {SEED}: {len(failures)} requests failed\n" + "\n".join(failures[:10])
    assert len(statuses) > 5, "the requests are all of one sort"


def test_a_failing_server_is_noticed() -> None:
    """The proof itself: an answer of 500, a closed connection and silence are each a failure."""

    class Broken:
        def __init__(self, what: str) -> None:
            self.what = what

        async def __call__(self, scope, receive, send):  # type: ignore[no-untyped-def]
            if scope["type"] == "lifespan":
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
                return
            if self.what == "silence":
                await asyncio.sleep(2)
            if self.what == "500":
                await send(
                    {"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"0")]}
                )
                await send({"type": "http.response.body", "body": b""})
                return
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            await send({"type": "http.response.body", "body": b"short"})

    fuzzer = Fuzzer("1", Catalog({}, {}, {}), ["Bearer x"], "key", "")
    plain = Request("read", "GET", b"/", ())
    fuzzer.next = lambda: replace(plain)  # type: ignore[method-assign]
    for what in ("500", "cut", "silence"):
        with served(Broken(what)) as port:
            run = Run(fuzzer, port, 1)
            run.wire = Wire(port, 0.5)
            run()
            assert len(run.failures) == 1, what
