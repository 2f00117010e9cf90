"""What rating found, as plain values for programs. Numbers within are texts: exact, whatever their digits."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from submeter.core.problem import Problem
from submeter.rating.comparing import Compared, Preview
from submeter.rating.explaining import Explained, changes_of, explain_lines
from submeter.rating.model import Line
from submeter.rating.results import Outcome, Rated, Stored
from submeter.rating.working import number_of, text_of, working_of

__all__ = [
    "compared_rows",
    "explained_row",
    "finding_rows",
    "line_json",
    "outcome_json",
    "outcome_rows",
    "preview_rows",
]


def outcome_rows(found: Outcome) -> list[dict[str, Any]]:
    """A row for each plan of an agreement and period."""
    stored = found.stored or (None,) * len(found.rated)
    return [row for one, kept in zip(found.rated, stored, strict=True) for row in _rows(one, kept)]


def outcome_json(found: Outcome) -> dict[str, Any]:
    """An agreement with all that it is charged, or why nothing is."""
    return {
        "agreement_id": str(found.agreement_id),
        "account_number": found.account_number,
        "charges": outcome_rows(found),
        "findings": finding_rows(found.problems),
    }


def _rows(rated: Rated, kept: Stored | None) -> Iterator[dict[str, Any]]:
    plan = rated.plan.plan
    for place, period in enumerate(rated.part.charged):
        tax, total = rated.total_of(place)
        numbers = kept.lines[place] if kept else None
        lines = [line_json(rated, line, place) for line in rated.lines(place)]
        yield {
            "price_plan": plan.code,
            "product": rated.part.product,
            "period_from": str(period.first),
            "period_to": str(period.end),
            "currency": plan.currency,
            "tax": text_of(tax),
            "total": text_of(total),
            "lines": [{**line, "id": number} for line, number in zip(lines, numbers, strict=True)]
            if numbers is not None
            else lines,
            "findings": finding_rows(rated.findings),
            "rating": kept.ratings[place] if kept else None,
        }


def line_json(rated: Rated, line: Line, period: int) -> dict[str, Any]:
    """A line of a bill."""
    component = line.component
    return {
        "component": component.code,
        "name": component.name or component.code,
        "kind": component.kind,
        "from_date": str(line.first),
        "to_date": str(line.end),
        "band": line.band,
        "step": line.step,
        "quantity": text_of(number_of(line.quantity)),
        "unit": component.unit,
        "factor": text_of(number_of(line.factor)),
        "price": text_of(line.rate.price),
        "amount": text_of(line.amount),
        "tax_code": component.tax_code,
        "tax_percent": text_of(line.tax_percent),
        "tax": text_of(line.tax),
        "working": working_of(rated, line, period),
    }


def finding_rows(found: Iterable[Problem]) -> list[dict[str, Any]]:
    """Findings with their next step."""
    return [{"code": one.code, "title": one.title, "detail": one.detail, "hint": one.hint} for one in found]


def compared_rows(found: Iterable[Compared]) -> list[dict[str, Any]]:
    """A row for each plan, the cheapest first."""
    return [
        {
            "price_plan": one.code,
            "name": one.name,
            "currency": one.currency,
            "total": _text(one.total),
            "difference": _text(one.difference),
            "is_own": one.is_own,
            "findings": finding_rows(one.findings),
        }
        for one in found
    ]


def explained_row(told: Explained) -> dict[str, Any]:
    """A line with its story."""
    return {
        "id": told.line.id,
        "text": "\n".join(explain_lines(told)),
        "same": told.same,
        "amount": _text(told.line.amount),
        "amount_then": _text(told.then.amount),
        "amount_now": _text(told.now.amount),
        "difference": _text(told.difference),
        "changes": list(changes_of(told)),
        "working": dict(told.line.working),
    }


def preview_rows(preview: Preview) -> list[dict[str, Any]]:
    """Who pays most more first; of whom it cannot be said last."""
    rows: list[dict[str, Any]] = [
        {
            "agreement_id": str(one.agreement_id),
            "account_number": one.account_number,
            "property": one.property_name,
            "now": _text(one.now),
            "then": _text(one.then),
            "difference": _text(one.difference),
            "percent": _text(one.percent),
            "findings": finding_rows(one.findings),
        }
        for one in preview.rows
    ]
    nothing = dict.fromkeys(("property", "now", "then", "difference", "percent"))
    rows += [
        {
            "agreement_id": str(key),
            "account_number": preview.accounts[key],
            **nothing,
            "findings": finding_rows(found),
        }
        for key, found in preview.failed.items()
    ]
    return rows


def _text(value: Decimal | None) -> str | None:
    return None if value is None else text_of(value)
