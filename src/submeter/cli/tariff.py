"""`submeter tariff`: price plans from files into the database, out again, and as people read them."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from submeter.charts.drawing import draw
from submeter.charts.in_text import to_text
from submeter.charts.png import to_png
from submeter.cli.days import day_option
from submeter.cli.import_files import caller_for
from submeter.cli.migrate import say
from submeter.cli.output import opened, write
from submeter.cli.rating import compare, explain, preview, rate
from submeter.cli.tariff_assign import assign
from submeter.cli.tariff_import import import_plans, read_file
from submeter.core.problem import Refused
from submeter.db.database import open_database
from submeter.metering.problems import cannot_write
from submeter.metering.report import told
from submeter.settings import load_settings
from submeter.tariffs.actions import find_stored_plan
from submeter.tariffs.formats.price_rows_writer import write_price_rows
from submeter.tariffs.formats.problems import no_plan_in_file, several_plans
from submeter.tariffs.formats.urdb_writer import write_urdb
from submeter.tariffs.model import Plan
from submeter.tariffs.plots import price_map
from submeter.tariffs.showing import plan_json, plan_lines

app = typer.Typer(name="tariff", help="Price plans: load, show, take them away.", no_args_is_help=True)
app.command("import")(import_plans)
app.command()(assign)


class ExportFormat(StrEnum):
    """What a plan is written as."""

    csv = "csv"
    urdb = "urdb"


Esco = Annotated[str | None, typer.Option(help="Code or id of the ESCO.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
On = Annotated[date | None, day_option("--on", "Whose day's prices; today unless set.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")]


def _open() -> Any:
    return open_database(load_settings(), say, must_exist=True)


@app.command()
def show(
    what: Annotated[str, typer.Argument(metavar="PLAN", help="The code of a plan, or a file of plans.")],
    *,
    on: On = None,
    component: Annotated[str, typer.Option(help="Draw this one; usage, unless set.")] = "",
    output: Output = None,
    esco: Esco = None,
    as_json: AsJson = False,
) -> None:
    """Show a plan: its prices of a day, and what a kWh costs when; as .svg or .png with --output."""
    if output and output.suffix.lower() not in {".svg", ".png"}:
        raise Refused(cannot_write(f"{output}: it is not plain what kind of picture"))
    plans = _plans(what, esco)
    if as_json:
        typer.echo("\n".join(json.dumps(plan_json(plan)) for plan in plans))
    elif output is None:
        pages = ["\n".join(_shown(plan, _day_of(plan, on), component)) for plan in plans]
        typer.echo("\n\n".join(pages))
    else:
        plan, *others = plans
        if others:
            raise Refused(several_plans([one.code for one in plans]))
        svg = draw(price_map(plan, _day_of(plan, on), component))
        with opened(output) as file:
            file.write(to_png(svg) if output.suffix.lower() == ".png" else svg.encode())


def _plans(what: str, esco: str | None) -> Sequence[Plan]:
    """The plans of a file, or the one of that code."""
    path = Path(what)
    if path.suffix.lower() in {".csv", ".json"} or path.is_file():
        reading = read_file(path, None)
        if not reading.plans:  # prices without a first day are shown all the same
            reading = read_file(path, _today())
        for finding in reading.findings:
            typer.echo("\n".join(told(finding)), err=True)
        if not reading.plans:
            raise Refused(no_plan_in_file(what))
        return reading.plans
    with _open() as database:
        return [find_stored_plan(database, caller_for(database, esco), what).plan]


def _shown(plan: Plan, day: date, component: str) -> Iterator[str]:
    yield from plan_lines(plan, day)
    try:
        picture = to_text(price_map(plan, day, component))
    except Refused:
        if component:
            raise
        return  # a plan without usage has nothing to draw
    yield ""
    yield from picture.splitlines()[3:]


def _day_of(plan: Plan, day: date | None) -> date:
    """The day as asked for; else today, or the first day of prices that are still to come."""
    firsts = [rate.from_date for one in plan.components for rate in one.rates]
    return day or max(_today(), min(firsts, default=date.min))


@app.command()
def export(
    codes: Annotated[list[str], typer.Argument(metavar="PLAN", help="Codes of plans.")],
    *,
    into: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.csv,
    on: On = None,
    output: Output = None,
    esco: Esco = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, a plan a line, with all prices.")] = False,
) -> None:
    """Write plans as a table of prices, or the prices of one day as URDB."""
    with _open() as database:
        caller = caller_for(database, esco)
        plans = [find_stored_plan(database, caller, code).plan for code in codes]
    write([_written(plans, into, on, as_json=as_json).encode()], output)


def _written(plans: Sequence[Plan], into: ExportFormat, day: date | None, *, as_json: bool) -> str:
    if as_json:
        return "".join(json.dumps(plan_json(plan)) + "\n" for plan in plans)
    if into is ExportFormat.csv:
        return write_price_rows(plans)
    if len(plans) > 1:
        raise Refused(several_plans([plan.code for plan in plans]))
    written = write_urdb(plans[0], _day_of(plans[0], day))
    for finding in written.findings:
        typer.echo("\n".join(told(finding)), err=True)
    return written.text


def _today() -> date:
    return datetime.now(UTC).date()


for _command in (rate, compare, explain, preview):
    app.command()(_command)
