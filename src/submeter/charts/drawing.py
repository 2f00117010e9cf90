"""Any chart to SVG."""

from collections.abc import Callable
from typing import Any

from submeter.charts.average import draw_average
from submeter.charts.bars import draw_bars
from submeter.charts.calendar import draw_calendar
from submeter.charts.heat_map import draw_year
from submeter.charts.histogram import draw_histogram
from submeter.charts.model import (
    AverageDays,
    Chart,
    GapCalendar,
    Histogram,
    LoadProfile,
    MonthBars,
    PriceMap,
    YearMap,
)
from submeter.charts.price_map import draw_prices
from submeter.charts.profile import draw_profile

__all__ = ["draw"]


def draw(chart: Chart) -> str:
    """The chart as SVG 1.1: a file of its own, or a part of a page. Equal charts give equal text."""
    return _DRAWN_BY[type(chart)](chart)


_DRAWN_BY: dict[type, Callable[[Any], str]] = {
    AverageDays: draw_average,
    GapCalendar: draw_calendar,
    Histogram: draw_histogram,
    LoadProfile: draw_profile,
    MonthBars: draw_bars,
    PriceMap: draw_prices,
    YearMap: draw_year,
}
