"""Days to NEM12, so that `nem12.parse` gives the same days back."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone

import numpy as np

from submeter.core.problem import Refused
from submeter.metering.formats import mdff_findings as findings
from submeter.metering.formats.mdff import MARKET_CLOCK, UNITS
from submeter.metering.formats.quantities import written
from submeter.metering.model import MISSING, DayRow, QualityRange

__all__ = ["write"]

_MARKET_TIME = timezone(timedelta(hours=10))
_SPELLINGS = {unit.name: name for name, unit in UNITS.items() if unit.power == 0}
_LENGTHS = (5, 15, 30)


def write(
    rows: Iterable[DayRow], *, created_at: datetime, sender: str = "", receiver: str = ""
) -> Iterator[bytes]:
    """The lines of a NEM12 file, each with its end, in the order of the rows: a 200 for each run of a stream.

    Values have exactly the row's decimals. An interval that is not known is empty, or 0 if its quality is N.
    The NMI configuration names only the suffix at hand. Times lose what is under a second.
    Raises Refused (MTR135) for a day that the format cannot say: another clock, unit or interval length; 400
    rows that do not cover the day are the caller's fault.
    """
    yield _line("100", "NEM12", created_at.astimezone(_MARKET_TIME).strftime("%Y%m%d%H%M"), sender, receiver)
    above = None
    for row in rows:
        if above != (row.stream, row.minutes):
            yield _details(row)
            above = (row.stream, row.minutes)
        yield from _day(row)
    yield _line("900")


def _details(row: DayRow) -> bytes:
    stream = row.stream
    if stream.unit not in _SPELLINGS:
        raise Refused(findings.not_writable(f"unit {stream.unit}", f"NEM12 knows {', '.join(_SPELLINGS)}"))
    if row.minutes not in _LENGTHS:
        raise Refused(findings.not_writable(f"{row.minutes} minutes", "NEM12 has 5, 15 or 30 minutes"))
    unit, suffix = _SPELLINGS[stream.unit], stream.register
    return _line("200", stream.identifier, suffix, "", suffix, "", stream.serial, unit, str(row.minutes), "")


def _day(row: DayRow) -> Iterator[bytes]:
    count = len(row.amounts) // 4
    if row.clock != MARKET_CLOCK or count * row.minutes != 24 * 60:
        hint = "NEM12 has days of 24 hours in market time (UTC+10): write the stream as CSV"
        raise Refused(findings.not_writable(f"{row.stream.identifier} {row.day} in {row.clock}", hint))
    ranges = row.ranges or (QualityRange(1, count, row.quality),)
    variable = row.quality == "V" or len(ranges) > 1
    updated = "" if row.version_at is None else f"{row.version_at.astimezone(_MARKET_TIME):%Y%m%d%H%M%S}"
    quality = ("V", "", "") if variable else _quality(ranges[0])
    yield _line("300", f"{row.day:%Y%m%d}", *_cells(row, ranges), *quality, updated, "")
    if variable:
        for part in ranges:
            yield _line("400", str(part.first), str(part.last), *_quality(part))


def _quality(part: QualityRange) -> tuple[str, str, str]:
    return part.quality + part.method, part.reason, " ".join(part.text.split())


def _cells(row: DayRow, ranges: Iterable[QualityRange]) -> Sequence[str]:
    """The values in the file's words."""
    amounts = np.frombuffer(row.amounts, "<i4").tolist()
    cells = ["" if amount == MISSING else written(amount, row.decimals) for amount in amounts]
    for part in ranges:
        if part.quality == "N":
            known = slice(part.first - 1, part.last)
            cells[known] = [cell or written(0, row.decimals) for cell in cells[known]]
    return cells


def _line(*fields: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(fields)
    return text.getvalue().encode("utf-8")
