"""`submeter db ...`: the embedded server by hand, a look inside, backup and restore."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from submeter.cli.migrate import say
from submeter.core.problem import Problem, Refused
from submeter.db import backup as backups
from submeter.db.clients import environment, get_client
from submeter.db.database import embedded_database, open_database
from submeter.db.embedded.lease import open_server, stop_server
from submeter.db.status import get_status
from submeter.settings import Settings, load_settings

app = typer.Typer(help="The database: start, stop, look inside, back up and restore.", no_args_is_help=True)


@app.command()
def start() -> None:
    """Start the embedded server and let it run until `submeter db stop`."""
    settings = _embedded_settings("start")
    with open_server(settings.data_dir, settings.db_bin_dir, say, port=settings.db_port) as lease:
        embedded_database(lease, settings).pool.close()
        lease.keep()
        say(f"the database runs; its socket is in {lease.postmaster.socket_dir}")


@app.command()
def stop() -> None:
    """Stop the embedded server, whoever uses it."""
    stopped = stop_server(_embedded_settings("stop").data_dir)
    say("the database is stopped" if stopped else "no database was running")


@app.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show where the database is, whether it runs, and which migrations it has."""
    found = get_status(load_settings())
    if as_json:
        typer.echo(json.dumps(found))
        return
    width = max(map(len, found))
    for name, value in found.items():
        typer.echo(f"{name:<{width}}  {'-' if value is None else value}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql as the owner of the database; further arguments are psql's."""
    with open_database(load_settings(), say, must_exist=True) as database:
        with database.connect_owner() as connection:
            program = get_client(database, "psql", connection)
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is psql's: it ends a query, not us
        try:
            done = subprocess.run(  # noqa: S603
                [program, *context.args], env=environment(database.owner_conninfo), check=False
            )
        finally:
            signal.signal(signal.SIGINT, before)
    sys.exit(done.returncode)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")]) -> None:
    """Write the whole database into one file."""
    with open_database(load_settings(), say, must_exist=True) as database:
        backups.backup(database, file)
    say(f"{file}: {file.stat().st_size} bytes")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `submeter db backup` wrote.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Give up what the database holds now.")] = False,
) -> None:
    """Put a backup in the place of the database. If it fails, the database stays as it was."""
    with open_database(load_settings(), say) as database:
        backups.restore(database, file, replace_existing=replace, say=say)
    say("restored; `submeter migrate` brings it up to date")


def _embedded_settings(wish: str) -> Settings:
    settings = load_settings()
    if settings.database_url:
        hint = "Unset DATABASE_URL to use the embedded one."
        detail = f"DATABASE_URL names a server that is not ours to {wish}"
        raise Refused(Problem("DBS209", "The database is not the embedded one", detail, hint))
    return settings
