"""`submeter meter ...`: registers and their intervals, to look at and to take away."""

import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from submeter.charts.drawing import draw
from submeter.charts.in_text import to_text
from submeter.charts.model import Chart
from submeter.charts.png import to_png
from submeter.cli.days import day_option
from submeter.cli.import_files import caller_for
from submeter.cli.migrate import say
from submeter.cli.output import opened, write
from submeter.core.problem import Refused
from submeter.db.database import open_database
from submeter.metering.exporting import ExportFormat, export
from submeter.metering.plots import Kind, Period
from submeter.metering.problems import cannot_write
from submeter.metering.register_store import RegisterRow
from submeter.metering.showing import find_registers, list_registers, make_chart
from submeter.settings import load_settings

app = typer.Typer(
    help="Meters and their registers: find them, draw them, take data away.", no_args_is_help=True
)

_HIDDEN = {"meter_id", "clock"}
Esco = Annotated[str | None, typer.Option(help="Code or id of the ESCO; left out, all of them.")]
Site = Annotated[str | None, typer.Option(help="Name, code or id of a site.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs, a register a line.")]
Name = Annotated[
    str,
    typer.Argument(
        metavar="REGISTER",
        help="METER/REGISTER, a serial number, an identifier of the supply point, or an id.",
    ),
]
Names = Annotated[list[str] | None, typer.Argument(metavar="REGISTER", help="As for chart; several at will.")]
First = Annotated[date | None, day_option("--from", "The first day, YYYY-MM-DD.")]
End = Annotated[date | None, day_option("--to", "The first day that is not in it.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")]


@app.command("list")
def list_(*, site: Site = None, esco: Esco = None, as_json: AsJson = False) -> None:
    """List registers: their names, where they are, from when to when there are intervals."""
    with open_database(load_settings(), say, must_exist=True) as database:
        found = list_registers(database, caller_for(database, esco), site)
    _print_json(found) if as_json else _print_table(found)


@app.command()
def show(name: Name, *, esco: Esco = None, as_json: AsJson = False) -> None:
    """Show a register, or all of a meter or supply point."""
    with open_database(load_settings(), say, must_exist=True) as database:
        found = find_registers(database, caller_for(database, esco), name)
    _print_json(found) if as_json else _print_each(found)


@app.command()
def chart(
    name: Name,
    *,
    kind: Annotated[Kind, typer.Option(help="What to draw.")] = Kind.day,
    first: First = None,
    end: End = None,
    output: Output = None,
    esco: Esco = None,
) -> None:
    """Draw a register's intervals: in the terminal, or as .svg or .png."""
    if output and output.suffix.lower() not in {".svg", ".png"}:
        raise Refused(cannot_write(f"{output}: it is not plain what kind of picture"))
    with open_database(load_settings(), say, must_exist=True) as database:
        made = make_chart(database, caller_for(database, esco), name, kind, first, end)
    if output is None:
        typer.echo(to_text(made))
        return
    with opened(output) as file:
        file.write(_picture(made, output.suffix.lower()))


@app.command("export")
def export_(
    names: Names = None,
    *,
    site: Site = None,
    first: First = None,
    end: End = None,
    into: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.csv,
    output: Output = None,
    esco: Esco = None,
) -> None:
    """Write intervals as NEM12 or as a half-hourly table."""
    if not names and not site:
        message = "Name registers or meters, or a site (--site)."
        raise typer.BadParameter(message)
    period = Period(first or date.min, end or date.max)
    with open_database(load_settings(), say, must_exist=True) as database:
        caller = caller_for(database, esco)
        with closing(export(database, caller, names or (), site, period, into, datetime.now(UTC))) as pieces:
            write(pieces, output)


# --- out -------------------------------------------------------------------------------------------------


def _picture(made: Chart, suffix: str) -> bytes:
    svg = draw(made)
    return to_png(svg) if suffix == ".png" else svg.encode()


def _print_json(found: Iterable[RegisterRow]) -> None:
    for register in found:
        typer.echo(json.dumps({**asdict(register), "label": register.label}, default=str))


def _print_table(found: Iterable[RegisterRow]) -> None:
    head = ("register", "identifier", "unit", "flow", "property", "site", "from", "to")
    rows = [head, *map(_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(register: RegisterRow) -> tuple[str, ...]:
    said = (
        register.label, register.identifier, register.unit, register.direction, register.property_name,
        register.site_name, register.first_day, register.last_day,
    )  # fmt: skip
    return tuple("-" if value is None else str(value) for value in said)


def _print_each(found: Iterable[RegisterRow]) -> None:
    for place, register in enumerate(found):
        if place:
            typer.echo()
        typer.echo(f"register       {register.label}")
        for name, value in asdict(register).items():
            if name not in _HIDDEN | {"serial", "name"}:
                typer.echo(f"{name.replace('_', ' '):<14} {'-' if value is None else value}")
