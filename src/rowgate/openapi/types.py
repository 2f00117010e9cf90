"""PostgreSQL's types and defaults as JSON Schema's, the way PostgREST says them."""

import json
import re
from typing import Any

from rowgate.catalog.model import Column

Json = dict[str, Any]

_TYPES = {
    "boolean": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "numeric": "number",
    "real": "number",
    "double precision": "number",
    "json": None,  # anything
    "jsonb": None,
}
_LENGTH = re.compile(r"\(-?\d+(?:,-?\d+)?\)")
_LITERAL = re.compile(r"""'((?:[^']|'')*)'(?:::[\w ."\[\]]+(?:\(\d+(?:,\d+)?\))?[\w ]*)?""")
_NAMELESS = {"bpchar": "character", "bpchar[]": "character[]"}


def format_of(type_name: str) -> str:
    """The type's name without its length: ``numeric(14,4)`` is numeric."""
    plain = type_name if type_name.startswith('"') else _LENGTH.sub("", type_name)
    return _NAMELESS.get(plain, plain)


def type_of(type_name: str) -> Json:
    """The JSON type, with that of the items for an array; nothing where any value will do."""
    plain = format_of(type_name)
    if plain.endswith("[]"):
        return {"type": "array", "items": type_of(plain.removesuffix("[]"))}
    found = _TYPES.get(plain, "string")
    return {"type": found} if found else {}


def value_of(type_name: str) -> Json:
    """Format and JSON type of one value."""
    return {"format": format_of(type_name), **type_of(type_name)}


def column_value(column: Column) -> Json:
    """Everything about a column but its description."""
    said = value_of(column.base_type_name or column.type_name)
    if column.enum_values:
        said["enum"] = list(column.enum_values)
    if column.max_length is not None:
        said["maxLength"] = column.max_length
    default = _default(column.default, said.get("type"))
    if default is not None:
        said["default"] = default
    return said


def _default(expression: str | None, kind: str | None) -> Any:
    """A constant as the value that it is; an expression only where the value is a string anyway."""
    if expression is None or kind == "array":
        return None
    literal = _LITERAL.fullmatch(expression)
    text = literal[1].replace("''", "'") if literal else expression
    if kind == "string":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if kind is None or _is(value, kind) else None


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) or kind == "boolean":
        return isinstance(value, bool) and kind == "boolean"
    return isinstance(value, int) or (kind == "number" and isinstance(value, float))
