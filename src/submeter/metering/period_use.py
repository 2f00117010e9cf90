"""Consumption by period, from one reading to the next, each with how it was worked out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from submeter.metering.consumption import Advance, Multiplier, advances, chain, daily_use, multiplier_over
from submeter.metering.readings import Reading

__all__ = ["PeriodUse", "period_use"]


@dataclass(frozen=True, slots=True)
class PeriodUse:
    """What a register counted on the days of `[first, end)`, in its unit after the multiplier."""

    first: date
    end: date
    start: Reading
    last: Reading
    advance: Decimal
    """What the dial moved, as it shows it; negative where an estimate before was too high."""
    multiplier: Decimal
    quantity: Decimal
    unit: str
    provisional: bool
    """It rests on an estimate that no actual has followed yet."""
    method: str
    """`readings`: advance x multiplier; `true-up`: its share of what was counted between two actuals."""
    working: str

    def as_json(self) -> dict[str, Any]:
        """For programs: a row of `register_consumption`."""
        return {
            "first_day": self.first,
            "end_day": self.end,
            "from_reading": self.start.value,
            "to_reading": self.last.value,
            "add_factor": self.last.add_factor,
            "advance": self.advance,
            "multiplier": self.multiplier,
            "quantity": self.quantity,
            "unit": self.unit,
            "ends_with": self.last.sub_type,
            "provisional": self.provisional,
            "method": self.method,
            "working": self.working,
        }


def period_use(
    readings: Sequence[Reading], multipliers: Sequence[Multiplier] = (), unit: str = ""
) -> tuple[PeriodUse, ...]:
    """Each period between two readings that count. An actual trues up the estimates before it.

    The periods from one actual to the next add up to what the dial moved, times the multiplier; exactly.
    Raises Refused as `advances` does: MTR340, MTR341, MTR342.
    """
    counted = advances(readings, multipliers)
    used = {day.day: day.quantity for day in daily_use(counted)}
    trued = _trued_up(counted)
    return tuple(
        _period(advance, start, last, multipliers, used, unit, trued.get(advance.first))
        for advance, ((_, start), (_, last)) in zip(counted, pairwise(chain(readings)), strict=True)
    )


def _trued_up(counted: Sequence[Advance]) -> dict[date, tuple[date, date, Decimal]]:
    """By the first day of each period that is trued up: from when to when was counted, and how much."""
    found: dict[date, tuple[date, date, Decimal]] = {}
    run: list[Advance] = []
    for advance in counted:
        run.append(advance)
        if not advance.ends_estimated:
            whole = (run[0].first, advance.end, sum((one.quantity for one in run), Decimal(0)))
            found |= {one.first: whole for one in run if len(run) > 1}
            run = []
    return found


def _period(
    advance: Advance,
    start: Reading,
    last: Reading,
    multipliers: Sequence[Multiplier],
    used: dict[date, Decimal],
    unit: str,
    trued: tuple[date, date, Decimal] | None,
) -> PeriodUse:
    multiplier = multiplier_over(multipliers, advance.first, advance.end)
    quantity = advance.quantity if trued is None else _sum(used, advance)
    working = _sums(advance, start, last, multiplier, unit)
    if trued is not None:
        working = (
            f"{quantity} {unit} of {trued[2]} {unit} counted {trued[0]} to {trued[1]}; by readings {working}"
        )
    return PeriodUse(
        advance.first,
        advance.end,
        start,
        last,
        advance.dial,
        multiplier,
        quantity,
        unit,
        advance.ends_estimated and trued is None,
        "readings" if trued is None else "true-up",
        working,
    )


def _sum(used: dict[date, Decimal], advance: Advance) -> Decimal:
    days = (day for day in used if advance.first <= day < advance.end)
    return sum((used[day] for day in days), Decimal(0))


def _sums(advance: Advance, start: Reading, last: Reading, multiplier: Decimal, unit: str) -> str:
    rolled = f" {'+' if last.add_factor > 0 else '-'} {abs(last.add_factor)}" if last.add_factor else ""
    factor = f" x {multiplier}" if multiplier != 1 else ""
    return f"({last.value}{rolled} - {start.value}){factor} = {advance.quantity} {unit}".rstrip()
