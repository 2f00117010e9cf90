"""Whether an answer is the expected one; case.py says how expectations are written."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from conformance.case import Step
from rowgate.response import Answer

MISSING = object()


def check(step: Step, answer: Answer) -> None:
    """Compare the answer with what the step asks for."""
    found = f"{step.method} {step.url}\n{answer.status} {dict(answer.headers)}\n{answer.body.decode(errors='replace')}"
    assert answer.status == step.status, found
    for name, value in step.answer_headers.items():
        values = [text for key, text in answer.headers if key.lower() == name.lower()]
        assert _header_is(value, values), f"{name}: {values}\n{found}"
    problem = difference(step.answer, answer.body)
    assert problem is None, f"{problem}\n{found}"


def _header_is(expected: str, values: list[str]) -> bool:
    if expected == "-":
        return not values
    if expected.startswith("~ "):
        return any(re.fullmatch(expected[2:], value) for value in values)
    return expected in values


def difference(expected: str, found: bytes) -> str | None:
    """What is not as expected in a body, None if nothing."""
    if expected.startswith("= "):
        return None if found.decode() == expected[2:] else "not the same bytes"
    if expected.startswith("~ "):
        wanted, got = json.loads(expected[2:]), json.loads(found)
        return None if {key: got.get(key) for key in wanted} == wanted else "not these keys"
    if expected.startswith("@ "):
        return _pointers(expected, json.loads(found))
    if expected.startswith("has "):
        return _texts(expected, found.decode())
    return None if _same(expected, found) else "not the same body"


def _same(expected: str, found: bytes) -> bool:
    try:
        # Numbers as they are written: 1.50 is not 1.5.
        return bool(json.loads(expected, parse_float=str) == json.loads(found, parse_float=str))
    except ValueError:
        return expected == found.decode()


def _pointers(expected: str, document: Any) -> str | None:
    for text in re.split(r"^@ ", expected, flags=re.MULTILINE)[1:]:
        pointer, _, value = text.strip().partition(" ")
        found = at(document, pointer)
        if found != (MISSING if value == "-" else json.loads(value)):
            return f"{pointer}: {found!r}"
    return None


def _texts(expected: str, body: str) -> str | None:
    for line in expected.splitlines():
        wanted = not line.startswith("has not ")
        if (line.removeprefix("has ").removeprefix("not ") in body) is not wanted:
            return line
    return None


def at(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer, or MISSING."""
    for part in pointer.split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            document = document[int(key)] if int(key) < len(document) else MISSING
        elif isinstance(document, Mapping):
            document = document.get(key, MISSING)
        if document is MISSING:
            return MISSING
    return document
