"""The words that all lines of a bill case share: days, hours, seasons, prices, factors."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from cases.case import Window
from submeter.tariffs.model import DayType

__all__ = ["Mistake", "factor", "months", "number", "one_day", "price", "span", "take_dates", "window"]

WEEK: tuple[DayType, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LAST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_HOURS = re.compile(r"(\d\d):(\d\d)\.\.(\d\d):(\d\d)")
_DAY_OF_YEAR = re.compile(r"(\d{1,2})-([a-z]{3})\.\.(\d{1,2})-([a-z]{3})")
_PRICE = re.compile(r"(-?\d+(?:\.\d+)?) ?(?:([pc]) ?)?(?:/ ?(\w+)|(%))?")


class Mistake(Exception):
    """What is wrong with a line; the reader adds file and line."""


def number(text: str) -> Decimal:
    """A number as written, its decimals kept."""
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        raise Mistake(f"{text!r} is no number")
    return Decimal(text)


def one_day(text: str) -> date:
    """2026-06-01, or 2026-06 for its first day."""
    try:
        return date.fromisoformat(text if len(text) != len("2026-06") else f"{text}-01")
    except ValueError:
        raise Mistake(f"{text!r} is no day like 2026-06-01") from None


def span(text: str) -> tuple[date, date]:
    """2026-06-01..2026-07-01, the second day excluded; or a single day."""
    first, dots, end = text.partition("..")
    begin = one_day(first)
    finish = one_day(end) if dots else begin + timedelta(days=1)
    if finish <= begin:
        raise Mistake(f"{text!r} ends before it begins")
    return begin, finish


def price(text: str) -> tuple[Decimal, str]:
    """A price and its unit: `24.50 p/kWh`, `0.3968 /kWh`, `5 %`, `100.00`. Pence and cents become money."""
    found = _PRICE.fullmatch(text.strip())
    if not found:
        raise Mistake(f"{text!r} is no price like `0.245 /kWh`, `24.5 p/kWh` or `5 %`")
    amount = Decimal(found[1]) / 100 if found[2] else Decimal(found[1])
    return amount, found[3] or found[4] or ""


def factor(text: str) -> Fraction:
    """A factor, or a row of them: `38.5`, `1.02264 x 39.5 / 3.6`."""
    parts = re.split(r"\s+([x/])\s+", text.strip())
    result = Fraction(number(parts[0]))
    for sign, value in zip(parts[1::2], parts[2::2], strict=True):
        result = result * Fraction(number(value)) if sign == "x" else result / Fraction(number(value))
    return result


def take_dates(words: list[str]) -> tuple[list[str], date | None, date | None]:
    """The words without `from DAY` and `to DAY`, and these days."""
    found: dict[str, date] = {}
    rest = list(words)
    for word in ("from", "to"):
        if word in rest[:-1] and rest[rest.index(word) + 1][:1].isdigit():
            at = rest.index(word)
            found[word] = one_day(rest[at + 1])
            del rest[at : at + 2]
    return rest, found.get("from"), found.get("to")


def months(words: Iterable[str]) -> frozenset[int]:
    """`dec jan feb` or `nov-mar`, as numbers."""
    return frozenset(number for word in words for number in _months(word))


def _months(word: str) -> list[int]:
    first, dash, last = word.partition("-")
    if first not in MONTHS or (dash and last not in MONTHS):
        raise Mistake(f"{word!r} is no month like `jun` or `nov-mar`")
    begin, end = MONTHS.index(first), MONTHS.index(last or first)
    return [(begin + step) % 12 + 1 for step in range((end - begin) % 12 + 1)]


def window(words: Sequence[str]) -> Window:
    """Hours, days and season, in any order: `07:00..21:00 mon-fri holiday nov-mar`."""
    hours, days, season = [], set[DayType](), None
    for word in words:
        if found := _HOURS.fullmatch(word):
            hours.append((_minutes(found[1], found[2]), _minutes(found[3], found[4])))
        elif named := _days(word):
            days.update(named)
        elif found := _DAY_OF_YEAR.fullmatch(word):
            season = ((_month(found[2]), int(found[1])), (_month(found[4]), int(found[3])))
        else:
            listed = _months(word)
            season = ((listed[0], 1), (listed[-1], _LAST[listed[-1] - 1]))
    return Window(tuple(hours), frozenset(days), season)


def _month(name: str) -> int:
    return _months(name)[0]


def _minutes(hour: str, minute: str) -> int:
    if int(hour) * 60 + int(minute) > 1440 or int(minute) > 59:
        raise Mistake(f"{hour}:{minute} is no time of day")
    return int(hour) * 60 + int(minute)


def _days(word: str) -> tuple[DayType, ...]:
    if word == "holiday":
        return ("holiday",)
    first, _, last = word.partition("-")
    if first not in WEEK or (last or first) not in WEEK:
        return ()
    begin, end = WEEK.index(first), WEEK.index(last or first)
    return tuple(WEEK[(begin + step) % 7] for step in range((end - begin) % 7 + 1))
