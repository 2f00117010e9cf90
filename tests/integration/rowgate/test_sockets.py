"""The port between two processes: whoever asks for a connection while one of them ends, gets one."""

import contextlib
import select
import socket
import sys
from collections.abc import Iterator

import pytest

from rowgate.config import Config
from rowgate.process.sockets import api_socket, close_listeners, turn_away

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux filters what reaches a listener")

WAIT_S = 10


@pytest.fixture(params=["127.0.0.1", "::1"])
def host(request: pytest.FixtureRequest) -> str:
    if request.param == "::1" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    return str(request.param)


def listen(host: str, port: int = 0) -> socket.socket:
    return api_socket(Config(db_uri="", server_host=host, server_port=port))


@contextlib.contextmanager
def connecting(listener: socket.socket) -> Iterator[socket.socket]:
    """A client that has asked for a connection, and does not wait for it."""
    with socket.socket(listener.family, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        client.connect_ex(listener.getsockname())
        yield client


def connected(client: socket.socket, seconds: float) -> bool:
    _, writable, _ = select.select([], [client], [], seconds)
    return bool(writable) and client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def test_who_comes_while_a_process_ends_is_served_by_the_next(host: str) -> None:
    with listen(host) as old, socket.create_connection(old.getsockname()[:2]) as early:
        turn_away([old])
        with connecting(old) as late:
            assert not connected(late, 0.1)
            (accepted,) = close_listeners([], [old])
            address = old.getsockname()
            old.close()
            with accepted, listen(host, address[1]) as new:
                accepted.send(b"yes")
                assert early.recv(3) == b"yes"
                assert connected(late, WAIT_S)
                with new.accept()[0] as served:
                    served.send(b"yes")
                    late.setblocking(True)
                    assert late.recv(3) == b"yes"


def test_where_nothing_can_be_filtered_nothing_happens(tmp_path_factory: pytest.TempPathFactory) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path_factory.mktemp("s") / "s"))
        turn_away([listener])
        listener.close()
        turn_away([listener])
