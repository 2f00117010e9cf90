"""Which format a file has, by its first bytes. Each says how well it fits, and what is missing if not."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from submeter.core.problem import Refused
from submeter.metering.formats import (
    eiep3,
    findings,
    green_button,
    half_hourly,
    meters_csv,
    nem12,
    nem13,
    reads_csv,
)
from submeter.metering.formats.tables import Table, key_of
from submeter.metering.model import FileError, Item

__all__ = ["FORMATS", "Fit", "Format", "detect", "format_named"]


class Fit(NamedTuple):
    """How well a format fits: from 0 (not at all) to 1 (this one), and what to change if it should be."""

    share: float
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """A format by the name people give it; `look` judges the head of a file, which is UTF-8."""

    name: str
    title: str
    look: Callable[[bytes], Fit]
    parse: Callable[..., Iterator[Item]]
    may_lack_clock: bool = False
    """Whether a file may leave out its clock; `parse` then takes the one that was named."""

    def read(self, stream: BinaryIO, clock: str = "") -> Iterator[Item]:
        """What is in a file. `clock` is for one that does not state its own."""
        return self.parse(stream, clock) if self.may_lack_clock else self.parse(stream)


def detect(head: bytes) -> Format:
    """The one format that fits. Raises FileError (MTR140, MTR141, MTR142) if none does, or several do."""
    if not head.strip():
        raise FileError(findings.empty_file())
    fits = [(one, one.look(head)) for one in FORMATS]
    good = [one for one, fit in fits if fit.share >= 1]
    if len(good) > 1:
        raise FileError(findings.several_formats(one.name for one in good))
    if not good:
        one, fit = max(fits, key=lambda pair: pair[1].share)
        nearest = f"The nearest is {one.title}: {fit.advice}." if fit.share else "It resembles none."
        raise FileError(findings.unknown_format(nearest))
    return good[0]


def format_named(name: str) -> Format:
    """The format of that name. Raises Refused (MTR155)."""
    known = {one.name: one for one in FORMATS}
    if name not in known:
        raise Refused(findings.no_such_format(name, list(known)))
    return known[name]


# --- how each is recognised ------------------------------------------------------------------------------


_BLANKS = b"\xef\xbb\xbf\r\n\t "


def _first_line(head: bytes) -> str:
    return head.lstrip(_BLANKS).split(b"\n", 1)[0].decode("utf-8", "replace").strip()


def _begins(*fields: str) -> Callable[[bytes], Fit]:
    """A file whose first line has these fields in front, in any case, quoted or not."""

    def look(head: bytes) -> Fit:
        found = [field.strip(' "').upper() for field in _first_line(head).split(",")]
        right = sum(one == other for one, other in zip(found, fields, strict=False))
        begun = right if found[:1] == [fields[0]] else 0
        return Fit(begun / len(fields), f"the first line should begin with {','.join(fields)}")

    return look


def _xml(head: bytes) -> Fit:
    if not head.lstrip(_BLANKS).startswith(b"<"):
        return Fit(0)
    if b"naesb.org/espi" in head or b"IntervalReading" in head:
        return Fit(1)
    return Fit(0.5, "it is XML, but has no element of http://naesb.org/espi in its first 64 kB")


def _header(head: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        table = Table(io.BytesIO(head))
        return table.header, table.peek()
    except FileError:
        return (), ()


def _named(synonyms: Mapping[str, Sequence[str]], needed: Sequence[str]) -> Callable[[bytes], Fit]:
    """A table that has all the columns of a format, under whichever of their names."""

    def look(head: bytes) -> Fit:
        header, _ = _header(head)
        keys = {key_of(name) for name in header}
        found = [name for name in needed if keys & {key_of(one) for one in (name, *synonyms[name])}]
        missing = [name for name in needed if name not in found]
        return Fit(len(found) / len(needed), f"columns are missing: {', '.join(missing)}")

    return look


def _half_hourly(head: bytes) -> Fit:
    header, row = _header(head)
    try:
        half_hourly.layout_of(header, row)
    except FileError as error:
        if error.problem.code == "MTR150":
            known = _known_columns(header)
            return Fit(0.3 * min(known, 3), f"a column is missing: {error.problem.detail}")
        return Fit(1)  # it is one, and its reader says what is wrong with it
    return Fit(1)


def _known_columns(header: Sequence[str]) -> int:
    """How many columns of half-hourly tables a header has."""
    keys = {key_of(name) for name in header}
    names = {**half_hourly.IDENTIFIERS, "day": ("date",), "kwh": ("value",), "timestamp": ("start", "end")}
    return sum(bool(keys & {key_of(one) for one in (name, *others)}) for name, others in names.items())


FORMATS = (
    Format("nem12", "NEM12", _begins("100", "NEM12"), nem12.parse),
    Format("nem13", "NEM13", _begins("100", "NEM13"), nem13.parse),
    Format("eiep3", "EIEP3", _begins("HDR", "ICPHH"), eiep3.parse),
    Format("green-button", "Green Button", _xml, green_button.parse),
    Format("meters", "a table of meters", _named(meters_csv.SYNONYMS, meters_csv.NEEDED), meters_csv.parse),
    Format("reads", "a table of readings", _named(reads_csv.SYNONYMS, reads_csv.NEEDED), reads_csv.parse),
    Format("half-hourly", "a half-hourly table", _half_hourly, half_hourly.parse, may_lack_clock=True),
)
"""All formats, in the order in which they are looked at. A column map is never found: somebody names it."""
