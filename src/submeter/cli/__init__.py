"""The command line. Each subject has a module of its own; this one puts them together and words refusals.

Exit codes: 0 done, 1 refused (or failed), 2 wrong usage, 3 imported with findings, 128 + n ended by signal n.
"""

import signal
import sys
from importlib import metadata
from types import FrameType
from typing import Annotated, NoReturn

import typer

from submeter.cli.commands import CommandsLater
from submeter.cli.telling import tell
from submeter.core.problem import Refused

app = typer.Typer(
    name="submeter",
    cls=CommandsLater,
    help="From meter to cash for embedded networks, community energy and microgrids.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

_GIVEN_WAY = "40"
"""The class of SQLSTATE where the database ends what waits for another that waits for it."""


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


def main() -> None:
    """Run the command line; a refusal is told in two lines, without a traceback."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        app()
    except Refused as refused:
        tell(refused.problem)
        sys.exit(1)
    except Exception as error:
        if not str(getattr(error, "sqlstate", "")).startswith(_GIVEN_WAY):
            raise
        from submeter.db.problems import gave_way  # noqa: PLC0415  the database's errors come with it

        tell(gave_way(error).problem)  # type: ignore[arg-type]
        sys.exit(1)


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """An exception, so that the database is left in order."""
    sys.exit(128 + number)
