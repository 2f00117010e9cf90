"""`submeter tariff assign`: an agreement gets a plan."""

import json
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated
from uuid import UUID

import typer

from submeter.cli.days import day_option
from submeter.cli.import_files import caller_for_one, check_migrated
from submeter.cli.migrate import say
from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database, open_database
from submeter.rating.actions import find_only_agreement
from submeter.settings import load_settings
from submeter.tariffs.agreement_actions import Assigned, Given, assign_plan

__all__ = ["assign"]


def read_capacity(text: str) -> Decimal:
    """`12.5`."""
    try:
        return Decimal(text)
    except InvalidOperation as error:
        message = f"{text!r} is no number of kW or kVA; write it as 12.5"
        raise typer.BadParameter(message) from error


Agreement = Annotated[
    str, typer.Argument(metavar="AGREEMENT", help="Id, account number, or identifier of the supply point.")
]
PlanCode = Annotated[str, typer.Argument(metavar="PLAN", help="Code of the plan.")]
First = Annotated[date, day_option("--from", "First day on which the agreement has it.")]
End = Annotated[date | None, day_option("--to", "First day no longer; left out, until another begins.")]
Conditions = Annotated[
    list[str] | None,
    typer.Option("--condition", help="What holds of the customer: direct_debit; may come again."),
]
Capacity = Annotated[
    Decimal | None, typer.Option(metavar="KW", parser=read_capacity, help="Agreed kW or kVA.")
]
Esco = Annotated[
    str | None, typer.Option(help="Code or id of the ESCO; left out, the default, or the only one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def assign(
    agreement: Agreement,
    plan: PlanCode,
    *,
    first: First,
    end: End = None,
    conditions: Conditions = None,
    capacity: Capacity = None,
    esco: Esco = None,
    as_json: AsJson = False,
) -> None:
    """Give an agreement a plan from a day on: the one before ends, one that is planned still comes."""
    given = Given(end, frozenset(conditions) if conditions else None, capacity)
    with open_database(load_settings(), say, must_exist=True) as database:
        check_migrated(database)
        caller = caller_for_one(database, esco)
        key = _key(database, caller, agreement, first)
        done = assign_plan(database, caller, key, plan, first, given)
    typer.echo(json.dumps(_row(done)) if as_json else _words(agreement, plan, done))


def _key(database: Database, caller: Caller, said: str, day: date) -> UUID:
    """The agreement that there is on the day; else one of that name, of which the days are told."""
    try:
        return find_only_agreement(database, caller, said, day, day + timedelta(days=1))
    except Refused as refused:
        if refused.problem.code != "RTG200":
            raise
    return find_only_agreement(database, caller, said, date.min, date.max)


def _row(done: Assigned) -> dict[str, str | None]:
    """As rpc/assign_price_plan names it."""
    ends = str(done.to_date) if done.to_date else None
    return {"id": str(done.id), "outcome": done.outcome, "begins": str(done.from_date), "ends": ends}


def _words(agreement: str, plan: str, done: Assigned) -> str:
    until = f" to {done.to_date}" if done.to_date else " on"
    return f"{agreement}: {plan} from {done.from_date}{until}, {done.outcome}"
