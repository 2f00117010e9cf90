"""Rated lines in the database: added, never changed; the later rating of a day stands."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from submeter.db.queries import load_queries
from submeter.rating.model import Line, Period
from submeter.rating.results import Rated, Stored
from submeter.rating.working import number_of, working_of

__all__ = ["StoredLine", "add_lines", "find_line", "list_overlapping"]

_QUERIES = load_queries(__package__ or "")
_FROM_OTHERS = ("discount", "minimum", "concession")
"""Kinds whose amounts follow from other lines, not from a quantity and a price."""


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as it was stored."""

    id: int
    rating: int
    agreement_id: UUID
    price_plan_id: UUID
    component_id: UUID
    """Of the component, or of the schedule of an inducement."""
    rate_id: UUID | None
    product: str
    period_from: date
    period_to: date
    from_date: date
    to_date: date
    band: str
    step: int
    unit: str
    quantity: Decimal
    factor: Decimal
    price: Decimal | None
    unrounded: Decimal
    amount: Decimal
    tax_code: str
    tax_percent: Decimal
    tax: Decimal
    working: Mapping[str, Any]
    rated_at: datetime
    rated_by: str
    stands: bool

    @property
    def period(self) -> Period:
        return Period(self.period_from, self.period_to)


_AT_ONCE = 2000


def add_lines(
    connection: psycopg.Connection, charged: Sequence[tuple[UUID, Rated]], by: str
) -> tuple[Stored, ...]:
    """Store the lines of what plans charge agreements of an ESCO; of each, a rating for each period."""
    count = sum(len(rated.part.charged) for _, rated in charged)
    ratings = [int(row[0]) for row in connection.execute(_QUERIES["next_ratings"], {"count": count})]
    numbers = iter(ratings)
    own = [tuple(next(numbers) for _ in rated.part.charged) for _, rated in charged]
    rows = [row for (esco, rated), of in zip(charged, own, strict=True) for row in _rows(rated, esco, of)]
    ids: dict[int, list[int]] = {rating: [] for rating in ratings}
    for first in range(0, len(rows), _AT_ONCE):
        values = {"rows": json.dumps(rows[first : first + _AT_ONCE], default=str), "by": by}
        added = connection.execute(_QUERIES["add_lines"], values).fetchall()
        for rating, _, number in sorted(added):
            ids[rating].append(number)
    return tuple(Stored(of, tuple(tuple(ids[rating]) for rating in of)) for of in own)


def _rows(rated: Rated, esco_id: UUID, ratings: Sequence[int]) -> Iterator[dict[str, Any]]:
    for period, rating in enumerate(ratings):
        for place, line in enumerate(rated.lines(period)):
            row = line_row(rated, line, period)
            yield {**row, "esco_id": esco_id, "rating": rating, "place": place}


def line_row(rated: Rated, line: Line, period: int = 0) -> dict[str, Any]:
    """The columns of a line."""
    component, plan = line.component, rated.plan
    by_price = component.kind not in _FROM_OTHERS
    schedule = plan.schedule_id(component)
    return {
        "agreement_id": rated.part.agreement_id,
        "price_plan_id": plan.id,
        "component_id": None if schedule else plan.component_id(component),
        "inducement_schedule_id": schedule,
        "rate_id": plan.rate_id(component, line.rate) if by_price and not schedule else None,
        "product": rated.part.product,
        "period_from": line.period.first,
        "period_to": line.period.end,
        "from_date": line.first,
        "to_date": line.end,
        "band": line.band,
        "step": line.step,
        "unit": component.unit,
        "quantity": number_of(line.quantity),
        "factor": number_of(line.factor),
        "price": line.rate.price if by_price else None,
        "unrounded": number_of(line.unrounded),
        "amount": line.amount,
        "tax_code": component.tax_code,
        "tax_percent": line.tax_percent,
        "tax": line.tax,
        "working": working_of(rated, line, period),
    }


def list_overlapping(
    connection: psycopg.Connection, found: Iterable[tuple[UUID, Sequence[Rated]]]
) -> dict[UUID, Period]:
    """Agreements of which lines are kept for some of the days that were rated, and for others beside them.

    Of each, all these days together.
    """
    spans = [
        {
            "agreement_id": agreement,
            "product": product,
            "first": days.first,
            "last": days.end,
        }
        for agreement, rated in found
        for product, days in _days(rated).items()
    ]
    rows = connection.execute(_QUERIES["overlapping"], {"spans": json.dumps(spans, default=str)})
    return {agreement: Period(first, end) for agreement, first, end in rows}


def _days(rated: Iterable[Rated]) -> dict[str, Period]:
    """By product, from the first day that was rated to the last."""
    found: dict[str, Period] = {}
    for one in rated:
        first, end = one.part.charged[0].first, one.part.charged[-1].end
        held = found.get(one.part.product, Period(first, end))
        found[one.part.product] = Period(min(first, held.first), max(end, held.end))
    return found


def find_line(connection: psycopg.Connection, number: int) -> StoredLine | None:
    """A line that the caller sees."""
    row = connection.execute(_QUERIES["line"], {"id": number}).fetchone()
    return StoredLine(*row) if row else None
