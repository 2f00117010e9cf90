"""The admin's pages, each by itself."""

import asyncio
import json
from typing import Any

import pytest

from integration.rowgate.conftest import Run
from integration.rowgate.test_transactions import get
from integration.rowgate.world import world_config
from rowgate.app import Gateway
from rowgate.process.admin import Admin
from rowgate.process.metrics import Requests

pytestmark = pytest.mark.row("12 admin server")


def page(run: Run, admin: Admin, path: str) -> tuple[int, dict[str, str], str]:
    sent: list[Any] = []

    async def ask() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        await admin({"type": "http", "path": path}, asyncio.Event().wait, send)  # type: ignore[arg-type]

    run(ask())
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"].decode()


def admin(gateway: Gateway, *, alive: bool = True, listening: bool = True) -> Admin:
    requests = Requests()
    gateway.observe = requests
    return Admin(gateway, requests, lambda: alive, lambda: listening)


@pytest.mark.parametrize(("alive", "status"), [(True, 200), (False, 500)])
def test_live(gateway: Gateway, run: Run, alive: bool, status: int) -> None:
    assert page(run, admin(gateway, alive=alive, listening=False), "/live")[::2] == (status, "")


@pytest.mark.parametrize(
    ("alive", "listening", "status"), [(True, True, 200), (True, False, 503), (False, True, 503)]
)
def test_ready(gateway: Gateway, run: Run, alive: bool, listening: bool, status: int) -> None:
    assert page(run, admin(gateway, alive=alive, listening=listening), "/ready")[::2] == (status, "")


def test_without_a_schema_nothing_is_ready(run: Run) -> None:
    fresh = admin(Gateway(world_config("host=/nonexistent")))
    assert [page(run, fresh, f"/{name}")[0] for name in ("live", "ready", "schema_cache")] == [200, 503, 503]


def test_the_schema_cache(gateway: Gateway, run: Run) -> None:
    status, headers, body = page(run, admin(gateway), "/schema_cache")
    assert (status, headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert {"dbTables", "dbRelationships", "dbRoutines"} <= json.loads(body).keys()


def test_the_metrics_count_requests_pool_and_tokens(gateway: Gateway, run: Run) -> None:
    watching = admin(gateway)
    for query in ("id=eq.1", "id=eq.2", "id=eq.x"):
        run(gateway.answer(get("/escos", query)))
    status, headers, body = page(run, watching, "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert 'rowgate_requests_total{status="200"} 2\n' in body
    assert 'rowgate_requests_total{status="400"} 1\n' in body
    assert "pgrst_db_pool_waiting 0\n" in body
    assert body.count("# HELP ") == body.count("# TYPE ") == 10


@pytest.mark.parametrize("path", ["/", "/live/more", "/unknown", "/metrics2"])
def test_there_is_nothing_else(gateway: Gateway, run: Run, path: str) -> None:
    assert page(run, admin(gateway), path)[0] == 404
