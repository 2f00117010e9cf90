"""`submeter tariff rate` and its neighbours: what agreements are charged."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from submeter.charts.drawing import draw
from submeter.charts.in_text import to_text
from submeter.charts.png import to_png
from submeter.cli.days import day_option
from submeter.cli.import_files import FOUND, caller_for, caller_for_one
from submeter.cli.migrate import say
from submeter.cli.output import write
from submeter.core.problem import Refused
from submeter.db.database import open_database
from submeter.metering.problems import cannot_write
from submeter.rating.actions import find_agreements, rate_agreement, rate_agreements
from submeter.rating.comparing import Preview, compare_plans, preview_plan_change
from submeter.rating.explaining import explain_lines
from submeter.rating.line_actions import explain_line
from submeter.rating.plots import histogram_of
from submeter.rating.problems import nothing_to_compare
from submeter.rating.showing import bill_lines, compared_lines, preview_lines
from submeter.rating.telling import compared_rows, explained_row, outcome_json, preview_rows
from submeter.settings import load_settings

__all__ = ["compare", "explain", "preview", "rate"]

Agreement = Annotated[
    str | None,
    typer.Argument(metavar="AGREEMENT", help="Id, account number, or identifier of the supply point."),
]
Named = Annotated[
    str, typer.Argument(metavar="AGREEMENT", help="Id, account number, or identifier of the supply point.")
]
First = Annotated[date, day_option("--from", "First day.")]
End = Annotated[date, day_option("--to", "First day no longer.")]
Esco = Annotated[
    str | None, typer.Option(help="Code or id of the ESCO; left out, the default, or the only one.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs, one a line.")]


def _open() -> Any:
    return open_database(load_settings(), say, must_exist=True)


def tell_rows(rows: Iterable[Any]) -> None:
    """One a line."""
    for row in rows:
        typer.echo(json.dumps(row, default=str))


def code_of(failed: int, count: int) -> int:
    """Exit code: 1 where nothing could be said of any, 3 where of some."""
    if failed and failed == count:
        return 1
    return FOUND if failed else 0


def rate(
    agreement: Agreement = None,
    *,
    first: First,
    end: End,
    every: Annotated[bool, typer.Option("--all", help="All agreements with days in the period.")] = False,
    plan: Annotated[str | None, typer.Option(help="By this plan instead of their own.")] = None,
    store: Annotated[bool, typer.Option("--store", help="Keep the lines, for those before.")] = False,
    esco: Esco = None,
    as_json: Json = False,
) -> None:
    """What an agreement, or those of an account, are charged for some days; or why not (exit code 3)."""
    if (agreement is None) is not every:
        message = "name an agreement, or say --all"
        raise typer.BadParameter(message)
    days = (first, end)
    with _open() as database:
        caller = caller_for_one(database, esco)
        if agreement is None:
            found = rate_agreements(database, caller, None, *days, store_lines=store, plan=plan)
        else:
            keys = find_agreements(database, caller, agreement, *days)
            if plan or len(keys) == 1:
                found = (rate_agreement(database, caller, keys[0], *days, store_lines=store, plan=plan),)
            else:
                found = rate_agreements(database, caller, keys, *days, store_lines=store)
    found = tuple(sorted(found, key=lambda one: (one.account_number, str(one.agreement_id))))
    if as_json:
        tell_rows(outcome_json(one) for one in found)
    else:
        for line in (line for one in found for line in bill_lines(one)):
            typer.echo(line)
        if every:
            charged = sum(not one.problems for one in found)
            say(f"{charged} of {len(found)} agreements charged")
    raise typer.Exit(code_of(sum(bool(one.problems) for one in found), len(found)))


def compare(
    agreement: Named,
    *,
    first: First,
    end: End,
    plan: Annotated[
        list[str] | None, typer.Option(help="A plan to compare; may come again. Left out: all.")
    ] = None,
    esco: Esco = None,
    as_json: Json = False,
) -> None:
    """What each plan would have cost an agreement, billed by the month, the cheapest first."""
    days = (first, end)
    with _open() as database:
        caller = caller_for_one(database, esco)
        key = find_agreements(database, caller, agreement, *days)[0]
        found = compare_plans(database, caller, key, plan or None, *days)
    if not found:
        raise Refused(nothing_to_compare("no active plan is given on these days"))
    if as_json:
        tell_rows(compared_rows(found))
    else:
        for line in compared_lines(found):
            typer.echo(line)
    raise typer.Exit(code_of(sum(one.total is None for one in found), len(found)))


def explain(
    line: Annotated[int, typer.Argument(metavar="LINE", help="Number of a rated line.")],
    *,
    esco: Esco = None,
    as_json: Json = False,
) -> None:
    """How a line that was stored came about, and whether it still comes out so."""
    with _open() as database:
        found = explain_line(database, caller_for(database, esco), line)
    if as_json:
        tell_rows([explained_row(found)])
        return
    for words in explain_lines(found):
        typer.echo(words)


def preview(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="Code of the plan that agreements have.")],
    new_plan: Annotated[str, typer.Argument(metavar="NEW", help="Code of the plan to try on them.")],
    *,
    first: First,
    end: End,
    limit: Annotated[int, typer.Option(help="So many rows at the most.")] = 20,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="A picture: .svg or .png.")
    ] = None,
    esco: Esco = None,
    as_json: Json = False,
) -> None:
    """Who would pay more on another plan, and how much; with a histogram."""
    if output and output.suffix.lower() not in (".svg", ".png"):
        raise Refused(cannot_write(f"{output}: it is not plain what kind of picture"))
    with _open() as database:
        found = preview_plan_change(database, caller_for_one(database, esco), plan, new_plan, first, end)
    if not found.rows and not found.failed:
        raise Refused(nothing_to_compare(f"nobody has {plan} on {first} to {end}"))
    if output:
        write([_picture(found, output)], output)
    if as_json:
        tell_rows(preview_rows(found))
    else:
        typer.echo(to_text(histogram_of(found)))
        for line in preview_lines(found, limit):
            typer.echo(line)
    raise typer.Exit(code_of(len(found.failed), len(found.failed) + len(found.rows)))


def _picture(found: Preview, output: Path) -> bytes:
    svg = draw(histogram_of(found))
    return to_png(svg) if output.suffix.lower() == ".png" else svg.encode()
