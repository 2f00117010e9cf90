"""The statements around a request's own: a role's settings, the function before it, the isolation level."""

from collections.abc import Sequence

from rowgate.sql import Statement
from rowgate.sql.parts import quote

__all__ = ["begin", "call_before", "set_for_transaction"]

_LEVELS = ("serializable", "repeatable read", "read committed", "read uncommitted")


def set_for_transaction(settings: Sequence[tuple[str, str]]) -> Statement:
    """One SELECT that makes these settings, for this transaction only."""
    calls = (f"set_config(${2 * i + 1}, ${2 * i + 2}, true)" for i in range(len(settings)))
    values = [text.encode() for pair in settings for text in pair]
    return Statement(f"SELECT {', '.join(calls)}", values)


def call_before(function: str) -> Statement:
    """The call of a function without arguments; its name may be qualified, and quoted as in SQL or not."""
    return Statement(f"SELECT {'.'.join(quote(part) for part in name_parts(function))}()")


def name_parts(text: str) -> list[str]:
    """The parts of a name as a setting writes it: ``schema.name`` or ``"a.schema"."a name"``."""
    parts, inside = [""], False
    for letter in text:
        if letter == '"':
            inside = not inside
        elif letter == "." and not inside:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def begin(level: str) -> Statement | None:
    """The start of a transaction of this isolation level; None for one that PostgreSQL does not have."""
    name = level.strip().lower()
    if name not in _LEVELS:
        return None
    return Statement(f"BEGIN ISOLATION LEVEL {name.upper()}", prepared=False)
