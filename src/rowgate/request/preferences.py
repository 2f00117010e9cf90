"""The ``Prefer`` header: what the client would like, and what it insists on (RFC 7240)."""

import re
from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

from rowgate.errors import Refusal
from rowgate.request.model import Handling, Missing, Preferences, Resolution, Return, Transaction

_Choice = TypeVar("_Choice", bound=Enum)
_COUNTS = ("exact", "planned", "estimated")
_CHOICES: dict[str, frozenset[str]] = {
    "resolution": frozenset(member.value for member in Resolution),
    "missing": frozenset(member.value for member in Missing),
    "return": frozenset(member.value for member in Return),
    "count": frozenset(_COUNTS),
    "tx": frozenset(member.value for member in Transaction),
    "handling": frozenset(member.value for member in Handling),
}
_NUMBER = re.compile(r"[0-9]{1,18}")


def parse_preferences(header: str, *, tx_allowed: bool = False) -> Preferences:
    """Read ``Prefer``: of a kind the first that we know wins.

    What we do not know is passed over, and refused (PGRST122) under ``handling=strict``. ``tx`` is only
    heard where the settings let a client decide; elsewhere it is known and means nothing.
    """
    parts = [part.strip() for part in header.split(",")] if header else []
    said = _first_of_each(parts)
    handling = _one_of(Handling, said.get("handling"))
    if handling is Handling.STRICT:
        _refuse_unknown(parts)
    affected = said.get("max-affected")
    return Preferences(
        resolution=_one_of(Resolution, said.get("resolution")),
        missing=_one_of(Missing, said.get("missing")),
        returning=_one_of(Return, said.get("return")),
        count=said.get("count"),
        transaction=_one_of(Transaction, said.get("tx")) if tx_allowed else None,
        handling=handling,
        timezone=said.get("timezone"),
        max_affected=None if affected is None else int(affected),
    )


def _first_of_each(parts: Sequence[str]) -> dict[str, str]:
    said: dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition("=")
        if _known(name, value):
            said.setdefault(name, value)
    return said


def _known(name: str, value: str) -> bool:
    if name == "max-affected":
        return _NUMBER.fullmatch(value) is not None
    # Whether there is such a zone is PostgreSQL's to say: it takes names, abbreviations and offsets.
    return value in _CHOICES.get(name, ()) or (name == "timezone" and bool(value))


def _refuse_unknown(parts: Sequence[str]) -> None:
    unknown = [part for part in parts if part and not _known(*part.partition("=")[::2])]
    if unknown:
        raise Refusal(
            400,
            "PGRST122",
            "Invalid preferences given with handling=strict",
            f"Invalid preferences: {', '.join(unknown)}",
        )


def _one_of(kind: type[_Choice], value: str | None) -> _Choice | None:
    return None if value is None else kind(value)
