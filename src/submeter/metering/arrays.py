"""Days of intervals out of the database as arrays: no object for each day, nothing converted."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import NDArray

from submeter.db.queries import load_queries

__all__ = ["Arrays", "list_arrays"]

_QUERIES = load_queries(__package__ or "")


class Arrays(NamedTuple):
    """One day of many registers, whose intervals are of one length and number."""

    day: date
    minutes: int
    register_ids: NDArray[Any]
    """16 bytes each; `ids` has them as UUIDs."""
    decimals: NDArray[np.int16]
    """Amounts are whole numbers of 10^-decimals of the register's unit."""
    amounts: NDArray[np.int32]
    """A row for each register, a column for each interval; `MISSING` where there is none."""

    def ids(self) -> list[UUID]:
        return [UUID(bytes=one.tobytes()) for one in self.register_ids]


def list_arrays(connection: psycopg.Connection, first: date, end: date) -> Iterator[Arrays]:
    """The days from `first` to before `end` that the caller may see, day by day, in the source's days."""
    connection.execute(_QUERIES["begin_arrays"])
    with connection.cursor(binary=True) as cursor:
        # Row by row off the wire: a result as a whole would be held twice.
        rows = list(cursor.stream(_QUERIES["list_arrays"], {"first": first, "end": end}))
    connection.execute(_QUERIES["end_arrays"])
    yield from (_arrays(*row) for row in sorted(rows, key=lambda row: row[:3]))


def _arrays(day: date, minutes: int, count: int, ids: bytes, decimals: bytes, amounts: bytes) -> Arrays:
    return Arrays(
        day,
        minutes,
        np.frombuffer(ids, "V16"),
        np.frombuffer(decimals, ">i2").astype(np.int16),
        np.frombuffer(amounts, "<i4").reshape(-1, count),
    )
