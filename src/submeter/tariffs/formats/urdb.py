"""Rates of OpenEI's Utility Rate Database (URDB JSON, versions 7 and 8) to plans.

Each field that a price depends on is carried over, or a finding names it. Numbers are taken exactly as they
are written. Period n of the file is band P(n+1), as OpenEI's pages and SAM count them.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from submeter.tariffs.model import Component, Metering, Plan, Rate, StepRule

__all__ = ["read_urdb"]

Fields = Mapping[str, Any]
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
    plans, findings = [], list[Finding]()
    for fields in items_in(text):
        plan, found = _read(fields, first_day)
        plans += [plan] if plan else []
        findings += found
    return Reading(tuple(plans), tuple(findings))


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
        components=tuple(_until(component, end) for component in components),
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


def _until(component: Component, end: date | None) -> Component:
    """The component with prices that end."""
    if end is None:
        return component
    fields = {name: getattr(component, name) for name in component.__slots__}
    return Component(**fields | {"rates": tuple(rate._replace(to_date=end) for rate in component.rates)})


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

    Periods that share a month and differ in their tiers cannot share these; periods of other months can
    differ. So periods of the same tiers are a component.
    """
    if "energyratestructure" not in fields:
        _unpriced(fields, "energy", findings)
        return []
    periods = structure_in("energyratestructure", fields["energyratestructure"], findings)
    week, weekend = _grids(fields, "energy", len(periods))
    used = _used(periods, week, weekend)
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for period in used:
        unit = periods[period][0].unit.lower() or "kwh"
        if unit not in UNITS:
            where = f"energyratestructure[{period}].unit"
            raise Refused(problems.wrong_shape(where, f"{unit!r} is not known: {', '.join(UNITS)}"))
        groups[(unit, *(tier.up_to for tier in periods[period]))].append(period)
    _check_groups(list(groups.values()), periods, week, weekend, findings)
    scope: Literal["shared", "running"] = "shared" if metering in ("net_energy", "net_money") else "running"
    components = []
    for place, ((unit, *_), members) in enumerate(groups.items()):
        stepped = len(periods[members[0]]) > 1
        components.append(
            Component(
                code=f"ENERGY-{place + 1}" if place else "ENERGY",
                kind="usage",
                name="Energy",
                bands=_bands(week, weekend, members, used),
                rates=_rates(periods, members, used, first),
                steps=StepRule(UNITS[unit], scope) if stepped else StepRule(),
            )
        )
    return [*components, *_sell(periods, used, week, weekend, first, findings)]


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


def _check_groups(
    groups: Sequence[Sequence[int]],
    periods: Sequence[Sequence[Tier]],
    week: Grid,
    weekend: Grid,
    findings: Findings,
) -> None:
    """Tells of tiers that differ within a month: the file does not say how they are shared."""
    months = [frozenset().union(*(months_of(one, week, weekend) for one in group)) for group in groups]
    stepped = [len(periods[group[0]]) > 1 for group in groups]
    for place in range(len(groups)):
        if stepped[place] and any(months[place] & months[n] for n in range(len(groups)) if n != place):
            what = "periods with other tiers share its months; its tiers count the energy of its own periods"
            findings.add(problems.assumed(f"energyratestructure[{groups[place][0]}]", what))


def _bands(week: Grid, weekend: Grid, members: Sequence[int], used: Sequence[int]) -> tuple[Any, ...]:
    if len(used) == 1:
        return ()
    return bands_of(week, weekend, lambda period: _name(period, used) if period in members else None)


def _name(period: int, used: Sequence[int]) -> str:
    return f"P{period + 1}" if len(used) > 1 else ""


def _rates(
    periods: Sequence[Sequence[Tier]], members: Sequence[int], used: Sequence[int], first: date
) -> tuple[Rate, ...]:
    return tuple(
        Rate(first, tier.price, None, _name(period, used), step, tier.up_to)
        for period in members
        for step, tier in enumerate(periods[period], 1)
    )


def _sell(
    periods: Sequence[Sequence[Tier]],
    used: Sequence[int],
    week: Grid,
    weekend: Grid,
    first: date,
    findings: Findings,
) -> list[Component]:
    if not any(tier.sell for period in used for tier in periods[period]):
        return []
    for period in used:
        if len({tier.sell for tier in periods[period]}) > 1:
            field = f"energyratestructure[{period}].sell"
            findings.add(problems.not_carried(field, "tiers differ in it; that of the first is taken"))
    rates = tuple(Rate(first, periods[one][0].sell, None, _name(one, used)) for one in used)
    bands = _bands(week, weekend, used, used)
    return [
        Component(
            code="FEED-IN", kind="feed_in", name="Energy put into the network", bands=bands, rates=rates
        )
    ]


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
