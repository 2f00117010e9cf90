"""Cells of a table of prices: from text to a value and back, each kind of cell in one place."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar, get_args

from submeter.core.problem import Refused
from submeter.metering.formats.dates import day_of
from submeter.tariffs.formats import problems
from submeter.tariffs.model import DayType

__all__ = [
    "DAY", "DAY_TYPES", "MONTHS", "MONTH_OF_YEAR", "NUMBER", "PERCENT", "SEASON", "TEXT", "TIME", "WHOLE",
    "WORDS", "YES_NO", "Cell", "choice", "told_season",
]  # fmt: skip

T = TypeVar("T")

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::00)?")
_SEASON = re.compile(r"([0-9]{1,2}) ?([a-z]{3})[a-z]* *(?:to|-|–) *([0-9]{1,2}) ?([a-z]{3})[a-z]*")
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY_TYPES: tuple[DayType, ...] = get_args(DayType)
_GROUPS = {"weekday": _DAY_TYPES[:5], "weekend": _DAY_TYPES[5:7], "all": _DAY_TYPES}
_DECIMALS, _DIGITS = 6, 12


class Cell(NamedTuple, Generic[T]):
    """How a kind of cell is read and written.

    `read` takes the column's name, for the refusal (Refused TRF204 to TRF208, TRF217), and text that is
    not blank; `write` gives text that `read` takes.
    """

    read: Callable[[str, str], T]
    write: Callable[[T], str]
    form: str
    """What people are told about it."""


def _number(column: str, text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise Refused(problems.not_a_number(column))
    value = Decimal(text)
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > _DECIMALS:
        raise Refused(problems.too_fine(column))
    if value.adjusted() >= _DIGITS:
        raise Refused(problems.out_of_range(column, f"at most {_DIGITS} digits before the point"))
    return value


def _percent(column: str, text: str) -> Decimal:
    value = _number(column, text.removesuffix("%").strip())
    if not 0 <= value <= 100:
        raise Refused(problems.out_of_range(column, "0 to 100"))
    return value


def _whole(column: str, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,6}", text):
        raise Refused(problems.not_a_number(column, "Write a whole number."))
    return int(text)


def _month_of_year(column: str, text: str) -> int:
    named = text.lower()[:3]
    month = _MONTH_NAMES.index(named) + 1 if named in _MONTH_NAMES else _whole(column, text)
    if not 1 <= month <= 12:
        raise Refused(problems.out_of_range(column, "1 to 12"))
    return month


def _day(column: str, text: str) -> date:
    day = day_of(text)
    if day is None:
        raise Refused(problems.not_a_day(column))
    return day


def _yes_no(column: str, text: str) -> bool:
    said = {
        "yes": True,
        "y": True,
        "true": True,
        "1": True,
        "no": False,
        "n": False,
        "false": False,
        "0": False,
    }
    if text.lower() not in said:
        raise Refused(problems.not_a_choice(column, text, ("yes", "no")))
    return said[text.lower()]


def _words(_: str, text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(";") if word.strip())


def choice(known: Sequence[Any]) -> Cell[Any]:
    """A cell that holds one of some words; capitals do not matter."""
    by_key = {str(one).lower(): one for one in known}

    def read(column: str, text: str) -> Any:
        if text.lower() not in by_key:
            raise Refused(problems.not_a_choice(column, text, [str(one) for one in known]))
        return by_key[text.lower()]

    return Cell(read, str, " ".join(f"`{one}`" for one in known))


# --- times -----------------------------------------------------------------------------------------------


def _time(column: str, text: str) -> int:
    said = _TIME.fullmatch(text)
    minute = int(said[1]) * 60 + int(said[2]) if said and int(said[2]) < 60 else 1441
    if minute > 1440:
        raise Refused(problems.not_understood(column, "07:00, 15:30, 24:00"))
    return minute


def _written_time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


Season = tuple[tuple[int, int], tuple[int, int]]


def _season(column: str, text: str) -> Season:
    said = _SEASON.fullmatch(text.lower())
    ends = [_day_of_year(said[1], said[2]), _day_of_year(said[3], said[4])] if said else [None]
    first, last = ends[0], ends[-1]
    if first is None or last is None:
        raise Refused(problems.not_understood(column, "1 Dec to 28 Feb"))
    return first, last


def _day_of_year(day: str, name: str) -> tuple[int, int] | None:
    if name not in _MONTH_NAMES:
        return None
    month = _MONTH_NAMES.index(name) + 1
    return (month, int(day)) if 1 <= int(day) <= _LENGTHS[month - 1] else None


def told_season(season: Season) -> str:
    """1 Dec to 28 Feb."""
    return " to ".join(f"{day} {_MONTH_NAMES[month - 1].title()}" for month, day in season)


def _day_types(column: str, text: str) -> frozenset[DayType]:
    found: set[DayType] = set()
    for part in re.split(r"[\s,;+]+", re.sub(r"\s*-\s*", "-", text.lower().strip())):
        found.update(_day_types_of(column, part))
    return frozenset(found)


def _day_types_of(column: str, part: str) -> Iterable[DayType]:
    """mon; mon-fri; weekdays; holidays."""
    if (group := _GROUPS.get(part.removesuffix("s"))) is not None:
        return group
    first, _, last = (end.strip() for end in part.partition("-"))
    ends = [_day_type(end) for end in (first, last or first)]
    if ends[0] is None or ends[1] is None or (last and 7 in ends) or ends[0] > ends[1]:
        raise Refused(problems.not_understood(column, "mon-fri, or sat sun holiday"))
    return _DAY_TYPES[ends[0] : ends[1] + 1]


def _day_type(word: str) -> int | None:
    short = "holiday" if word in {"holiday", "holidays", "ph"} else word[:3] if word.isalpha() else ""
    return _DAY_TYPES.index(short) if short in _DAY_TYPES else None


def _written_day_types(days: frozenset[DayType]) -> str:
    """mon-fri holiday: runs of three and more are drawn together."""
    said: list[str] = []
    places = [place for place, day in enumerate(_DAY_TYPES[:7]) if day in days]
    while places:
        run = 1
        while run < len(places) and places[run] == places[0] + run:
            run += 1
        taken, places = places[: run if run > 2 else 1], places[run if run > 2 else 1 :]
        ends = [_DAY_TYPES[taken[0]], _DAY_TYPES[taken[-1]]]
        said.append("-".join(ends) if len(taken) > 1 else ends[0])
    return " ".join([*said, *(["holiday"] if "holiday" in days else [])])


def _months(column: str, text: str) -> frozenset[int]:
    return frozenset(_month_of_year(column, part) for part in re.split(r"[\s,;]+", text.strip()))


def _written_months(months: frozenset[int]) -> str:
    return " ".join(_MONTH_NAMES[month - 1] for month in sorted(months))


def _written_number(value: Decimal) -> str:
    return f"{value:f}"


TEXT = Cell[str](lambda _, text: text, str, "text")
WORDS = Cell[tuple[str, ...]](_words, "; ".join, "codes with `;` between them")
NUMBER = Cell[Decimal](_number, _written_number, "a number, up to six decimals")
PERCENT = Cell[Decimal](_percent, _written_number, "percent, 0 to 100")
WHOLE = Cell[int](_whole, str, "a whole number")
MONTH_OF_YEAR = Cell[int](_month_of_year, str, "1 to 12, or `jul`")
DAY = Cell[date](_day, str, "`2026-07-01` or `01/07/2026`")
YES_NO = Cell[bool](_yes_no, lambda said: "yes" if said else "no", "`yes` `no`")
TIME = Cell[int](_time, _written_time, "`07:00`, up to `24:00`")
SEASON = Cell[Season](_season, told_season, "`1 Dec to 28 Feb`, both days in it")
DAY_TYPES = Cell[frozenset[DayType]](
    _day_types, _written_day_types, "`mon-fri`, `weekend`, `sat sun holiday`"
)
MONTHS = Cell[frozenset[int]](_months, _written_months, "`jun jul aug`")
