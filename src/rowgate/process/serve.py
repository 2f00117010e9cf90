"""One process that serves: the API's port, the admin's port, the listener and the signals."""

import asyncio
import contextlib
import ctypes
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

import psycopg
import uvicorn

from rowgate.app import Gateway
from rowgate.asgi import Asgi
from rowgate.config import Config, ConfigError
from rowgate.lane import Lane
from rowgate.patience import PatientProtocol
from rowgate.process.admin import Admin
from rowgate.process.listener import Listener
from rowgate.process.log import AccessLog
from rowgate.process.metrics import Requests
from rowgate.process.sockets import admin_socket, api_socket, close_listeners, turn_away
from rowgate.process.sources import Sources, keep_fixed
from rowgate.request import Incoming
from rowgate.response import Answer
from rowgate.story import Story

__all__ = ["Process"]

log = logging.getLogger("rowgate")

GRACE_S = 30  # how long requests under way may take once the process was told to stop
HALF_MADE_S = 0.2  # a round trip to any client: a connection that had begun is there by then
FIRST_LOAD_S = 5  # how long to wait for the database before the port is opened without it
LARGE = 256 * 1024  # bytes; what is larger has its own memory of the system
_M_MMAP_THRESHOLD = -3  # mallopt(3)


class _Server(uvicorn.Server):
    """Leaves the signals to the process: two servers cannot both have them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listeners, but take those in who came before: the kernel would reset them."""
        turn_away(sockets or ())
        for one in tuple(self.server_state.connections):
            one.shutdown()
        await asyncio.sleep(HALF_MADE_S)
        for connection in close_listeners(self.servers, sockets or ()):
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


class Process:
    """Everything that runs in one process, from the first log line to a graceful end."""

    def __init__(self, sources: Sources, *, with_admin: bool = True) -> None:
        self._sources = sources
        self._with_admin = with_admin
        self._tasks: set[asyncio.Task[Any]] = set()
        self._requests = Requests()
        self._settings_missing = False

    async def run(self, config: Config) -> None:
        """Serve until told to stop; ``config`` is what was read without the database."""
        log.info("Starting rowgate %s...", version("submeter"))
        api, admin = api_socket(config), admin_socket(config) if self._with_admin else None
        self._gateway = gateway = Gateway(keep_fixed(await self._with_database(config), config))
        self._access = AccessLog(gateway.config)
        gateway.observe, gateway.tally = self._observe, self._tally
        first = self._spawn(gateway.start())
        await asyncio.wait([first], timeout=FIRST_LOAD_S)
        if first.done():
            first.result()
        self._listener = Listener(config, gateway.keeper.reload, self.reload_config)
        if config.db_channel_enabled:
            self._spawn(self._listener.run())
        _spare_the_collector()
        _give_back_memory()
        try:
            await self._serve(api, admin)
        finally:
            for task in self._tasks:
                task.cancel()
            gateway.stop()

    async def _with_database(self, config: Config) -> Config:
        """What the database says of the settings, if it is there to be asked."""
        if not config.db_config:
            return config
        try:
            return await asyncio.wait_for(self._sources.read_all(), FIRST_LOAD_S)
        except (psycopg.Error, TimeoutError) as error:
            log.error("Failed to read the settings in the database: %s", error)
            if isinstance(error, psycopg.OperationalError | TimeoutError):
                self._settings_missing = True
            return config

    async def _serve(self, api: socket.socket, admin: socket.socket | None) -> None:
        server = _server(Asgi(self._gateway), Lane(self._gateway))
        servers = [(server, api)]
        if admin is not None:
            pages = Admin(self._gateway, self._requests, lambda: server.started, self._listening)
            servers.append((_server(pages), admin))
        self._take_signals([one for one, _ in servers])
        for name, listener in (("API", api), ("Admin", admin)):
            if listener is not None:
                log.info("%s server listening on %s", name, _address(listener))
        if self._settings_missing:
            self.reload_config()
        await asyncio.gather(*(one.serve(sockets=[listener]) for one, listener in servers))

    def _listening(self) -> bool:
        return self._listener.connected or not self._gateway.config.db_channel_enabled

    def _take_signals(self, servers: list[_Server]) -> None:
        def stop() -> None:
            for server in servers:
                server.should_exit = True

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        loop.add_signal_handler(signal.SIGUSR1, self._gateway.keeper.reload)
        loop.add_signal_handler(signal.SIGUSR2, self.reload_config)

    def reload_config(self) -> None:
        """Read the settings anew, and then the schema; what cannot be used changes nothing."""
        self._spawn(self._reload_config())

    async def _reload_config(self) -> None:
        attempt = 0
        while True:
            try:
                config = keep_fixed(await self._sources.read_all(), self._gateway.config)
            except ConfigError as error:
                log.error("Failed to reload the config: %s", error)
                return
            except psycopg.Error as error:
                attempt += 1
                log.error("Failed to read the settings in the database: %s", error)
                if not isinstance(error, psycopg.OperationalError) or attempt > 10:
                    return
                await asyncio.sleep(min(2**attempt, 32))
            else:
                self._access = AccessLog(config)
                self._gateway.keeper.reload(config)
                log.info("Config reloaded")
                return

    def _observe(self, incoming: Incoming, story: Story, answer: Answer) -> None:
        self._requests(incoming, story, answer)
        self._access(incoming, story, answer)

    def _tally(self, status: int) -> bool:
        """Count an answer that nothing more is to be said about; False where something is."""
        if self._access.wants(status):
            return False
        self._requests.by_status[status] += 1
        return True

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _spare_the_collector() -> None:
    """What is there by now stays, and need not be looked through again. Requests leave few cycles behind, so
    the collector may come less often; but not seldom, for schemas that were read anew leave many.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 5)


def _give_back_memory() -> None:
    """Large answers go back to the system when they are sent.

    glibc learns from the first ones to keep them in its heap, where what lies above them holds them for long.
    """
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)


def _server(application: Any, http: Any = PatientProtocol) -> _Server:
    return _Server(
        uvicorn.Config(
            application,
            http=http,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )


def _address(listener: socket.socket) -> str:
    name = listener.getsockname()
    return f"port {name[1]}" if isinstance(name, tuple) else str(name)
