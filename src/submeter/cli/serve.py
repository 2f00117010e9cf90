"""`submeter serve`: the web application over a migrated database."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any, cast

import typer
import uvicorn

from submeter.app import Application
from submeter.cli.migrate import say
from submeter.core.problem import Problem, Refused
from submeter.db import migrations
from submeter.db.database import Database, open_database
from submeter.settings import Settings, load_settings

Host = Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 unless set.")]
Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port to listen on; 8000 unless set. 0 takes a free one.")
]


def serve(*, host: Host = None, port: Port = None) -> None:
    """Serve the REST API until stopped (Ctrl-C)."""
    settings = chosen(load_settings(), host, port)
    with listening(settings) as listener, open_database(settings, say, must_exist=True) as database:
        pending = migrations.plan(database)
        if pending:
            hint = "Run `submeter migrate`."
            raise Refused(
                Problem("SRV102", "The database is not up to date", f"{len(pending)} to apply", hint)
            )
        say(f"serving on {address(listener)}/rest/v1 (Ctrl-C stops)")
        run(settings, database, listener)


def chosen(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings, with what the command line says before them."""
    return replace(settings, host=host or settings.host, port=settings.port if port is None else port)


def listening(settings: Settings) -> socket.socket:
    """A listening socket, before anything slow is begun. Raises Refused SRV101 for a port that is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A port that a stopped server left in TIME_WAIT is free; one with a listener is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        hint = f"Something else listens there. Choose another port: PORT={settings.port + 1}"
        detail = f"{settings.host}:{settings.port}: {error.strerror}"
        raise Refused(Problem("SRV101", "The port cannot be taken", detail, hint)) from error
    return listener


def address(listener: socket.socket) -> str:
    """How to reach the listener: http://127.0.0.1:8000."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def run(settings: Settings, database: Database, listener: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM, the normal ends; requests under way are finished first."""
    application = Application(settings, database)
    config = uvicorn.Config(
        application,
        http=cast("Any", application.lane),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    with _ending_normally():
        uvicorn.Server(config).run(sockets=[listener])
    say("stopped")


@contextmanager
def _ending_normally() -> Iterator[None]:
    """uvicorn hands the signal that stopped it on, once it has stopped in order; it has done its work."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
