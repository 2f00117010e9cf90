"""What the database refuses about price plans, as everything else is refused: with a code and a next step."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from submeter.core.problem import Problem, Refused
from submeter.db.problems import coded
from submeter.tariffs import problems

__all__ = ["worded"]

_KEY = re.compile(r"Key \((.+?)\)=\((.*?)\) is not present in table \"(.+?)\"")


@contextmanager
def worded() -> Iterator[None]:
    """Raises Refused: with the code of the database where it has one, else TRF146."""
    try:
        yield
    except psycopg.Error as error:
        problem = coded(error) or _told(error)
        if problem is None:
            raise
        raise Refused(problem) from error


def _told(error: psycopg.Error) -> Problem | None:
    """A value that a column, a check or a foreign key does not let pass; None for other errors."""
    if not isinstance(error, psycopg.IntegrityError | psycopg.DataError):
        return None
    diag = error.diag
    said = diag.message_primary or str(error)
    missing = _KEY.search(diag.message_detail or "")
    if missing:
        return problems.not_kept(
            said, f"There is no {missing[1]} {missing[2]} in {missing[3]}; name one that is there"
        )
    table, column = diag.table_name or "", diag.column_name or _column(diag)
    where = ".".join(part for part in (table, column) if part)
    return problems.not_kept(f"{where}: {said}" if where else said, f"Correct {column or 'the value'}")


def _column(diag: psycopg.errors.Diagnostic) -> str:
    """The column of a check that has the usual name of one."""
    name, table = diag.constraint_name or "", diag.table_name or ""
    return re.sub(r"_check\d*$", "", name.removeprefix(f"{table}_")) if name.endswith("_check") else ""
