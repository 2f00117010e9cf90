"""``rowgate``: the gateway alone, on PostgREST's own settings, with PostgREST's own command line."""

import argparse
import asyncio
import http.client
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import psycopg
import uvloop

from rowgate.catalog.load import load_catalog
from rowgate.config import Config, ConfigError, dump
from rowgate.process.describe import schema_as_json
from rowgate.process.example import EXAMPLE
from rowgate.process.log import set_up
from rowgate.process.serve import Process
from rowgate.process.sources import Sources
from rowgate.process.workers import WORKER, end_with_parent, run_workers

EPILOGUE = """\
Settings come from FILENAME, from the environment (db-uri is PGRST_DB_URI) and from the database,
under PostgREST's names; the later one wins. All of them: rowgate --example, docs/reference/rowgate.md
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says. Exit code 2 for a setting that cannot be used."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    if options.example:
        print(EXAMPLE, end="")
        return 0
    sources = Sources(dict(os.environ), options.filename)
    try:
        return _run(options, sources, given)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except psycopg.Error as error:
        print(f"error: {str(error).strip()}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "rowgate", description="A PostgREST-compatible API over a PostgreSQL database.", epilog=EPILOGUE
    )
    parser.add_argument("filename", nargs="?", type=Path, metavar="FILENAME", help="configuration file")
    one_of = parser.add_mutually_exclusive_group()
    one_of.add_argument("-v", "--version", action="version", version=f"rowgate {version('submeter')}")
    one_of.add_argument("-e", "--example", action="store_true", help="show an example configuration file")
    one_of.add_argument("--dump-config", action="store_true", help="show the settings in force, and end")
    one_of.add_argument("--dump-schema", action="store_true", help="show the schema as JSON, and end")
    one_of.add_argument("--ready", action="store_true", help="ask a running rowgate whether it is ready")
    return parser


def _run(options: argparse.Namespace, sources: Sources, given: Sequence[str]) -> int:
    config = sources.read()
    if options.ready:
        return _ready(config)
    if options.dump_config:
        print(dump(_in_full(sources)), end="")
        return 0
    if options.dump_schema:
        print(asyncio.run(_schema(_in_full(sources))))
        return 0
    set_up(config)
    return _serve(sources, config, given)


def _in_full(sources: Sources) -> Config:
    return asyncio.run(sources.read_all())


async def _schema(config: Config) -> str:
    async with await psycopg.AsyncConnection.connect(config.db_uri) as connection:
        return schema_as_json(await load_catalog(connection, config.db_schemas))


def _ready(config: Config) -> int:
    """0 where the admin server says that all is well, else 1."""
    if config.admin_server_port is None:
        print("ERROR: Admin server is not running. Please check admin-server-port config.", file=sys.stderr)
        return 1
    host = config.admin_server_host or config.server_host
    host = "localhost" if host[:1] in "!*" else host
    url = f"http://{host}:{config.admin_server_port}/ready"
    connection = http.client.HTTPConnection(host, config.admin_server_port, timeout=10)
    try:
        connection.request("GET", "/ready")
        status = connection.getresponse().status
    except OSError as error:
        print(f"ERROR: {url}: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    print(f"{'OK' if status == 200 else 'ERROR'}: {url}", file=sys.stdout if status == 200 else sys.stderr)
    return 0 if status == 200 else 1


def _serve(sources: Sources, config: Config, given: Sequence[str]) -> int:
    worker = os.environ.get(WORKER)
    if worker is None and config.server_workers > 1:
        return run_workers(given, config.server_workers)
    if worker is not None:
        end_with_parent()
        config = replace(config, db_pool=max(config.db_pool // config.server_workers, 1))
    _hold_signals()
    process = Process(sources, with_admin=worker in (None, "0"))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(process.run(config))
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    return uvloop.new_event_loop


def _hold_signals() -> None:
    """A reload that is asked for before anything was loaded has nothing to do."""
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
