"""What a unit costs when: a year of months down, a day of hours across, darker for dearer.

Kinds of days stand side by side. Below, each band has its price as a bar from zero in its own colour, so
that the bars are the legend and the scale at once. Seasons begin and end on their very days.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from submeter.charts.frame import MONTHS, Box, Picture, time_of
from submeter.charts.model import PriceBand, PriceMap, PricePanel
from submeter.charts.scale import label
from submeter.charts.svg import element, number, plain, text

__all__ = ["Block", "blocks_of", "by_price", "draw_prices", "shades_of"]

YEAR = 366
MONTH_STARTS = (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)

_WIDTH, _LEFT, _TOP, _GUTTER = 760, 46, 86, 26
_MONTH = 17
_HEIGHT = 12 * _MONTH
_STOPS = ((237, 248, 200), (165, 218, 184), (87, 190, 193), (36, 130, 185), (34, 84, 160), (12, 36, 100))
"""From light yellow to dark blue, losing lightness all the way: order survives black and white."""
_CREDIT = "#cc79a7"
_DARK_FROM = 0.55
_BAR_LEFT, _BAR = 176, 250


class Block(NamedTuple):
    """Hours and days of one band, as a share of the day and of the year."""

    band: int | None
    left: float
    right: float
    first: int
    end: int


def draw_prices(chart: PriceMap) -> str:
    """The picture as SVG."""
    across = 1 if len(chart.panels) == 1 else 2
    deep = -(-len(chart.panels) // across)
    step = _HEIGHT + 62
    bottom = _TOP + deep * step - 14
    height = bottom + 34 + 24 * len(chart.bands) + 12
    picture = Picture(chart.heading, _summary(chart), _WIDTH, height)
    width = (_WIDTH - 16 - _LEFT + _GUTTER) / across - _GUTTER
    shades = shades_of(chart.bands)
    for place, panel in enumerate(chart.panels):
        box = Box(_LEFT + place % across * (width + _GUTTER), _TOP + place // across * step, width, _HEIGHT)
        picture.add(
            *_panel(chart, panel, shades, box, picture.missing), *_months(box, at_left=not place % across)
        )
    picture.add(*_legend(chart, shades, bottom + 22))
    return picture.render()


def by_price(bands: Sequence[PriceBand]) -> list[int]:
    """The places of the bands, the dearest first; those without a price last."""
    priced = [(band.price is None, -(band.price or 0), place) for place, band in enumerate(bands)]
    return [place for *_, place in sorted(priced)]


def shades_of(bands: Sequence[PriceBand]) -> dict[int, float]:
    """How dark each band is, 0 to 1: half by its price, half by its rank, so that near ones still differ."""
    prices = sorted({band.price for band in bands if band.price is not None and band.price >= 0})
    if not prices:
        return {}
    if len(prices) == 1:
        return {n: 0.4 for n, band in enumerate(bands) if band.price == prices[0]}
    span = prices[-1] - prices[0]
    by_price = {
        price: (float((price - prices[0]) / span) + rank / (len(prices) - 1)) / 2
        for rank, price in enumerate(prices)
    }
    return {n: by_price[band.price] for n, band in enumerate(bands) if band.price in by_price}


def blocks_of(panel: PricePanel) -> list[Block]:
    """Rectangles of one band: runs of hours, drawn together over the seasons in which they are the same."""
    open_: dict[tuple[int | None, float, float], Block] = {}
    done: list[Block] = []
    for row in panel.rows:
        runs = {
            (band, left, right): Block(band, left, right, row.first, row.first + row.days)
            for band, left, right in _runs(row.cells)
        }
        done += [block for key, block in open_.items() if key not in runs]
        open_ = {key: block._replace(first=open_.get(key, block).first) for key, block in runs.items()}
    return [*done, *open_.values()]


def _runs(cells: Sequence[int | None]) -> Iterator[tuple[int | None, float, float]]:
    for band, group in groupby(range(len(cells)), lambda slot: cells[slot]):
        slots = list(group)
        yield band, slots[0] / len(cells), (slots[-1] + 1) / len(cells)


# --- panels ----------------------------------------------------------------------------------------------


def _panel(
    chart: PriceMap, panel: PricePanel, shades: dict[int, float], box: Box, missing: str
) -> Iterator[str]:
    yield text(panel.title, box.left, box.top - 10, "sm-on", font_weight=600)
    blocks = blocks_of(panel)
    for block in blocks:
        yield _rectangle(block, chart.bands, shades, box, missing)
    for hour in range(0, 25, 3):
        x = box.left + box.width * hour / 24
        if hour % 24:
            yield element(
                "path", d=f"M{number(x)} {box.top:g}V{box.bottom:g}", stroke="#fff", stroke_opacity=".28"
            )
        yield element("path", d=f"M{number(x)} {box.bottom:g}v4", class_="sm-axis")
        if hour % 6 == 0:
            anchor = "end" if hour == 24 else "start" if hour == 0 else "middle"
            yield text(time_of(hour * 60), x, box.bottom + 18, anchor=anchor)
    for start in MONTH_STARTS[1:]:
        y = box.top + box.height * start / YEAR
        yield element(
            "path",
            d=f"M{number(box.left)} {number(y)}h{number(box.width)}",
            stroke="#fff",
            stroke_opacity=".28",
        )
    for block in blocks:
        yield from _name(block, chart.bands, shades, box)
    yield element(
        "rect", x=box.left, y=box.top, width=box.width, height=box.height, fill="none", stroke="#8a929c",
        stroke_width="0.8",
    )  # fmt: skip


def _rectangle(
    block: Block, bands: Sequence[PriceBand], shades: dict[int, float], box: Box, missing: str
) -> str:
    place = _place(block, box)
    about = "no price" if block.band is None else _said(bands[block.band])
    return element(
        "rect", element("title", plain(about)), x=place.left, y=place.top, width=place.width,
        height=place.height, fill=missing if block.band is None else _colour(block.band, shades),
        shape_rendering="crispEdges",
    )  # fmt: skip


def _place(block: Block, box: Box) -> Box:
    top, bottom = (box.top + box.height * day / YEAR for day in (block.first, block.end))
    return Box(box.left + box.width * block.left, top, box.width * (block.right - block.left), bottom - top)


def _name(block: Block, bands: Sequence[PriceBand], shades: dict[int, float], box: Box) -> Iterator[str]:
    """The band's name in its block, where there is room; upright in a narrow one."""
    if block.band is None:
        return
    place, words = _place(block, box), bands[block.band].name
    long = 6.6 * len(words) + 8
    x, y = place.left + place.width / 2, place.top + place.height / 2
    dark = shades.get(block.band, 0) >= _DARK_FROM
    style = f"fill:{'#fff' if dark else '#15191e'}"
    if long <= place.width and place.height >= 15:
        yield text(words, x, y + 4, anchor="middle", font_size=11, style=style)
    elif long <= place.height and place.width >= 15:
        turned = f"rotate(-90 {number(x)} {number(y)})"
        yield text(words, x, y + 4, anchor="middle", font_size=11, style=style, transform=turned)


def _months(box: Box, *, at_left: bool) -> Iterator[str]:
    if at_left:
        for name, start in zip(MONTHS, MONTH_STARTS, strict=True):
            y = box.top + box.height * (start + 15) / YEAR
            yield text(name, box.left - 8, y + 4, anchor="end")


def _colour(band: int, shades: dict[int, float]) -> str:
    if band not in shades:
        return _CREDIT
    share = shades[band] * (len(_STOPS) - 1)
    low = min(int(share), len(_STOPS) - 2)
    mixed = (round(a + (b - a) * (share - low)) for a, b in zip(_STOPS[low], _STOPS[low + 1], strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


# --- legend ----------------------------------------------------------------------------------------------


def _legend(chart: PriceMap, shades: dict[int, float], top: float) -> Iterator[str]:
    """A bar from zero for each band, the dearest first, with its price."""
    yield text(chart.unit, _BAR_LEFT, top, anchor="start")
    most = max((abs(band.price) for band in chart.bands if band.price is not None), default=Decimal(0))
    for row, place in enumerate(by_price(chart.bands)):
        band, y = chart.bands[place], top + 10 + 24 * row
        yield text(_cut(band.name, 22), _BAR_LEFT - 10, y + 13, "sm-on", "end")
        length = float(abs(band.price) / most) * _BAR if band.price is not None and most else 0
        yield element(
            "rect", x=_BAR_LEFT, y=y, width=max(length, 1.5), height=17, rx=2, fill=_colour(place, shades),
            stroke="#8a929c", stroke_width="0.5",
        )  # fmt: skip
        price = "no price" if band.price is None else label(band.price)
        yield text(price, _BAR_LEFT + max(length, 1.5) + 8, y + 13, "sm-on", font_weight=600)
        if band.about:
            shift = _BAR_LEFT + max(length, 1.5) + 20 + 7.4 * len(price)
            yield text(_cut(band.about, int((_WIDTH - shift - 8) / 6.2)), shift, y + 13)


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: max(0, most - 1)]}…"


def _said(band: PriceBand) -> str:
    price = "no price" if band.price is None else label(band.price)
    return ", ".join(filter(None, (f"{band.name} {price}", band.about)))


def _summary(chart: PriceMap) -> str:
    bands = "; ".join(_said(chart.bands[place]) for place in by_price(chart.bands))
    return f"{chart.unit}: {bands}" if bands else "no price"
