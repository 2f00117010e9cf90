"""`submeter calendar`: public holidays, by which time bands are told."""

import json
from typing import Annotated

import typer

from submeter.cli.import_files import caller_for, check_migrated
from submeter.cli.migrate import say
from submeter.db.database import open_database
from submeter.settings import load_settings
from submeter.tariffs.calendar_actions import fill_calendar

app = typer.Typer(name="calendar", help="Calendars: public holidays of sites.", no_args_is_help=True)


@app.callback()
def calendar() -> None:
    """Calendars: public holidays of sites."""


@app.command()
def fill(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The calendar: AU-NSW.")],
    from_year: Annotated[int, typer.Argument(metavar="FROM", help="First year.")],
    to_year: Annotated[int, typer.Argument(metavar="TO", help="Last year.")],
    *,
    jurisdiction: Annotated[str, typer.Option(help="Country and state, where it is not the code.")] = "",
    esco: Annotated[str | None, typer.Option(help="Code or id of the ESCO.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Fill the public holidays of years into a calendar; it is made if it is not there."""
    with open_database(load_settings(), say, must_exist=True) as database:
        check_migrated(database)
        done = fill_calendar(database, caller_for(database, esco), code, from_year, to_year, jurisdiction)
    row = {**done._asdict(), "id": str(done.id)}
    typer.echo(json.dumps(row) if as_json else f"{done.code}  {done.added} days added  {_span(done.years)}")


def _span(years: tuple[int, ...]) -> str:
    return ", ".join(map(str, years))
