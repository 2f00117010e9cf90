"""What a unit costs when, for a terminal: a character for each hour, or half-hour, of each month."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from submeter.charts.frame import MONTHS
from submeter.charts.model import PriceBand, PriceMap, PricePanel
from submeter.charts.price_map import MONTH_STARTS, by_price
from submeter.charts.scale import label

__all__ = ["price_lines"]

_WIDTH = 80
_SHADES = {1: "▒", 2: "█░", 3: "█▒░", 4: "█▓▒░", 5: "█▓▒░:"}
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NONE = "·"
_BAR = 20


def price_lines(chart: PriceMap) -> Iterator[str]:
    """Panels side by side as far as 80 characters go; then the bands, the dearest first."""
    slots = max(len(row.cells) for panel in chart.panels for row in panel.rows)
    width = 24 if slots <= 24 else 48
    across = max(1, (_WIDTH - 4) // (width + 3))
    marks = _marks(chart.bands)
    for first in range(0, len(chart.panels), across):
        some = chart.panels[first : first + across]
        yield "    " + "   ".join(f"{panel.title:<{width}}" for panel in some)
        for month, name in enumerate(MONTHS):
            lines = ("".join(_month(panel, month, width, marks)) for panel in some)
            yield f"{name} " + "   ".join(lines)
        yield "    " + "   ".join(_hours(width) for _ in some)
        yield ""
    yield from _legend(chart, marks)


def _marks(bands: Sequence[PriceBand]) -> dict[int | None, str]:
    """Darker for dearer while shades last; letters where there are more bands."""
    order = by_price(bands)
    chosen = _SHADES.get(len(bands), _LETTERS)
    marks: dict[int | None, str] = {None: _NONE}
    for place, mark in zip(order, chosen, strict=False):
        marks[place] = mark
    return marks


def _month(panel: PricePanel, month: int, width: int, marks: dict[int | None, str]) -> Iterator[str]:
    """The month as on its 15th."""
    day = MONTH_STARTS[month] + 14
    row = next(row for row in panel.rows if row.first <= day < row.first + row.days)
    for slot in range(width):
        yield marks.get(row.cells[slot * len(row.cells) // width], "?")


def _hours(width: int) -> str:
    line = [" "] * width
    for hour in (0, 6, 12, 18):
        place = hour * width // 24
        line[place : place + 2] = f"{hour:02d}"
    return "".join(line)


def _legend(chart: PriceMap, marks: dict[int | None, str]) -> Iterator[str]:
    most = max((abs(band.price) for band in chart.bands if band.price is not None), default=Decimal(0))
    wide = max((len(band.name) for band in chart.bands), default=0)
    prices = ["-" if band.price is None else label(band.price) for band in chart.bands]
    for place in by_price(chart.bands):
        band = chart.bands[place]
        length = round(_BAR * abs(band.price) / most) if band.price is not None and most else 0
        price = f"{prices[place]:>{max(map(len, prices))}}"
        yield f"{marks.get(place, '?')} {band.name:<{wide}}  {price}  {'▬' * length}"
        if band.about:
            yield f"  {'':<{wide}}  {band.about}"
    yield chart.unit
    days = {row.first for panel in chart.panels for row in panel.rows} - set(MONTH_STARTS)
    if days:
        yield "A season changes within a month: each month is shown as on its 15th."
