"""The values of a payload, as they go into a row."""

from rowgate.plan.model import TypedColumn
from rowgate.sql.parts import qualified, quote
from rowgate.sql.record import BODY


def given(column: TypedColumn) -> str:
    """The payload's value for a column, through the function by which its domain reads JSON."""
    value = f"{BODY}.{quote(column.name)}"
    return f"{qualified(column.reader)}({value})" if column.reader else value
