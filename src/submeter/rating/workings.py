"""What is known of the working of lines before any usage is: their days, and the limits of their steps."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from submeter.rating.prices import PriceTable
from submeter.rating.segments import Segment
from submeter.rating.steps import Limits
from submeter.tariffs.model import Component

__all__ = ["cells_of", "workings"]


def workings(
    component: Component,
    table: PriceTable,
    parts: Sequence[Segment],
    bands: int,
    limits: Limits | None = None,
) -> list[Mapping[str, Any]]:
    """Of each line, by the cells (part x band x step) that it merges."""
    steps = len(table.prices) // max(len(parts) * bands, 1)
    return [_working(component, cells, parts, bands, steps, limits) for cells in cells_of(table)]


def cells_of(table: PriceTable) -> Iterator[list[int]]:
    """The cells of each line."""
    if table.order is None:
        yield from ([cell] for cell in range(len(table.keys)))
        return
    edges = [*table.bounds.tolist(), len(table.order)]
    for first, end in pairwise(edges):
        yield table.order[first:end].tolist()


def _working(
    component: Component,
    cells: Sequence[int],
    parts: Sequence[Segment],
    bands: int,
    steps: int,
    limits: Limits | None,
) -> Mapping[str, Any]:
    days = sum(parts[part].days for part in {cell // (bands * steps) for cell in cells})
    told: dict[str, Any] = {"days": days}
    if limits is not None:
        step = cells[0] % steps
        ends = [limits.cells[cell // steps] for cell in cells]
        low = sum((end[step - 1] or Fraction(0) for end in ends), Fraction(0)) if step else Fraction(0)
        high = None if ends[0][step] is None else sum((end[step] or Fraction(0) for end in ends), Fraction(0))
        told["limits"] = {
            "from": _said(low), "to": None if high is None else _said(high), "basis": component.steps.basis,
            "of_all_bands": bands > 1 and component.steps.scope != "band",
        }  # fmt: skip
    return told


def _said(limit: Fraction) -> str:
    if limit.denominator == 1:
        return str(limit.numerator)
    return f"{float(limit):.6f}".rstrip("0").rstrip(".")
