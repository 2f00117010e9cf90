"""A year at a glance: a column for each day, a row for each half-hour, darker for more.

The steps go from light yellow to dark blue and lose lightness all the way (in the manner of ColorBrewer's
YlGnBu), so that they keep their order in black and white and for any colour vision. Cells of one step are one
path, drawn in strokes as thick as a cell: 30 to 90 kB for a year where single cells took a megabyte.

Rows are what the clock on the wall shows. An hour that is left out in spring has no cells; of one that comes
twice in autumn both stand in the column, half as wide, the earlier on the left.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from submeter.charts.frame import MONTHS, Box, Picture, rate_of, time_of
from submeter.charts.model import Day, YearMap
from submeter.charts.profile import turn_of
from submeter.charts.scale import label, nice_step
from submeter.charts.svg import element, number, text

__all__ = ["Levels", "draw_year", "levels_for"]

_COLOURS = ("#fffee0", "#e3f4b2", "#a5dab8", "#57bec1", "#2498c1", "#2260a8", "#0c2c75")
_BELOW = "#cc79a7"
_MISSING = -2


class Levels(NamedTuple):
    """Level n holds what is from n x `step` up to the next; the last whatever is more; -1 what is below 0."""

    step: Decimal
    number: int

    def level_of(self, amount: Decimal) -> int:
        return -1 if amount < 0 else min(int(amount / self.step), self.number - 1)


class _Run(NamedTuple):
    """Cells of one level, one above the other, in half columns from the left and rows from the top."""

    half: int
    halves: int
    row: int
    rows: int


def levels_for(amounts: Sequence[Decimal]) -> Levels:
    """Round steps; at most a fiftieth of the amounts lies above the last, so that a peak dims nothing."""
    ordered = sorted(amount for amount in amounts if amount > 0)
    if not ordered:
        return Levels(Decimal(1), 1)
    usual = ordered[(len(ordered) - 1) * 49 // 50]
    step = nice_step(usual, len(_COLOURS))
    return Levels(step, min(len(_COLOURS), int(ordered[-1] / step) + 1))


def draw_year(chart: YearMap) -> str:
    """The picture as SVG."""
    known = [amount for day in chart.days for amount in day.amounts if amount is not None]
    levels = levels_for(known)
    minutes = chart.days[0].minutes
    cell_width, cell_height = max(2, min(14, 732 // len(chart.days))), 5 * minutes // 30
    box = Box(52, 80, cell_width * len(chart.days), cell_height * 1440 // minutes)
    picture = Picture(chart.heading, _summary(chart, known), max(480, box.right + 16), box.bottom + 76)
    picture.add(*_cells(chart.days, levels, box, cell_height, picture.missing))
    picture.add(*_hours(box), *_months(chart.days, box, cell_width), *_turns(chart.days, box, cell_width))
    picture.add(*_legend(levels, known, chart, box, picture.missing))
    return picture.render()


# --- cells -----------------------------------------------------------------------------------------------


def _cells(days: Sequence[Day], levels: Levels, box: Box, height: int, missing: str) -> Iterator[str]:
    """A path for each level: a stroke down the column for each run of equal cells."""
    runs: dict[tuple[int, int], list[_Run]] = defaultdict(list)
    for column, day in enumerate(days):
        for level, run in _runs(day, column, levels):
            runs[level, run.halves].append(run)
    half = box.width / len(days) / 2
    for (level, halves), strokes in sorted(runs.items()):
        colour = missing if level == _MISSING else _BELOW if level < 0 else _COLOURS[level]
        yield element(
            "path", d=_strokes(strokes, box, half, height), stroke=colour, stroke_width=half * halves,
            fill="none", shape_rendering="crispEdges",
        )  # fmt: skip


def _runs(day: Day, column: int, levels: Levels) -> Iterator[tuple[int, _Run]]:
    """The cells of a column, equal ones next to each other as one."""
    cells = zip(_places(day, column), day.amounts, strict=True)
    known = [(place, _MISSING if a is None else levels.level_of(a)) for place, a in cells]
    # Within a run, level and side stay the same, and rows count up as the cells do.
    runs = groupby(enumerate(known), lambda cell: (cell[1][1], cell[1][0][:2], cell[1][0].row - cell[0]))
    for (level, _, _), group in runs:
        run = [place for _, (place, _) in group]
        yield level, run[0]._replace(rows=len(run))


def _places(day: Day, column: int) -> Iterator[_Run]:
    """Where each interval stands: a time that comes twice has half a column for each."""
    times, seen = Counter(day.walls), set[int]()
    for wall in day.walls:
        yield _Run(2 * column + (wall in seen), 2 if times[wall] == 1 else 1, wall // day.minutes, 1)
        seen.add(wall)


def _strokes(runs: Sequence[_Run], box: Box, half: float, height: int) -> str:
    said, x, y = [], 0.0, 0.0
    for run in runs:
        to_x, to_y = box.left + half * (run.half + run.halves / 2), box.top + height * run.row
        said.append(f"m{number(to_x - x)} {number(to_y - y)}v{height * run.rows}")
        x, y = to_x, to_y + height * run.rows
    return "".join(said).replace(" -", "-")


# --- around ----------------------------------------------------------------------------------------------


def _hours(box: Box) -> Iterator[str]:
    for hour in range(0, 25, 6):
        y = box.top + box.height * hour / 24
        yield text(time_of(hour * 60), box.left - 8, y + 4, anchor="end")
        yield element("path", d=f"M{box.left - 5:g} {number(y)}h4", class_="sm-axis")


def _months(days: Sequence[Day], box: Box, width: int) -> Iterator[str]:
    """The name of a month where it has room, and its first day marked."""
    firsts = [place for place, day in enumerate(days) if day.day.day == 1 or place == 0]
    for place, end in zip(firsts, (*firsts[1:], len(days)), strict=True):
        first, x = days[place].day, box.left + place * width
        yield element("path", d=f"M{x:g} {box.bottom + 1:g}v5", class_="sm-axis")
        if (end - place) * width >= 26:
            yield text(MONTHS[first.month - 1], x + 3, box.bottom + 16)
        if first.month == 1 or place == 0:
            yield text(str(first.year), x + 3, box.bottom + 31, "sm-on")


def _turns(days: Sequence[Day], box: Box, width: int) -> Iterator[str]:
    for place, day in enumerate(days):
        if turn := turn_of(day):
            x = box.left + (place + 0.5) * width
            anchor = "end" if x > box.right - 120 else "start" if x < box.left + 120 else "middle"
            yield text(turn[1].rsplit(" to ", 1)[0], x, box.top - 9, anchor=anchor)
            yield element("path", d=f"M{number(x)} {box.top - 1:g}l-3-5h6z", fill="#6b737d")


def _legend(
    levels: Levels, known: Sequence[Decimal], chart: YearMap, box: Box, missing: str
) -> Iterator[str]:
    """The steps with the amounts at which they begin."""
    y, wide, x = box.bottom + 48, 46, box.left
    if min(known, default=Decimal(0)) < 0:
        yield _swatch(x, y, wide, _BELOW)
        yield text("below 0", x + wide / 2, y + 24, anchor="middle")
        x += wide + 14
    for level in range(levels.number):
        yield _swatch(x, y, wide, _COLOURS[level])
        yield text(label(levels.step * level), x, y + 24, anchor="middle" if level else "start")
        x += wide
    yield text(rate_of(chart.unit, chart.days[0].minutes), x + 10, y + 10)
    if len(known) < sum(len(day.amounts) for day in chart.days):
        yield _swatch(box.right - 80, y, 22, missing)
        yield text("no data", box.right - 52, y + 10)


def _swatch(x: float, y: float, width: float, fill: str) -> str:
    return element("rect", x=x, y=y, width=width, height=11, fill=fill, stroke="#8a929c", stroke_width="0.5")


def _summary(chart: YearMap, known: Sequence[Decimal]) -> str:
    expected = sum(len(day.amounts) for day in chart.days)
    said = f"{len(chart.days)} days, {label(sum(known, Decimal(0)))} {chart.unit}"
    lacks = f", {expected - len(known)} of {expected} intervals without data" if len(known) < expected else ""
    return said + (f", the most {label(max(known))} {chart.unit}" if known else "") + lacks
