"""A file in chunks, each with all that can be said of it before the database is asked.

This is done while the database stores the chunk before: it need not wait for it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from submeter.core.problem import Problem
from submeter.metering import problems
from submeter.metering.model import DayRow, DialRead, Finding, Item, MeterRow
from submeter.metering.placing import Sums, add_up, check

__all__ = ["Chunk", "chunk_of", "chunks"]


class Chunk(NamedTuple):
    """Some items of a file, by kind."""

    size: int
    """How many items they are."""
    days: Sequence[DayRow]
    """Those that can be stored."""
    sums: Sequence[Sums]
    """Of each of these days."""
    reads: Sequence[DialRead]
    meters: Sequence[MeterRow]
    found: Sequence[Finding]
    """What is wrong with the others, and what the format has found."""
    counts: Counter[str]
    clocks: frozenset[str]
    years: frozenset[int]


def chunks(items: Iterable[Item], rows: int, size: int) -> Iterator[list[Item]]:
    """Items in lists of at most `rows`, or about `size` bytes of amounts."""
    held: list[Item] = []
    weight = 0
    for item in items:
        held.append(item)
        weight += len(item.amounts) if isinstance(item, DayRow) else 200
        if len(held) >= rows or weight >= size:
            yield held
            held, weight = [], 0
    if held:
        yield held


def chunk_of(items: Sequence[Item], last_year: int) -> Chunk:
    """The items by kind, their days checked and added up."""
    days = [item for item in items if isinstance(item, DayRow)]
    found = [item for item in items if isinstance(item, Finding)]
    good, bad = _checked(days, last_year)
    counts = Counter(
        days=len(days),
        values=sum(len(row.amounts) for row in days) // 4,
        rejected=len(bad) + sum(1 for one in found if one.line),  # else it is about the file
    )
    return Chunk(
        len(items),
        good,
        add_up(good),
        [item for item in items if isinstance(item, DialRead)],
        [item for item in items if isinstance(item, MeterRow)],
        [*found, *bad],
        counts,
        frozenset(row.clock for row in days),
        frozenset(row.day.year for row in days),
    )


def _checked(days: Iterable[DayRow], last_year: int) -> tuple[list[DayRow], list[Finding]]:
    """The days that can be stored, and what keeps the others from it. Of each shape one is looked at."""
    good: list[DayRow] = []
    bad: list[Finding] = []
    known: dict[tuple[object, ...], Problem | None] = {}
    for row in days:
        shape = (row.day, row.clock, row.minutes, row.decimals, len(row.amounts))
        if shape not in known:
            known[shape] = check(row, last_year)
        problem = known[shape]
        if problem:
            bad.append(problems.finding(problem, row.line))
        else:
            good.append(row)
    return good, bad
