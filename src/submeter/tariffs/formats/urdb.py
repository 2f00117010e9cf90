"""Rates of OpenEI's Utility Rate Database (URDB JSON, versions 7 and 8) to plans.

Each field that a price depends on is carried over, or a finding names it. Numbers are taken exactly as they
are written. Period n of the file is band P(n+1), as OpenEI's pages and SAM count them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from submeter.core.problem import Refused
from submeter.metering.model import Finding
from submeter.tariffs.formats import problems
from submeter.tariffs.formats.problems import Reading
from submeter.tariffs.formats.urdb_demand import demand_components
from submeter.tariffs.formats.urdb_fields import (
    CURRENCIES,
    INFORMATION,
    METERING,
    PRICED,
    UNITS,
    WITHOUT_PLACE,
)
from submeter.tariffs.formats.urdb_schedules import Grid, bands_of, months_of
from submeter.tariffs.formats.urdb_values import (
    Findings,
    Tier,
    day_in,
    grid_in,
    items_in,
    number_in,
    structure_in,
)
from submeter.tariffs.model import Band, Basis, Component, Metering, Plan, Rate, StepRule

__all__ = ["read_urdb"]

Fields = Mapping[str, Any]
_TO_ACCEPT = {"TRF224", "TRF227"}
_MINIMUMS = (
    ("mincharge", "minchargeunits", "month"),
    ("minmonthlycharge", "", "month"),
    ("annualmincharge", "", "year"),
)
_UNIT = {"$/day": "day", "$/month": "month", "$/year": "year"}


def read_urdb(text: str, first_day: date | None = None) -> Reading:
    """The plans of a file. `first_day` is that of their prices, instead of the file's own.

    Raises FileError TRF221 where there is no rate in it.
    """
    plans, findings, doubtful, items = [], list[Finding](), set[str](), items_in(text)
    for fields in items:
        plan, found = _read(fields, first_day)
        findings += found
        if plan is not None:
            plans.append(plan)
            doubtful |= {plan.code for one in found if one.problem.code in _TO_ACCEPT}
    return Reading(tuple(plans), tuple(findings), frozenset(doubtful), len(items) - len(plans))


def _read(fields: Fields, first_day: date | None) -> tuple[Plan | None, list[Finding]]:
    findings = Findings()
    try:
        plan = _plan(fields, first_day, findings)
    except Refused as refused:
        findings.add(refused.problem)
        plan = None
    _leftovers(fields, findings)
    return plan, findings.all


def _plan(fields: Fields, first_day: date | None, findings: Findings) -> Plan:
    metering = _metering(fields, findings)
    first, end = _days(fields, first_day, findings)
    components = (
        *_energy(fields, metering, first, findings),
        *_fuel(fields, first, findings),
        *demand_components(fields, first, findings),
        *_fixed(fields, first, findings),
        *_minimum(fields, first, findings),
    )
    if not components:
        raise Refused(problems.wrong_shape("energyratestructure", "the rate has no price at all"))
    name = ", ".join(str(fields[key]).strip() for key in ("utility", "name") if fields.get(key))
    return Plan(
        code=_code(fields),
        name=name,
        currency=_currency(fields, findings),
        components=tuple(replace(component, to_date=end) for component in components),
        metering=metering,
        credit_from="next_month" if metering == "net_billing_carry" else "month",
    )


def _code(fields: Fields) -> str:
    """The rate's label; else its name as far as it is letters and digits."""
    if label := str(fields.get("label", "")).strip():
        return label
    words = re.findall(r"[A-Za-z0-9]+", str(fields.get("name", "")))
    return "-".join(words).upper()[:24] or "URDB"


def _currency(fields: Fields, findings: Findings) -> str:
    country = str(fields.get("country", "USA"))
    if country not in CURRENCIES:
        findings.add(problems.assumed("country", "prices are in USD"), country)
    return CURRENCIES.get(country, "USD")


def _days(fields: Fields, first_day: date | None, findings: Findings) -> tuple[date, date | None]:
    """First day of the prices, and the first on which they no longer hold: `enddate` is the last day."""
    end = day_in("enddate", fields["enddate"]) + timedelta(days=1) if "enddate" in fields else None
    first = first_day or (day_in("startdate", fields["startdate"]) if "startdate" in fields else None)
    if first is None:
        raise Refused(problems.no_first_day())
    if end is not None and end <= first:
        findings.add(problems.assumed("enddate", f"it is before {first}; prices have no end"), end)
        end = None
    return first, end


def _metering(fields: Fields, findings: Findings) -> Metering:
    said = str(fields.get("dgrules", "")).strip()
    if said.lower() in METERING:
        return METERING[said.lower()]
    if said:
        findings.add(
            problems.not_carried("dgrules", f"{said!r} is no rule known; it is Net Billing now"), said
        )
        return "net_billing"
    if not fields.get("usenetmetering"):
        findings.add(problems.assumed("dgrules", "Net Metering, as PySAM assumes"))
    return "net_energy"


# --- energy ----------------------------------------------------------------------------------------------


def _energy(fields: Fields, metering: Metering, first: date, findings: Findings) -> list[Component]:
    """Usage, and a credit for what is put in where a `sell` says so.

    Periods share steps. Where they end at other amounts, each gets the ends of all, at its own prices.
    """
    if "energyratestructure" not in fields:
        _unpriced(fields, "energy", findings)
        return []
    periods = structure_in("energyratestructure", fields["energyratestructure"], findings)
    week, weekend = _grids(fields, "energy", len(periods))
    used = _used(periods, week, weekend)
    _check_tiers(periods, used, week, weekend, findings)
    ends = sorted({tier.up_to for period in used for tier in periods[period] if tier.up_to is not None})
    basis, codes = _basis(periods, used), {n: f"P{n + 1}" if len(used) > 1 else "" for n in used}
    scope: Literal["shared", "running"] = "shared" if metering == "net_energy" else "running"
    energy = Component(
        code="ENERGY",
        kind="usage",
        name="Energy",
        bands=bands_of(week, weekend, codes.get) if len(used) > 1 else (),
        rates=tuple(
            Rate(first, price, None, codes[period], step, end)
            for period in used
            for step, (end, price) in enumerate(_at_ends(periods[period], ends), 1)
        ),
        steps=StepRule(basis, scope) if ends else StepRule(),
    )
    return [energy, *_sell(periods, codes, energy.bands, first, findings)]


def _at_ends(tiers: Sequence[Tier], ends: Sequence[Decimal]) -> list[tuple[Decimal | None, Decimal]]:
    """The price up to each end, and beyond the last."""
    prices = [next(t.price for t in tiers if t.up_to is None or end <= t.up_to) for end in ends]
    return [*zip(ends, prices, strict=True), (None, tiers[-1].price)]


def _basis(periods: Sequence[Sequence[Tier]], used: Sequence[int]) -> Basis:
    """What the ends of all tiers are for. Raises Refused TRF222."""
    found = set()
    for period in used:
        unit = periods[period][0].unit.lower() or "kwh"
        found |= {unit} if len(periods[period]) > 1 or unit not in UNITS else set()
        if unit not in UNITS or len(found) > 1:
            expected = f"one unit of {', '.join(UNITS)} is expected for all tiers, not {unit}"
            raise Refused(problems.wrong_shape(f"energyratestructure[{period}].unit", expected))
    return UNITS[found.pop()] if found else StepRule().basis


def _check_tiers(
    periods: Sequence[Sequence[Tier]], used: Sequence[int], week: Grid, weekend: Grid, findings: Findings
) -> None:
    """Tells of tiers that differ within a month: the file does not say how they are shared."""
    for period in used:
        months = months_of(period, week, weekend)
        others = [one for one in used if one != period and months & months_of(one, week, weekend)]
        ends = [tier.up_to for tier in periods[period]]
        if len(ends) > 1 and any([tier.up_to for tier in periods[one]] != ends for one in others):
            what = "periods of the same months have other tiers; the energy of all decides the tier of each"
            findings.add(problems.assumed(f"energyratestructure[{period}]", what))


def _grids(fields: Fields, of: str, periods: int) -> tuple[Grid, Grid]:
    """Both schedules; all of one period where there is only one and no schedule."""
    names = [f"{of}weekdayschedule", f"{of}weekendschedule"]
    if periods == 1 and not any(name in fields for name in names):
        return (((0,) * 24,) * 12,) * 2
    week, weekend = (grid_in(name, fields.get(name), periods) for name in names)
    return week, weekend


def _used(periods: Sequence[Sequence[Tier]], week: Grid, weekend: Grid) -> list[int]:
    """The periods that are on a schedule: a price of no hour is no price."""
    return [period for period in range(len(periods)) if months_of(period, week, weekend)]


def _sell(
    periods: Sequence[Sequence[Tier]],
    codes: Mapping[int, str],
    bands: tuple[Band, ...],
    first: date,
    findings: Findings,
) -> list[Component]:
    if not any(tier.sell for period in codes for tier in periods[period]):
        return []
    for period in codes:
        if len({tier.sell for tier in periods[period]}) > 1:
            field = f"energyratestructure[{period}].sell"
            findings.add(problems.not_carried(field, "tiers differ in it; that of the first is taken"))
    rates = tuple(Rate(first, periods[period][0].sell, None, code) for period, code in codes.items())
    name = "Energy put into the network"
    return [Component(code="FEED-IN", kind="feed_in", name=name, bands=bands, rates=rates)]


def _fuel(fields: Fields, first: date, findings: Findings) -> list[Component]:
    """An amount on top of each kWh, by month."""
    field = "fueladjustmentsmonthly"
    if field not in fields:
        return []
    said = fields[field]
    if not isinstance(said, list) or len(said) != 12:
        raise Refused(problems.wrong_shape(field, "12 numbers are expected"))
    prices = [findings.money(f"{field}[{n}]", number_in(f"{field}[{n}]", one)) for n, one in enumerate(said)]
    if not any(prices):
        return []
    known = list(dict.fromkeys(prices))
    grid = tuple((known.index(price),) * 24 for price in prices)
    bands = bands_of(grid, grid, lambda place: f"F{place + 1}") if len(known) > 1 else ()
    rates = tuple(Rate(first, price, None, f"F{n + 1}" if bands else "") for n, price in enumerate(known))
    return [Component(code="FUEL", kind="usage", name="Fuel adjustment", bands=bands, rates=rates)]


# --- fixed -----------------------------------------------------------------------------------------------


def _fixed(fields: Fields, first: date, findings: Findings) -> list[Component]:
    price, unit = _amount(fields, "fixedchargefirstmeter", "fixedchargeunits", findings)
    older, _ = _amount(fields, "fixedmonthlycharge", "", findings)
    if price and older and (price, unit) != (older, "month"):
        why = f"fixedchargefirstmeter says {price} a {unit}, and is taken"
        findings.add(problems.not_carried("fixedmonthlycharge", why), older)
    if not price:
        price, unit = older, "month"
    if not price:
        return []
    kind, code = ("supply", "SUPPLY") if unit == "day" else ("fixed", "FIXED")
    return [_priced(code, kind, "Fixed charge", unit, price, first)]


def _minimum(fields: Fields, first: date, findings: Findings) -> list[Component]:
    found: dict[str, Decimal] = {}
    for field, units, usual in _MINIMUMS:
        price, unit = _amount(fields, field, units, findings, usual)
        if price and found.get(unit, price) != price:
            findings.add(problems.not_carried(field, f"another field says {found[unit]} a {unit}"), price)
        elif price:
            found[unit] = price
    return [
        _priced(f"MINIMUM-{n + 1}" if n else "MINIMUM", "minimum", "Minimum charge", unit, price, first)
        for n, (unit, price) in enumerate(found.items())
    ]


def _amount(
    fields: Fields, field: str, units: str, findings: Findings, usual: str = "month"
) -> tuple[Decimal, str]:
    """An amount of money and for how long it is."""
    if field not in fields:
        return Decimal(0), usual
    price = findings.money(field, number_in(field, fields[field]))
    said = str(fields.get(units, "")).strip().lower() if units else f"$/{usual}"
    if not said and price:
        findings.add(problems.assumed(units, f"{field} is for a {usual}"), price)
    if said and said not in _UNIT:
        raise Refused(problems.wrong_shape(units, f"one of {', '.join(_UNIT)} is expected"))
    return price, _UNIT.get(said, usual)


def _priced(code: str, kind: Any, name: str, unit: str, price: Decimal, first: date) -> Component:
    return Component(code=code, kind=kind, name=name, unit=unit, rates=(Rate(first, price),))


# --- what is left ----------------------------------------------------------------------------------------


def _unpriced(fields: Fields, of: str, findings: Findings) -> None:
    for name in (f"{of}weekdayschedule", f"{of}weekendschedule"):
        if name in fields:
            findings.add(problems.not_carried(name, f"there is no {of}ratestructure"))


def _leftovers(fields: Fields, findings: Findings) -> None:
    """What has no place in a plan: prices one by one, the rest at once."""
    for field, why in WITHOUT_PLACE.items():
        if _says_something(fields.get(field)):
            findings.add(problems.not_carried(field, why), _short(fields[field]))
    for field in sorted(set(fields) - PRICED - INFORMATION):
        if _says_something(fields[field]):
            findings.add(problems.unknown_field(field, PRICED | INFORMATION), _short(fields[field]))
    if left := sorted(field for field in INFORMATION & set(fields) if _says_something(fields[field])):
        findings.add(problems.left_out(left))


def _says_something(value: Any) -> bool:
    """Whether there is anything but zeros, blanks and empty lists in it."""
    if isinstance(value, Mapping):
        return any(_says_something(one) for key, one in value.items() if key not in {"unit", "max"})
    if isinstance(value, list):
        return any(_says_something(one) for one in value)
    return bool(value) if not isinstance(value, str) else bool(value.strip())


def _short(value: Any) -> str:
    said = str(value)
    return said if len(said) <= 60 else f"{said[:57]}..."
