"""How a line came about, as it is kept with it: days, windows, limits, the price's version, what was read."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from submeter.rating.lines import tidy
from submeter.rating.model import Line
from submeter.rating.peak_telling import PeakTold, Top
from submeter.rating.results import Rated, Source
from submeter.rating.words import said_windows
from submeter.tariffs.model import DemandRule

__all__ = ["number_of", "peak_json", "plain_of", "source_json", "working_of"]


def working_of(rated: Rated, line: Line, period: int = 0) -> dict[str, Any]:
    """What can be told of a line, in plain values. Quantities are texts: exact, whatever their digits."""
    component, rate = line.component, line.rate
    sources = rated.tell_sources(component, period)
    told: dict[str, Any] = {
        "days": (line.end - line.first).days,
        "price": text_of(rate.price),
        "price_from": str(rate.from_date),
        "price_to": str(rate.to_date) if rate.to_date else None,
        "quantity": text_of(line.quantity),
        "unrounded": text_of(line.unrounded),
        "windows": list(said_windows(component, line.band)),
        "clock": component.clock if line.band else None,
        "loss_factors": list(component.loss_factors),
        "share": text_of(component.share) if component.share != 100 else None,
        "tax_inclusive": component.tax_inclusive,
        "rounding": rated.plan.plan.rounding,
        "conditions": sorted(rated.part.conditions),
        "offering_id": str(rated.part.offering_id) if rated.part.offering_id else None,
        "customer_type": rated.part.customer_type if rated.part.offering_id else None,
        "capacity": text_of(rated.part.capacity) if rated.part.capacity is not None else None,
        "sources": [source_json(source) for source in sources],
        "peaks": [peak_json(peak) for peak in rated.tell_peaks(line)],
        **line.working,
    }
    return {name: value for name, value in told.items() if value not in (None, [], "")}


def source_json(source: Source) -> dict[str, Any]:
    """Where a quantity was read."""
    told = {
        "register_id": str(source.register_id),
        "register": source.register,
        "kind": "intervals" if source.minutes else "readings",
        "minutes": source.minutes or None,
        "quantity": plain_of(source.quantity),
        "unit": source.unit,
        "direction": source.direction,
        "estimated_percent": plain_of(source.estimated),
        "days": source.days or None,
        "files": list(source.files),
        "edited_by": list(source.edited_by),
        "loaded_at": source.loaded_at.isoformat() if source.loaded_at else None,
        "readings": [
            {"read_on": str(one.read_on), "value": text_of(one.value), "sub_type": one.sub_type}
            for one in source.readings
        ],
    }
    return {name: value for name, value in told.items() if value not in (None, [])}


def peak_json(told: PeakTold) -> dict[str, Any]:
    """Which peak is charged, before a share of it: the month's own, a minimum, or the ratchet's."""
    rule = told.component.demand or DemandRule()
    said = {"month": f"{told.own.month:%Y-%m}", "unit": rule.unit, "why": told.why, **_top(told.own)}
    if told.why == "ratchet":
        of = {"month": f"{told.of.month:%Y-%m}", "percent": plain_of(rule.lookback_percent), **_top(told.of)}
        said["ratchet"] = of
    return {**said, "charged": text_of(tidy(told.power))}


def _top(top: Top) -> dict[str, Any]:
    at = {"at": top.at.isoformat(timespec="minutes"), "minutes": top.minutes} if top.at else {}
    return {"peak": text_of(tidy(top.power)), **at}


def text_of(value: Decimal | Fraction | int) -> str:
    """A number written out, a fraction as one: 12.5, 31/3."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def plain_of(value: Decimal) -> str:
    """A number written out without idle zeros: 148.8, 1000."""
    whole = value.to_integral_value()
    return f"{whole.quantize(Decimal(1)) if value == whole else value.normalize():f}"


def number_of(value: Decimal | Fraction) -> Decimal:
    """A number as it is kept in a column: fractions that are no decimals to 12 places."""
    if isinstance(value, Decimal):
        return value
    whole = Decimal(value.numerator * 10**12 // value.denominator).scaleb(-12)
    return whole if Fraction(whole) != value or not whole else whole.normalize() + 0
