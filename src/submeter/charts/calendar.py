"""What is missing: a field for each day, with the number of its intervals that nobody knows."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

from submeter.charts.frame import MONTHS, Picture, name_of
from submeter.charts.model import DayGaps, GapCalendar
from submeter.charts.svg import element, text

__all__ = ["draw_calendar", "months_of"]

_FIELD, _LEFT, _TOP = 19, 76, 76
_WHOLE, _PART = "#8fc1e3", "#f5d38a"


def draw_calendar(chart: GapCalendar) -> str:
    """The picture as SVG."""
    months = months_of(chart.days)
    bottom = _TOP + _FIELD * len(months)
    picture = Picture(chart.heading, _summary(chart), 760, bottom + 42)
    picture.add(*_numbers(), *_legend(picture.missing, bottom + 16))
    for row, (month, days) in enumerate(months):
        picture.add(*_month(month, days, _TOP + row * _FIELD, picture.missing))
    return picture.render()


def months_of(days: Sequence[DayGaps]) -> list[tuple[date, list[DayGaps]]]:
    """The days by month, which is named by its first day."""
    return [(first, list(group)) for first, group in groupby(days, lambda day: day.day.replace(day=1))]


def _numbers() -> Iterator[str]:
    for day in range(1, 32):
        yield text(str(day), _LEFT + (day - 0.5) * _FIELD, _TOP - 6, anchor="middle", font_size=10)
    yield text("missing", 752, _TOP - 6, anchor="end")


def _month(month: date, days: Sequence[DayGaps], y: float, missing: str) -> Iterator[str]:
    yield text(f"{MONTHS[month.month - 1]} {month.year}", _LEFT - 8, y + 14, anchor="end")
    for day in days:
        yield from _field(day, _LEFT + (day.day.day - 1) * _FIELD, y, missing)
    lacks, expected = sum(day.missing for day in days), sum(day.expected for day in days)
    yield text(f"{lacks} of {expected}" if lacks else "none", 752, y + 14, anchor="end")


def _field(day: DayGaps, x: float, y: float, missing: str) -> Iterator[str]:
    whole, none = day.missing == 0, day.missing == day.expected
    said = f"{name_of(day.day)}: {day.missing} of {day.expected} intervals missing"
    yield element(
        "rect", *([] if whole else [element("title", said)]), x=x + 1, y=y + 1, width=_FIELD - 2,
        height=_FIELD - 2, rx=2, fill=missing if none else _WHOLE if whole else _PART,
        stroke="#8a929c" if none else None, stroke_width="0.7" if none else None,
    )  # fmt: skip
    if not whole and not none:
        centre = x + _FIELD / 2
        # Dark on both pages: it stands on a light field.
        yield text(
            str(day.missing), centre, y + 13, anchor="middle", font_size=9 if day.missing < 100 else 7,
            style="fill:#15191e",
        )  # fmt: skip


def _legend(missing: str, y: float) -> Iterator[str]:
    x = float(_LEFT)
    for fill, words in ((_WHOLE, "complete"), (_PART, "so many intervals missing"), (missing, "no data")):
        yield element(
            "rect", x=x + 1, y=y, width=13, height=13, rx=2, fill=fill, stroke="#8a929c", stroke_width="0.7"
        )
        yield text(words, x + 20, y + 11)
        x += 44 + 7 * len(words)


def _summary(chart: GapCalendar) -> str:
    lacks = sum(day.missing for day in chart.days)
    expected = sum(day.expected for day in chart.days)
    concerned = sum(day.missing > 0 for day in chart.days)
    return f"{lacks} of {expected} intervals missing, on {concerned} of {len(chart.days)} days"
