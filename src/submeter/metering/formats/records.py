"""Tables with a record in each row, read by the names of their columns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import BinaryIO

from submeter.core.problem import Problem
from submeter.metering.formats import findings
from submeter.metering.formats.dates import DateOrder
from submeter.metering.formats.held import Proof, held_back
from submeter.metering.formats.quantities import decimal_of
from submeter.metering.formats.sources import Text, day_in
from submeter.metering.formats.tables import Table, cut_off, find_columns
from submeter.metering.model import Finding, Item

__all__ = ["Record", "Refusal", "read_records", "records_of"]


class Refusal(Exception):
    """A cell of a record cannot be used; the reader of records makes it a finding."""

    def __init__(self, problem: Problem, name: str) -> None:
        super().__init__(str(problem))
        self.problem, self.name = problem, name


class Record:
    """A row by the names of its columns. What a cell does not hold as it must is a Refusal."""

    def __init__(
        self,
        columns: Mapping[str, int],
        row: Sequence[str],
        line: int,
        order: DateOrder = "day first",
        number: Text | None = None,
    ) -> None:
        self._columns, self._row, self.line = columns, row, line
        self._order: DateOrder = order
        self._number = number
        self.proof = Proof()
        """Of the order of day and month; the reader of the table has one for all of its records."""

    def text(self, name: str) -> str:
        """The cell, or nothing where there is no such column."""
        column = self._columns.get(name, len(self._row))
        return self._row[column].strip() if column < len(self._row) else ""

    def given(self, name: str) -> str:
        if not self.text(name):
            raise Refusal(findings.missing_value(name), name)
        return self.text(name)

    def code(self, name: str, allowed: Sequence[str]) -> str:
        """One of a list of codes, in any case."""
        told = self.text(name).upper()
        if told not in allowed:
            raise Refusal(
                findings.not_in_list(name, self.text(name), [code for code in allowed if code]), name
            )
        return told

    def day(self, name: str) -> date:
        day = day_in(self.given(name), self._order, self.line)
        if isinstance(day, Problem):
            raise Refusal(day, name)
        self.proof.look(self.given(name), self._order)
        return day

    def day_or_none(self, name: str) -> date | None:
        return self.day(name) if self.text(name) else None

    def number(self, name: str) -> Decimal:
        told = self.given(name)
        number = decimal_of(self._number(told) if self._number else told)
        if isinstance(number, Problem):
            raise Refusal(number, name)
        return number

    def number_or_none(self, name: str) -> Decimal | None:
        return self.number(name) if self.text(name) else None

    def names(self) -> Sequence[str]:
        """All columns: those that are known by the format's names, others by their own."""
        return tuple(self._columns)

    def finding(self, refusal: Refusal) -> Finding:
        column = self._columns.get(refusal.name)
        return Finding(
            refusal.problem, self.line, 0 if column is None else column + 1, self.text(refusal.name)
        )


def records_of(
    stream: BinaryIO,
    synonyms: Mapping[str, Sequence[str]],
    needed: Sequence[str],
    make: Callable[[Record], Item],
) -> Iterator[Item]:
    """An item for each good row. Raises FileError (MTR142, MTR150, MTR151, MTR160)."""
    table = Table(stream)
    columns = find_columns(table.header, synonyms, needed)
    rest = [n for n in range(len(table.header)) if n not in columns.values()]
    columns = {**{table.header[n]: n for n in rest}, **columns}
    last = max(columns[name] for name in needed)
    yield from read_records(table, last, lambda row, line: Record(columns, row, line), make)


def read_records(
    table: Table, last: int, record: Callable[[Sequence[str], int], Record], make: Callable[[Record], Item]
) -> Iterator[Item]:
    """`last` is the last column that a row must reach."""
    proof = Proof()
    yield from held_back(_items(table, last, record, make, proof), proof)


def _items(
    table: Table,
    last: int,
    record: Callable[[Sequence[str], int], Record],
    make: Callable[[Record], Item],
    proof: Proof,
) -> Iterator[Item]:
    width = max(len(table.header), last + 1)
    for line, row in table.rows():
        if isinstance(row, Problem):
            yield Finding(row, line)
        elif len(row) <= last or any(row[width:]):
            yield Finding(findings.wrong_width(len(row), width), line)
        elif (cut := cut_off(table, line, row, last)) is not None:
            yield cut
        else:
            one = record(row, line)
            one.proof = proof
            yield _made(one, make)


def _made(record: Record, make: Callable[[Record], Item]) -> Item:
    try:
        return make(record)
    except Refusal as refusal:
        return record.finding(refusal)
