"""Demand of URDB: by time of use and flat, in tiers, with look-back."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from submeter.core.problem import Refused
from submeter.tariffs.formats import problems
from submeter.tariffs.formats.urdb_schedules import Grid, bands_of, months_of
from submeter.tariffs.formats.urdb_values import Findings, Tier, grid_in, months_in, number_in, structure_in
from submeter.tariffs.model import Component, DemandRule, Rate, StepRule

__all__ = ["demand_components"]

Fields = Mapping[str, Any]
_MINUTES = (5, 10, 15, 30, 60)
_USUAL_LOOKBACK = 11
_OWN_STEPS = StepRule("month", "band")
"""Each period has its own peak, and its own tiers."""


def demand_components(fields: Fields, first: date, findings: Findings) -> list[Component]:
    """Demand by time of use and flat. Raises Refused TRF222."""
    rule = DemandRule(minutes=_minutes(fields), **_lookback(fields, findings))
    found = [*_time_of_use(fields, rule, first, findings), *_flat(fields, rule, first, findings)]
    if found and "demandwindow" not in fields:
        findings.add(problems.assumed("demandwindow", f"power is averaged over {rule.minutes} minutes"))
    return found


def _minutes(fields: Fields) -> int:
    if not fields.get("demandwindow"):
        return DemandRule().minutes
    minutes = number_in("demandwindow", fields["demandwindow"])
    if minutes not in _MINUTES:
        raise Refused(problems.wrong_shape("demandwindow", f"one of {_MINUTES} minutes is expected"))
    return int(minutes)


def _time_of_use(fields: Fields, rule: DemandRule, first: date, findings: Findings) -> list[Component]:
    names = ("demandweekdayschedule", "demandweekendschedule")
    if "demandratestructure" not in fields:
        for name in names:
            if name in fields:
                findings.add(problems.not_carried(name, "there is no demandratestructure"))
        return []
    periods = structure_in("demandratestructure", fields["demandratestructure"], findings)
    week: Grid = ((0,) * 24,) * 12
    weekend = week
    if len(periods) > 1 or any(name in fields for name in names):
        week, weekend = (grid_in(name, fields.get(name), len(periods)) for name in names)
    return _component(
        "DEMAND", "Demand", "demandrate", fields, periods, (week, weekend), rule, first, findings
    )


def _flat(fields: Fields, rule: DemandRule, first: date, findings: Findings) -> list[Component]:
    """A period for each month: the peak of all its hours."""
    if "flatdemandstructure" not in fields:
        if "flatdemandmonths" in fields:
            findings.add(problems.not_carried("flatdemandmonths", "there is no flatdemandstructure"))
        return []
    periods = structure_in("flatdemandstructure", fields["flatdemandstructure"], findings)
    months: tuple[int, ...] = (0,) * 12
    if "flatdemandmonths" in fields:
        months = months_in("flatdemandmonths", fields["flatdemandmonths"], len(periods))
    elif len(periods) > 1:
        raise Refused(problems.wrong_shape("flatdemandmonths", "a period for each of 12 months is expected"))
    grid = tuple((month,) * 24 for month in months)
    return _component(
        "FLAT-DEMAND", "Demand", "flatdemand", fields, periods, (grid, grid), rule, first, findings
    )


def _component(
    code: str,
    name: str,
    of: str,
    fields: Fields,
    periods: Sequence[Sequence[Tier]],
    grids: tuple[Grid, Grid],
    rule: DemandRule,
    first: date,
    findings: Findings,
) -> list[Component]:
    used = [period for period in range(len(periods)) if months_of(period, *grids)]
    if not any(tier.price for period in used for tier in periods[period]):
        return []
    units = {tier.unit for period in used for tier in periods[period] if tier.unit}
    said = units.pop() if len(units) == 1 else str(fields.get(f"{of}unit", "kW"))
    unit, per = _unit(said)
    if unit is None or units:
        why = f"demand in {said!r} is no component of plans: kW and kVA, a month or a day"
        findings.add(problems.not_carried(f"{of}structure", why))
        return []
    codes = {period: f"P{period + 1}" if len(used) > 1 else "" for period in used}
    rates = [
        Rate(first, tier.price, None, codes[period], step, tier.up_to)
        for period in used
        for step, tier in enumerate(periods[period], 1)
    ]
    stepped = any(rate.step > 1 for rate in rates)
    return [
        Component(
            code=code, kind="demand", name=name, unit=unit, rates=tuple(rates),
            bands=bands_of(*grids, codes.get) if len(used) > 1 else (),
            steps=_OWN_STEPS if stepped else StepRule(),
            demand=rule._replace(unit=unit, charged_per=per),
        )
    ]  # fmt: skip


def _unit(said: str) -> tuple[Literal["kW", "kVA"] | None, Literal["month", "day"]]:
    words = said.lower().split()
    units: dict[str, Literal["kW", "kVA"]] = {"kw": "kW", "kva": "kVA"}
    known = len(words) in (1, 2) and words[1:] in ([], ["daily"])
    return (units.get(words[0]) if known else None), "day" if words[1:] == ["daily"] else "month"


# --- look-back -------------------------------------------------------------------------------------------


def _lookback(fields: Fields, findings: Findings) -> dict[str, Any]:
    """The ratchet, from `lookback...` (SAM's) or, without them, `demandratchetpercentage`."""
    percent = _percent(fields, findings)
    if not percent:
        if number_in("lookbackrange", fields.get("lookbackrange", Decimal(0))):
            findings.add(problems.not_carried("lookbackrange", "there is no lookbackpercent"))
        return {}
    months = int(number_in("lookbackrange", fields.get("lookbackrange", Decimal(0))))
    if not 0 <= months <= 120:
        raise Refused(problems.wrong_shape("lookbackrange", "0 to 120 months are expected"))
    if not months:
        months = _USUAL_LOOKBACK
        findings.add(problems.assumed("lookbackrange", f"the {months} months before count"))
    return {"lookback_percent": percent, "lookback_months": months, "lookback_season": _season(fields)}


def _season(fields: Fields) -> frozenset[int]:
    said = fields.get("lookbackmonths")
    if said is None:
        return frozenset()
    if not isinstance(said, list) or len(said) != 12:
        raise Refused(problems.wrong_shape("lookbackmonths", "12 times 0 or 1 are expected"))
    months = frozenset(n for n, one in enumerate(said, 1) if one)
    return frozenset() if len(months) == 12 else months


def _percent(fields: Fields, findings: Findings) -> Decimal:
    """A share of 1 in the file; 35 is taken for 35 %."""
    if "lookbackpercent" in fields:
        field, shares = "lookbackpercent", [number_in("lookbackpercent", fields["lookbackpercent"])]
    else:
        field, shares = "demandratchetpercentage", _ratchet(fields)
    if len(set(shares)) > 1:
        why = "it differs by month, and one share for all months is what plans have"
        findings.add(problems.not_carried(field, why))
        return Decimal(0)
    share = shares[0] if shares else Decimal(0)
    if not 0 <= share <= 100:
        raise Refused(problems.wrong_shape(field, "0 to 1 is expected"))
    if share > 1:
        findings.add(problems.assumed(field, f"{share} is percent"))
    return findings.money(field, share if share > 1 else share * 100)


def _ratchet(fields: Fields) -> list[Decimal]:
    field = "demandratchetpercentage"
    said = fields.get(field, [])
    each = said if isinstance(said, list) else [said]
    return [number_in(f"{field}[{n}]", one) for n, one in enumerate(each)]
