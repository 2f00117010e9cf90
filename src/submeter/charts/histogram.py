"""How often values of different size come: a bar for each bin; those below zero in another colour."""

from collections.abc import Iterator
from decimal import Decimal

from submeter.charts.frame import LINES, Box, Picture, rows
from submeter.charts.model import Bin, Histogram
from submeter.charts.scale import Scale, label, scale_for
from submeter.charts.svg import element, plain, text

__all__ = ["draw_histogram"]

_BOX = Box(58, 76, 686, 200)


def draw_histogram(chart: Histogram) -> str:
    """The picture as SVG."""
    scale = scale_for([Decimal(one.number) for one in chart.bins])
    picture = Picture(chart.heading, _summary(chart), 760, 330)
    picture.add(*rows(_BOX, scale, chart.counted))
    slot = _BOX.width / max(len(chart.bins), 1)
    every = max(1, -(-46 // int(slot)))
    for place, one in enumerate(chart.bins):
        x = _BOX.left + place * slot
        picture.add(*_bar(one, x, slot, scale, chart))
        if place % every == 0:
            picture.add(text(label(one.low), x, _BOX.bottom + 18, anchor="middle"))
    if chart.bins and len(chart.bins) % every == 0:
        picture.add(text(label(chart.bins[-1].high), _BOX.right, _BOX.bottom + 18, anchor="middle"))
    picture.add(*_zero(chart, slot))
    picture.add(text(chart.unit, _BOX.left + _BOX.width / 2, _BOX.bottom + 40, anchor="middle"))
    return picture.render()


def _bar(one: Bin, x: float, slot: float, scale: Scale, chart: Histogram) -> Iterator[str]:
    if not one.number:
        return
    tall = scale.share(Decimal(one.number)) * _BOX.height
    words = f"{label(one.low)} to {label(one.high)} {chart.unit}: {one.number} {chart.counted}"
    colour = LINES[1] if one.low >= 0 else LINES[0]
    gap = min(2.0, slot / 8)
    yield element(
        "rect", element("title", plain(words)), x=x + gap / 2, y=_BOX.bottom - tall, width=slot - gap,
        height=tall, fill=colour,
    )  # fmt: skip
    if slot >= 26:
        yield text(str(one.number), x + slot / 2, _BOX.bottom - tall - 5, "sm-on", "middle", font_size=11)


def _zero(chart: Histogram, slot: float) -> Iterator[str]:
    """A line where nothing changes."""
    if chart.bins and chart.bins[0].low < 0 < chart.bins[-1].high:
        width = chart.bins[0].high - chart.bins[0].low
        x = round(_BOX.left + float(-chart.bins[0].low / width) * slot) + 0.5
        yield element("path", d=f"M{x:g} {_BOX.top - 6:g}V{_BOX.bottom:g}", class_="sm-turn")


def _summary(chart: Histogram) -> str:
    said = [f"{label(one.low)} to {label(one.high)}: {one.number}" for one in chart.bins if one.number]
    return f"{chart.unit}: " + ", ".join(said)
