"""`submeter readings`: dial readings that wait, what is to become of them, and what registers counted."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Annotated, Any

import typer

from submeter.cli.days import day_option
from submeter.cli.import_files import caller_for
from submeter.cli.migrate import say
from submeter.core.caller import Caller
from submeter.db.database import Database, open_database
from submeter.metering import reading_actions as actions
from submeter.metering.reading_consumption import work_out_consumption
from submeter.settings import load_settings

app = typer.Typer(
    name="readings", help="Dial readings that wait, and what registers counted.", no_args_is_help=True
)

Numbers = Annotated[list[int], typer.Argument(metavar="NUMBER", help="Numbers of the queue.")]
AnyNumbers = Annotated[
    list[int] | None, typer.Argument(metavar="NUMBER", help="Numbers of the queue; left out, all.")
]
Reason = Annotated[str, typer.Option(help="Why; the audit keeps it.")]
Esco = Annotated[str | None, typer.Option(help="Code or id of the ESCO; left out, all.")]
Json = Annotated[bool, typer.Option("--json", help="For programs, one a line.")]


def _open() -> Any:
    return open_database(load_settings(), say, must_exist=True)


@app.command()
def queue(
    *,
    code: Annotated[str | None, typer.Option(help="Only what a certain check did not let pass.")] = None,
    limit: Annotated[int, typer.Option(help="So many rows at the most.")] = 100,
    esco: Esco = None,
    as_json: Json = False,
) -> None:
    """List what waits, by what is wrong, each with the reading before it."""
    with _open() as database:
        rows = actions.list_queue(database, caller_for(database, esco), code, limit)
    if as_json:
        _as_json(rows)
        return
    if not rows:
        say("nothing waits")
    for found, group in groupby(rows, key=lambda row: str(row["error_code"])):
        _tell_group(found, list(group))


def _tell_group(code: str, rows: list[dict[str, Any]]) -> None:
    first = rows[0]["findings"][0] if rows[0]["findings"] else {"title": "", "hint": ""}
    typer.echo(f"{code} {first['title']}")
    typer.echo(f"  {first['hint']}")
    for row in rows:
        typer.echo(f"  {row['id']:>6}  {_words(row)}")


def _words(row: dict[str, Any]) -> str:
    names = (row["account_number"], row["supply_point_identifier"], row["meter_serial"], row["register_name"])
    whose = " ".join(str(name) for name in names if name)
    before = (
        f"; before: {row['previous_reading']} of {row['previous_read_on']}" if row["previous_read_on"] else ""
    )
    rolled = f"; --add-factor {row['roll_over']} if the dial passed zero" if row["roll_over"] else ""
    return f"{whose}  {row['read_on']} {row['sub_type']} {row['reading']}{before}{rolled}"


@app.command()
def process(
    numbers: AnyNumbers = None,
    *,
    add_factor: Annotated[str | None, typer.Option(help="One turn of the dial, if it passed zero.")] = None,
    esco: Esco = None,
    as_json: Json = False,
) -> None:
    """Check readings again: what passes now is placed, the rest waits on."""
    with _open() as database:
        caller, factor = caller_for(database, esco), _factor(add_factor)
        found = actions.process_readings(database, caller, numbers or None, datetime.now(UTC), factor)
    _tell(found, as_json=as_json)


def _factor(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation as error:
        message = f"{text} is no number"
        raise typer.BadParameter(message) from error


@app.command()
def force(numbers: Numbers, *, reason: Reason, esco: Esco = None, as_json: Json = False) -> None:
    """Place readings although checks failed, as far as these may be overruled."""
    with _open() as database:
        caller = caller_for(database, esco)
        found = actions.force_readings(database, caller, numbers, reason, datetime.now(UTC))
    _tell(found, as_json=as_json)


@app.command()
def delete(numbers: Numbers, *, reason: Reason, esco: Esco = None, as_json: Json = False) -> None:
    """Take readings out of the queue. The audit keeps them."""
    with _open() as database:
        caller = caller_for(database, esco)
        found = actions.delete_readings(database, caller, numbers, reason, datetime.now(UTC))
    _tell(found, as_json=as_json)


@app.command()
def misread(
    reading: Annotated[str, typer.Argument(help="Id of an accepted reading.")],
    *,
    reason: Reason,
    esco: Esco = None,
) -> None:
    """Mark an accepted reading as MISREAD: it is kept, and counts for nothing."""
    with _open() as database:
        row = actions.mark_misread(database, caller_for(database, esco), reading, reason, datetime.now(UTC))[
            0
        ]
    typer.echo(f"{row['reading']} of {row['timestamp']} is marked as MISREAD")


@app.command()
def consumption(
    register: Annotated[str, typer.Argument(help="Id of a register.")],
    *,
    from_date: Annotated[date | None, day_option("--from", "First day.")] = None,
    to_date: Annotated[date | None, day_option("--to", "First day no longer.")] = None,
    esco: Esco = None,
    as_json: Json = False,
) -> None:
    """What a register counted between each reading and the next, and how it was worked out."""
    with _open() as database:
        rows = _work_out(database, caller_for(database, esco), register, from_date, to_date)
    if as_json:
        _as_json(rows)
        return
    for row in rows:
        note = ", provisional" if row["provisional"] else ""
        how = f"{row['method']}{note}: {row['working']}"
        typer.echo(f"{row['first_day']} to {row['end_day']}  {row['quantity']} {row['unit']}  ({how})")


def _work_out(
    database: Database, caller: Caller, register: str, first: date | None, end: date | None
) -> list[dict[str, Any]]:
    return [period.as_json() for period in work_out_consumption(database, caller, register, first, end)]


def _tell(found: Iterable[actions.Outcome], *, as_json: bool) -> None:
    if as_json:
        _as_json(one.as_json() for one in found)
        return
    for one in found:
        codes = f" ({', '.join(one.codes)})" if one.codes else ""
        typer.echo(f"{one.waiting_id:>6}  {one.outcome}{codes}")


def _as_json(rows: Iterable[Any]) -> None:
    for row in rows:
        typer.echo(json.dumps(row, default=str))
