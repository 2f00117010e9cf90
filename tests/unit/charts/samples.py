"""Days, charts of them, and pictures read back, for the tests beside this file."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree

from submeter.charts.model import (
    Amount,
    AverageDays,
    Bar,
    Chart,
    Curve,
    Day,
    DayGaps,
    GapCalendar,
    Heading,
    LoadProfile,
    MonthBars,
    Panel,
    YearMap,
)
from submeter.metering.days import wall_minutes

LONDON = "Europe/London"
SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 4)
HEADING = Heading('A & B <"x">/1: 4 March', "9 Willow Lane")
SVG = "{http://www.w3.org/2000/svg}"

Fill = Callable[[date, int], Amount]


def ramp(day: date, place: int) -> Amount:
    """Amounts that all differ within a day."""
    return Decimal(place + 1).scaleb(-2) + day.day


def make_day(day: date = PLAIN, fill: Fill = ramp, clock: str = LONDON, minutes: int = 30) -> Day:
    walls = wall_minutes(day, clock, minutes)
    return Day(day, minutes, walls, tuple(fill(day, place) for place in range(len(walls))))


def make_days(first: date, count: int, fill: Fill = ramp) -> tuple[Day, ...]:
    return tuple(make_day(first + timedelta(n), fill) for n in range(count))


def with_gap(day: date, place: int) -> Amount:
    return None if 20 <= place < 26 else ramp(day, place)


def one_of_each(fill: Fill = with_gap) -> dict[str, Chart]:
    days = make_days(date(2026, 3, 27), 7, fill)
    curves = (Curve("Monday to Friday", days[0].amounts), Curve("weekend", days[1].amounts))
    gaps = tuple(DayGaps(day.day, len(day.amounts), day.amounts.count(None)) for day in days)
    bars = (
        Bar(date(2026, 2, 1), Decimal("100.5"), 10, 0),
        Bar(date(2026, 3, 1), Decimal(50), 10, 2),
        Bar(date(2026, 4, 1), Decimal(0), 10, 10),
    )
    return {
        "day": LoadProfile(HEADING, "kWh", days[:1]),
        "week": LoadProfile(HEADING, "kWh", days),
        "average": AverageDays(HEADING, "kWh", 30, (Panel("Mar–May", curves), Panel("Jun–Aug", curves))),
        "year": YearMap(HEADING, "kWh", days),
        "missing": GapCalendar(HEADING, gaps),
        "months": MonthBars(HEADING, "kWh", bars),
    }


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def paths(root: ElementTree.Element, **attributes: str) -> list[str]:
    """What is drawn by paths that have these attributes."""
    wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
    found = (path for path in root.iter(f"{SVG}path") if wanted.items() <= path.attrib.items())
    return [path.attrib["d"] for path in found]


def words(root: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def steps_of(path: str) -> list[tuple[float, float, float]]:
    """A line of steps as (left, right, y) for each, from M x y, H x and V y."""
    tokens = re.findall(r"([MHV])(-?[\d.]+)(?: (-?[\d.]+))?", path)
    x, y, found = 0.0, 0.0, []
    for command, first, second in tokens:
        if command == "M":
            x, y = float(first), float(second)
        elif command == "V":
            y = float(first)
        else:
            found.append((x, float(first), y))
            x = float(first)
    return found


def strokes_of(path: str) -> Iterator[tuple[float, float, float]]:
    """Upright strokes as (x, top, height), from m dx dy and v dy."""
    x = y = 0.0
    for dx, dy, height in re.findall(r"m(-?[\d.]+)[ ]?(-?[\d.]+)v([\d.]+)", path):
        x, y = x + float(dx), y + float(dy)
        yield x, y, float(height)
        y += float(height)


def known(amounts: Sequence[Amount]) -> list[Decimal]:
    return [amount for amount in amounts if amount is not None]
