"""Days as options of commands: one form, and one refusal for any other."""

import re
from datetime import date
from typing import Any

import typer

from submeter.cli.telling import tell
from submeter.core.problem import Problem, Refused

__all__ = ["WRONG_USAGE", "day_option", "read_day"]

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


WRONG_USAGE = 2
"""Exit code where the command was written wrongly."""


def read_day(text: str) -> date:
    """`2026-09-01`. Raises Refused CLI102: 01/09/2026 is one day here and another there."""
    try:
        if _FORM.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    hint = "Write year, month and day: 2026-09-01 is the first of September."
    raise Refused(Problem("CLI102", "Not a day", repr(text), hint))


def day_option(name: str, about: str) -> Any:
    """An option that takes a day."""
    return typer.Option(name, metavar="DAY", parser=_parse, help=about)


def _parse(text: str) -> date:
    try:
        return read_day(text)
    except Refused as refused:
        tell(refused.problem)
        raise typer.Exit(WRONG_USAGE) from refused
