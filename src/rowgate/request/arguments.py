"""The body of a function call: arguments by name, or one whole document."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from rowgate.errors import Refusal
from rowgate.request.media import CSV, JSON, OCTETS
from rowgate.request.model import ApiRequest, Payload
from rowgate.request.payload import is_json, load_json
from rowgate.request.tables import from_csv

FORM = "application/x-www-form-urlencoded"
TEXT, XML = "text/plain", "text/xml"
WHOLE = frozenset((TEXT, XML, OCTETS))
"""What a body may be besides JSON, for a function that takes it as its one unnamed parameter."""


@dataclass(frozen=True, slots=True)
class Document(Payload):
    """A call's body. ``named`` if it is a JSON object, whose keys may be arguments; it may be taken whole.

    Of an array of objects, or of the rows of a CSV, the first one counts.
    """

    media: str = JSON
    named: bool = True


def with_arguments(request: ApiRequest, body: bytes, content_type: str) -> ApiRequest:
    """Add what the body says: a form's fields are arguments as those of a query string are."""
    if _media(content_type) == FORM:
        return replace(request, query=replace(request.query, arguments=_fields(body)))
    return replace(request, payload=parse_document(body, content_type, request.query.columns))


def parse_document(body: bytes, content_type: str, columns: tuple[str, ...] | None = None) -> Document:
    """Read the body; none at all is an object without arguments. ``columns`` names the keys that count."""
    media = _media(content_type)
    if media in WHOLE:
        _check_text(body) if media != OCTETS else None
        return Document(body, (), 1, is_array=False, media=media, named=False)
    if media == CSV:
        return _named(from_csv(body), columns, CSV)
    if not is_json(content_type):
        raise Refusal(400, "PGRST102", f"Content-Type not acceptable: {media}")
    if not body.strip():
        return Document(b"{}", (), 1, is_array=False)
    return _named(body, columns, JSON)


def _named(body: bytes, columns: tuple[str, ...] | None, media: str) -> Document:
    """JSON, or what has become JSON, whose keys are arguments if they can be."""
    value = load_json(body)
    rows = value if isinstance(value, list) else [value]
    keys = _keys(rows) if columns is None else columns
    named = keys is not None and all(isinstance(row, dict) for row in rows)
    keys = keys if named and keys else ()
    return Document(body, keys, len(rows), is_array=isinstance(value, list), media=media, named=named)


def _keys(rows: list[Any]) -> tuple[str, ...] | None:
    """What all objects have as keys; None if that differs."""
    if not all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows):
        return None
    return tuple(rows[0]) if rows else ()


def _check_text(body: bytes) -> None:
    try:
        text = body.decode()
    except ValueError:
        raise Refusal(400, "PGRST102", "The body is not valid UTF-8") from None
    if "\0" in text:  # libpq would end the value there, silently
        raise Refusal(400, "PGRST102", "The body holds a NUL character, which PostgreSQL cannot store")


def _media(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _fields(body: bytes) -> tuple[tuple[str, str], ...]:
    try:
        fields = tuple(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:
        raise Refusal(400, "PGRST102", "The form is not valid UTF-8") from None
    if any("\0" in text for field in fields for text in field):
        raise Refusal(400, "PGRST102", "The form holds a NUL character, which PostgreSQL cannot store")
    return fields
