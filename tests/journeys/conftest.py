"""The demo as a newcomer starts it: one server for all journeys, on a free port, in a directory of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

PATIENCE_S = 180


@dataclass(frozen=True)
class Demo:
    """A running demo: where, and the values of its demo.env."""

    directory: Path
    process: subprocess.Popen[str]
    env: Mapping[str, str]

    @property
    def url(self) -> str:
        return self.env["SUBMETER_URL"]

    def client(self, token: str = "SUBMETER_SERVICE_ROLE_KEY", **headers: str) -> httpx.Client:
        """An HTTP client for /rest/v1 with the anon key and one of demo.env's tokens."""
        sent = {
            "apikey": self.env["SUBMETER_ANON_KEY"],
            "Authorization": f"Bearer {self.env[token]}",
            **headers,
        }
        return httpx.Client(base_url=f"{self.url}/rest/v1", headers=sent, timeout=60)


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """One demo for the whole session. A journey that writes cleans up after itself or keeps to its own rows."""
    directory = Path(tempfile.mkdtemp(prefix="sm-demo-", dir="/tmp"))
    directory.chmod(0o755)
    try:
        with running_demo(directory) as started:
            yield started
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def running_demo(directory: Path, *arguments: str) -> Iterator[Demo]:
    """Run `submeter demo` in ``directory`` until the block ends."""
    command = [sys.executable, "-m", "submeter", "demo", "--port", "0", *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PORT")}
    process = subprocess.Popen(
        command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        _wait_until_served(process)
        yield Demo(directory, process, read_env(directory / ".submeter" / "demo.env"))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def _wait_until_served(process: subprocess.Popen[str]) -> None:
    """Read what it prints up to the line that says it serves; the rest is drained so that no pipe fills up."""
    assert process.stdout
    giving_up = threading.Timer(PATIENCE_S, process.kill)
    giving_up.start()
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Ctrl-C stops"):
            break
    else:
        raise AssertionError("the demo did not start:\n" + "".join(said))
    giving_up.cancel()
    env_url = next(word for line in said for word in line.split() if word.startswith("http://"))
    with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as client:
        client.get(env_url)
    threading.Thread(target=lambda: list(process.stdout or ()), daemon=True).start()


def read_env(path: Path) -> dict[str, str]:
    """The NAME=value lines of a file."""
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if line)
