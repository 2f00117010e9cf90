"""Bodies that are not JSON, as JSON: CSV and forms. Their values are all text, for PostgreSQL to convert."""

import csv
import io
import json
import sys
from collections.abc import Sequence

from rowgate.errors import Refusal
from rowgate.request.query import split

NULL = "NULL"

csv.field_size_limit(sys.maxsize)  # the body's size is bounded already; a field may be all of it


def from_csv(body: bytes) -> bytes:
    """A header row, then a row for each object; ``NULL`` stands for null and nothing for an empty text."""
    header, *lines = _lines(body)
    if any(len(line) != len(header) for line in lines):
        raise _refusal("All lines must have same number of fields")
    if len(set(header)) != len(header):
        raise _refusal("The header row names a column twice")
    return _encoded([_object(header, line) for line in lines])


def _lines(body: bytes) -> list[list[str]]:
    try:
        text = body.decode("utf-8-sig")  # spreadsheets begin their files with a byte order mark
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refusal("Empty or invalid csv", str(error)) from None
    if not lines:
        raise _refusal("Empty or invalid csv", "There is no header row.")
    return lines


def _object(header: Sequence[str], line: Sequence[str]) -> dict[str, str | None]:
    return {name: None if value == NULL else value for name, value in zip(header, line, strict=True)}


def from_form(body: bytes) -> bytes:
    """One object, a key for each field; of a repeated one the last counts."""
    try:
        fields = split(body.strip())
    except Refusal:  # it speaks of the query string
        raise _refusal("The form is not valid UTF-8 once percent-decoded") from None
    return _encoded(dict(fields))


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _refusal(message: str, details: str | None = None) -> Refusal:
    return Refusal(400, "PGRST102", message, details)
