"""The sockets that a server listens on, from ``server-host``, ``server-port`` and ``server-unix-socket``."""

import asyncio
import contextlib
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

from rowgate.config import Config, ConfigError

__all__ = ["admin_socket", "api_socket", "close_listeners"]

BACKLOG = 2048


def api_socket(config: Config) -> socket.socket:
    if config.server_unix_socket:
        return _unix(Path(config.server_unix_socket), int(config.server_unix_socket_mode, 8))
    return _tcp(config.server_host, config.server_port)


def admin_socket(config: Config) -> socket.socket | None:
    if config.admin_server_port is None:
        return None
    return _tcp(config.admin_server_host or config.server_host, config.admin_server_port)


def _tcp(host: str, port: int) -> socket.socket:
    """PostgREST's special hosts, or any other; the port is shared with other processes of ours."""
    try:
        if host == "!4":
            return _bound(socket.AF_INET, "0.0.0.0", port)  # noqa: S104 - that is what !4 asks for
        if host == "!6":
            return _bound(socket.AF_INET6, "::", port)
        if host in ("*", "*4", "*6"):
            return _any(port)
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return _bound(family, str(address[0]), port)
    except OSError as error:
        raise ConfigError(f"Cannot listen on {host} port {port}: {error}") from error


def _any(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("::", port), family=socket.AF_INET6, backlog=BACKLOG, reuse_port=True, dualstack_ipv6=True
        )
    return _bound(socket.AF_INET, "0.0.0.0", port)  # noqa: S104 - that is what * asks for


def _bound(family: int, address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), family=family, backlog=BACKLOG, reuse_port=True)


def _unix(path: Path, mode: int) -> socket.socket:
    """A socket file that a process left behind is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket():
            path.unlink()
        listener.bind(str(path))
        path.chmod(mode)
    except OSError as error:
        listener.close()
        raise ConfigError(f"Cannot listen on {path}: {error}") from error
    return listener


def close_listeners(
    servers: Iterable[asyncio.AbstractServer], listeners: Iterable[socket.socket]
) -> Sequence[socket.socket]:
    """Stop listening; the connections that had come by then and that nobody had accepted."""
    accepted = []
    for listener in listeners:
        listener.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                accepted.append(listener.accept()[0])
    for server in servers:
        server.close()
    return accepted
