"""The command line. Each subject has a module of its own; this one puts them together and words refusals.

Exit codes: 0 done, 1 refused (or failed), 2 wrong usage, 3 imported with findings, 128 + n ended by signal n.
"""

import signal
import sys
from importlib import metadata
from types import FrameType
from typing import Annotated, NoReturn

import typer

from submeter.cli import (
    calendar,
    columns,
    database,
    demo,
    import_files,
    intervals,
    meter,
    migrate,
    rating,
    readings,
    serve,
    tariff,
    token,
    waiting,
)
from submeter.core.problem import Problem, Refused

app = typer.Typer(
    name="submeter",
    help="From meter to cash for embedded networks, community energy and microgrids.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(database.app, name="db")
app.add_typer(meter.app, name="meter")
app.add_typer(intervals.app, name="intervals")
app.add_typer(readings.app, name="readings")
app.add_typer(columns.app, name="columns")
app.add_typer(tariff.app, name="tariff")
app.add_typer(calendar.app, name="calendar")
rating.join(tariff.app)


def _show_version(wanted: bool) -> None:  # noqa: FBT001  typer's form of a callback
    if wanted:
        typer.echo(f"submeter {metadata.version('submeter')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
]


@app.callback()
def submeter(*, version: Version = False) -> None:
    """From meter to cash for embedded networks, community energy and microgrids."""


app.command("migrate")(migrate.migrate)
app.command("import")(import_files.import_files)
app.command("waiting")(waiting.waiting)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("token")(token.token)


def main() -> None:
    """Run the command line; a refusal is told in two lines, without a traceback."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        app()
    except Refused as refused:
        tell(refused.problem)
        sys.exit(1)


def tell(problem: Problem) -> None:
    """Say on stderr what is wrong and what to do next."""
    detail = f": {problem.detail}" if problem.detail else ""
    typer.echo(f"error {problem.code}: {problem.title}{detail}", err=True)
    if problem.hint:
        typer.echo(f"hint: {problem.hint}", err=True)


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """An exception, so that the database is left in order."""
    sys.exit(128 + number)
