"""A `charge` of a bill case and the lines below it become a component of a plan."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, get_args

from cases.words import Mistake, months, number, one_day, price, take_dates, window
from submeter.tariffs.model import (
    Band,
    Component,
    DemandRule,
    DiscountRule,
    Kind,
    Rate,
)

__all__ = ["PRODUCTS", "component"]

PRODUCTS = ("electricity", "gas", "cold_water", "hot_water", "sewerage", "heat", "cooling", "broadband", "ev")
ALWAYS = date(2000, 1, 1)
_BASIS = {"day": "day", "month": "month", "bill": "period", "year": "year", "kW": "per_kw", "kVA": "per_kw"}
_HOW = {"%": "percent", "day": "per_day", "month": "per_month", "bill": "amount", "": "amount"}

Change = Callable[[Component, re.Match[str]], Component]


def component(words: str, below: Sequence[str]) -> Component:
    """`energy usage 0.3968 /kWh, tax gst` and, indented below it, bands and prices."""
    head, *options = re.split(r",\s*", re.sub(r"(?<=\S) of ", ", of ", words, count=1))
    code, kind, rest = (*head.split(None, 2), "", "")[:3]
    if kind not in get_args(Kind):
        raise Mistake(f"{kind!r} is none of {', '.join(get_args(Kind))}")
    made = Component(code=code, kind=kind, rates=(), name=code)  # type: ignore[arg-type]
    if kind == "demand":
        made = replace(made, demand=DemandRule())
    if kind in {"discount", "concession"}:
        made = replace(made, discount=DiscountRule())
    for option in options:
        made = _with_option(made, option.strip())
    made = _with_price(made, rest) if rest else made
    for line in below:
        made = _with_line(made, line)
    if not made.rates:
        raise Mistake(f"{code} has no price")
    return made


def _with_option(made: Component, text: str) -> Component:
    for pattern, change in OPTIONS:
        if found := re.fullmatch(pattern, text):
            return change(made, found)
    if text in PRODUCTS:
        return replace(made, product=text)
    raise Mistake(f"{text!r} is nothing that a charge can have")


def _with_line(made: Component, line: str) -> Component:
    word, _, rest = line.strip().partition(" ")
    if word == "band":
        return replace(made, bands=made.bands + _bands(rest.split()))
    if word == "price":
        return _with_price(made, rest)
    raise Mistake(f"below a charge stand `band` and `price`, not {word!r}")


def _bands(words: list[str]) -> tuple[Band, ...]:
    code, *rest = words
    when = window([word for word in rest if word != "otherwise"])
    hours = when.hours or ((0, 1440),)
    return tuple(Band(code, begin, end, when.day_types, when.season) for begin, end in hours)


def _with_price(made: Component, text: str) -> Component:
    words, limit = _take_limit(text.split())
    words, begin, end = take_dates(words)
    bands = {band.code for band in made.bands}
    band = words.pop(0) if words and words[0] in bands else ""
    if bands and not band:
        raise Mistake(f"the price names none of the bands {', '.join(sorted(bands))}")
    amount, unit = price(" ".join(words))
    before = [rate for rate in made.rates if (rate.band, rate.from_date) == (band, begin or ALWAYS)]
    rate = Rate(begin or ALWAYS, amount, end, band, len(before) + 1, limit)
    return _with_unit(replace(made, rates=(*_ended(made.rates, rate), rate)), unit)


def _ended(rates: Sequence[Rate], new: Rate) -> list[Rate]:
    """A price ends where the next one of its band and step begins."""
    same = [rate.to_date is None and (rate.band, rate.step) == (new.band, new.step) for rate in rates]
    return [
        rate._replace(to_date=new.from_date) if ends else rate for rate, ends in zip(rates, same, strict=True)
    ]


def _take_limit(words: list[str]) -> tuple[list[str], Decimal | None]:
    if "above" in words:
        return [word for word in words if word != "above"], None
    if "up" not in words[:-2]:
        return words, None
    at = words.index("up")
    return words[:at] + words[at + 3 :], number(words[at + 2])


def _with_unit(made: Component, unit: str) -> Component:
    if made.discount:
        how = _HOW.get(unit)
        if not how:
            raise Mistake(f"a {made.kind} is in %, /day, /month or /bill, not {unit!r}")
        return replace(made, discount=made.discount._replace(how=how))
    if not unit or unit == "%":
        return made
    if made.demand:
        made = replace(made, demand=made.demand._replace(unit=unit))  # type: ignore[arg-type]
    return replace(made, unit=unit)


def _steps(made: Component, found: re.Match[str]) -> Component:
    basis = "per_kw_day" if found[2] else _BASIS[found[1]]
    return replace(made, steps=made.steps._replace(basis=basis))  # type: ignore[arg-type]


def _scope(made: Component, found: re.Match[str]) -> Component:
    return replace(made, steps=made.steps._replace(scope="running" if found[0] == "running" else "band"))


def _demand(**changes: Any) -> Callable[[Component], Component]:
    def change(made: Component) -> Component:
        if not made.demand:
            raise Mistake(f"{made.code} is no demand")
        return replace(made, demand=made.demand._replace(**changes))

    return change


def _discount(made: Component, **changes: Any) -> Component:
    if not made.discount:
        raise Mistake(f"{made.code} is no discount and no concession")
    return replace(made, discount=made.discount._replace(**changes))


def _cap_per(word: str) -> str:
    return "period" if word == "bill" else word


OPTIONS: tuple[tuple[str, Change], ...] = (
    (r"tax (\w+)", lambda made, found: replace(made, tax_code=found[1])),
    (r"tax (\w+) included", lambda made, found: replace(made, tax_code=found[1], tax_inclusive=True)),
    (r"market clock", lambda made, _: replace(made, clock="market")),
    (r"register (.+)", lambda made, found: replace(made, register_types=tuple(found[1].split()))),
    (r"of (.+)", lambda made, found: replace(made, base=tuple(found[1].split()))),
    (r"losses (.+)", lambda made, found: replace(made, loss_factors=tuple(found[1].split()))),
    (r"share (\S+) ?%", lambda made, found: replace(made, share=number(found[1]))),
    (r"place (\d+)", lambda made, found: replace(made, place=int(found[1]))),
    (r"not prorated", lambda made, _: replace(made, prorate=False)),
    (r"from (\S+)", lambda made, found: replace(made, from_date=one_day(found[1]))),
    (r"to (\S+)", lambda made, found: replace(made, to_date=one_day(found[1]))),
    (r"steps per (day|month|bill|year|kW|kVA)( and day)?", _steps),
    (r"each band|running", _scope),
    (r"over (\d+) minutes", lambda made, found: _demand(minutes=int(found[1]))(made)),
    (r"at least (\S+)", lambda made, found: _demand(minimum=number(found[1]))(made)),
    (r"charged per day", lambda made, _: _demand(charged_per="day")(made)),
    (
        r"ratchet (\S+) ?% over (\d+) months",
        lambda made, found: _demand(lookback_percent=number(found[1]), lookback_months=int(found[2]))(made),
    ),
    (r"looking at (.+)", lambda made, found: _demand(lookback_season=months(found[1].split()))(made)),
    (r"after tax", lambda made, _: _discount(made, after_tax=True)),
    (r"above (\S+) /year", lambda made, found: _discount(made, threshold=number(found[1]))),
    (
        r"at most (\S+) /(day|month|bill|year)",
        lambda made, found: _discount(made, cap=number(found[1]), cap_per=_cap_per(found[2])),
    ),
    (r"in (.+)", lambda made, found: _discount(made, months=months(found[1].split()))),
    (r"if (\w+)", lambda made, found: _discount(made, condition=found[1])),
    (r"series (\w+)", lambda made, found: replace(made, spot_series=found[1])),
    (r"times (\S+)", lambda made, found: replace(made, spot_factor=number(found[1]))),
)
