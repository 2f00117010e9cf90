"""Half-hourly tables as the trade sends them, wide and long, recognised by their header.

Wide: an identifier, a date, and 46 to 50 columns, which are settlement periods (HH1, 1, kWh_1, P1, ...) or
times (00:00 to 23:30 as beginnings, 00:30 to 24:00 or 00:00 as ends). Long: an identifier, a stamp (or a date
and a settlement period), and quantities. A bare `timestamp` is the beginning of its half-hour, as over REST.

The clock. Settlement periods beside an MPAN follow Europe/London; a header with `UTC` in it, or stamps with
offsets, say it themselves. Nothing else is guessed: the file is refused until somebody names the clock.
"""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Literal

from submeter.metering.formats import findings
from submeter.metering.formats.clocks import is_clock
from submeter.metering.formats.dates import stamp_of
from submeter.metering.formats.long_rows import Long, read_long
from submeter.metering.formats.sources import Source
from submeter.metering.formats.tables import Table, find_columns, key_of
from submeter.metering.formats.wide_rows import Wide, read_wide
from submeter.metering.model import FileError, Item

__all__ = ["IDENTIFIERS", "layout_of", "parse"]

IDENTIFIERS = {
    "mpan": ("mpan core", "mpan number", "mpancore", "import mpan"),
    "mprn": ("meter point reference number",),
    "nmi": ("national metering identifier",),
    "icp": ("icp identifier", "icp number"),
    "mirn": (),
    "any": ("site identifier", "supply point", "identifier"),
    "own": ("meter id", "meter", "meter code", "supply point id"),
    "serial": ("meter serial", "serial number", "meter serial number", "msn", "device id"),
}
_OTHERS = {
    "register": ("channel", "register id", "channel id", "datastream", "suffix", "meter register"),
    "unit": ("units", "uom", "unit of measure"),
    "direction": ("flow", "flow direction", "channel type", "type", "import export"),
    "quality": ("status", "quality flag", "reading type", "read type", "estimated", "flag"),
    "day": ("date", "settlement date", "reading date", "consumption date", "read date", "settlementdate"),
    "time": ("time of day", "half hour"),
    "period": ("settlement period", "trading period", "hh", "sp"),
}
_STARTS = (
    "timestamp",
    "datetime",
    "date time",
    "start",
    "from",
    "interval start",
    "start time",
    "period start",
)
_ENDS = ("end", "to", "interval end", "end time", "period end", "timestamp end", "read end")
_PERIOD = re.compile(r"(?:hh|p|sp|period|kwh|t|interval)?0*([1-9]|[1-4][0-9]|50)(?:kwh)?")
_TIME = re.compile(r"[^0-9]*([0-2]?[0-9]):([0-5][0-9])(?::00)?(?:[^0-9].*)?")
_CLOCK = re.compile(r"\s*\(([A-Za-z]+/[A-Za-z0-9_+/-]+)\)\s*$")
_ZONE = re.compile(r"[\s(\[_-]*(?<![a-z])(utc|gmt)(?![a-z])[)\]]*", re.IGNORECASE)
_UNIT = re.compile(r"(?<![a-z])(kwh|mwh|wh|kvarh|varh|kvah|m3|litres|mj)(?![a-z])", re.IGNORECASE)
_EXPORT = re.compile(r"export|generation|feed.?in", re.IGNORECASE)
_NAMED = re.compile(r"value|consumption|usage|quantity|energy|import|export|generation", re.IGNORECASE)
_MONEY = re.compile(r"cost|price|charge|rate|£|\$|€", re.IGNORECASE)

Layout = Wide | Long


def parse(stream: BinaryIO, clock: str = "") -> Iterator[Item]:
    """The days of a half-hourly table. `clock` names one where the file does not.

    Raises FileError (MTR142, MTR150, MTR151, MTR160, MTR164, MTR170, MTR194).
    """
    table = Table(stream)
    layout = layout_of(table.header, table.peek(), clock)
    yield from read_wide(table, layout) if isinstance(layout, Wide) else read_long(table, layout)


def layout_of(header: Sequence[str], row: Sequence[str], clock: str = "") -> Layout:
    """Which column is what, by the header, and by the first row whether its stamps have offsets."""
    stated = _clock_in(header) or ("UTC" if any(_ZONE.search(name) for name in header) else "")
    if stated and clock not in ("", stated):
        raise FileError(findings.other_clock(stated, clock), 1)
    clock = clock or stated
    names = [_ZONE.sub("", _CLOCK.sub("", name)) for name in header]
    columns = find_columns(names, {**IDENTIFIERS, **_OTHERS}, ())
    scheme = next((scheme for scheme in IDENTIFIERS if scheme in columns), "")
    if not scheme:
        raise FileError(findings.missing_column(["mpan", "serial", "meter id"], header), 1)
    labels = _labels(names, set(columns.values()))
    if labels is not None and "day" in columns:
        return _wide(names, columns, scheme, labels, clock)
    return _long(names, row, columns, scheme, clock)


def _clock_in(header: Sequence[str]) -> str:
    """The zone of `start (Europe/London)`; empty where no head names one."""
    said = (match[1] for name in header if (match := _CLOCK.search(name)))
    return next((clock for clock in said if is_clock(clock)), "")


def _source(columns: dict[str, int], scheme: str, unit: int | str, direction: str = "import") -> Source:
    return Source(
        scheme,
        columns[scheme],
        columns.get("register", ""),
        columns.get("serial", "") if scheme != "serial" else "",
        columns.get("unit", unit),
        columns.get("direction", direction),
    )


def _unit_in(names: Sequence[str], header: Sequence[str], columns: dict[str, int], default: str = "") -> str:
    told = next((match[1] for name in names if (match := _UNIT.search(name))), default)
    if not told and "unit" not in columns:
        raise FileError(findings.missing_column(["unit"], header), 1)
    return told


# --- wide ------------------------------------------------------------------------------------------------

_Labels = tuple[tuple[int, ...], tuple[int, ...]]
"""Columns in the order of the day, and the seconds of the wall clock at which each begins (or none)."""


def _labels(names: Sequence[str], taken: set[int]) -> _Labels | None:
    free = [(index, name) for index, name in enumerate(names) if index not in taken]
    timed = [(int(m[1]) * 3600 + int(m[2]) * 60, i) for i, name in free if (m := _TIME.fullmatch(name))]
    if len(timed) >= 46:
        return _timed(timed)
    counted = sorted((int(m[1]), i) for i, name in free if (m := _PERIOD.fullmatch(key_of(name))))
    numbers = [number for number, _ in counted]
    if len(numbers) >= 46 and numbers == list(range(1, len(numbers) + 1)):
        return tuple(index for _, index in counted), ()
    return None


def _timed(timed: list[tuple[int, int]]) -> _Labels | None:
    """Heads that are ends (00:30 to 24:00, or midnight last) become beginnings."""
    day = 24 * 3600
    ends = (timed[0][0] != 0 and any(at in {0, day} for at, _ in timed[-1:])) or any(
        at == day for at, _ in timed
    )
    starts = sorted(((at - 1800) % day if ends else at, index) for at, index in timed)
    if [at for at, _ in starts] != list(range(0, day, 1800)):
        return None
    return tuple(index for _, index in starts), tuple(at for at, _ in starts)


def _wide(names: Sequence[str], columns: dict[str, int], scheme: str, labels: _Labels, clock: str) -> Wide:
    clock = clock or ("Europe/London" if scheme == "mpan" else "")
    if not clock:
        raise FileError(findings.no_clock(), 1)
    unit = _unit_in(names, names, columns, "kWh" if scheme == "mpan" else "")
    return Wide(
        _source(columns, scheme, unit), columns["day"], labels[0], clock, labels[1], columns.get("quality")
    )


# --- long ------------------------------------------------------------------------------------------------


def _long(names: Sequence[str], row: Sequence[str], columns: dict[str, int], scheme: str, clock: str) -> Long:
    when, kind = _when(names, columns)
    taken = {*columns.values(), *when}
    values = tuple(
        (index, _source(columns, scheme, _unit_in([name], names, columns), _direction(name)))
        for index, name in enumerate(names)
        if index not in taken and not _MONEY.search(name) and (_UNIT.search(name) or _NAMED.search(name))
    )
    if not values:
        raise FileError(findings.missing_column(["kWh"], names), 1)
    return Long(values, when, kind, clock or _clock_of(row, when, kind, scheme), columns.get("quality"))


def _direction(name: str) -> str:
    return "export" if _EXPORT.search(name) else "import"


def _when(
    names: Sequence[str], columns: dict[str, int]
) -> tuple[tuple[int, ...], Literal["start", "end", "period"]]:
    if "day" in columns and "period" in columns:
        return (columns["day"], columns["period"]), "period"
    if "day" in columns and "time" in columns:
        return (columns["day"], columns["time"]), "start"
    stamps = find_columns(names, {"start": _STARTS, "end": _ENDS}, ())
    if "start" in stamps:
        return (stamps["start"],), "start"
    if "end" in stamps:
        return (stamps["end"],), "end"
    raise FileError(findings.missing_column(["timestamp"], names), 1)


def _clock_of(row: Sequence[str], when: tuple[int, ...], kind: str, scheme: str) -> str:
    """Settlement periods of an MPAN run in local time; stamps with offsets are cut in its local days."""
    stamp = (
        stamp_of(" ".join(row[column] for column in when if column < len(row))) if kind != "period" else None
    )
    if scheme == "mpan" and (kind == "period" or (stamp and stamp.offset is not None and not stamp.zulu)):
        return "Europe/London"
    if stamp is not None and stamp.offset is not None:
        return "UTC"
    raise FileError(findings.no_clock(), 1)
