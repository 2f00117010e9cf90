"""What the database's rules say, for whoever breaks one: checks and exclusions, in words where plain."""

import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from psycopg import AsyncConnection

__all__ = ["Rules", "in_words", "load_rules"]

Rules = Mapping[tuple[str, str, str], str]
"""By schema, table or domain, and constraint, as PostgreSQL's errors name them."""

_ONE_OF = re.compile(
    r"CHECK \((\w+)(?:::[\w ]+)? = ANY \(ARRAY\[((?:'(?:[^']|'')*'::[\w ]+(?:, )?)+)\][^']*\)\)"
)
_VALUE = re.compile(r"'((?:[^']|'')*)'::")


async def load_rules(connection: AsyncConnection[Any]) -> Rules:
    """Read them anew; psycopg's errors pass through."""
    text = (resources.files(__package__) / "queries" / "rules.sql").read_text(encoding="utf-8")
    cursor = await connection.execute(text, prepare=False)
    return {
        (schema, owner, name): comment or in_words(definition)
        for schema, owner, name, definition, comment in await cursor.fetchall()
    }


def in_words(definition: str) -> str:
    """A list of choices as one; anything else as PostgreSQL writes it."""
    found = _ONE_OF.fullmatch(definition)
    if not found:
        return f"The rule is {definition}"
    choices = (choice.replace("''", "'") for choice in _VALUE.findall(found[2]))
    column = "The value" if found[1] == "VALUE" else found[1]
    return f"{column} must be one of {', '.join(choices)}"
