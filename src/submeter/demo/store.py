"""Many rows into one table, as fast as row-level security allows.

COPY does not go into a table whose row-level security holds for the one who copies, and the owner's does.
So rows are copied into a temporary table first, and inserted from there.
"""

from collections.abc import Iterable, Mapping
from itertools import chain

import psycopg
from psycopg import sql

Row = Mapping[str, object]

_STAGE = "create temporary table staged on commit drop as select {columns} from submeter.{table} with no data"
_COPY = "copy staged ({columns}) from stdin"
_INSERT = "insert into submeter.{table} ({columns}) select {columns} from staged"


def add_rows(connection: psycopg.Connection, table: str, rows: Iterable[Row]) -> int:
    """Insert rows into `submeter.<table>`, all with the first one's keys as columns; returns how many."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return 0
    names = {
        "table": sql.Identifier(table),
        "columns": sql.SQL(", ").join(map(sql.Identifier, first)),
    }
    connection.execute(sql.SQL(_STAGE).format(**names))
    with connection.cursor().copy(sql.SQL(_COPY).format(**names)) as copy:
        for row in chain((first,), rows):
            copy.write_row(tuple(row.values()))
    count = connection.execute(sql.SQL(_INSERT).format(**names)).rowcount
    connection.execute("drop table staged")
    return count
