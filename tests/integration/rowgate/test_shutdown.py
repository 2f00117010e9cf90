"""How the process ends when it is told to."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from integration.rowgate.test_process import Running
from integration.rowgate.world import wait_until
from submeter.db.database import Database

pytestmark = pytest.mark.row("12 shutdown")


@pytest.fixture
def running(world: Database, tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, world.authenticator_conninfo)
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT], ids=lambda told: told.name)
def test_a_signal_ends_it_and_its_ports_are_free(running: Running, told: signal.Signals) -> None:
    running.wait_ready()
    running.process.send_signal(told)
    assert running.process.wait(30) in {0, -told}
    for port in (running.port, running.admin_port):
        with socket.create_server(("127.0.0.1", port)):
            pass
    assert "Traceback" not in running.err.read_text()


def test_a_client_that_keeps_its_connection_does_not_hold_it_up(running: Running) -> None:
    running.wait_ready()
    with httpx.Client(base_url=running.url) as client:
        assert client.get("/escos?id=eq.1").status_code == 200
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(15)


def test_nobody_is_taken_in_after_the_signal(running: Running) -> None:
    running.wait_ready()
    running.process.send_signal(signal.SIGTERM)
    wait_until(lambda: running.status("live") == 0)
    running.process.wait(30)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", running.port), 5)
