"""The sockets that a server listens on, from ``server-host``, ``server-port`` and ``server-unix-socket``."""

import asyncio
import contextlib
import ctypes
import socket
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from rowgate.config import Config, ConfigError

__all__ = ["admin_socket", "api_socket", "close_listeners", "turn_away"]

BACKLOG = 2048

_SO_ATTACH_FILTER = 26  # Linux, asm-generic/socket.h
_NO_SYN = (  # linux/filter.h: code, where to if so, where to if not, operand; on a TCP segment
    (0x30, 0, 0, 13),  # the flags,
    (0x54, 0, 0, 0x12),  # SYN and ACK of them:
    (0x15, 0, 1, 0x02),  # SYN alone asks for a connection,
    (0x06, 0, 0, 0),  # and is dropped;
    (0x06, 0, 0, 0xFFFFFFFF),  # everything else is taken
)


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


def turn_away(listeners: Iterable[socket.socket]) -> None:
    """Let no new connection begin on these sockets, while those that are half made come to be.

    When a socket is closed, the kernel resets what has not been accepted. Its clients' first segments are
    therefore dropped for a moment: they come again, and find another process on the port, or none. Only Linux
    can do so; elsewhere nothing happens.
    """
    program = b"".join(struct.pack("HBBI", *step) for step in _NO_SYN)
    steps = ctypes.create_string_buffer(program, len(program))
    with contextlib.suppress(OSError):
        for listener in listeners:
            filter_ = struct.pack("HP", len(_NO_SYN), ctypes.addressof(steps))
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)


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
