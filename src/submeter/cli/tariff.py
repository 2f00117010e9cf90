"""`submeter tariff`: price plans from files into the database, out again, and as people read them."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from submeter.charts.drawing import draw
from submeter.charts.in_text import to_text
from submeter.charts.png import to_png
from submeter.cli.import_files import FOUND, caller_for, check_migrated
from submeter.cli.migrate import say
from submeter.cli.output import opened, write
from submeter.cli.rating import compare, explain, preview, rate
from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database, open_database
from submeter.metering.model import FileError
from submeter.metering.problems import cannot_write, no_file
from submeter.metering.report import finding_json, told
from submeter.settings import load_settings
from submeter.tariffs.actions import find_stored_plan, save_plan
from submeter.tariffs.checking import check_plan
from submeter.tariffs.formats.price_rows_writer import write_price_rows
from submeter.tariffs.formats.problems import Reading, no_plan_in_file, not_accepted, several_plans
from submeter.tariffs.formats.reading import read_plans
from submeter.tariffs.formats.urdb_writer import write_urdb
from submeter.tariffs.model import Plan, TaxRate
from submeter.tariffs.plots import price_map
from submeter.tariffs.showing import plan_json, plan_lines

app = typer.Typer(name="tariff", help="Price plans: load, show, take them away.", no_args_is_help=True)


class ExportFormat(StrEnum):
    """What a plan is written as."""

    csv = "csv"
    urdb = "urdb"


Esco = Annotated[str | None, typer.Option(help="Code or id of the ESCO.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
On = Annotated[
    datetime | None,
    typer.Option("--on", metavar="DAY", formats=["%Y-%m-%d"], help="Whose day's prices; today unless set."),
]
From = Annotated[
    datetime | None,
    typer.Option("--from", metavar="DAY", formats=["%Y-%m-%d"], help="First day of the prices."),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")]


def _open() -> Any:
    return open_database(load_settings(), say, must_exist=True)


# --- import ----------------------------------------------------------------------------------------------


class _Outcome(NamedTuple):
    """What became of a plan."""

    code: str
    done: str
    problems: Sequence[Problem] = ()
    """Why it was not taken."""


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Tables of prices, or URDB JSON.")],
    *,
    first: From = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of it.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take plans although a price could not be carried over.")
    ] = False,
    esco: Esco = None,
    as_json: AsJson = False,
) -> None:
    """Load price plans. What is found wrong is told with its place; a plan is loaded whole, or not at all."""
    readings = [(path, _read(path, _day(first))) for path in files]
    codes = {0}
    if dry_run:
        for path, reading in readings:
            outcomes = [_check(plan) for plan in reading.plans]
            codes.add(_tell(path, reading, _accepted(reading, outcomes, accept=accept), as_json=as_json))
    else:
        with _open() as database:
            check_migrated(database)
            caller = caller_for(database, esco)
            for path, reading in readings:
                wanted = [plan for plan in reading.plans if accept or plan.code not in reading.doubtful]
                outcomes = [_save(database, caller, plan, _day(first)) for plan in wanted]
                codes.add(_tell(path, reading, _accepted(reading, outcomes, accept=accept), as_json=as_json))
    sys.exit(1 if 1 in codes else max(codes))


def _read(path: Path, first: date | None) -> Reading:
    """What the file says. Raises Refused where nothing of it can be used."""
    try:
        return read_plans(path.read_bytes(), first)
    except OSError as error:
        problem = no_file(error.strerror or str(error))
    except FileError as error:
        problem = error.problem
    raise Refused(replace(problem, detail=f"{path}: {problem.detail}".removesuffix(": ")))


def _check(plan: Plan) -> _Outcome:
    """What would become of a plan, as far as can be said without the database, which knows the taxes."""
    taxes = [TaxRate(one.tax_code, Decimal(0), date.min) for one in plan.components]
    problems = [found.problem for found in check_plan(plan, taxes)]
    return _Outcome(plan.code, "refused" if problems else "sound", problems)


def _save(database: Database, caller: Caller, plan: Plan, first: date | None) -> _Outcome:
    try:
        saved = save_plan(database, caller, plan, from_date=first)
    except Refused as refused:
        return _Outcome(plan.code, "refused", [refused.problem])
    return _Outcome(plan.code, saved.outcome)


def _accepted(reading: Reading, outcomes: Sequence[_Outcome], *, accept: bool) -> list[_Outcome]:
    """The outcomes, with those of plans that nobody has accepted."""
    if accept:
        return list(outcomes)
    done = [one for one in outcomes if one.code not in reading.doubtful]
    return done + [_Outcome(code, "not taken", [not_accepted(code)]) for code in sorted(reading.doubtful)]


def _tell(path: Path, reading: Reading, outcomes: Sequence[_Outcome], *, as_json: bool) -> int:
    """Say what became of a file; its exit code: 1 where nothing was taken, 3 where not all was."""
    if as_json:
        typer.echo(json.dumps(_report(path, reading, outcomes)))
    else:
        typer.echo("\n".join(_lines(path, reading, outcomes)))
    refused = sum(bool(one.problems) for one in outcomes)
    if refused == len(outcomes):
        return 1
    return FOUND if refused or reading.left_out else 0


def _report(path: Path, reading: Reading, outcomes: Sequence[_Outcome]) -> dict[str, Any]:
    return {
        "name": path.name,
        "plans": [
            {
                "code": one.code,
                "outcome": one.done,
                "problems": [_problem(problem) for problem in one.problems],
            }
            for one in outcomes
        ],
        "left_out": reading.left_out,
        "findings": [dict(finding_json(one)) for one in reading.findings],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "title": problem.title, "detail": problem.detail, "hint": problem.hint}


def _lines(path: Path, reading: Reading, outcomes: Sequence[_Outcome]) -> Iterator[str]:
    yield f"{path.name}:"
    for one in outcomes:
        yield f"  {one.code}: {one.done}"
        for problem in one.problems:
            yield f"    {problem}"
            yield f"      {problem.hint}"
    if reading.left_out:
        yield f"  {reading.left_out} plan(s) left out, because of what was found"
    for finding in reading.findings:
        yield from told(finding)


# --- show and export -------------------------------------------------------------------------------------


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
        pages = ["\n".join(_shown(plan, _day_of(plan, _day(on)), component)) for plan in plans]
        typer.echo("\n\n".join(pages))
    else:
        plan, *others = plans
        if others:
            raise Refused(several_plans([one.code for one in plans]))
        svg = draw(price_map(plan, _day_of(plan, _day(on)), component))
        with opened(output) as file:
            file.write(to_png(svg) if output.suffix.lower() == ".png" else svg.encode())


def _plans(what: str, esco: str | None) -> Sequence[Plan]:
    """The plans of a file, or the one of that code."""
    path = Path(what)
    if path.suffix.lower() in {".csv", ".json"} or path.is_file():
        reading = _read(path, None)
        if not reading.plans:  # prices without a first day are shown all the same
            reading = _read(path, _today())
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
    write([_written(plans, into, _day(on), as_json=as_json).encode()], output)


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


def _day(said: datetime | None) -> date | None:
    return said.date() if said else None


def _today() -> date:
    return datetime.now(UTC).date()


for _command in (rate, compare, explain, preview):
    app.command()(_command)
