"""A rated line told again: what it rests on, how it was worked out, and whether it still comes out so.

Pure: stored values in, words out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from submeter.core.problem import Problem
from submeter.rating.bases import Base, base_of
from submeter.rating.line_store import StoredLine
from submeter.rating.model import Line, Period
from submeter.rating.saying import BY_OTHERS, base_rows, said_amount, said_peak
from submeter.rating.showing import said_number, said_period
from submeter.rating.working import number_of, plain_of
from submeter.tariffs.model import Component

__all__ = ["Again", "Explained", "changes_of", "explain_lines"]

_BASES = {
    "day": "a day", "month": "a month", "period": "a billing period", "year": "a year",
    "per_kw": "for each kW of the month's peak", "per_kw_day": "for each kW of the month's peak and day",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Again:
    """The line as it comes out when it is worked out again."""

    line: Line | None
    """None where there is no such line any more, or nothing can be charged."""
    problems: tuple[Problem, ...] = ()
    bill: tuple[Line, ...] = ()
    """All lines of its bill, in the order of calculation."""

    @property
    def amount(self) -> Decimal | None:
        return self.line.amount if self.line else None


@dataclass(frozen=True, slots=True)
class Explained:
    """A line with its story."""

    line: StoredLine
    component: Component
    plan_code: str
    currency: str
    account_number: str
    property_name: str
    then: Again
    """By the meter data as they stood when it was rated."""
    now: Again
    """By all that is known now."""

    @property
    def base(self) -> Base | None:
        """What it was worked out from, by the data as they stood; None where that cannot be said."""
        if self.component.kind not in BY_OTHERS or not self.same:
            return None
        rounded = self.line.working.get("rounding", "line") == "line"
        return base_of(self.component, self.then.bill, self.line.tax_percent, rounded=rounded)

    @property
    def same(self) -> bool:
        """Whether it comes out to the cent by the data as they stood."""
        return self.then.amount == self.line.amount

    @property
    def difference(self) -> Decimal | None:
        """What the line would be more, by what is known now; None where nothing can be said."""
        return None if self.now.amount is None else self.now.amount - self.line.amount


def explain_lines(told: Explained) -> Iterator[str]:
    """The line as a person would write it."""
    line, component = told.line, told.component
    standing = "it stands" if line.stands else "a later rating of its days has taken its place"
    yield f"Line {line.id}: {component.name or component.code}, {line.amount:f} {told.currency}"
    rows = [
        ("Rated", f"on {line.rated_at:%Y-%m-%d %H:%M} UTC by {line.rated_by or 'nobody known'}; {standing}"),
        ("For", f"account {told.account_number}, {told.property_name}; {said_period(line.period)}"),
        ("Plan", f"{told.plan_code}, component {component.code} ({component.kind.replace('_', ' ')})"),
        *_about_quantity(told),
        *_about_price(told),
        ("Amount", said_amount(told.line, component, told.currency, told.base)),
        *_about_tax(told),
        *_about_again(told),
    ]
    width = max(len(name) for name, _ in rows)
    yield from (f"  {name:<{width}}  {words}" for name, words in rows)


Rows = Iterator[tuple[str, str]]


def _about_quantity(told: Explained) -> Rows:
    line, working = told.line, told.line.working
    if told.component.kind in BY_OTHERS:
        yield from base_rows(told.line, told.component, told.base)
        return
    for source in working.get("sources", ()):
        yield "Read", _source(source)
    days = working.get("days", (line.to_date - line.from_date).days)
    yield "Days", f"{said_period(Period(line.from_date, line.to_date))}: {days}"
    for window in working.get("windows", ()):
        clock = "market" if working.get("clock") == "market" else "local"
        yield "Window", f"{line.band}: {window}, {clock} time"
    if (limits := working.get("limits")) and (limits["from"], limits["to"]) != ("0", None):
        yield "Block", _limits(line, limits)
    yield from (("Peak", said_peak(peak)) for peak in working.get("peaks", ()))
    if "share" in working:
        yield "Share", _share(told)
    yield "Quantity", f"{_with_digits(line.quantity)} {line.unit}"
    if names := working.get("loss_factors"):
        yield "Losses", f"x {plain_of(line.factor)} ({' x '.join(names)})"


def _share(told: Explained) -> str:
    working = told.line.working
    whole = said_number(Fraction(working["quantity"]) * 100 / Fraction(working["share"]))
    of = f" of {', '.join(told.component.base)}" if told.component.base else ""
    return f"{working['share']} % of {whole} {told.line.unit}{of}"


def _with_digits(quantity: Decimal) -> str:
    """With all digits that are kept beside it, where it is rounded for the eye."""
    said = said_number(quantity)
    return f"{said} ({plain_of(quantity)}, rounded for the eye)" if said.startswith("~") else said


def _source(source: Mapping[str, Any]) -> str:
    quantity = f"{source['quantity']} {source['unit']}"
    guessed = source.get("estimated_percent", "0")
    doubt = "" if Decimal(guessed) == 0 else f"; {guessed} % of it estimated"
    if source["kind"] == "readings":
        said = [
            f"{one['value']} on {one['read_on']} ({one['sub_type']})" for one in source.get("readings", ())
        ]
        return f"register {source['register']}, dial: {', '.join(said)}; of these days {quantity}{doubt}"
    files = ", ".join(source.get("files", ()))
    edited = f"; edited by {', '.join(source['edited_by'])}" if source.get("edited_by") else ""
    by = f"; from {files}" if files else ""
    intervals = f"intervals of {source['minutes']} minutes: {quantity}"
    return f"register {source['register']}, {intervals}{by}{edited}{doubt}"


def _limits(line: StoredLine, limits: Mapping[str, Any]) -> str:
    upper = f"up to {limits['to']}" if limits["to"] is not None else "and more"
    basis = limits["basis"]
    scaled = "" if basis.startswith("per_kw") else ", scaled to these days"
    together = ", of all bands together" if limits["of_all_bands"] else ""
    return f"step {line.step}: from {limits['from']} {upper} {line.unit} ({_BASES[basis]}{scaled}){together}"


def _about_price(told: Explained) -> Rows:
    working = told.line.working
    if "price" not in working:
        return
    until = f" until before {working['price_to']}" if "price_to" in working else ""
    rule = told.component.discount
    percent = told.component.kind in ("discount", "concession") and (rule is None or rule.how == "percent")
    unit = " percent" if percent else f" {told.currency} each {told.line.unit}"
    gross = ", tax within" if working.get("tax_inclusive") else ""
    yield "Price", f"{working['price']}{unit}, version of {working['price_from']}{until}{gross}"
    if (conditions := working.get("conditions")) and rule is not None and rule.condition:
        yield "Holds", ", ".join(conditions)


def _about_tax(told: Explained) -> Rows:
    line = told.line
    if not line.tax_percent:
        yield "Tax", f"none ({line.tax_code})" if line.tax_code else "none"
        return
    gross = line.working.get("tax_inclusive")
    where = "within the amount" if gross else "on top"
    code = f"{line.tax_code} " if line.tax_code else ""
    yield "Tax", f"{code}{plain_of(line.tax_percent)} %, {where}: {line.tax:f}"


def _about_again(told: Explained) -> Rows:
    line = told.line
    if told.same:
        yield "Again", f"worked out once more from the data as they stood: {line.amount:f}, to the cent"
    else:
        yield "Again", f"worked out once more from the data as they stood: {_again(told.then)}"
    difference = told.difference
    if difference == 0 and not changes_of(told):
        yield "Now", "nothing that it rests on has changed since"
    elif difference is None:
        yield "Now", _again(told.now)
    else:
        sign = "+" if difference >= 0 else "-"
        changes = "; ".join(changes_of(told))
        yield (
            "Now",
            f"{told.now.amount:f} ({sign}{abs(difference):f}): {changes or 'other lines have changed'}",
        )


def _again(again: Again) -> str:
    if again.line is not None:
        return f"{again.line.amount:f}; what it rests on is not kept in versions, and has changed"
    if again.problems:
        return f"cannot be charged any more: {again.problems[0]}"
    return "there is no such line any more"


def changes_of(told: Explained) -> Sequence[str]:
    """What is other now than when the line was rated."""
    line, now = told.line, told.now.line
    if now is None:
        return ()
    pairs: list[tuple[str, Decimal, Decimal]] = [
        ("quantity", line.quantity, number_of(now.quantity)),
        ("loss factor", line.factor, number_of(now.factor)),
        ("tax percent", line.tax_percent, now.tax_percent),
    ]
    if line.price is not None:
        pairs.append(("price", line.price, now.rate.price))
    return [f"{name} {plain_of(was)} then, {plain_of(is_)} now" for name, was, is_ in pairs if was != is_]
