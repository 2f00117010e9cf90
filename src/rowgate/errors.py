"""Every way a request can be refused: code, HTTP status, message, details and hint.

Codes and statuses are PostgREST's (https://docs.postgrest.org/en/stable/references/errors.html), so
that clients written for it understand ours.
"""

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Refusal(Exception):
    """A request that is answered with an error, and the answer."""

    status: int
    code: str
    message: str
    details: Any = None
    hint: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def body(self, *, verbose: bool = True) -> dict[str, Any]:
        """The JSON body that every error has: four keys, nulls kept; two of them if not ``verbose``."""
        if not verbose:
            return {"code": self.code, "message": self.message}
        return {"code": self.code, "details": self.details, "hint": self.hint, "message": self.message}


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def fits_a_header(name: str, value: Any) -> bool:
    """Whether SQL's name and value may become a header: neither ends the line and begins another."""
    return bool(_HEADER_NAME.fullmatch(name)) and isinstance(value, str) and value.isprintable()


def status_of(sqlstate: str, *, anonymous: bool, message: str = "", in_function: bool = False) -> int:
    """The HTTP status for an error that PostgreSQL raised, by its five-letter SQLSTATE."""
    if sqlstate == "42501":
        return 401 if anonymous else 403
    if sqlstate[:2] == "PT":
        raised = int(sqlstate[2:]) if sqlstate[2:].isdecimal() else 500
        return raised if 200 <= raised <= 599 else 500
    if sqlstate == "22023" and not in_function and message.startswith("role "):
        return 401  # the token speaks of a role that the database does not have
    if _asked_for(sqlstate, message, in_function=in_function):
        return 400
    return _EXACT.get(sqlstate) or _BY_CLASS.get(sqlstate[:2], 400)


def _asked_for(sqlstate: str, message: str, *, in_function: bool) -> bool:
    """Whether the request itself asked for the impossible; PostgREST calls some of these the server's."""
    if sqlstate == "21000" and "requires a WHERE clause" in message:
        return True
    return not in_function and (sqlstate in _OF_THE_REQUEST or sqlstate.startswith(PROGRAM_LIMIT))


PROGRAM_LIMIT = "54"
_OF_THE_REQUEST = frozenset((
    "21000",  # an upsert that names one row twice
    "55000",  # a write to a view that cannot be written
))  # fmt: skip

_EXACT = {
    "21000": 500,
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53400": 500,
    "57P01": 503,
    "P0001": 400,
}

_BY_CLASS = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
    "25": 500,
    "28": 403,
    "2D": 500,
    "38": 500,
    "39": 500,
    "3B": 500,
    "40": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57": 500,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0": 500,
    "XX": 500,
}
