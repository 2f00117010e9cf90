"""What rating needs out of the database, for many agreements at once; and rated lines into it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import psycopg

from submeter.db.queries import load_queries
from submeter.metering.consumption import Multiplier
from submeter.metering.days import minute_of
from submeter.metering.readings import Reading
from submeter.metering.values_store import reading_of_row
from submeter.rating.counting import Block, Register, Window
from submeter.rating.model import Period
from submeter.rating.parts import Had
from submeter.rating.taken_peaks import TakenPeak

__all__ = [
    "Files",
    "NotMeasured",
    "Place",
    "list_agreements",
    "list_agreements_named",
    "list_blocks",
    "list_files",
    "list_history",
    "list_multipliers",
    "list_not_measured",
    "list_peaks",
    "list_readings",
    "list_registers",
    "lock_agreements",
]

_QUERIES = load_queries(__package__ or "")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """An agreement, and where it is."""

    id: UUID
    esco_id: UUID
    site_id: UUID
    supply_point_id: UUID
    from_date: date
    to_date: date | None
    account_number: str
    property_name: str

    def held(self, first: date, end: date) -> Period:
        """Of some days those of the agreement; none where the end is not after the first."""
        return Period(max(first, self.from_date), min(end, self.to_date or date.max))


class NotMeasured(NamedTuple):
    """Intervals of a day that were estimated or substituted: from a minute (since 1970 UTC) to a minute."""

    first: int
    end: int


class Files(NamedTuple):
    """Where the intervals of a register came from."""

    days: int
    first: date
    last: date
    loaded_at: datetime
    names: tuple[str, ...]
    edited_by: tuple[str, ...]


def list_agreements(
    connection: psycopg.Connection,
    ids: Iterable[UUID] | None,
    period: Period,
    plan_id: UUID | None = None,
) -> dict[UUID, Place]:
    """Agreements with days in a period: those named, or all that the caller sees; with a plan, if named."""
    values = {
        "ids": None if ids is None else list(ids), "plan": plan_id, "first": period.first, "end": period.end,
    }  # fmt: skip
    return {row[0]: Place(*row) for row in connection.execute(_QUERIES["agreements"], values)}


def list_agreements_named(connection: psycopg.Connection, name: str, period: Period) -> list[str]:
    """Those of a period by account number or identifier of the supply point.

    What has a plan of electricity comes first, then the latest.
    """
    values = {"name": name, "first": period.first, "end": period.end}
    return [key for (key,) in connection.execute(_QUERIES["agreements_named"], values)]


def lock_agreements(connection: psycopg.Connection, ids: Iterable[UUID]) -> dict[UUID, date]:
    """Nobody else stores lines of them until the transaction ends; to which day each is billed."""
    rows = connection.execute(_QUERIES["lock_agreements"], {"ids": list(ids)})
    return {key: billed_to for key, billed_to in rows if billed_to is not None}


def list_history(connection: psycopg.Connection, agreements: Iterable[UUID]) -> Mapping[UUID, list[Had]]:
    """Which plans agreements have or had, and on which terms."""
    found: dict[UUID, list[Had]] = defaultdict(list)
    rows = connection.execute(_QUERIES["history"], {"ids": list(agreements)})
    for agreement, plan, product, first, end, conditions, *others in rows:
        found[agreement].append(Had(plan, product, first, end, frozenset(conditions), *others))
    return found


def list_peaks(connection: psycopg.Connection, agreements: Iterable[UUID]) -> Mapping[UUID, list[TakenPeak]]:
    """Peaks of demand that others measured, by agreement."""
    found: dict[UUID, list[TakenPeak]] = defaultdict(list)
    for agreement, *row in connection.execute(_QUERIES["peaks"], {"ids": list(agreements)}):
        found[agreement].append(TakenPeak(*row))
    return found


def list_registers(
    connection: psycopg.Connection, agreements: Iterable[UUID], first: date, end: date
) -> Mapping[UUID, list[Register]]:
    """What measures agreements on some days, or a day around them, for clocks differ."""
    around = (_midnight(first) - timedelta(days=1), _midnight(end) + timedelta(days=1))
    values = {"ids": list(agreements), "from_at": around[0], "to_at": around[1]}
    found: dict[UUID, list[Register]] = defaultdict(list)
    for row in connection.execute(_QUERIES["registers"], values):
        found[row[1]].append(Register(*row))
    return found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def list_blocks(
    connection: psycopg.Connection, registers: Sequence[UUID], window: Window, at: datetime | None = None
) -> list[Block]:
    """The days of intervals that reach into a window; as they stood at a moment, if one is named."""
    name = "interval_days" if at is None else "interval_days_at"
    # Days are few and rows many: to sort the rows first would be most of the work, and for nothing.
    connection.execute("set local enable_sort = off")
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(_QUERIES[name], {**_within(registers, window), "at": at}).fetchall()
    connection.execute("set local enable_sort to default")
    return [_block(*row) for row in rows]


def _block(
    starts: datetime, minutes: int, count: int, registers: bytes, decimals: bytes, amounts: bytes
) -> Block:
    return Block(
        minute_of(starts),
        minutes,
        np.frombuffer(registers, ">i4").astype(np.int64),
        np.frombuffer(decimals, ">i2").astype(np.int64),
        np.frombuffer(amounts, "<i4").reshape(-1, count),
    )


def _within(registers: Sequence[UUID], window: Window) -> dict[str, Any]:
    return {
        "registers": list(registers), "first": window.first, "end": window.end,
        "from_at": _EPOCH + timedelta(minutes=window.starts),
        "to_at": _EPOCH + timedelta(minutes=window.ends),
    }  # fmt: skip


def list_not_measured(
    connection: psycopg.Connection, registers: Sequence[UUID], window: Window
) -> Mapping[int, list[NotMeasured]]:
    """What was estimated or substituted, by the place of the register."""
    found: dict[int, list[NotMeasured]] = defaultdict(list)
    for place, starts_at, minutes, count, quality, ranges in connection.execute(
        _QUERIES["not_measured"], _within(registers, window)
    ):
        starts = minute_of(starts_at)
        parts = [(part[0], part[1], part[2]) for part in ranges or ()] or [(1, count, quality)]
        found[place] += [
            NotMeasured(starts + (first - 1) * minutes, starts + last * minutes)
            for first, last, of in parts
            if of != "A"
        ]
    return found


def list_files(connection: psycopg.Connection, registers: Sequence[UUID], window: Window) -> dict[int, Files]:
    """Where intervals came from, by the place of the register."""
    rows = connection.execute(_QUERIES["files"], _within(registers, window))
    return {
        place: Files(days, first, last, loaded_at, tuple(names or ()), tuple(edited or ()))
        for place, days, first, last, loaded_at, names, edited in rows
    }


def list_readings(
    connection: psycopg.Connection, registers: Sequence[UUID], clock: str, at: datetime | None = None
) -> Mapping[int, list[Reading]]:
    """The readings that stand and count, by the place of the register; those of a moment, if one is named."""
    found: dict[int, list[Reading]] = defaultdict(list)
    values = {"registers": list(registers), "at": at}
    for place, _, *row in connection.execute(_QUERIES["readings"], values):
        found[place].append(reading_of_row(clock, *row))
    return found


def list_multipliers(
    connection: psycopg.Connection, registers: Sequence[UUID]
) -> Mapping[int, list[Multiplier]]:
    """What advances and pulses are multiplied with, by the place of the register."""
    found: dict[int, list[Multiplier]] = defaultdict(list)
    for place, *row in connection.execute(_QUERIES["multipliers"], {"registers": list(registers)}):
        found[place].append(Multiplier(*row))
    return found
