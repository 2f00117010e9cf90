"""`submeter token`: make a token, for a person or a program."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import check_exists, open_database
from submeter.parties.actions import issue_token
from submeter.parties.tokens import KEY_ROLES, sign
from submeter.settings import load_settings

_DURATION = re.compile(r"(\d{1,5})\s*(m|h|d|w|y)")
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}


class Role(StrEnum):
    """The database roles that a token may carry."""

    anon = "anon"
    customer = "authenticated"
    operator = "operator"
    service = "service_role"


def token(
    *,
    role: Annotated[Role, typer.Option(help="Who the token acts as.")],
    esco: Annotated[str | None, typer.Option(help="Code or id of the ESCO (operator).")] = None,
    customer: Annotated[str | None, typer.Option(help="Id of the customer (authenticated).")] = None,
    valid: Annotated[str, typer.Option(help="For how long: 30m, 12h, 30d, 1y.")] = "30d",
) -> None:
    """Make a token and print it. Tokens of role anon and service_role are API keys as well."""
    settings, now = load_settings(), datetime.now(UTC)
    wanted = Caller(role.value, esco, customer)
    valid_for = duration(valid)
    if not settings.jwt_secret:
        check_exists(settings)  # a key of a new secret would open nothing
    secret = settings.get_jwt_secret()
    if role.value in KEY_ROLES:
        made = sign(Caller(role.value), secret, now, valid_for)
    else:
        with open_database(settings, must_exist=True) as database:
            made = issue_token(database, wanted, secret, now, valid_for)
    typer.echo(made.text)


def duration(text: str) -> timedelta:
    """`30m`, `12h`, `30d`, `2w`, `1y`. Raises Refused CLI101."""
    found = _DURATION.fullmatch(text.strip().lower())
    if not found or int(found[1]) == 0:
        hint = "A number and a unit: 30m, 12h, 30d, 2w or 1y."
        raise Refused(Problem("CLI101", "Not a length of time", repr(text), hint))
    return int(found[1]) * _UNITS[found[2]]
