"""How the columns of a SELECT are said: fields with their casts and aggregates, and embedded resources."""

from collections.abc import Iterator
from typing import NamedTuple

from rowgate.plan.model import ROWS, Embed, Lifted
from rowgate.request.model import SelectField
from rowgate.sql.parts import Scope, qualified, quote


def output(scope: Scope, field: SelectField) -> str:
    """An output column under its name; a bare column has its own."""
    expression = value(scope, field)
    bare = scope.column(field.field.name) == expression and not field.alias
    return expression if bare else f"{expression} AS {quote(field.name)}"


def value(scope: Scope, field: SelectField) -> str:
    expression = _single_value(scope, field)
    if not field.aggregate:
        return expression
    return _cast(f"{field.aggregate}({expression})", field.aggregate_cast)


def group_key(scope: Scope, field: SelectField) -> str:
    """What rows are grouped by: a column itself, even where a function shows it as JSON."""
    shown = scope.shown_by(field.field) and not field.cast
    return scope.field(field.field) if shown else value(scope, field)


def _single_value(scope: Scope, field: SelectField) -> str:
    """The value of one row, before any aggregate."""
    if field.field.name == "*":
        if field.alias and not field.aggregate:
            return "TRUE"  # a row that is counted by its parent
        return "*" if field.aggregate else scope.column("*")
    expression = scope.field(field.field)
    if field.cast:
        return _cast(expression, field.cast)
    function = scope.shown_by(field.field) if not field.aggregate else None
    return f"{qualified(function)}({expression})" if function else expression


def _cast(expression: str, type_name: str | None) -> str:
    # The grammar lets only words, digits and [] through, so a type name stays one.
    return f"CAST({expression} AS {type_name})" if type_name else expression


class Value(NamedTuple):
    """A column that an embed adds to its parent."""

    name: str
    value: str
    is_json: bool
    aggregated: bool = False


def embedded_values(embed: Embed) -> Iterator[Value]:
    if embed.hidden:
        return
    if embed.spread:
        yield from (_lifted(embed, column) for column in embed.lifted)
    elif embed.to_many:
        yield Value(embed.name, f"COALESCE({quote(embed.alias)}.{quote(ROWS)}, '[]')", is_json=True)
    else:
        yield Value(embed.name, _object(embed), is_json=True)


def _object(embed: Embed) -> str:
    alias = quote(embed.alias)
    if not embed.node.kept:
        return f"row_to_json({alias}.*)"
    # The columns kept for the parent's order are not shown.
    columns = ", ".join(f"{alias}.{quote(name)}" for name in shown_names(embed))
    shown = f"SELECT row_to_json(shown.*) FROM (SELECT {columns}) AS shown"
    return f"CASE WHEN {alias} IS DISTINCT FROM NULL THEN ({shown}) END"


def shown_names(embed: Embed) -> list[str]:
    """The names of the columns that the embed's rows have, in order."""
    names = [field.name for field in embed.node.outputs]
    return names + [column.name for inner in embed.node.embeds for column in embedded_values(inner)]


def _lifted(embed: Embed, column: Lifted) -> Value:
    expression = f"{quote(embed.alias)}.{quote(column.column)}"
    if column.aggregate:
        expression = _cast(f"{column.aggregate}({expression})", column.aggregate_cast)
    elif embed.to_many:
        expression = f"COALESCE({expression}, '[]')"
    nested = {inner.name for inner in embed.node.embeds if not inner.spread}
    is_json = embed.to_many or (column.name in nested and not column.aggregate)
    return Value(column.name, expression, is_json, column.aggregate is not None)
