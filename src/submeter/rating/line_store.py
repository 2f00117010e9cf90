"""Rated lines in the database: added, never changed; the later rating of a day stands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from submeter.db.queries import load_queries
from submeter.rating.model import Line, Period
from submeter.rating.results import Rated, Stored
from submeter.rating.working import number_of, working_of

__all__ = ["StoredLine", "add_lines", "find_line"]

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


def add_lines(connection: psycopg.Connection, rated: Rated, esco_id: UUID, by: str) -> Stored:
    """Store the lines of what a plan charges an agreement: a rating for each period."""
    ratings, lines = [], []
    for place in range(len(rated.part.charged)):
        row = connection.execute(_QUERIES["next_rating"]).fetchone()
        assert row
        ratings.append(int(row[0]))
        whose = {"esco_id": esco_id, "rating": row[0], "rated_by": by}
        lines.append(tuple(_inserted(connection, list(_rows(rated, place, whose)))))
    return Stored(tuple(ratings), tuple(lines))


def _inserted(connection: psycopg.Connection, rows: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    with connection.cursor() as cursor:
        cursor.executemany(_QUERIES["add_line"], rows, returning=True)
        for result in cursor.results():
            yield from (number for (number,) in result)


def _rows(rated: Rated, period: int, whose: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for place, line in enumerate(rated.lines(period)):
        yield {**whose, **line_row(rated, line, period), "place": place}


def line_row(rated: Rated, line: Line, period: int = 0) -> dict[str, Any]:
    """The columns of a line."""
    component, plan = line.component, rated.plan
    by_price = component.kind not in _FROM_OTHERS
    return {
        "agreement_id": rated.part.agreement_id,
        "price_plan_id": plan.id,
        "component_id": plan.component_id(component),
        "rate_id": plan.rate_id(component, line.rate) if by_price else None,
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
        "working": Jsonb(working_of(rated, line, period)),
    }


def find_line(connection: psycopg.Connection, number: int) -> StoredLine | None:
    """A line that the caller sees."""
    row = connection.execute(_QUERIES["line"], {"id": number}).fetchone()
    return StoredLine(*row) if row else None
