"""What NEM12 and NEM13 share: the frame of 100 ... 900, lines, times, units, NMIs, qualities.

Source: AEMO, Meter Data File Format Specification NEM12 & NEM13, version 2.6.
All times are market time: UTC+10 all year.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import BinaryIO, NamedTuple

from submeter.metering.formats import mdff_findings as findings
from submeter.metering.formats.mdff_findings import Fault
from submeter.metering.model import FileError
from submeter.network.identifiers import nmi_checksum

__all__ = [
    "BLANK",
    "BLOCK",
    "INTO_THE_GRID",
    "LONGEST_LINE",
    "MARKET_CLOCK",
    "UNITS",
    "Frame",
    "Lines",
    "Quality",
    "Unit",
    "check_width",
    "day_of",
    "fields_of",
    "identifier_of",
    "market_time_of",
    "quality_of",
    "spelling_of",
    "suffix_of",
    "text_of",
    "unit_of",
]

MARKET_CLOCK = "Etc/GMT-10"
BLOCK = 128 * 1024
"""Bytes read at once: enough to pay for NumPy, few enough for the caches of a processor."""
LONGEST_LINE = 64 * 1024
"""A day of 5-minute values is 3 kB; what is longer is no row."""
BLANK = b" \t,;\x1a"
"""What a line may hold and still say nothing; \\x1a is how DOS ended a file."""

_DAY = re.compile(r"\d{8}", re.ASCII)
_TIME = re.compile(r"\d{12}(\d\d)?", re.ASCII)
_QUALITY = re.compile(r"([ANV])|([EFS])(\d\d)?", re.ASCII)
_OWN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,39}")
_SUFFIX = re.compile(r"[A-Z0-9]{1,4}")
_NMI = re.compile(r"[A-Za-z0-9]{10}")
_NMI_WITH_CHECKSUM = re.compile(r"[A-Za-z0-9]{10}[0-9]")


# --- lines -----------------------------------------------------------------------------------------------


class Lines:
    """The lines of a file, block by block, however they end: LF, CRLF or CR.

    `rest` is, in the end, what stands after the last line end; `count` the number of lines before it.
    A line without end keeps LONGEST_LINE bytes and one more, so memory stays flat whatever comes.
    """

    def __init__(self, stream: BinaryIO, block: int = BLOCK) -> None:
        self._stream, self._block = stream, block
        self.count = 0
        self.rest = b""

    def blocks(self) -> Iterator[list[bytes]]:
        """Whole lines without their ends. Read `count` before asking for the next."""
        while chunk := self._stream.read(self._block):
            text = self.rest + chunk
            whole = max(text.rfind(b"\n"), text.rfind(b"\r", 0, -1)) + 1  # the last CR may be half of a CRLF
            self.rest = text[whole:] if len(text) - whole <= LONGEST_LINE else _cut(text[whole:])
            lines = text[:whole].splitlines()
            yield lines
            self.count += len(lines)
        if self.rest.endswith(b"\r"):
            last, self.rest = self.rest[:-1], b""
            yield [last]
            self.count += 1


def _cut(line: bytes) -> bytes:
    return line[: LONGEST_LINE + 1] + line[-1:] * line.endswith(b"\r")


def text_of(line: bytes) -> str:
    """The line as text: UTF-8, or what Windows wrote. Raises Fault (MTR110)."""
    if len(line) > LONGEST_LINE:
        raise Fault(findings.unreadable(f"it is longer than {LONGEST_LINE} bytes"), 0, repr(line[:40]))
    if 0 in line:
        raise Fault(
            findings.unreadable("it has NUL bytes"), line[: line.index(0)].count(b",") + 1, repr(line[:40])
        )
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def fields_of(line: bytes) -> list[str]:
    """The fields of a row, without quotes and blanks around them. Raises Fault (MTR110)."""
    text = text_of(line)
    fields = next(csv.reader([text])) if '"' in text else text.split(",")
    return [field.strip() for field in fields]


def check_width(fields: Sequence[str], most: int) -> None:
    """Raises Fault where something stands behind the last field that the record may have (MTR128)."""
    if any(fields[most:]):
        width = max(n for n, field in enumerate(fields, start=1) if field)
        raise Fault(findings.too_many_fields(width, most), most + 1, fields[most])


# --- fields ----------------------------------------------------------------------------------------------


class Unit(NamedTuple):
    """What a unit of the format becomes: its quantities x 10^`power` are in `name`."""

    name: str
    power: int = 0
    signed: bool = False
    """Whether a quantity may be negative. Energy may not."""


_ENERGY = {"Wh": "kWh", "VArh": "kvarh", "VAh": "kVAh"}
_OTHERS = ("MVAr", "kVAr", "VAr", "MW", "kW", "W", "MVA", "kVA", "VA", "kV", "V", "kA", "A", "pf")
UNITS = {
    **{m + wh: Unit(name, n) for wh, name in _ENERGY.items() for m, n in (("M", 3), ("k", 0), ("", -3))},
    **{name: Unit(name.replace("VAr", "var"), signed=True) for name in _OTHERS},
}
"""The 23 units of the format. Energy becomes kWh, kvarh or kVAh; what is no energy keeps its own."""
_BY_LOWER_CASE = {name.lower(): unit for name, unit in UNITS.items()}

INTO_THE_GRID = frozenset("ABCJKL")
"""First letters of the NMI suffixes of energy into the grid (average, master and check streams)."""


def unit_of(text: str, column: int) -> Unit:
    """The unit, in upper or lower case. Raises Fault (MTR116)."""
    unit = _BY_LOWER_CASE.get(text.lower())
    if unit is None:
        raise Fault(findings.bad_unit(UNITS), column, text)
    return unit


def spelling_of(text: str, column: int) -> str:
    """A unit that is not to be scaled, spelled as the database does. Raises Fault (MTR116)."""
    unit_of(text, column)
    return next(name for name in UNITS if name.lower() == text.lower()).replace("VAr", "var")


def suffix_of(text: str, column: int) -> str:
    """E1, B1, 11, ...: which data stream of the NMI. Raises Fault (MTR115)."""
    if not _SUFFIX.fullmatch(text.upper()):
        raise Fault(findings.bad_suffix(), column, text)
    return text.upper()


def identifier_of(text: str, column: int = 2) -> tuple[str, str]:
    """(scheme, identifier): `nmi` where it has the shape of one, else `own`.

    The children of embedded networks often have no NMI, and the operator's own identifier in its place.
    Raises Fault: no identifier at all (MTR113), a wrong checksum (MTR114).
    """
    if not _OWN.fullmatch(text):
        raise Fault(findings.bad_identifier(), column, text)
    nmi = text.upper()
    if _NMI.fullmatch(nmi):
        return "nmi", nmi
    if not _NMI_WITH_CHECKSUM.fullmatch(nmi):
        return "own", text
    right = nmi_checksum(nmi[:10])
    if right != nmi[10]:
        raise Fault(findings.wrong_checksum(right), column, text)
    return "nmi", nmi[:10]


def day_of(text: str, column: int) -> date:
    """YYYYMMDD. Raises Fault (MTR118)."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Fault(findings.bad_date(), column, text)


def market_time_of(text: str, column: int) -> datetime | None:
    """YYYYMMDDhhmm, with seconds or without, in UTC+10; None if empty. Raises Fault (MTR124)."""
    if not text:
        return None
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(f"{text[:8]}T{text[8:]}+1000")
    except ValueError:
        pass
    raise Fault(findings.bad_time(), column, text)


class Quality(NamedTuple):
    """A flag (A, E, F, N, S, V) and, for what is not measured, the method that made it."""

    flag: str
    method: str = ""


def quality_of(text: str, column: int) -> Quality:
    """A, N, V, E, F or S with the method where it is given. Raises Fault (MTR123)."""
    match = _QUALITY.fullmatch(text.upper())
    if match is None:
        raise Fault(findings.bad_quality(), column, text)
    return Quality(match[1] or match[2], match[3] or "")


# --- the frame -------------------------------------------------------------------------------------------


class Frame:
    """Where in 100 ... 900 a file is. Several files joined into one are read one after the other."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.created_at: datetime | None = None
        """When the header says the file was made."""
        self.begun = self._ended = False
        self._strays = False

    @property
    def inside(self) -> bool:
        """Between 100 and 900."""
        return self.begun and not self._ended

    def trusts(self, rest: bytes) -> bool:
        """Whether a last line without end is whole all the same: 900 is, what is outside harms nothing."""
        return bool(rest.strip(BLANK)) and (not self.inside or _record_of(rest) == b"900")

    def take(self, line: int, row: bytes) -> list[Fault] | None:
        """What is wrong with a row that is the frame's business: header, end, or outside of both.

        None if it is inside, so somebody else's. Raises FileError (MTR102 to MTR104, MTR110) for the first
        row that is not blank, and only then.
        """
        if not self.begun:
            return self._begin(line, row)
        record = _record_of(row)
        if record == b"100":
            return self._begin_again(fields_of(row))
        if record == b"900" and self.inside:
            self._ended = True
            return []
        return None if self.inside else self._stray()

    def _begin(self, line: int, row: bytes) -> list[Fault]:
        if 0 in row or row.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise FileError(findings.not_text("it looks like UTF-16, or like no text at all"), line)
        try:
            fields = fields_of(row.removeprefix(b"\xef\xbb\xbf"))
        except Fault as fault:
            raise FileError(fault.problem, line) from fault
        if fields[0] != "100":
            raise FileError(findings.no_header(self.version, findings.shorten(",".join(fields)[:40])), line)
        if "".join(fields[1:2]).upper() != self.version:
            raise FileError(findings.other_version(self.version, "".join(fields[1:2])), line)
        return self._open(fields)

    def _begin_again(self, fields: list[str]) -> list[Fault]:
        """The header of another file; of the next, or of one that was joined to a part of this one."""
        early = [Fault(findings.header_within(), 1, "100")] if self.inside else []
        version = "".join(fields[1:2])
        if version.upper() == self.version:
            return early + self._open(fields)
        self._ended = self._strays = True
        return [*early, Fault(findings.other_version(self.version, version), 2, version)]

    def _open(self, fields: list[str]) -> list[Fault]:
        self.begun, self._ended, self._strays, self.created_at = True, False, False, None
        try:
            self.created_at = market_time_of("".join(fields[2:3]), 3)
        except Fault as fault:
            return [Fault(findings.bad_header_time(), fault.column, fault.value)]
        return []

    def _stray(self) -> list[Fault]:
        """A row after the end; said once for all of them."""
        said, self._strays = self._strays, True
        return [] if said else [Fault(findings.after_end(), 1)]


def _record_of(row: bytes) -> bytes:
    """The first field: which kind of row it is."""
    return row.split(b",", 1)[0].strip(b' \t"')
