"""What all pictures share: size, style, heading, axes, legend, and words for those who do not see it.

Colours are those of Okabe and Ito (2008), which people with any colour vision tell apart; what differs in
colour differs in dashes or pattern too, so that a picture in black and white says the same. There is no
background of its own, and dark pages get light words: a picture fits on both.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from zlib import crc32

from submeter.charts.model import Heading
from submeter.charts.scale import Scale, label
from submeter.charts.svg import element, plain, text

__all__ = [
    "DASHES",
    "LINES",
    "MONTHS",
    "WEEKDAYS",
    "Box",
    "Picture",
    "legend",
    "name_of",
    "rate_of",
    "rows",
    "time_of",
]

LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
DASHES = ("", "6 3", "2 2", "8 2 2 2")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_FONT = (
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif"
)
_STYLE = (
    f".sm-chart{{{_FONT};font-size:12px}}"
    ".sm-chart text{fill:#3d4550}"
    ".sm-chart .sm-title{font-size:16px;font-weight:600;fill:#15191e}"
    ".sm-chart .sm-on{fill:#15191e}"
    ".sm-chart .sm-grid{stroke:#8a929c;stroke-opacity:.35;fill:none}"
    ".sm-chart .sm-axis{stroke:#6b737d;fill:none}"
    ".sm-chart .sm-turn{stroke:#6b737d;stroke-dasharray:3 3;fill:none}"
    ".sm-chart .sm-hatch{stroke:#7d858f;stroke-width:1.2}"
    "@media (prefers-color-scheme:dark){"
    ".sm-chart text{fill:#c3cad3}.sm-chart .sm-title,.sm-chart .sm-on{fill:#f0f3f6}}"
    "@media print{.sm-chart text,.sm-chart .sm-title,.sm-chart .sm-on{fill:#000}}"
)


class Box(NamedTuple):
    """A part of the picture, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height


class Picture:
    """A picture under construction: elements are added in the order in which they lie over each other."""

    def __init__(self, heading: Heading, summary: str, width: float, height: float) -> None:
        self.heading, self.summary = heading, summary
        self.width, self.height = width, height
        self._parts: list[str] = []
        # Several pictures may stand in one page, where ids are shared.
        self._key = f"sm{crc32(repr((heading, summary)).encode()):08x}"
        self.missing = f"url(#{self._key}-missing)"
        """A fill that says that there is no value."""

    def add(self, *parts: str) -> None:
        self._parts += parts

    def render(self) -> str:
        """The picture as a file of its own or as part of a page."""
        names = f"{self._key}-title {self._key}-desc"
        inside = (
            element("title", plain(self.heading.title), id=f"{self._key}-title"),
            element("desc", plain(self._description()), id=f"{self._key}-desc"),
            element("style", _STYLE),
            element("defs", self._hatch()),
            text(self.heading.title, 8, 22, "sm-title"),
            text(self.heading.subtitle, 8, 40) if self.heading.subtitle else "",
        )
        size = f"0 0 {self.width:g} {self.height:g}"
        return element(
            "svg", *inside, *self._parts, xmlns="http://www.w3.org/2000/svg", width=self.width,
            height=self.height, viewBox=size, class_="sm-chart", role="img", aria_labelledby=names,
        )  # fmt: skip

    def _description(self) -> str:
        return f"{self.heading.subtitle}. {self.summary}" if self.heading.subtitle else self.summary

    def _hatch(self) -> str:
        line = element("path", d="M-1 1l2-2M0 6l6-6M5 7l2-2", class_="sm-hatch")
        return element(
            "pattern", line, id=f"{self._key}-missing", width=6, height=6, patternUnits="userSpaceOnUse"
        )


def rows(box: Box, scale: Scale, unit: str, above: float = 10) -> tuple[str, ...]:
    """Lines across the box at the ticks of the upright axis, with their numbers, and what they count."""
    lines, numbers = [], []
    for tick in scale.ticks:
        y = round(box.bottom - scale.share(tick) * box.height) + 0.5
        kind = "sm-axis" if tick == 0 else "sm-grid"
        lines.append(element("path", d=f"M{box.left:g} {y:g}H{box.right:g}", class_=kind))
        numbers.append(text(label(tick), box.left - 6, y + 4, anchor="end"))
    return (*lines, *numbers, text(unit, 8, box.top - above))


def legend(entries: Sequence[tuple[str, str]], right: float, y: float) -> tuple[str, ...]:
    """Names with the marks before them (elements drawn in a box of 22 x 10 at 0, 0), from the right edge."""
    parts, x = [], right
    for mark, name in reversed(entries):
        x -= 7 * len(name)
        parts.append(text(name, x, y))
        x -= 28
        parts.append(element("g", mark, transform=f"translate({x:g} {y - 9:g})"))
        x -= 14
    return tuple(parts)


def time_of(minute: int) -> str:
    """07:30 for 450."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def name_of(day: date) -> str:
    """Mon 3 Mar."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def rate_of(unit: str, minutes: int) -> str:
    """kWh per half-hour."""
    return f"{unit} per {({30: 'half-hour', 60: 'hour'}).get(minutes, f'{minutes} minutes')}"
