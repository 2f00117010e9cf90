"""Charts for a terminal: blocks of eight heights, or shades. `·` stands where nothing is known."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from submeter.charts.calendar import months_of
from submeter.charts.frame import MONTHS, name_of, rate_of, time_of
from submeter.charts.heat_map import levels_for
from submeter.charts.model import (
    Amount,
    AverageDays,
    Chart,
    Day,
    GapCalendar,
    Histogram,
    LoadProfile,
    MonthBars,
    PriceMap,
    YearMap,
)
from submeter.charts.price_text import price_lines
from submeter.charts.profile import turn_of
from submeter.charts.scale import label, scale_for, short

__all__ = ["sparkline", "to_text"]

_HEIGHTS = " ▁▂▃▄▅▆▇█"
_SHADES = " ░▒▓█"
_UNKNOWN = "·"
_ROWS = 6
_BAR = 50


def to_text(chart: Chart) -> str:
    """The chart in lines that a terminal has room for: 80 characters, with the sums of a week some more."""
    # Names are people's: nothing in them may steer a terminal.
    heading = ["".join(c if c.isprintable() else "\ufffd" for c in line) for line in chart.heading if line]
    return "\n".join(line.rstrip() for line in (*heading, "", *_lines(chart)))


def _lines(chart: Chart) -> Iterator[str]:
    match chart:
        case LoadProfile(days=(day,)):
            yield from _one_day(day, chart.unit)
        case LoadProfile():
            yield from _days(chart)
        case AverageDays():
            yield from _average(chart)
        case YearMap():
            yield from _year(chart)
        case GapCalendar():
            yield from _calendar(chart)
        case PriceMap():
            yield from price_lines(chart)
        case Histogram():
            yield from _histogram(chart)
        case _:
            yield from _bars(chart)


def sparkline(amounts: Sequence[Amount], most: Decimal) -> str:
    """A character for each amount, full at `most`; what is below zero has no height."""
    return "".join(_UNKNOWN if amount is None else _block(amount, most) for amount in amounts)


def _block(amount: Decimal, most: Decimal) -> str:
    """The least block for anything above zero: little is not nothing."""
    if amount <= 0 or most <= 0:
        return _HEIGHTS[0]
    return _HEIGHTS[max(1, min(8, round(8 * amount / most)))]


# --- days ------------------------------------------------------------------------------------------------


def _one_day(day: Day, unit: str) -> Iterator[str]:
    """Six rows high, with an axis. What is below zero is left to the picture."""
    known = [amount for amount in day.amounts if amount is not None]
    scale = scale_for(known, _ROWS)
    yield rate_of(unit, day.minutes)
    for row in range(_ROWS, 0, -1):
        edge = f"{label(scale.high):>8} ┤" if row == _ROWS else " " * 8 + " │"
        yield edge + "".join(_cell(amount, scale.high, row) for amount in day.amounts)
    yield f"{0:>8} └" + "".join("┬" if wall % 180 == 0 else "─" for wall in day.walls)
    yield " " * 10 + _clock(day)
    if turn := turn_of(day):
        yield " " * 10 + turn[1]
    yield " " * 10 + _said(day.amounts, unit)


def _cell(amount: Amount, high: Decimal, row: int) -> str:
    """The part of a column that lies in a row, counted from 1 at the bottom."""
    if amount is None:
        return _UNKNOWN if row == 1 else " "
    height = 8 * _ROWS * max(amount, Decimal(0)) / high
    eighths = max(int(amount > 0), round(height)) - 8 * (row - 1)
    return _HEIGHTS[max(0, min(8, eighths))]


def _clock(day: Day) -> str:
    """The hours below their half-hours."""
    line = [" "] * (len(day.walls) + 5)
    for place, wall in enumerate(day.walls):
        if wall % 180 == 0 and not "".join(line[max(0, place - 1) : place]).strip():
            line[place : place + 5] = time_of(wall)
    return "".join(line).rstrip()


def _days(chart: LoadProfile) -> Iterator[str]:
    """A line for each day, all to one measure."""
    known = [amount for day in chart.days for amount in day.amounts if amount is not None]
    most = max(known, default=Decimal(0))
    for day in chart.days:
        total = _said(day.amounts, chart.unit)
        yield f"{name_of(day.day):<10} {sparkline(day.amounts, most):<50} {total}"
    yield f"█ is {label(most)} {rate_of(chart.unit, chart.days[0].minutes)}"


def _average(chart: AverageDays) -> Iterator[str]:
    known = [a for panel in chart.panels for curve in panel.curves for a in curve.amounts if a is not None]
    most = max(known, default=Decimal(0))
    width = max(len(curve.name) for panel in chart.panels for curve in panel.curves)
    for panel in chart.panels:
        yield panel.title
        for curve in panel.curves:
            yield f"  {curve.name:<{width}} {sparkline(curve.amounts, most)}"
    yield f"█ is {short(most)} {rate_of(chart.unit, chart.minutes)}"


def _said(amounts: Sequence[Amount], unit: str) -> str:
    known = [amount for amount in amounts if amount is not None]
    lacks = f", {len(amounts) - len(known)} missing" if len(known) < len(amounts) else ""
    return f"{label(sum(known, Decimal(0)))} {unit}{lacks}"


# --- long times ------------------------------------------------------------------------------------------


def _year(chart: YearMap) -> Iterator[str]:
    """A column for each week, a row for each two hours: the average of what is known, in five shades."""
    last = chart.days[-1].day
    monday = chart.days[0].day - timedelta(days=chart.days[0].day.weekday())
    weeks = (last - monday).days // 7 + 1
    cells: list[list[list[Amount]]] = [[[] for _ in range(weeks)] for _ in range(12)]
    for day in chart.days:
        for wall, amount in zip(day.walls, day.amounts, strict=True):
            cells[wall // 120][(day.day - monday).days // 7].append(amount)
    means = [[_mean(cell) for cell in row] for row in cells]
    levels = levels_for([mean for row in means for mean in row if mean is not None])
    most = levels.step * levels.number
    for row, line in enumerate(means):
        hour = time_of(row * 120) if row % 3 == 0 else ""
        yield f"{hour:>8} │{''.join(_shade(mean, most) for mean in line)}"
    yield " " * 10 + _month_line([min(monday + timedelta(days=7 * n + 6), last) for n in range(weeks)])
    measure = f"{label(most)} {rate_of(chart.unit, chart.days[0].minutes)}"
    yield f"{'':<10}{_SHADES[-1]} is {measure}, a column a week"


def _mean(amounts: Sequence[Amount]) -> Amount:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) / len(known) if known else None


def _shade(mean: Amount, most: Decimal) -> str:
    if mean is None:
        return _UNKNOWN
    return _SHADES[min(4, max(0, int(mean * 5 / most)))]


def _month_line(sundays: Sequence[date]) -> str:
    """The name of each month at the week in which it begins."""
    line = [" "] * (len(sundays) + 3)
    for place, sunday in enumerate(sundays):
        if sunday.day <= 7:
            line[place : place + 3] = MONTHS[sunday.month - 1]
    return "".join(line).rstrip()


def _calendar(chart: GapCalendar) -> Iterator[str]:
    """█ a whole day, ▒ a part of one, · nothing."""
    yield f"{'':<9}{'1':<9}{'10':<10}{'20':<10}30"
    for month, days in months_of(chart.days):
        line = [" "] * 31
        for day in days:
            whole, none = day.missing == 0, day.missing == day.expected
            line[day.day.day - 1] = "█" if whole else _UNKNOWN if none else "▒"
        lacks = sum(day.missing for day in days)
        said = f"{lacks} of {sum(day.expected for day in days)} missing" if lacks else ""
        yield f"{MONTHS[month.month - 1]} {month.year} {''.join(line)}  {said}"
    yield f"{'':<9}█ complete  ▒ in part  {_UNKNOWN} no data"


def _bars(chart: MonthBars) -> Iterator[str]:
    most = max((abs(bar.amount) for bar in chart.bars), default=Decimal(0))
    for bar in chart.bars:
        name = f"{MONTHS[bar.month.month - 1]} {bar.month.year}"
        if bar.is_empty:
            yield f"{name}  {_UNKNOWN} no data"
            continue
        length = round(_BAR * abs(bar.amount) / most) if most else 0
        lacks = f", {bar.missing} of {bar.expected} missing" if bar.missing else ""
        yield f"{name}  {'█' * length} {label(bar.amount)} {chart.unit}{lacks}"


def _histogram(chart: Histogram) -> Iterator[str]:
    """A line for each bin, with how many lie in it."""
    most = max((one.number for one in chart.bins), default=0)
    names = [f"{label(one.low)} to {label(one.high)}" for one in chart.bins]
    width = max((len(name) for name in names), default=0)
    for name, one in zip(names, chart.bins, strict=True):
        length = max(round(_BAR * one.number / most), int(one.number > 0)) if most else 0
        yield f"{name:>{width}}  {'█' * length} {one.number}"
    yield f"{chart.unit}; how many {chart.counted}"
