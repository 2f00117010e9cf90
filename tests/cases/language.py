"""Bill cases as text. docs/how-to/bill-cases.md teaches the language; `=== ` begins a case, `+++ ` what
several share. A line is a word and what it says; a mistake names file and line.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from cases.case import Bill, Case, Expected, Measured, Peak
from cases.charges import PRODUCTS, component
from cases.words import Mistake, factor, number, one_day, price, span, take_dates, window
from submeter.rating.model import Dated, Period
from submeter.tariffs.model import Calendar, Component, Plan, TaxRate

__all__ = ["CASES", "BadCase", "read_cases"]

CASES = Path(__file__).parent / "bills"
_EXPECTED = re.compile(
    r"(?P<head>\S+(?: [a-z]\S*)*?)(?: step (?P<step>\d+))?(?: from (?P<first>\d{4}-\d\d-\d\d))?"
    r"(?: (?P<quantity>-?[\d.]+) (?P<unit>kWh|kW|kVA|MJ|kL|L|m3|GJ|MWh|month|months|day))?"
    r"(?: x (?P<factor>[\d.]+))?(?: (?P<days>\d+) days)?"
    r" (?P<amount>-?[\d.]+)(?: tax (?P<tax>-?[\d.]+))?"
)
_MEASURED = re.compile(
    r"(?P<days>\S+?\d)(?: (?P<time>\d\d:\d\d)(?P<offset>[+-]\d\d:\d\d)?(?= ))?(?P<when>(?: \S+)*?)"
    r" (?P<amount>-?\d[\d.]*) (?P<unit>\w+)(?:/(?P<per>h|day))?"
)


class BadCase(Exception):
    """A line that cannot be understood: file, line, and why."""


class Said(NamedTuple):
    """A line: its place, its first word, the rest, and the lines indented below it."""

    place: str
    word: str
    rest: str
    below: tuple[str, ...]


@dataclass
class Draft:
    """A case while its lines are read."""

    zone: str = "Australia/Sydney"
    market: str = ""
    year_starts: int = 1
    holidays: set[date] = field(default_factory=set)
    plan: dict[str, Any] = field(default_factory=dict)
    components: dict[str, Component] = field(default_factory=dict)
    usage: list[Measured] = field(default_factory=list)
    missing: list[Period] = field(default_factory=list)
    spot: list[tuple[str, Measured]] = field(default_factory=list)
    taxes: list[TaxRate] = field(default_factory=list)
    losses: dict[str, list[Dated]] = field(default_factory=lambda: defaultdict(list))
    conversions: dict[tuple[str, str, str], list[Dated]] = field(default_factory=lambda: defaultdict(list))
    conditions: set[str] = field(default_factory=set)
    capacity: Decimal | None = None
    peaks: list[Peak] = field(default_factory=list)
    charged: Decimal | None = None
    charged_since: date | None = None
    carried: dict[str, Decimal | Fraction] = field(default_factory=dict)
    bills: list[Bill] = field(default_factory=list)
    parts_of_one: bool = False


def read_cases(path: Path) -> list[Case]:
    """The cases of a file. Raises `BadCase` at the first line that makes no sense."""
    return list(_cases(path.name, path.read_text(encoding="utf-8")))


def _cases(file: str, text: str) -> Iterator[Case]:
    shared: list[Said] = []
    said, title, place = shared, "", ""
    for line in _lines(file, text):
        if line.word in {"+++", "==="}:
            if title:
                yield _case(title, place, [*shared, *said])
            shared = [] if line.word == "+++" else shared
            title, place = (line.rest, line.place) if line.word == "===" else ("", "")
            said = [] if title else shared
        else:
            said.append(line)
    if title:
        yield _case(title, place, [*shared, *said])


def _lines(file: str, text: str) -> Iterator[Said]:
    current: Said | None = None
    for count, raw in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s+)#.*", "", raw).rstrip()
        if line.startswith(" ") and line.strip():
            if not current:
                raise BadCase(f"{file}:{count}: an indented line belongs below another")
            current = current._replace(below=(*current.below, line.strip()))
        elif line:
            if current:
                yield current
            word, _, rest = line.partition(" ")
            current = Said(f"{file}:{count}", word, " ".join(rest.split()), ())
    if current:
        yield current


def _case(title: str, place: str, said: list[Said]) -> Case:
    draft = Draft()
    for line in said:
        try:
            reader = WORDS.get(line.word)
            if not reader:
                raise Mistake(f"{line.word!r} is none of {', '.join(WORDS)}")
            reader(draft, line)
        except Mistake as mistake:
            raise BadCase(f"{line.place}: {mistake}") from None
    if not any(bill.lines or bill.total is not None or bill.refused for bill in draft.bills):
        raise BadCase(f"{place}: the case expects nothing")
    return _finished(title, place, draft)


def _finished(title: str, place: str, draft: Draft) -> Case:
    return Case(
        name=title,
        place=place,
        plan=Plan(code=title, components=tuple(draft.components.values()), **draft.plan),
        calendar=Calendar(draft.zone, draft.market, frozenset(draft.holidays), draft.year_starts),
        usage=tuple(draft.usage),
        missing=tuple(draft.missing),
        spot=tuple(draft.spot),
        taxes=tuple(draft.taxes),
        loss_factors={name: tuple(dated) for name, dated in draft.losses.items()},
        conversions={units: tuple(dated) for units, dated in draft.conversions.items()},
        conditions=frozenset(draft.conditions),
        capacity=draft.capacity,
        peaks=tuple(draft.peaks),
        charged_this_year=draft.charged,
        charged_since=draft.charged_since,
        carried=draft.carried,
        bills=tuple(draft.bills),
        parts_of_one=draft.parts_of_one,
    )


# One function a word ---------------------------------------------------------------------------------------------


def _site(draft: Draft, line: Said) -> None:
    draft.zone, _, market = line.rest.partition(" market ")
    draft.market = market
    for zone in filter(None, (draft.zone, draft.market)):
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError):
            raise Mistake(f"{zone!r} is no time zone like Australia/Sydney") from None


def _holidays(draft: Draft, line: Said) -> None:
    draft.holidays.update(one_day(word) for word in line.rest.split())


def _year(draft: Draft, line: Said) -> None:
    (draft.year_starts,) = window([line.rest.removeprefix("from ")]).season[0][:1]  # type: ignore[index]


def _setting(name: str) -> Callable[[Draft, Said], None]:
    def read(draft: Draft, line: Said) -> None:
        draft.plan[name] = int(line.rest) if line.rest.isdigit() else line.rest

    return read


def _charge(draft: Draft, line: Said) -> None:
    made = component(line.rest, line.below)
    draft.components[made.code] = made


def _tax(draft: Draft, line: Said) -> None:
    (code, *words), begin, end = take_dates(line.rest.split())
    percent, unit = price(" ".join(words))
    if unit != "%":
        raise Mistake("a tax is in %")
    draft.taxes.append(TaxRate(code, percent, begin or date(2000, 1, 1), end))


def _dated(words: list[str], about: str) -> Dated:
    rest, begin, end = take_dates(words)
    return Dated(factor(" ".join(rest)), begin or date.min, end or date.max, about)


def _loss(draft: Draft, line: Said) -> None:
    name, *words = line.rest.split()
    draft.losses[name].append(_dated(words, name))


def _convert(draft: Draft, line: Said) -> None:
    product, measured, priced, *words = line.rest.split()
    draft.conversions[product, measured, priced].append(_dated(words, f"{priced} in a {measured}"))


def _measured(text: str, place: str) -> Measured:
    head, *options = re.split(r",\s*", text)
    found = _MEASURED.fullmatch(head)
    if not found:
        raise Mistake(f"{head!r} is not like `2026-06-01..2026-07-01 310 kWh`")
    first, end = span(found["days"])
    form, unit = _form(found)
    when = window(found["when"].split())
    if form in {"total", "daily", "interval"} and found["when"].strip():
        raise Mistake("windows go with an amount each hour (kWh/h or kW)")
    made = Measured(place, form, first, end, number(found["amount"]), unit, window=when)  # type: ignore[arg-type]
    if found["time"]:
        made = made._replace(at=_instant(first, found["time"], found["offset"]))
    for option in options:
        made = _with_option(made, option)
    return made


def _form(found: re.Match[str]) -> tuple[str, str]:
    unit = found["unit"]
    if found["time"]:
        return "interval", unit
    if unit in {"kW", "kvar"}:
        return "power", f"{unit}h"
    return {None: "total", "day": "daily", "h": "power"}[found["per"]], unit


def _instant(day: date, time: str, offset: str | None) -> datetime:
    moment = datetime.fromisoformat(f"{day}T{time}")
    if offset:
        hours, minutes = int(offset[:3]), int(offset[0] + offset[4:])
        return moment.replace(tzinfo=timezone(timedelta(hours=hours, minutes=minutes)))
    return moment


def _with_option(made: Measured, option: str) -> Measured:
    if found := re.fullmatch(r"(\d+) minutes", option):
        return made._replace(minutes=int(found[1]))
    if found := re.fullmatch(r"register (\S+)", option):
        return made._replace(register_type=found[1])
    if option == "market clock":
        return made._replace(market=True)
    if option in PRODUCTS:
        return made._replace(product=option)
    raise Mistake(f"{option!r} is nothing that usage can have")


def _usage(draft: Draft, line: Said) -> None:
    draft.usage.append(_measured(line.rest, line.place))


def _export(draft: Draft, line: Said) -> None:
    draft.usage.append(_measured(line.rest, line.place)._replace(direction="export"))


def _missing(draft: Draft, line: Said) -> None:
    draft.missing.append(Period(*span(line.rest)))


def _spot(draft: Draft, line: Said) -> None:
    series, _, rest = line.rest.partition(" ")
    head, *options = rest.split(",")
    made = _measured(
        ",".join([f"{head}/h" if "/kWh" not in head else head.replace(" /kWh", " kWh/h"), *options]),
        line.place,
    )
    draft.spot.append((series, made))


def _holds(draft: Draft, line: Said) -> None:
    draft.conditions.update(line.rest.split())


def _capacity(draft: Draft, line: Said) -> None:
    draft.capacity = number(line.rest.split()[0])


def _peak(draft: Draft, line: Said) -> None:
    code, month, amount, _unit, *band = line.rest.split()
    draft.peaks.append(Peak(code, one_day(month), "".join(band), number(amount)))


def _charged(draft: Draft, line: Said) -> None:
    words, draft.charged_since, _ = take_dates(line.rest.removeprefix("this year ").split())
    draft.charged = number(" ".join(words))


def _carried(draft: Draft, line: Said) -> None:
    what, amount = _carry(line.rest)
    draft.carried[what] = amount
    if ":" in what:  # the running total over all bands, which a year's end looks at
        draft.carried["net"] = draft.carried.get("net", Decimal(0)) + amount


def _carry(text: str) -> tuple[str, Decimal]:
    """`money 10.00`, or a component and its band: `energy peak 25 kWh`."""
    words = text.removesuffix(" kWh").split()
    code, band, amount = words[0], "".join(words[1:-1]), number(words[-1])
    return (code if code in {"money", "net"} else f"{code}:{band}"), amount


def _parts(draft: Draft, line: Said) -> None:
    if line.rest != "are parts of one":
        raise Mistake("did you mean `bills are parts of one`?")
    draft.parts_of_one = True


def _bill(draft: Draft, line: Said) -> None:
    draft.bills.append(Bill(Period(*span(line.rest))))


def _expect(draft: Draft, line: Said) -> None:
    if not draft.bills:
        raise Mistake("`expect` stands below the `bill` that it is about")
    draft.bills[-1] = _with_expected(draft.bills[-1], line)


def _with_expected(bill: Bill, line: Said) -> Bill:
    word, _, rest = line.rest.partition(" ")
    if word in {"tax", "total"}:
        return replace(bill, **{word: number(rest)})
    if word == "refused":
        return replace(bill, refused=rest)
    if word == "carried":
        what, amount = _carry(rest)
        return replace(bill, carried={**bill.carried, what: amount})
    return replace(bill, lines=(*bill.lines, _expected(line)))


def _expected(line: Said) -> Expected:
    found = _EXPECTED.fullmatch(line.rest)
    if not found:
        raise Mistake(f"{line.rest!r} is not like `energy 310 kWh 75.95`")
    code, *band = found["head"].split()
    named = {name: found[name] and number(found[name]) for name in ("quantity", "factor", "tax")}
    return Expected(
        line.place,
        code,
        number(found["amount"]),
        "".join(band) or None,
        found["step"] and int(found["step"]),
        unit=found["unit"],
        days=found["days"] and int(found["days"]),
        first=found["first"] and one_day(found["first"]),
        **named,
    )


WORDS: dict[str, Callable[[Draft, Said], None]] = {
    "site": _site,
    "holidays": _holidays,
    "year": _year,
    "rounding": _setting("rounding"),
    "tax-rule": _setting("tax_rule"),
    "metering": _setting("metering"),
    "true-up": _setting("true_up"),
    "true-up-month": _setting("true_up_month"),
    "credit-from": _setting("credit_from"),
    "decimals": _setting("decimals"),
    "charge": _charge,
    "tax": _tax,
    "loss": _loss,
    "convert": _convert,
    "usage": _usage,
    "export": _export,
    "missing": _missing,
    "spot": _spot,
    "holds": _holds,
    "capacity": _capacity,
    "peak": _peak,
    "charged": _charged,
    "carried": _carried,
    "bills": _parts,
    "bill": _bill,
    "expect": _expect,
}
