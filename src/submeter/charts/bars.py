"""A bar for each month, with its sum; one that lacks something says so."""

from collections.abc import Iterator
from decimal import Decimal

from submeter.charts.frame import LINES, MONTHS, Box, Picture, legend, rows
from submeter.charts.model import Bar, MonthBars
from submeter.charts.scale import Scale, label, scale_for, short
from submeter.charts.svg import element, text

__all__ = ["draw_bars"]

_BOX = Box(58, 76, 686, 200)


def draw_bars(chart: MonthBars) -> str:
    """The picture as SVG."""
    scale = scale_for([bar.amount for bar in chart.bars])
    picture = Picture(chart.heading, _summary(chart), 760, 326)
    picture.add(*rows(_BOX, scale, chart.unit))
    slot = _BOX.width / len(chart.bars)
    for place, bar in enumerate(chart.bars):
        x = _BOX.left + place * slot
        picture.add(*_bar(bar, x, slot, scale, chart.unit, picture.missing))
        picture.add(*_name(bar, x + slot / 2, first=place == 0, tight=slot < 28))
    if any(bar.missing for bar in chart.bars):
        mark = element("rect", width=22, height=10, fill=picture.missing)
        picture.add(*legend([(mark, "part of the month without data")], _BOX.right, 66))
    return picture.render()


def _bar(bar: Bar, x: float, slot: float, scale: Scale, unit: str, missing: str) -> Iterator[str]:
    zero, end = (_BOX.bottom - scale.share(value) * _BOX.height for value in (Decimal(0), bar.amount))
    top, wide = min(zero, end), min(slot * 0.7, 60)
    left, tall = x + (slot - wide) / 2, abs(zero - end)
    if bar.is_empty:
        yield element("rect", x=left, y=zero - 24, width=wide, height=24, fill=missing)
        if slot >= 45:
            yield text("no data", left + wide / 2, zero - 29, "sm-on", "middle", font_size=11)
        return
    words = f"{MONTHS[bar.month.month - 1]} {bar.month.year}: {label(bar.amount)} {unit}"
    lacks = f", {bar.missing} of {bar.expected} intervals without data" if bar.missing else ""
    yield element(
        "rect", element("title", words + lacks), x=left, y=top, width=wide, height=tall, fill=LINES[0]
    )
    if bar.missing:
        # On top of the bar, about as tall as what is missing: what it may have been.
        more = tall * bar.missing / (bar.expected - bar.missing)
        more = max(6.0, min(more, top - _BOX.top))
        yield element("rect", x=left, y=top - more, width=wide, height=more, fill=missing)
        top -= more
    if slot >= 28:
        yield text(short(bar.amount), left + wide / 2, top - 5, "sm-on", "middle", font_size=11)


def _name(bar: Bar, x: float, *, first: bool, tight: bool) -> Iterator[str]:
    if not tight or bar.month.month % 3 == 1:
        yield text(MONTHS[bar.month.month - 1], x, _BOX.bottom + 18, anchor="middle")
    if bar.month.month == 1 or first:
        yield text(str(bar.month.year), x, _BOX.bottom + 34, "sm-on", "middle")


def _summary(chart: MonthBars) -> str:
    said = [
        f"{MONTHS[bar.month.month - 1]} {bar.month.year} "
        + (
            "no data"
            if bar.is_empty
            else f"{label(bar.amount)} {chart.unit}{' (incomplete)' * (bar.missing > 0)}"
        )
        for bar in chart.bars
    ]
    return ", ".join(said)
