"""Tables with a header: any delimiter, quotes, columns in any order, each row with its line."""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from submeter.core.problem import Problem
from submeter.metering.formats import findings
from submeter.metering.model import FileError, Finding

__all__ = ["Table", "find_columns", "key_of", "sniff_delimiter"]

_DELIMITERS = ",;\t|"
_LINES_OF_A_ROW = 20
"""A note in quotes may have line breaks; a quote that is open for longer was never closed."""


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """What is not UTF-8 in a file of UTF-8 was pasted in from Windows: a name, a note."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("submeter-cp1252", _as_cp1252)


def key_of(name: str) -> str:
    """A column's name without case, spaces and punctuation: `Meter_Read (kWh)` is meterreadkwh."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def sniff_delimiter(line: str) -> str:
    """The delimiter that the line has most of; a comma where it has none."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(_DELIMITERS, key=bare.count)


class Table:
    """The rows of a table, read as they come. A row that cannot be read is a problem; the next ones are read.

    Raises FileError (MTR142, MTR154) where there is no header to be read.
    """

    def __init__(self, stream: BinaryIO, *, delimiter: str = "", skip: int = 0, header: bool = True) -> None:
        self._text = io.TextIOWrapper(stream, "utf-8-sig", "submeter-cp1252", newline="")
        self._ahead: deque[str] = deque()
        self._line = 0
        self.cut = False
        """Whether the row just read has no end of line: the last of the file, complete or not."""
        for _ in range(skip):
            self._next()
        first = self._next()
        while first and not first.strip("\r\n\t ,;|"):
            first = self._next()
        if not first:
            raise FileError(findings.empty_file())
        self.first_line = self._line
        self.delimiter = delimiter or sniff_delimiter(first)
        self.header = self._header(first) if header else ()
        if not header:
            self._ahead.appendleft(first)
            self._line -= 1

    def _header(self, first: str) -> tuple[str, ...]:
        names = self._split(first)
        if isinstance(names, Problem):
            raise FileError(names, self._line)
        return tuple(name.strip() for name in names)

    def _next(self) -> str:
        line = self._ahead.popleft() if self._ahead else next(self._text, "")
        if line:
            self._line += 1
            self.cut = not line.endswith(("\n", "\r"))
        return line

    def peek(self) -> tuple[str, ...]:
        """The first row, which stays to be read."""
        line = self._next()
        row = self._split(line) if line else []
        if line:
            self._ahead.appendleft(line)
            self._line -= 1
        return () if isinstance(row, Problem) else tuple(row)

    def rows(self) -> Iterator[tuple[int, list[str] | Problem]]:
        """Each row that is not blank, with the line on which it begins."""
        while line := self._next():
            at, row = self._line, line.rstrip("\r\n").split(self.delimiter) if '"' not in line else None
            if row is None:
                yield at, self._split(line)
            elif len(row) > 1 or row[0].strip():
                yield at, row
        self.release()

    def _split(self, line: str) -> list[str] | Problem:
        """A row with quotes, which may go on over some lines; if it finds no end, it alone is lost."""
        taken: list[str] = []
        while True:
            try:
                return next(csv.reader([line, *taken], delimiter=self.delimiter, strict=True))
            except csv.Error as error:
                more = self._next() if len(taken) < _LINES_OF_A_ROW and "end of data" in str(error) else ""
                if not more:
                    self._ahead.extendleft(reversed(taken))
                    self._line -= len(taken)
                    return findings.broken_table(str(error))
                taken.append(more)

    def release(self) -> None:
        """Lets go of the stream without closing it."""
        self._text.detach()


def find_columns(
    header: Sequence[str], synonyms: Mapping[str, Sequence[str]], needed: Sequence[str]
) -> dict[str, int]:
    """Where the columns stand, by the names that the trade has for each.

    Raises FileError (MTR150, MTR151) if a needed one is missing, or if one is there twice.
    """
    keys = [key_of(name) for name in header]
    found: dict[str, int] = {}
    for name, spellings in synonyms.items():
        wanted = {key_of(spelling) for spelling in (name, *spellings)}
        at = [index for index, key in enumerate(keys) if key in wanted]
        if len(at) > 1:
            raise FileError(findings.doubled_column([header[index] for index in at]), 1)
        if at:
            found[name] = at[0]
    missing = [name for name in needed if name not in found]
    if missing:
        raise FileError(findings.missing_column(missing, header), 1)
    return found


def cut_off(table: Table, line: int, row: Sequence[str], needed: int) -> Finding | None:
    """The finding for a last line that may have lost its end, where what is needed stands at that end."""
    if not table.cut or len(row) > needed + 1:
        return None
    return Finding(findings.unended_line(), line, len(row), row[-1] if row else "")
