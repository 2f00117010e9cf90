"""The headers, and what they ask for: schema and range."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property

from rowgate.errors import Refusal
from rowgate.request.model import Window

_RANGE = re.compile(r"([0-9]{1,18})-([0-9]{0,18})")

SHAPING = ("accept", "accept-profile", "content-profile", "content-type", "prefer", "range")
"""The headers that decide what a request means; the others are the database's to read, if anybody's."""


class Headers(dict[str, str]):
    """The headers of a request: lower-case names, repeated ones joined by commas. Never changed once made,
    so that what follows from them is worked out once, however many requests carry the same ones.
    """

    @cached_property
    def as_json(self) -> bytes:
        """What ``current_setting('request.headers')`` holds in the database; cookies are apart."""
        others = {name: value for name, value in self.items() if name != "cookie"}
        return json.dumps(others, ensure_ascii=True, separators=(",", ":")).encode()

    @cached_property
    def cookies_as_json(self) -> bytes:
        """What ``current_setting('request.cookies')`` holds in the database."""
        pairs = (part.strip().partition("=") for part in self.get("cookie", "").split(";"))
        return json.dumps({name: value for name, _, value in pairs if name}).encode()

    @cached_property
    def shaping(self) -> tuple[str | None, ...]:
        """The values of the headers that shape a request."""
        return tuple(self.get(name) for name in SHAPING)


NO_HEADERS = Headers()


def choose_schema(wanted: str | None, schemas: Sequence[str]) -> str:
    """The schema of ``Accept-Profile`` or ``Content-Profile``; the first one where none is named."""
    if not wanted:
        return schemas[0]
    if wanted not in schemas:
        raise Refusal(
            406,
            "PGRST106",
            f"Invalid schema: {wanted}",
            None,
            f"Only the following schemas are exposed: {', '.join(schemas)}",
        )
    return wanted


def parse_range(headers: Mapping[str, str]) -> Window | None:
    """``Range: 0-9`` counts rows, both ends included, whatever ``Range-Unit`` says."""
    found = _RANGE.fullmatch(headers.get("range", "").strip().removeprefix("items="))
    if not found:
        return None
    first, last = int(found[1]), int(found[2]) if found[2] else None
    if last is not None and last < first:
        raise Refusal(
            416,
            "PGRST103",
            "Requested range not satisfiable",
            "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
        )
    return Window(first, None if last is None else last - first + 1)
