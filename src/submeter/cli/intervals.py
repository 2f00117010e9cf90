"""`submeter intervals ...`: check, estimate, edit and explain what is stored."""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from submeter.cli.days import day_option
from submeter.cli.import_files import FOUND, caller_for
from submeter.cli.migrate import say
from submeter.db.database import open_database
from submeter.metering import checking
from submeter.metering.editing import Edit
from submeter.metering.editing import edit_intervals as make_edit
from submeter.metering.estimating import estimate_intervals
from submeter.metering.explaining import explain_interval
from submeter.metering.filling import Estimated, EstimateOptions
from submeter.metering.finding_store import FindingRow
from submeter.metering.interval_calls import as_row
from submeter.metering.selecting import Selection
from submeter.settings import load_settings

app = typer.Typer(help="Intervals: check, estimate, edit, explain.", no_args_is_help=True)

Register = Annotated[
    str,
    typer.Option("--register", help="SERIAL, SERIAL/REGISTER, IDENTIFIER/REGISTER or id; all if left out."),
]
Site = Annotated[str, typer.Option("--site", help="Id, code or name of a site.")]
From = Annotated[date | None, day_option("--from", "First day.")]
To = Annotated[date | None, day_option("--to", "First day that is not in it.")]
Esco = Annotated[str | None, typer.Option(help="Code or id of the ESCO; left out, all of them.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in words.")]
ReasonCode = Annotated[int, typer.Option("--reason-code", help="The market's code of the reason.")]
Billed = Annotated[bool, typer.Option("--include-billed", help="Days that are billed, too.")]


@app.command()
def check(
    *,
    register: Register = "",
    site: Site = "",
    first: From = None,
    end: To = None,
    due: Annotated[bool, typer.Option("--due", help="What has changed since it was checked.")] = False,
    esco: Esco = None,
    as_json: Json = False,
) -> None:
    """Look for intervals that are missing or look wrong. Exit code 3 where something is open."""
    selection = Selection(register, site, first, end)
    with open_database(load_settings(), say, must_exist=True) as database:
        caller = caller_for(database, esco)
        if due:
            done = checking.check_due(database, caller)
        else:
            done = checking.check_intervals(database, caller, selection)
        found = checking.list_findings(database, caller, selection)
    say(
        f"{done.days} days of {done.registers} registers: {done.found} new findings, {done.resolved} resolved"
    )
    _tell_findings(found, as_json=as_json)
    sys.exit(FOUND if found else 0)


@app.command()
def findings(
    *,
    register: Register = "",
    site: Site = "",
    first: From = None,
    end: To = None,
    every: Annotated[bool, typer.Option("--all", help="Resolved and dismissed ones, too.")] = False,
    limit: Annotated[int, typer.Option(help="So many at the most.")] = 1000,
    esco: Esco = None,
    as_json: Json = False,
) -> None:
    """List what is open, without looking again."""
    selection = Selection(register, site, first, end)
    statuses = ("open", "dismissed", "resolved") if every else ("open",)
    with open_database(load_settings(), say, must_exist=True) as database:
        found = checking.list_findings(database, caller_for(database, esco), selection, statuses, limit)
    _tell_findings(found, as_json=as_json)


@app.command()
def dismiss(
    numbers: Annotated[list[int], typer.Argument(metavar="NUMBER", help="Numbers of findings.")],
    *,
    reason: Reason = "",
    esco: Esco = None,
) -> None:
    """Say that intervals are right as they are, and why."""
    with open_database(load_settings(), say, must_exist=True) as database:
        done = checking.dismiss_findings(database, caller_for(database, esco), numbers, reason)
    say(f"dismissed: {', '.join(map(str, done))}")


@app.command()
def estimate(
    *,
    register: Register = "",
    site: Site = "",
    first: From = None,
    end: To = None,
    method: Annotated[
        str, typer.Option(help="Name or code of a method; the first that can, if left out.")
    ] = "",
    reason_code: ReasonCode = 0,
    reason: Reason = "",
    replace_measured: Annotated[
        bool,
        typer.Option("--replace-measured", help="Instead of what was measured; needs days and a reason."),
    ] = False,
    include_billed: Billed = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell.")] = False,
    esco: Esco = None,
    as_json: Json = False,
) -> None:
    """Fill what is missing, by the methods of the market. Exit code 3 where something stays missing."""
    selection = Selection(register, site, first, end)
    options = EstimateOptions(method, reason_code, reason, replace_measured, include_billed, dry_run)
    with open_database(load_settings(), say, must_exist=True) as database:
        done = estimate_intervals(database, caller_for(database, esco), selection, options)
    for one in done:
        typer.echo(json.dumps(as_row(one), default=str) if as_json else _estimated(one))
    say(f"{sum(one.outcome == 'estimated' for one in done)} gaps {'would be ' if dry_run else ''}filled")
    sys.exit(FOUND if any(one.outcome == "skipped" for one in done) else 0)


@app.command()
def edit(
    register: Annotated[str, typer.Argument(metavar="REGISTER", help="Which register.")],
    at: Annotated[
        str, typer.Argument(metavar="AT", help="Start of the first interval: 2026-03-05T10:00+10:00.")
    ],
    quantities: Annotated[
        list[str], typer.Argument(metavar="QUANTITY", help="One for each interval; - for unknown.")
    ],
    *,
    reason: Reason = "",
    reason_code: ReasonCode = 0,
    method: Annotated[str, typer.Option(help="The market's code of how the values were made.")] = "",
    quality: Annotated[str, typer.Option(help="A, E, S or F.")] = "S",
    include_billed: Billed = False,
    esco: Esco = None,
) -> None:
    """Put values in the place of intervals, with a reason. What stood before is kept."""
    values = [_quantity(text) for text in quantities]
    wanted = Edit(register, moment(at), values, reason, reason_code, method, quality, include_billed)
    with open_database(load_settings(), say, must_exist=True) as database:
        for one in make_edit(database, caller_for(database, esco), wanted):
            say(f"{one.day} {one.first}-{one.last}: {_sum(one.total_before)} is now {_sum(one.total_after)}")


@app.command()
def explain(
    register: Annotated[str, typer.Argument(metavar="REGISTER", help="Which register.")],
    at: Annotated[str, typer.Argument(metavar="AT", help="A moment: 2026-03-05T10:00+10:00.")],
    *,
    esco: Esco = None,
    as_json: Json = False,
) -> None:
    """Tell where a value comes from: file, line, version, method, who; and what stood before."""
    with open_database(load_settings(), say, must_exist=True) as database:
        found = explain_interval(database, caller_for(database, esco), register, moment(at))
    if as_json:
        typer.echo(json.dumps([said.as_json() for said in found.versions]))
    else:
        typer.echo(found.as_text())


def moment(text: str) -> datetime:
    """A moment in ISO 8601; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no moment; write it as 2026-03-05T10:00+10:00."
        raise typer.BadParameter(message) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _quantity(text: str) -> Decimal | None:
    if text == "-":
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        message = f"{text!r} is no quantity."
        raise typer.BadParameter(message) from error


def _sum(quantity: Decimal | None) -> str:
    return "nothing" if quantity is None else f"{quantity:f}"


def _tell_findings(found: Iterable[FindingRow], *, as_json: bool) -> None:
    for one in found:
        if as_json:
            typer.echo(json.dumps({name: _plain(getattr(one, name)) for name in one.__slots__}))
        else:
            status = (
                "" if one.status == "open" else f"  [{one.status}{': ' + one.reason if one.reason else ''}]"
            )
            where = f"{one.register}  {one.day} {one.first}-{one.last}"
            typer.echo(f"{one.id:>6}  {one.code}  {where}  {one.title}: {one.detail}{status}")


def _plain(value: object) -> object:
    return value if isinstance(value, int | str | None) else str(value)


def _estimated(one: Estimated) -> str:
    place = f"{one.register}  {one.day} {one.first}-{one.last}"
    if one.problem:
        return f"{place}  {one.outcome}: {one.problem.code} {one.problem.title}: {one.problem.detail}"
    assert one.estimate
    inputs = ", ".join(map(str, one.estimate.inputs))
    return f"{place}  {one.outcome}: {one.estimate.name} ({one.estimate.method}) of {inputs}: {one.quantity}"
