"""Average days of the seasons, side by side on one scale."""

from collections.abc import Iterator

from submeter.charts.frame import DASHES, LINES, Box, Picture, legend, rate_of, rows, time_of
from submeter.charts.model import AverageDays, Panel
from submeter.charts.profile import steps
from submeter.charts.scale import Scale, label, scale_for
from submeter.charts.svg import element, number, text

__all__ = ["draw_average"]

_BOX = Box(58, 98, 686, 178)
_GUTTER = 14


def draw_average(chart: AverageDays) -> str:
    """The picture as SVG."""
    known = [a for panel in chart.panels for curve in panel.curves for a in curve.amounts if a is not None]
    scale = scale_for(known)
    picture = Picture(chart.heading, _summary(chart), 760, 316)
    picture.add(*rows(_BOX, scale, rate_of(chart.unit, chart.minutes), above=32))
    width = (_BOX.width + _GUTTER) / len(chart.panels) - _GUTTER
    for place, panel in enumerate(chart.panels):
        box = Box(_BOX.left + place * (width + _GUTTER), _BOX.top, width, _BOX.height)
        picture.add(*_panel(panel, box, scale))
    picture.add(*legend(_names(chart), _BOX.right, 66))
    return picture.render()


def _panel(panel: Panel, box: Box, scale: Scale) -> Iterator[str]:
    yield text(panel.title, box.left + box.width / 2, box.top - 8, "sm-on", "middle")
    yield element("path", d=f"M{number(box.left)} {box.top:g}V{box.bottom:g}", class_="sm-grid")
    for hour in (0, 6, 12, 18):
        x = box.left + box.width * hour / 24
        yield element("path", d=f"M{number(x)} {box.bottom:g}v4", class_="sm-axis")
        yield text(time_of(hour * 60), x, box.bottom + 18, anchor="middle")
    if all(amount is None for curve in panel.curves for amount in curve.amounts):
        yield text("no data", box.left + box.width / 2, box.top + box.height / 2, anchor="middle")
    for curve, colour, dash in zip(panel.curves, LINES, DASHES, strict=False):
        yield from steps(curve.amounts, box, scale, colour, dash)


def _names(chart: AverageDays) -> list[tuple[str, str]]:
    return [
        (
            element("path", d="M0 5h22", stroke=colour, stroke_width=1.8, stroke_dasharray=dash or None),
            curve.name,
        )
        for curve, colour, dash in zip(chart.panels[0].curves, LINES, DASHES, strict=False)
    ]


def _summary(chart: AverageDays) -> str:
    said = []
    for panel in chart.panels:
        for curve in panel.curves:
            known = [amount for amount in curve.amounts if amount is not None]
            if known:
                place = curve.amounts.index(max(known))
                most = label(round(max(known), 3))
                at = time_of(place * chart.minutes)
                said.append(f"{panel.title}, {curve.name}: the most at {at}, {most} {chart.unit}")
    return "; ".join(said) or "no data"
