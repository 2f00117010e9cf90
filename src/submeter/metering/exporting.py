"""What people ask for to take away: days of intervals as NEM12 or as a half-hourly table."""

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import chain

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering import problems, register_store
from submeter.metering.formats import half_hourly_writer, nem12_writer
from submeter.metering.formats.mdff import INTO_THE_GRID
from submeter.metering.model import DayRow, Stream
from submeter.metering.plots import Period
from submeter.metering.register_store import RegisterRow
from submeter.metering.showing import get_named, get_of_site

__all__ = ["ExportFormat", "export"]

_SUFFIX = re.compile(r"[A-Z0-9]{1,4}")


class ExportFormat(StrEnum):
    """What is written."""

    nem12 = "nem12"
    csv = "csv"


def export(
    database: Database,
    caller: Caller,
    names: Sequence[str],
    site: str | None,
    period: Period,
    into: ExportFormat,
    now: datetime,
) -> Generator[bytes]:
    """The current days of registers, meters or a site, piece by piece as they are read: memory stays flat.

    Days are those of the source's clock. The transaction is open until the last piece is taken, or the
    generator closed. Raises Refused: MTR450 for a name, MTR452 where there is nothing, MTR453 and MTR135 for
    what NEM12 cannot say, MTR458 and MTR459 for what a half-hourly table cannot.
    """
    with transaction(database, caller) as connection:
        registers = _chosen(connection, names, site)
        rows = _days(connection, registers, period)
        first = next(rows, None)
        if first is None:
            what = ", ".join((*names, *([site] if site else ())))
            raise Refused(problems.no_intervals(f"{what}, from {period.first} to {period.end}"))
        every = chain([first], rows)
        if into is ExportFormat.nem12:
            yield from nem12_writer.write(_checked(every), created_at=now)
        else:
            yield from half_hourly_writer.write(every)


def _chosen(
    connection: psycopg.Connection, names: Sequence[str], site: str | None
) -> tuple[RegisterRow, ...]:
    """Each register once, in the order of the names."""
    found = chain.from_iterable(get_named(connection, name) for name in names)
    more = get_of_site(connection, site) if site else ()
    return tuple({register.id: register for register in (*found, *more)}.values())


def _days(
    connection: psycopg.Connection, registers: Iterable[RegisterRow], period: Period
) -> Iterator[DayRow]:
    for register in registers:
        yield from register_store.list_days(connection, register, period.first, period.end)


def _checked(rows: Iterable[DayRow]) -> Iterator[DayRow]:
    """A market's reader takes names and the direction that they tell as they are: no wrong one leaves."""
    known: Stream | None = None
    for row in rows:
        if row.stream != known:
            problem = _problem_with(row.stream)
            if problem:
                raise Refused(problem)
            known = row.stream
        yield row


def _problem_with(stream: Stream) -> Problem | None:
    label, register = f"{stream.serial}/{stream.register}", stream.register
    if stream.scheme not in {"nmi", "own"}:
        return problems.no_name_in_nem12(label, "its supply point has no NMI and no identifier of your own")
    if not _SUFFIX.fullmatch(register):
        return problems.no_name_in_nem12(label, f"{register!r} is no suffix such as E1 or B1")
    if (register[0] in INTO_THE_GRID) != (stream.direction == "export"):
        return problems.no_name_in_nem12(label, f"{register} says another direction than {stream.direction}")
    return None
