"""Green Button: NAESB ESPI intervals in an Atom feed, read as a stream.

Entries refer to each other by links: IntervalBlock -> MeterReading -> ReadingType (`related`), all under a
UsagePoint. A value is a whole number x 10^powerOfTenMultiplier of the reading type's unit; times are seconds
of UTC; costs are passed over. LocalTimeParameters give the offset and the rules of summer time: days are cut
in the zone that has them, or in the standard offset, or in UTC.

The parser is expat with declarations of types and entities refused, so that no entity can be expanded at all.
"""

import re
from array import array
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from submeter.core.problem import Problem
from submeter.metering.formats import findings
from submeter.metering.formats.clocks import is_clock, period_of
from submeter.metering.formats.days import Days, Page
from submeter.metering.formats.quantities import MOST_DECIMALS, Unit, exact
from submeter.metering.model import FileError, Finding, Item, Stream

__all__ = ["parse"]

_CHUNK = 1 << 16
_DEEPEST = 40
_LONGEST = 1 << 16
_WAITING = 1 << 22
"""Bytes that may wait for the end of their tag."""
_LENGTHS = (60, 300, 600, 900, 1800, 3600)

_UNITS = {
    "72": Unit("kWh", -3),
    "73": Unit("kvarh", -3),
    "71": Unit("kVAh", -3),
    "42": Unit("m3"),
    "119": Unit("ft3"),
    "134": Unit("L"),
    "31": Unit("MJ", -6),
}
"""UomType of ESPI: Wh, varh, VAh, m3, ft3, L, J."""
_FLOWS = {"": "import", "0": "import", "1": "import", "4": "import", "19": "export"}
"""FlowDirectionType: 1 forward (to the customer), 4 net, 19 reverse (from the customer)."""
_QUALITIES = {
    "": "A",
    "0": "A",
    "7": "S",
    "8": "E",
    "9": "E",
    "11": "S",
    "12": "E",
    "14": "A",
    "17": "A",
    "18": "A",
}
"""QualityOfReading: valid, edited, estimated (day, line), derived, projected, raw, validated, verified."""
_US_RULES = ("360E2000", "B40E2000")
"""Second Sunday of March to first of November, at 2:00: the United States and Canada since 2007."""
_US_ZONES = {
    -12600: "America/St_Johns",
    -14400: "America/Halifax",
    -18000: "America/New_York",
    -21600: "America/Chicago",
    -25200: "America/Denver",
    -28800: "America/Los_Angeles",
    -32400: "America/Anchorage",
}


@dataclass(slots=True)
class _Entry:
    """What an entry of the feed is, and what it links to."""

    kind: str = ""
    line: int = 0
    identifier: str = ""
    links: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    readings: "_Readings" = field(default_factory=lambda: _Readings())  # noqa: PLW0108

    @property
    def key(self) -> str:
        """The address by which other entries know this one."""
        return (self.links.get("self") or [self.identifier])[0]


@dataclass(slots=True)
class _Readings:
    """Readings of a block, in some 20 bytes each: what they mean may stand later in the feed."""

    starts: "array[int]" = field(default_factory=lambda: array("I"))
    durations: "array[int]" = field(default_factory=lambda: array("I"))
    amounts: "array[int]" = field(default_factory=lambda: array("q"))
    decimals: bytearray = field(default_factory=bytearray)
    qualities: bytearray = field(default_factory=bytearray)
    lines: "array[int]" = field(default_factory=lambda: array("I"))

    def add(self, texts: Mapping[str, str], line: int) -> Problem | None:
        value = (
            exact(texts.get("value", ""), Unit("")) if texts.get("value") else findings.missing_value("value")
        )
        if isinstance(value, Problem):
            return value
        start, duration = texts.get("start", ""), texts.get("duration", "0")
        if not (_SECONDS.fullmatch(start) and _SECONDS.fullmatch(duration) and abs(value[0]) < _LARGEST):
            return findings.odd_interval(f"start {start!r}, duration {duration!r}, value {texts['value']}")
        self.starts.append(int(start))
        self.durations.append(int(duration))
        self.amounts.append(value[0])
        self.decimals.append(value[1])
        self.qualities.append(ord(_QUALITIES.get(texts.get("quality", ""), "E")))
        self.lines.append(line)
        return None

    def extend(self, other: "_Readings") -> None:
        for name in ("starts", "durations", "amounts", "decimals", "qualities", "lines"):
            getattr(self, name).extend(getattr(other, name))


def parse(stream: BinaryIO) -> Iterator[Item]:
    """The days of a feed, after its end. Raises FileError (MTR142, MTR180, MTR181, MTR184)."""
    feed = _Feed()
    ended = yield from feed.read(stream)
    for key in sorted(feed.blocks):
        yield from _days_of(feed, key, feed.blocks.pop(key), whole_only=not ended)


# --- the feed --------------------------------------------------------------------------------------------

_KINDS = ("UsagePoint", "MeterReading", "ReadingType", "LocalTimeParameters", "IntervalBlock")
_TEXTS = {
    "powerOfTenMultiplier",
    "uom",
    "flowDirection",
    "intervalLength",
    "tzOffset",
    "dstStartRule",
    "dstEndRule",
}
_HEARD = _TEXTS | {"id", "value", "start", "duration", "quality"}
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_SECONDS = re.compile(r"[0-9]{1,9}|[1-3][0-9]{9}")
"""From 1970 to 2096, in 32 bits."""
_LARGEST = 2**62


class _Feed:
    """Entries by kind and address, and readings by the address of their meter reading."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, _Entry]] = {kind: {} for kind in _KINDS}
        self.blocks: dict[str, _Readings] = {}
        self._depth = 0
        self._locals: dict[str, str] = {}
        """Names of elements without their namespaces."""
        self._text: list[str] = []
        self._length = 0
        self._entry = _Entry()
        self._reading: dict[str, str] | None = None
        self._found: list[Finding] = []
        self._parser = expat.ParserCreate(
            "utf-8", " "
        )  # whatever the file declares: it has been opened as UTF-8
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def read(self, stream: BinaryIO) -> Generator[Finding, None, bool]:
        """Takes in the whole stream; returns whether its end was there."""
        taken = 0
        while chunk := stream.read(_CHUNK):
            taken += len(chunk)
            problem = self._feed(chunk, last=False)
            if problem is None and taken - self._parser.CurrentByteIndex > _WAITING:
                raise FileError(findings.too_long_xml("a tag without an end"), self._parser.CurrentLineNumber)
            yield from self._drain()
            if problem is not None:
                break
        else:
            problem = self._feed(b"", last=True) if taken else findings.empty_file()
        yield from self._drain()
        if problem is not None:
            yield from self._ended_early(problem)
        return problem is None

    def _ended_early(self, problem: Problem) -> Iterator[Finding]:
        if not self.blocks:
            raise FileError(problem, self._parser.CurrentLineNumber)
        yield Finding(problem, self._parser.CurrentLineNumber)

    def _feed(self, chunk: bytes, *, last: bool) -> Problem | None:
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            return findings.broken_xml(str(error))
        return None

    def _drain(self) -> Iterator[Finding]:
        found, self._found = self._found, []
        yield from found

    def _refuse(self, *_: object) -> None:
        raise FileError(findings.xml_entities(), self._parser.CurrentLineNumber)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            line = self._parser.CurrentLineNumber
            raise FileError(findings.too_long_xml(f"more than {_DEEPEST} levels"), line)
        local = self._locals.get(name) or self._locals.setdefault(name, name.rpartition(" ")[2])
        if local in _HEARD:
            self._text, self._length = [], 0
            self._parser.CharacterDataHandler = self._characters
        elif local == "IntervalReading":
            self._reading = {}
        elif self._reading is None:
            self._start_in_entry(local, attributes)

    def _start_in_entry(self, local: str, attributes: Mapping[str, str]) -> None:
        if local == "entry":
            self._entry = _Entry(line=self._parser.CurrentLineNumber)
        elif local == "link":
            self._entry.links.setdefault(attributes.get("rel", ""), []).append(attributes.get("href", ""))
        elif local in _KINDS:
            self._entry.kind = local

    def _characters(self, text: str) -> None:
        self._length += len(text)
        if self._length > _LONGEST:
            raise FileError(findings.too_long_xml("a text"), self._parser.CurrentLineNumber)
        self._text.append(text)

    def _end(self, name: str) -> None:
        self._depth -= 1
        local = self._locals[name]
        if local in _HEARD:
            self._parser.CharacterDataHandler = None
            self._said(local, "".join(self._text).strip())
        elif local == "IntervalReading":
            self._end_of_reading(self._reading or {})
        elif local == "entry":
            self._keep(self._entry)

    def _said(self, local: str, text: str) -> None:
        if self._reading is not None:
            self._reading[local] = text
        elif local in _TEXTS:
            self._entry.texts[local] = text
        elif local == "id" and not self._entry.identifier:
            self._entry.identifier = text

    def _end_of_reading(self, reading: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        problem = self._entry.readings.add(reading, line)
        if problem is not None:
            self._found.append(Finding(problem, line, 0, reading.get("value", "")))
        self._reading = None

    def _keep(self, entry: _Entry) -> None:
        if entry.kind == "IntervalBlock":
            up = (entry.links.get("up") or [""])[0].removesuffix("/IntervalBlock")
            self.blocks.setdefault(up, _Readings()).extend(entry.readings)
        elif entry.kind:
            self.entries[entry.kind][entry.key] = entry


# --- what readings mean ----------------------------------------------------------------------------------


def _days_of(feed: _Feed, key: str, readings: _Readings, *, whole_only: bool) -> Iterator[Item]:
    """The days of one meter reading."""
    meter_reading = _entry(feed, "MeterReading", [key])
    related = meter_reading.links.get("related", []) if meter_reading else []
    kind = _entry(feed, "ReadingType", related)
    if kind is None:
        yield Finding(findings.no_reading_type(key), (readings.lines or [0])[0])
        return
    unit = _unit(kind)
    if isinstance(unit, Problem):
        yield Finding(unit, kind.line)
        return
    point = _entry(feed, "UsagePoint", _ups(meter_reading, key))
    flow = kind.texts.get("flowDirection", "")
    if flow not in _FLOWS:
        yield Finding(
            findings.not_in_list("flowDirection", flow, [code for code in _FLOWS if code]), kind.line
        )
        return
    stream = Stream("own", _name_of(point, key), key.rpartition("/")[2], "", unit.name, _FLOWS[flow])
    yield from _placed(stream, _clock(feed, point), unit, kind, readings, whole_only=whole_only)


def _entry(feed: _Feed, kind: str, addresses: list[str]) -> _Entry | None:
    """The entry at one of the addresses; where a feed has no links, its only one of that kind."""
    known = feed.entries[kind]
    found = next((known[address] for address in addresses if address in known), None)
    return found or (next(iter(known.values())) if len(known) == 1 else None)


def _ups(meter_reading: _Entry | None, key: str) -> list[str]:
    ups = meter_reading.links.get("up", []) if meter_reading else []
    return [*(up.removesuffix("/MeterReading") for up in ups), key.rpartition("/MeterReading/")[0]]


def _name_of(point: _Entry | None, key: str) -> str:
    """Customer and usage point, as the addresses of one utility tell them apart; else the entry's id."""
    address = point.key if point else key
    parts = [part for part in re.split(r"RetailCustomer/|/?UsagePoint/", address) if part]
    name = "/".join(parts[-2:]) if "UsagePoint/" in address else address
    return name.rpartition(":")[2] or "usage-point"


def _unit(kind: _Entry) -> Unit | Problem:
    uom, power = kind.texts.get("uom", ""), kind.texts.get("powerOfTenMultiplier", "") or "0"
    unit = _UNITS.get(uom)
    if unit is None or not re.fullmatch(r"[+-]?[0-9]{1,2}", power):
        return findings.unknown_unit(f"uom {uom}, powerOfTenMultiplier {power}")
    return Unit(unit.name, unit.power + int(power))


def _clock(feed: _Feed, point: _Entry | None) -> str:
    """The zone with these rules, or standard time all year where they are those of no zone known here."""
    local = _entry(feed, "LocalTimeParameters", point.links.get("related", []) if point else [])
    told = local.texts.get("tzOffset", "") if local else ""
    offset = int(told) if _WHOLE.fullmatch(told) else 0
    rules = (
        tuple(local.texts.get(name, "").upper() for name in ("dstStartRule", "dstEndRule")) if local else ()
    )
    if rules == _US_RULES and offset in _US_ZONES:
        return _US_ZONES[offset]
    fixed = f"Etc/GMT{-offset // 3600:+d}"
    return fixed if offset and offset % 3600 == 0 and is_clock(fixed) else "UTC"


def _placed(
    stream: Stream, clock: str, unit: Unit, kind: _Entry, readings: _Readings, *, whole_only: bool
) -> Iterator[Item]:
    usual = kind.texts.get("intervalLength", "")
    length = int(usual) if _WHOLE.fullmatch(usual) and usual != "0" else (readings.durations or [0])[0]
    if length not in _LENGTHS:
        yield Finding(findings.odd_interval(f"{length} seconds, {len(readings.starts)} readings"), kind.line)
        return
    days = Days(length // 60)
    page = days.page(stream, clock)
    for n, start in enumerate(readings.starts):
        problem = _put(page, readings, n, length, unit)
        if problem is not None:
            yield Finding(problem, readings.lines[n], 0, f"{start} {readings.amounts[n]}")
    yield from days.items(whole_only=whole_only)


def _put(page: Page, readings: _Readings, n: int, length: int, unit: Unit) -> Problem | None:
    start, duration, amount = readings.starts[n], readings.durations[n], readings.amounts[n]
    place = period_of(page.clock, start, page.minutes) if duration in {0, length} else None
    if place is None:
        return findings.odd_interval(f"start {start}, {duration} seconds")
    scaled = _scaled(amount, readings.decimals[n], unit)
    if scaled is None or not page.put(*place, *scaled, chr(readings.qualities[n]), readings.lines[n]):
        return findings.too_fine(f"{amount} x 10^{unit.power}")
    return None


def _scaled(amount: int, decimals: int, unit: Unit) -> tuple[int, int] | None:
    places = decimals - unit.power
    while places > MOST_DECIMALS and amount % 10 == 0:
        amount, places = amount // 10, places - 1
    return (amount * 10 ** max(0, -places), max(0, places)) if places <= MOST_DECIMALS else None
