"""An ASGI application behind a real uvicorn in a thread, and requests as bytes on a socket."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import uvicorn

from integration.rowgate.world import wait_until
from rowgate.patience import PatientProtocol


@contextlib.contextmanager
def served(application: Any, http: Any = PatientProtocol) -> Iterator[int]:
    """Serve the application on a free port of 127.0.0.1 until the block ends; ``http`` makes the protocols."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            application,
            http=http,
            log_level="critical",
            access_log=False,
            server_header=False,
            lifespan="on",
            ws="none",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: server.started or not thread.is_alive())
            assert thread.is_alive(), "the server did not start"
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)
    assert not thread.is_alive()


def speak(port: int, raw: bytes, *, patience_s: float = 30, last_word: bool = False) -> bytes:
    """Send bytes and read all that comes back until the server closes; ``last_word`` closes our side first."""
    with socket.create_connection(("127.0.0.1", port), patience_s) as connection:
        with contextlib.suppress(OSError):  # who refuses early may close before all was sent
            connection.sendall(raw)
            if last_word:
                connection.shutdown(socket.SHUT_WR)
        chunks = []
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                chunks.append(chunk)
        return b"".join(chunks)
