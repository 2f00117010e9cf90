"""Reads a text by a format, for the tests beside this file."""

import io
from array import array
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import BinaryIO

from submeter.metering.model import MISSING, DayRow, Finding, Item

Parse = Callable[[BinaryIO], Iterator[Item]]


def read(parse: Parse, text: str | bytes) -> tuple[list[Item], list[Finding]]:
    """The good items and the findings."""
    items = list(parse(io.BytesIO(text.encode() if isinstance(text, str) else text)))
    good = [item for item in items if not isinstance(item, Finding)]
    return good, [item for item in items if isinstance(item, Finding)]


def days(parse: Parse, text: str | bytes) -> tuple[list[DayRow], list[Finding]]:
    good, findings = read(parse, text)
    return [item for item in good if isinstance(item, DayRow)], findings


def values(row: DayRow) -> list[Decimal | None]:
    amounts = array("i", row.amounts)
    return [None if amount == MISSING else Decimal(amount).scaleb(-row.decimals) for amount in amounts]


def codes(findings: list[Finding]) -> list[str]:
    return [finding.problem.code for finding in findings]
