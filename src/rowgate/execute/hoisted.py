"""Settings of a function that must hold before it is called: ``SET`` on it alone would come too late."""

from collections.abc import Iterable

from rowgate.catalog.model import Routine
from rowgate.sql import Statement

ISOLATION = "default_transaction_isolation"
_LEVELS = {
    "serializable": "SERIALIZABLE",
    "repeatable read": "REPEATABLE READ",
    "read committed": "READ COMMITTED",
    "read uncommitted": "READ UNCOMMITTED",
}


def hoisted(routine: Routine, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Those of the function's settings that the configuration lets out of it."""
    allowed = frozenset(name.lower() for name in names)
    return tuple((name, value) for name, value in routine.settings if name.lower() in allowed)


def isolation(settings: Iterable[tuple[str, str]]) -> Statement | None:
    """The start of a transaction of another level than usual; it must be said before the first query."""
    levels = (_LEVELS.get(value.strip("'\"").lower()) for name, value in settings if name == ISOLATION)
    level = next((level for level in levels if level), None)
    return Statement(f"BEGIN ISOLATION LEVEL {level}", prepared=False) if level else None


def hoisted_settings(settings: Iterable[tuple[str, str]]) -> list[Statement]:
    """All the others, for this transaction."""
    return [
        Statement("SELECT set_config($1, $2, true)", [name.encode(), value.encode()])
        for name, value in settings
        if name != ISOLATION
    ]
