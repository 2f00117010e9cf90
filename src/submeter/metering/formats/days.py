"""Days put together from single intervals, in whatever order these come."""

import sys
from array import array
from collections.abc import Iterator
from datetime import date, datetime

from submeter.metering.formats import findings
from submeter.metering.formats.clocks import periods_of
from submeter.metering.formats.quantities import fits
from submeter.metering.model import MISSING, DayRow, Finding, Item, QualityRange, Stream

__all__ = ["Days", "Page", "ranges_of"]


class _Day:
    """A day under construction. Small: a large file has a million of them at once."""

    __slots__ = ("amounts", "decimals", "doubled", "line", "qualities", "quality")

    def __init__(self, periods: int, line: int) -> None:
        self.amounts = array("i", [MISSING]) * periods
        self.quality = ""
        self.qualities: bytearray | None = None
        """One letter for each interval, once they differ."""
        self.decimals = 0
        self.line = line
        self.doubled: set[int] | None = None

    def put(self, place: int, amount: int, decimals: int, quality: str) -> bool:
        """Whether the amount could be kept exactly."""
        if decimals != self.decimals:
            if decimals > self.decimals and not self._refine(decimals):
                return False
            amount *= 10 ** (self.decimals - decimals)
            if not fits(amount):
                return False
        seen = self.amounts[place]
        if seen == MISSING:
            self.amounts[place] = amount
            if quality != self.quality or self.qualities is not None:
                self._mark(place, quality)
        elif seen != amount or self._letter(place) != quality:
            self.doubt(place)
        return True

    def _mark(self, place: int, quality: str) -> None:
        if not self.quality:
            self.quality = quality
        elif self.qualities is None:
            self.qualities = bytearray(self.quality.encode() * len(self.amounts))
        if self.qualities is not None:
            self.qualities[place] = ord(quality)

    def _letter(self, place: int) -> str:
        return self.quality if self.qualities is None else chr(self.qualities[place])

    def letters(self) -> str:
        """The quality of each interval; N where it is missing."""
        return "".join(
            "N" if amount == MISSING else self._letter(place) for place, amount in enumerate(self.amounts)
        )

    def _refine(self, decimals: int) -> bool:
        factor = 10 ** (decimals - self.decimals)
        finer = [amount if amount == MISSING else amount * factor for amount in self.amounts]
        if not all(amount == MISSING or fits(amount) for amount in finer):
            return False
        self.amounts, self.decimals = array("i", finer), decimals
        return True

    def doubt(self, place: int) -> None:
        self.doubled = self.doubled or set()
        self.doubled.add(place)


class Page:
    """The days of one stream."""

    def __init__(self, stream: Stream, clock: str, minutes: int) -> None:
        self.stream, self.clock, self.minutes = stream, clock, minutes
        self._days: dict[date, _Day] = {}

    def put(self, day: date, place: int, amount: int, decimals: int, quality: str, line: int) -> bool:
        """Takes an interval; False if its amount cannot be kept exactly beside those of its day."""
        if not fits(amount):
            return False
        known = self._days.get(day)
        if known is None or line < known.line:
            known = self._day(day, line)
        return known.put(place, amount, decimals, quality)

    def doubt(self, day: date, place: int, line: int) -> None:
        """Nobody knows which of several values an interval has: it is missing."""
        self._day(day, line).doubt(place)

    def _day(self, day: date, line: int) -> _Day:
        known = self._days.get(day)
        if known is None:
            periods = periods_of(self.clock, day, self.minutes)
            known = self._days[day] = _Day(periods, line)
        elif line < known.line:
            known.line = line
        return known

    def items(self, version_at: datetime | None, *, whole_only: bool) -> Iterator[Item]:
        """Each day, with what is missing in it; whole days only, if the file has lost its end."""
        for day in sorted(self._days):
            yield from self._items(day, self._days.pop(day), version_at, whole_only=whole_only)

    def _items(
        self, day: date, built: _Day, version_at: datetime | None, *, whole_only: bool
    ) -> Iterator[Item]:
        doubled = sorted(built.doubled or ())
        for place in doubled:
            built.amounts[place] = MISSING
        missing = [place for place, amount in enumerate(built.amounts) if amount == MISSING]
        if doubled:
            yield Finding(findings.doubled_intervals(day, doubled), built.line)
        unsaid = [place for place in missing if built.doubled is None or place not in built.doubled]
        if unsaid:
            yield Finding(findings.missing_intervals(day, unsaid, len(built.amounts)), built.line)
        if len(missing) < len(built.amounts) and not (whole_only and missing):
            yield self._row(day, built, version_at)

    def _row(self, day: date, built: _Day, version_at: datetime | None) -> DayRow:
        letters = built.letters()
        kinds = set(letters) - {"N"}
        quality, ranges = ("V", ranges_of(letters)) if len(kinds) > 1 else (kinds.pop(), ())
        return DayRow(
            self.stream,
            day,
            self.clock,
            self.minutes,
            built.decimals,
            little_endian(built.amounts),
            quality,
            ranges,
            version_at,
            built.line,
        )


def ranges_of(letters: str) -> tuple[QualityRange, ...]:
    """AAE -> the intervals 1 to 2 are actual, 3 is estimated."""
    starts = [n for n, letter in enumerate(letters) if n == 0 or letters[n - 1] != letter]
    ends = [*starts[1:], len(letters)]
    return tuple(QualityRange(a + 1, b, letters[a]) for a, b in zip(starts, ends, strict=True))


def little_endian(amounts: "array[int]") -> bytes:
    """As the database stores them, whatever the machine."""
    if sys.byteorder == "big":  # pragma: no cover
        amounts = array("i", amounts)
        amounts.byteswap()
    return amounts.tobytes()


class Days:
    """The streams of a file. A day of half-hours takes some 450 bytes until the file has ended."""

    def __init__(self, minutes: int = 30) -> None:
        self.minutes = minutes
        self._pages: dict[Stream, Page] = {}

    def page(self, stream: Stream, clock: str) -> Page:
        known = self._pages.get(stream)
        if known is None:
            known = self._pages[stream] = Page(stream, clock, self.minutes)
        return known

    def items(self, version_at: datetime | None = None, *, whole_only: bool = False) -> Iterator[Item]:
        """All days of all streams, sorted, so that the order of rows does not show."""
        for stream in sorted(self._pages):
            yield from self._pages.pop(stream).items(version_at, whole_only=whole_only)
