"""Errors that SQL raises for the client: ``RAISE SQLSTATE 'PGRST'`` says the whole answer in JSON."""

import json
from typing import Any

from rowgate.errors import Refusal, fits_a_header
from rowgate.execute.connection import DatabaseError

WHOLE_ANSWER = "PGRST"

_MESSAGE_HINT = (
    "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' "
    "and optional keys: 'details', 'hint'."
)
_DETAIL_HINT = (
    "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'."
)


def raised_answer(error: DatabaseError) -> Refusal:
    """The answer that MESSAGE and DETAIL describe; PGRST121 if they do not."""
    body = _said(error.message, {"code": str, "message": str}, {"details": str, "hint": str})
    if body is None:
        return _unreadable(f"Invalid JSON value for MESSAGE: '{error.message}'", _MESSAGE_HINT)
    if error.details is None:
        return _unreadable("DETAIL is missing in the RAISE statement", _DETAIL_HINT)
    shape = _said(error.details, {"status": int, "headers": dict}, {"status_text": str})
    if shape is None or not _sendable(shape):
        return _unreadable(f"Invalid JSON value for DETAIL: '{error.details}'", _DETAIL_HINT)
    headers = tuple(shape["headers"].items())
    return Refusal(
        shape["status"], body["code"], body["message"], body.get("details"), body.get("hint"), headers
    )


def _said(text: str, needed: dict[str, type], optional: dict[str, type]) -> dict[str, Any] | None:
    """A JSON object with these keys, of these types; None if it is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not all(_is(value.get(key), kind) for key, kind in needed.items()):
        return None
    fits = all(value.get(key) is None or _is(value[key], kind) for key, kind in optional.items())
    return value if fits else None


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _sendable(shape: dict[str, Any]) -> bool:
    """Whether HTTP can carry it."""
    pairs = shape["headers"].items()
    return 200 <= shape["status"] <= 599 and all(fits_a_header(name, value) for name, value in pairs)


def _unreadable(details: str, hint: str) -> Refusal:
    return Refusal(
        500, "PGRST121", "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error", details, hint
    )
