"""A function call as a source of rows, and rows made by the application in its place."""

from collections.abc import Sequence

from rowgate.plan.model import Call, Insert
from rowgate.sql.parts import Parameters, array_literal, qualified, quote
from rowgate.sql.pinned import pinned
from rowgate.sql.record import BODY, record

_RESULT = quote("result")


def is_scalar(plan: Call) -> bool:
    """Whether the result is a value (or several) rather than rows with columns known beforehand."""
    returns = plan.routine.returns
    return not returns.composite or _shapeless(plan)


def _shapeless(plan: Call) -> bool:
    """A bare ``record``: PostgreSQL knows its columns only once it has run."""
    returns = plan.routine.returns
    return returns.composite and returns.type_name == "record" and not returns.columns


def call_source(plan: Call, parameters: Parameters) -> str:
    """SELECT from the function; a scalar comes as the column ``value``."""
    call, arguments = _call(plan, parameters)
    before = f"{arguments}, LATERAL " if arguments else ""
    if plan.routine.returns.void or _shapeless(plan):
        source = f" FROM {arguments}" if arguments else ""
        return f'SELECT {call} AS "value"{source}'
    pin = pinned(plan.routine, call, _RESULT)
    if is_scalar(plan):
        return f'SELECT {_RESULT}."value" FROM {before}{call} AS {_RESULT} ("value") WHERE {pin}'
    return f"SELECT {_RESULT}.* FROM {before}{call} AS {_RESULT} WHERE {pin}"


def _call(plan: Call, parameters: Parameters) -> tuple[str, str]:
    """The call itself, and the record its arguments are taken from, if they came as JSON."""
    if plan.whole:
        return f"{qualified(plan.routine.name)}({_whole(plan, parameters)})", ""
    if plan.payload is not None and plan.columns:
        source = record(plan.payload.raw, plan.payload.is_array, plan.columns, parameters)
        source = f"(SELECT * FROM {source} LIMIT 1) AS {BODY}" if plan.payload.is_array else source
        values = [f"{BODY}.{quote(column.name)}" for column in plan.columns]
    else:
        source = ""
        values = [
            f"{parameters.add(_as_text(text))}::{column.type_name}"
            for column, text in zip(plan.columns, plan.texts, strict=True)
        ]
    variadic = {parameter.name for parameter in plan.routine.parameters if parameter.variadic}
    arguments = ", ".join(
        f"{'VARIADIC ' if column.name in variadic else ''}{quote(column.name)} => {value}"
        for column, value in zip(plan.columns, values, strict=True)
    )
    return f"{qualified(plan.routine.name)}({arguments})", source


def _whole(plan: Call, parameters: Parameters) -> str:
    """The body as the one argument; bytes go in hexadecimal, for a parameter ends at a zero."""
    assert plan.payload is not None
    (parameter,) = plan.routine.parameters
    raw = plan.payload.raw
    sent = b"\\x" + raw.hex().encode() if parameter.type_name == "bytea" else raw
    return f"{parameters.add(sent)}::{parameter.type_name}"


def _as_text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else array_literal(value)


def served_source(plan: Call | Insert, rows: bytes, parameters: Parameters) -> str:
    """Rows that the application made, given the types the database declares for them."""
    if isinstance(plan, Call) and plan.routine.returns.void:
        return 'SELECT NULL AS "value"'
    placeholder = f"{parameters.add(rows)}::json"
    if isinstance(plan, Insert):
        return f"SELECT * FROM json_populate_recordset(NULL::{qualified(plan.relation.name)}, {placeholder})"
    returns = plan.routine.returns
    if is_scalar(plan):
        return (
            f'SELECT "value" FROM json_to_recordset({placeholder}) AS {_RESULT} ("value" {returns.type_name})'
        )
    if returns.columns:
        types = ", ".join(f"{quote(name)} {type_name}" for name, type_name in returns.columns)
        return f"SELECT * FROM json_to_recordset({placeholder}) AS {_RESULT} ({types})"
    return f"SELECT * FROM json_populate_recordset(NULL::{returns.type_name}, {placeholder})"
