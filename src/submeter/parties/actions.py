"""What people ask for: tokens that let somebody in."""

from dataclasses import replace
from datetime import datetime, timedelta

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.parties import store
from submeter.parties.tokens import KEY_ROLES, Token, sign

LONGEST_CUSTOMER_TOKEN = timedelta(days=90)


def issue_token(
    database: Database, wanted: Caller, secret: str, now: datetime, valid_for: timedelta
) -> Token:
    """Make a token of any role; for whoever runs the machine. ``wanted.esco_id`` may be an ESCO's code.

    Raises Refused: PTY101 for an unknown ESCO, PTY102 for an unknown customer of it, PTY103 where the role
    needs one that was not named.
    """
    if wanted.role in KEY_ROLES:
        return sign(Caller(wanted.role), secret, now, valid_for)
    with transaction(database, Caller("service_role")) as connection:
        return sign(_resolved(connection, wanted), secret, now, valid_for)


def get_esco(database: Database, esco: str) -> str:
    """The id of an ESCO by its code or id; for whoever runs the machine. Raises Refused PTY101."""
    with transaction(database, Caller("service_role")) as connection:
        return _get_esco(connection, esco)


def choose_esco(database: Database, esco: str | None) -> str:
    """The id of the ESCO that is named; left out, the default of the settings, or the only one there is.

    For whoever runs the machine. Raises Refused PTY101, PTY105.
    """
    if named := esco or database.default_esco:
        return get_esco(database, named)
    with transaction(database, Caller("service_role")) as connection:
        found = store.list_escos(connection)
    if len(found) != 1:
        raise Refused(_which_esco([code for _, code in found]))
    return found[0][0]


def create_customer_token(
    database: Database, caller: Caller, customer_id: str, valid_for: str, secret: str, now: datetime
) -> Token:
    """Make a token for a customer whom ``caller`` may see; ``valid_for`` is PostgreSQL's text of an interval.

    Raises Refused: PTY102 for an unknown customer, PTY104 for an interval that is none, negative or too long.
    """
    with transaction(database, caller) as connection:
        duration = _duration(connection, valid_for)
        esco_id = _get_customer_esco(connection, customer_id)
    return sign(Caller("authenticated", esco_id, customer_id), secret, now, duration)


def _resolved(connection: psycopg.Connection, wanted: Caller) -> Caller:
    """The caller with the ESCO's id in the place of its code, and its parts tested against each other."""
    esco_id = _get_esco(connection, wanted.esco_id) if wanted.esco_id else None
    if wanted.role == "operator" and esco_id is None:
        raise Refused(_incomplete("an operator acts for one ESCO", "Name it: --esco wlce"))
    if wanted.role == "authenticated":
        if wanted.customer_id is None:
            hint = "Name the customer: --customer ID. GET /rest/v1/customers?select=id,name lists them."
            raise Refused(_incomplete("authenticated is one customer", hint))
        owner = _get_customer_esco(connection, wanted.customer_id)
        if esco_id not in (None, owner):
            raise Refused(_no_customer(wanted.customer_id))
        esco_id = owner
    return replace(wanted, esco_id=esco_id)


def _incomplete(detail: str, hint: str) -> Problem:
    return Problem("PTY103", "The token does not say for whom it is", detail, hint)


def _get_esco(connection: psycopg.Connection, esco: str) -> str:
    found = store.find_esco(connection, esco)
    if found is None:
        hint = "GET /rest/v1/escos lists them; codes are lower case."
        raise Refused(Problem("PTY101", "No such ESCO", repr(esco), hint, {"esco": esco}))
    return found


def _get_customer_esco(connection: psycopg.Connection, customer_id: str) -> str:
    found = store.find_customer_esco(connection, customer_id)
    if found is None:
        raise Refused(_no_customer(customer_id))
    return found


def _which_esco(codes: list[str]) -> Problem:
    hint = f"Name one: --esco {codes[0]}" if codes else "Add one: POST /rest/v1/escos"
    return Problem("PTY105", "It is not said which ESCO is meant", ", ".join(codes) or "there is none", hint)


def _no_customer(customer_id: str) -> Problem:
    hint = "GET /rest/v1/customers?select=id,name lists the customers that you may see."
    return Problem("PTY102", "No such customer", repr(customer_id), hint, {"customer_id": customer_id})


def _duration(connection: psycopg.Connection, interval: str) -> timedelta:
    try:
        duration = store.read_interval(connection, interval)
    except (psycopg.DataError, OverflowError) as error:
        raise Refused(_no_duration(str(error).strip())) from error
    if not timedelta() < duration <= LONGEST_CUSTOMER_TOKEN:
        raise Refused(_no_duration(repr(interval)))
    return duration


def _no_duration(detail: str) -> Problem:
    hint = "Give an interval such as '1 day' or '12 hours', 90 days at most."
    return Problem("PTY104", "Not an interval that a token may be valid for", detail, hint)
