"""A day, or a few in a row, as they went: a step for each interval, and the clock on the wall below."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from submeter.charts.frame import LINES, Box, Picture, legend, name_of, rate_of, rows, time_of
from submeter.charts.model import Amount, Day, LoadProfile
from submeter.charts.scale import Scale, label, scale_for
from submeter.charts.svg import element, number, text

__all__ = ["draw_profile", "runs", "steps", "turn_of"]

_BOX = Box(58, 76, 678, 200)


def draw_profile(profile: LoadProfile) -> str:
    """The picture as SVG."""
    amounts = [amount for day in profile.days for amount in day.amounts]
    scale = scale_for([amount for amount in amounts if amount is not None])
    picture = Picture(profile.heading, _summary(profile, amounts), 760, 316)
    width = _BOX.width / max(1, len(amounts))
    picture.add(*_gaps(amounts, width, picture.missing))
    picture.add(*rows(_BOX, scale, rate_of(profile.unit, profile.days[0].minutes)))
    picture.add(*(_one_day(profile.days[0], width) if len(profile.days) == 1 else _days(profile.days, width)))
    picture.add(*steps(amounts, _BOX, scale, LINES[0], filled=True))
    if None in amounts:
        swatch = element("rect", y=0, width=22, height=10, fill=picture.missing)
        picture.add(*legend([(swatch, "no data")], _BOX.right, 66))
    return picture.render()


def runs(amounts: Sequence[Amount], *, known: bool) -> Iterator[tuple[int, int]]:
    """From where to where (the second not included) amounts are known, or are not."""
    start = None
    for place, amount in enumerate((*amounts, Decimal(0) if not known else None)):
        wanted = (amount is not None) == known
        if wanted and start is None:
            start = place
        elif not wanted and start is not None:
            yield start, place
            start = None


def steps(
    amounts: Sequence[Amount], box: Box, scale: Scale, colour: str, dash: str = "", *, filled: bool = False
) -> Iterator[str]:
    """A line of steps for each run of known amounts, and what lies between it and zero."""
    width = box.width / max(1, len(amounts))
    zero = number(box.bottom - scale.share(Decimal(0)) * box.height)
    for first, end in runs(amounts, known=True):
        left = number(box.left + first * width)
        heights = [
            box.bottom - scale.share(amount) * box.height
            for amount in amounts[first:end]
            if amount is not None
        ]
        line = _line(heights, box.left + first * width, width)
        if filled:
            area = f"M{left} {zero}V{number(heights[0])}{line}V{zero}Z"
            yield element("path", d=area, fill=colour, fill_opacity="0.15")
        line = f"M{left} {number(heights[0])}{line}"
        yield element(
            "path", d=line, fill="none", stroke=colour, stroke_width=1.8, stroke_dasharray=dash or None
        )


def _line(heights: Sequence[float], left: float, width: float) -> str:
    """From the first height on: across, up or down where the next differs, across."""
    said, before = [], number(heights[0])
    for place, height in enumerate(map(number, heights), start=1):
        said.append(f"{f'V{height}' if height != before else ''}H{number(left + place * width)}")
        before = height
    return "".join(said)


def _gaps(amounts: Sequence[Amount], width: float, fill: str) -> Iterator[str]:
    for first, end in runs(amounts, known=False):
        yield element(
            "rect", x=_BOX.left + first * width, y=_BOX.top, width=(end - first) * width, height=_BOX.height,
            fill=fill,
        )  # fmt: skip


# --- across ----------------------------------------------------------------------------------------------


def turn_of(day: Day) -> tuple[int, str] | None:
    """The first interval after a change of the clock on the wall, and what happened; None on other days."""
    before = -day.minutes
    for place, wall in enumerate(day.walls):
        leap = wall - before - day.minutes
        if leap:
            return place, f"clock goes {'forward' if leap > 0 else 'back'} to {time_of(wall)}"
        before = wall
    return None


def _one_day(day: Day, width: float) -> Iterator[str]:
    """The hours that the wall shows: an hour that is left out or comes twice moves those after it."""
    turn = turn_of(day)
    for place, wall in enumerate(day.walls):
        if wall % 180 == 0:
            yield from _tick(_BOX.left + place * width, time_of(wall))
    yield from _tick(_BOX.right, "24:00")
    if turn:
        yield from _turn(_BOX.left + turn[0] * width, turn[1])


def _tick(x: float, words: str) -> tuple[str, str]:
    return (
        element("path", d=f"M{number(x)} {_BOX.bottom:g}v4", class_="sm-axis"),
        text(words, x, _BOX.bottom + 18, anchor="middle"),
    )


def _turn(x: float, words: str) -> tuple[str, str]:
    return (
        element("path", d=f"M{number(x)} {_BOX.top:g}V{_BOX.bottom:g}", class_="sm-turn"),
        text(words, x + 5, _BOX.top + 11),
    )


def _days(days: Sequence[Day], width: float) -> Iterator[str]:
    """A field for each day, as wide as it is long."""
    x = _BOX.left
    for day in days:
        end = x + len(day.amounts) * width
        turn = turn_of(day)
        if day is not days[0]:
            yield element("path", d=f"M{number(x)} {_BOX.top:g}V{_BOX.bottom + 4:g}", class_="sm-grid")
        if turn:
            yield from _turn(x + turn[0] * width, turn[1])
        if len(days) <= 10 or day.day.weekday() == 0:
            yield text(name_of(day.day), (x + end) / 2, _BOX.bottom + 18, anchor="middle")
        x = end


# --- in words --------------------------------------------------------------------------------------------


def _summary(profile: LoadProfile, amounts: Sequence[Amount]) -> str:
    known = [amount for amount in amounts if amount is not None]
    said = [f"{len(amounts)} intervals", f"{label(sum(known, Decimal(0)))} {profile.unit}"]
    if known:
        said.append(_highest(profile, max(known)))
    if len(known) < len(amounts):
        said.append(f"{len(amounts) - len(known)} intervals without data")
    return ", ".join(said)


def _highest(profile: LoadProfile, most: Decimal) -> str:
    day, place = next((day, day.amounts.index(most)) for day in profile.days if most in day.amounts)
    return f"the most, {label(most)} {profile.unit}, on {name_of(day.day)} at {time_of(day.walls[place])}"
