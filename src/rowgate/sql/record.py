"""The body as rows: ``json_to_recordset`` converts each value by the column's own input function."""

from collections.abc import Sequence

from rowgate.plan.model import TypedColumn
from rowgate.sql.parts import Parameters, quote

SOURCE_OF_VALUES = "rowgate_body"
BODY = quote(SOURCE_OF_VALUES)
_ROW, _GIVEN = quote("rowgate_row"), quote("rowgate_given")


def record(raw: bytes, is_array: bool, columns: Sequence[TypedColumn], parameters: Parameters) -> str:  # noqa: FBT001
    """The body as rows of the named columns, in a FROM clause."""
    placeholder = f"{parameters.add(raw)}::json"
    if not columns:
        # A row for each empty object: all its columns take their defaults.
        return (
            f"json_array_elements({placeholder}) AS {BODY}"
            if is_array
            else f"(SELECT {placeholder}) AS {BODY}"
        )
    types = ", ".join(f"{quote(column.name)} {column.type_name}" for column in columns)
    if any(column.default for column in columns):
        return _with_defaults(placeholder, is_array, columns, types, parameters)
    function = "json_to_recordset" if is_array else "json_to_record"
    return f"{function}({placeholder}) AS {BODY} ({types})"


def _with_defaults(
    placeholder: str,
    is_array: bool,  # noqa: FBT001
    columns: Sequence[TypedColumn],
    types: str,
    parameters: Parameters,
) -> str:
    """Row by row, because whether a key is there is asked of the JSON: its null is a value like any other."""
    rows = f"json_array_elements({placeholder})" if is_array else f"(SELECT {placeholder})"
    values = ", ".join(_value(column, parameters) for column in columns)
    return (
        f'(SELECT {values} FROM {rows} AS {_ROW} ("value") '
        f'CROSS JOIN LATERAL json_to_record({_ROW}."value") AS {_GIVEN} ({types})) AS {BODY}'
    )


def _value(column: TypedColumn, parameters: Parameters) -> str:
    name = quote(column.name)
    if column.default is None:
        return f"{_GIVEN}.{name}"
    absent = f'{_ROW}."value"->{parameters.add(column.name)}::text IS NULL'
    # The default was written for the column, and is converted as it would be there.
    default = f"CAST({column.default} AS {column.type_name})"
    if column.reader is not None:
        default = f"to_json({column.default})"  # the domain's reader is still to come
    return f"CASE WHEN {absent} THEN {default} ELSE {_GIVEN}.{name} END AS {name}"
