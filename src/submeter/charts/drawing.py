"""Any chart to SVG."""

from submeter.charts.average import draw_average
from submeter.charts.bars import draw_bars
from submeter.charts.calendar import draw_calendar
from submeter.charts.heat_map import draw_year
from submeter.charts.model import AverageDays, Chart, GapCalendar, LoadProfile, PriceMap, YearMap
from submeter.charts.price_map import draw_prices
from submeter.charts.profile import draw_profile

__all__ = ["draw"]


def draw(chart: Chart) -> str:
    """The chart as SVG 1.1: a file of its own, or a part of a page. Equal charts give equal text."""
    match chart:
        case LoadProfile():
            return draw_profile(chart)
        case AverageDays():
            return draw_average(chart)
        case YearMap():
            return draw_year(chart)
        case GapCalendar():
            return draw_calendar(chart)
        case PriceMap():
            return draw_prices(chart)
        case _:
            return draw_bars(chart)
