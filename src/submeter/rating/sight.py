"""With whose rights charges are computed, and on which days a customer may be told them."""

from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.queries import load_queries
from submeter.rating import problems
from submeter.rating.model import Period

__all__ = ["check_days", "is_staff", "staff_of"]

_QUERIES = load_queries(__package__ or "")
_STAFF = ("operator", "service_role")


def is_staff(caller: Caller) -> bool:
    """Whether the caller sees all of an ESCO."""
    return caller.role in _STAFF


def staff_of(connection: psycopg.Connection, caller: Caller) -> Caller:
    """The caller where they are staff; else the staff of their ESCO, whom row-level security keeps to it."""
    if is_staff(caller):
        return caller
    row = connection.execute(_QUERIES["my_esco"]).fetchone()
    return Caller("operator", str(row[0])) if row and row[0] else caller


def check_days(connection: psycopg.Connection, agreement_id: UUID, period: Period) -> None:
    """Refuses (RTG200) days of an agreement that are not all the customer's own."""
    values = {"id": agreement_id, "first": period.first, "end": period.end}
    row = connection.execute(_QUERIES["my_days"], values).fetchone()
    if not row or not row[0]:
        raise Refused(problems.no_agreement(f"{agreement_id} on {period.first} to {period.end}"))
