"""`submeter waiting`: days of intervals that wait for a meter or for a decision."""

from typing import Annotated

import typer

from submeter.cli.import_files import caller_for, check_migrated
from submeter.cli.migrate import say
from submeter.db.database import open_database
from submeter.metering.actions import decide_waiting, list_waiting, retry_waiting
from submeter.settings import load_settings

Numbers = Annotated[
    list[int] | None, typer.Option(metavar="NUMBER", help="A day to decide about, by number.")
]


def waiting(
    *,
    accept: Numbers = None,
    turn_down: Numbers = None,
    reason: Annotated[str, typer.Option(help="Why it is accepted or turned down: the audit keeps it.")] = "",
    retry: Annotated[bool, typer.Option("--retry", help="Try again what waits for a meter.")] = False,
    esco: Annotated[str | None, typer.Option(help="Code or id of the ESCO.")] = None,
    limit: Annotated[int, typer.Option(help="So many rows at the most.")] = 100,
) -> None:
    """List the days that wait; accept them or turn them down."""
    with open_database(load_settings(), say, must_exist=True) as database:
        check_migrated(database)
        caller = caller_for(database, esco)
        if retry:
            say(f"{retry_waiting(database, caller)} days found their meter")
        for number, wanted in [*((n, True) for n in accept or ()), *((n, False) for n in turn_down or ())]:
            say(f"{number}: {decide_waiting(database, caller, number, reason, accept=wanted)}")
        rows = list_waiting(database, caller, limit)
        if not rows:
            say("nothing waits")
        for row in rows:
            where = f"{row.file}, line {row.line}" if row.file else "-"
            typer.echo(f"{row.id:>6}  {row.reason:<13}  {row.identifier} {row.register}  {row.day}  {where}")
