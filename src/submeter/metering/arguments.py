"""What a function called over REST is given, as values; and what it gives.

PostgreSQL has looked at the types, but knows more ways of writing them: `infinity`, `5 Jan 2026`, `0x1E`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.metering.problems import unreadable_value

__all__ = [
    "Arguments",
    "Call",
    "Rows",
    "day_of",
    "flag_of",
    "list_of",
    "moment_of",
    "number_of",
    "text_of",
    "whole_of",
]

Arguments = Mapping[str, Any]
Rows = list[dict[str, Any]]
Call = Callable[[Database, Caller, Arguments], Rows]


def day_of(arguments: Arguments, name: str) -> date | None:
    """A day, written as ISO 8601 has it; None where nothing is said. Raises Refused MTR199."""
    said = arguments.get(name)
    try:
        return None if said in (None, "") else date.fromisoformat(str(said))
    except ValueError as error:
        raise Refused(unreadable_value(name, said, "day")) from error


def moment_of(arguments: Arguments, name: str) -> datetime:
    """A moment, in UTC where it has no offset. Raises Refused MTR199."""
    said = arguments.get(name)
    try:
        found = datetime.fromisoformat(str(said))
    except ValueError as error:
        raise Refused(unreadable_value(name, said, "moment")) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def whole_of(name: str, said: Any) -> int:
    """A whole number, in any notation of PostgreSQL's. Raises Refused MTR199."""
    text = str(said).strip()
    try:
        return int(text) if text.lstrip("+-").isdecimal() else int(text, 0)
    except ValueError as error:
        raise Refused(unreadable_value(name, said, "whole number")) from error


def number_of(name: str, said: Any) -> Decimal | None:
    """An exact number; None where nothing is said. Raises Refused MTR199."""
    if said is None:
        return None
    try:
        number = Decimal(str(said))
    except InvalidOperation as error:
        raise Refused(unreadable_value(name, said, "number")) from error
    if not number.is_finite():
        raise Refused(unreadable_value(name, said, "number"))
    return number


def flag_of(arguments: Arguments, name: str) -> bool:
    """Whether it is said to be so."""
    return arguments.get(name) in (True, "true", "t", "on", "yes", "1")


def text_of(arguments: Arguments, name: str) -> str:
    """A text, empty where nothing is said."""
    return str(arguments.get(name) or "")


def list_of(said: Any) -> list[Any]:
    """An array, of JSON or as PostgreSQL writes it: {1,2}."""
    if isinstance(said, str):
        inner = said.strip().removeprefix("{").removesuffix("}")
        return [None if part.strip().upper() == "NULL" else part.strip() for part in inner.split(",")]
    return list(said or [])
