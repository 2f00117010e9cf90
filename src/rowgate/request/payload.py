"""Request bodies: checked for shape here, handed to PostgreSQL as the bytes they came in.

Only the keys are read in Python. The values are PostgreSQL's to convert, so that no number loses a digit.
"""

import json
from typing import Any, NamedTuple, NoReturn

from rowgate.errors import Refusal
from rowgate.request.model import Payload
from rowgate.request.tables import from_csv, from_form

DEEPEST = 500


def parse_payload(body: bytes, content_type: str, columns: tuple[str, ...] | None) -> Payload:
    """Read a body of one object or many: JSON, CSV, or the fields of a form.

    With ``columns`` the client names the keys and the objects may differ; else all must have the same keys.
    """
    body = _as_json(body, content_type)
    columns = tuple(dict.fromkeys(columns)) if columns is not None else None
    value = load_json(body)
    if isinstance(value, dict):
        return Payload(body, columns or tuple(value), 1, is_array=False)
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        keys = columns if columns is not None else _common_keys(value)
        return Payload(body, keys, len(value), is_array=True)
    return _refuse("The body must be a JSON object or an array of JSON objects")


class Outline(NamedTuple):
    """What of a JSON body a plan depends on: the keys that all its objects have, and how many those are."""

    keys: tuple[str, ...]
    is_array: bool
    several: bool


def outline(body: bytes) -> Outline | None:
    """The outline of a body that is an object, or an array of objects with the same keys. Raises Refusal."""
    value = load_json(body)
    if isinstance(value, dict):
        return Outline(tuple(value), is_array=False, several=False)
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        return None
    keys = value[0].keys() if value else {}.keys()
    if any(row.keys() != keys for row in value):
        return None
    return Outline(tuple(keys), is_array=True, several=len(value) > 1)


def is_json(content_type: str) -> bool:
    """Whether a body of this type is read as JSON."""
    media = _media(content_type)
    return not media or media == "application/json" or media.endswith("+json")


def _as_json(body: bytes, content_type: str) -> bytes:
    convert = _CONVERSIONS.get(_media(content_type))
    if convert is not None:
        return convert(body)
    _check_type(content_type)
    return body


_CONVERSIONS = {"text/csv": from_csv, "application/x-www-form-urlencoded": from_form}


def _media(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def load_json(body: bytes) -> Any:
    """Decode a body, or refuse it; nothing in it may bring the parser down."""
    if not body.strip():
        _refuse("Empty or invalid json")
    try:
        # Decoded here: Python would take UTF-16 and a byte order mark too, and PostgreSQL neither.
        value = _decode(body.decode())
    except (ValueError, RecursionError):
        _refuse("Empty or invalid json")
    _check_depth(value, body.count(b"{") + body.count(b"["))
    return value


def _check_depth(value: Any, brackets: int) -> None:
    """Refuse nesting that would exhaust PostgreSQL's stack."""
    if brackets < DEEPEST or brackets - len(_containers(value)) < DEEPEST:
        return  # too few for it, however they stand; those of an array's own objects stand side by side
    level = _containers([value])
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _containers(outer)]
        if not level:
            return
    _refuse(f"The body is nested deeper than {DEEPEST} levels")


def _containers(value: Any) -> list[Any]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [inner for inner in inside if isinstance(inner, dict | list)]


def _no_constant(name: str) -> NoReturn:
    # Python reads NaN and Infinity, which are not JSON.
    raise ValueError(name)


# Made once: json.loads would make one for each body.
_decode = json.JSONDecoder(parse_constant=_no_constant, parse_float=str, parse_int=str).decode


def _check_type(content_type: str) -> None:
    if not is_json(content_type):
        _refuse(f"Content-Type not acceptable: {_media(content_type)}")


def _common_keys(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    if not rows:
        return ()
    keys = rows[0].keys()
    if any(row.keys() != keys for row in rows):
        _refuse("All object keys must match")
    return tuple(keys)


def _refuse(message: str) -> NoReturn:
    raise Refusal(400, "PGRST102", message)
