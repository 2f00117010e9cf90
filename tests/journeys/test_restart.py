"""Stopping and starting: nothing is lost, nothing is left behind, and two may share one database."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from journeys.conftest import Demo, running_demo

AGAIN_WITHIN_S = 60
RESOURCES = ("customers", "meters", "payments", "monthly_costs", "meter_readings", "customer_tariffs")


@dataclass(frozen=True)
class Stopped:
    """A demo that ran once and was ended with Ctrl-C."""

    directory: Path
    exit_code: int
    counts: dict[str, int]
    reading: dict[str, object]
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def stopped() -> Iterator[Stopped]:
    directory = Path(tempfile.mkdtemp(prefix="sm-again-", dir="/tmp"))
    directory.chmod(0o755)
    try:
        with running_demo(directory) as demo:
            reading = _post_reading(demo)
            counts, tokens = _counts(demo), dict(demo.env)
            assert _servers(directory)
            demo.process.send_signal(signal.SIGINT)
            demo.process.wait(60)
        yield Stopped(directory, demo.process.returncode, counts, reading, tokens)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def test_ctrl_c_ends_in_order(stopped: Stopped) -> None:
    assert stopped.exit_code == 0
    assert _servers(stopped.directory) == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(stopped.tokens["SUBMETER_URL"])
    assert stat.S_IMODE((stopped.directory / ".submeter" / "demo.env").stat().st_mode) == 0o600


def test_the_second_start_finds_everything_and_sigterm_ends_it_too(stopped: Stopped) -> None:
    started = time.monotonic()
    with running_demo(stopped.directory) as demo:
        assert time.monotonic() - started < AGAIN_WITHIN_S
        with demo.client() as client:
            found = client.get(f"/meter_readings?id=eq.{stopped.reading['id']}").json()
        assert found == [stopped.reading]
        assert _counts(demo) == stopped.counts
        # Keys that were given out stay good.
        old_key = {"apikey": stopped.tokens["SUBMETER_SERVICE_ROLE_KEY"]}
        assert httpx.get(f"{demo.url}/rest/v1/escos", headers=old_key).status_code == 200
        demo.process.send_signal(signal.SIGTERM)
        assert demo.process.wait(60) == 0
    assert _servers(stopped.directory) == []


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_a_port_that_is_taken_is_told_before_anything_begins(command: str, short_tmp: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = [sys.executable, "-m", "submeter", command, "--port", str(port)]
        done = subprocess.run(
            arguments,
            cwd=short_tmp,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "error SRV101" in done.stderr
    assert f"127.0.0.1:{port}" in done.stderr
    assert f"PORT={port + 1}" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(short_tmp.iterdir()) == []


def test_serve_beside_the_demo_joins_its_database(demo: Demo) -> None:
    before = _postmasters(demo.directory)
    with _serving(demo.directory) as (process, url):
        assert url != demo.url
        beside = Demo(demo.directory, demo.process, {**demo.env, "SUBMETER_URL": url})
        reference = f"beside-{uuid4()}"
        with demo.client("SUBMETER_OPERATOR_TOKEN") as one, beside.client("SUBMETER_OPERATOR_TOKEN") as two:
            assert (
                two.post(
                    "/customers", json={"name": "Two Doors", "external_reference": reference}
                ).status_code
                == 201
            )
            assert len(one.get(f"/customers?external_reference=eq.{reference}").json()) == 1
            assert one.delete(f"/customers?external_reference=eq.{reference}").status_code == 204
            assert two.get(f"/customers?external_reference=eq.{reference}").json() == []
        assert _postmasters(demo.directory) == before
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    with demo.client() as client:
        assert client.get("/escos").status_code == 200


def _submeter(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "submeter", *arguments],
        cwd=directory, env=_environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_serve_without_migrations_says_what_to_do(short_tmp: Path) -> None:
    assert _submeter(short_tmp, "migrate", "--plan").returncode == 0
    done = _submeter(short_tmp, "serve", "--port", "0")
    assert done.returncode == 1
    assert "error SRV102" in done.stderr
    assert "submeter migrate" in done.stderr
    assert _servers(short_tmp) == []


def _post_reading(demo: Demo) -> dict[str, object]:
    with demo.client("SUBMETER_OPERATOR_TOKEN") as client:
        back = {"Prefer": "return=representation"}
        meter = client.post("/meters", json={"serial": f"STOP-{uuid4()}"}, headers=back).json()[0]["id"]
        register = client.post("/registers", json={"meter_id": meter}, headers=back).json()[0]["id"]
        row = {"register_id": register, "reading": 123456.5, "notes": "before the stop"}
        made = client.post("/meter_readings", json=row, headers=back)
        assert made.status_code == 201, made.text
        return dict(made.json()[0])


def _counts(demo: Demo) -> dict[str, int]:
    with demo.client() as client:
        heads = {name: client.head(f"/{name}", headers={"Prefer": "count=exact"}) for name in RESOURCES}
    return {name: int(head.headers["content-range"].rpartition("/")[2]) for name, head in heads.items()}


@contextmanager
def _serving(directory: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`submeter serve` on a free port: the process and its address."""
    command = [sys.executable, "-m", "submeter", "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=directory, env=_environment(), stderr=subprocess.PIPE, text=True)
    giving_up = threading.Timer(60, process.kill)
    giving_up.start()
    try:
        assert process.stderr
        line = next((line for line in process.stderr if line.startswith("serving on ")), "")
        assert line, "it did not serve"
        url = line.split()[2].removesuffix("/rest/v1")
        with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as probe:
            probe.get(url)
        yield process, url
    finally:
        giving_up.cancel()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PORT")}


def _servers(directory: Path) -> list[int]:
    """The living postgres processes that work in a directory."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            is_postgres = entry.name.isdigit() and (entry / "comm").read_text().startswith("postgres")
            if is_postgres and (entry / "cwd").readlink().is_relative_to(directory.resolve()):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _postmasters(directory: Path) -> list[int]:
    """Those of them that no other one started."""
    pids = _servers(directory)
    parents = {pid: int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in pids}
    return [pid for pid in pids if parents[pid] not in pids]
