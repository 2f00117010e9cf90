"""The pieces every statement is made of: names, parameters, conditions, order and windows.

Identifiers are always quoted and values always travel as parameters, so neither can become SQL.
Parameters go untyped: PostgreSQL takes their type from the column beside them.
"""

from collections.abc import Sequence

from rowgate.catalog.model import Column, Name, Relation
from rowgate.plan.model import PRESENT
from rowgate.request.grammar import TEXT_SEARCHES
from rowgate.request.model import Condition, Field, Group, JsonStep, Logic, OrderTerm, Window

_OPERATORS = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "like": "LIKE",
    "ilike": "ILIKE",
    "match": "~",
    "imatch": "~*",
    "isdistinct": "IS DISTINCT FROM",
    "cs": "@>",
    "cd": "<@",
    "ov": "&&",
    "sl": "<<",
    "sr": ">>",
    "nxr": "&<",
    "nxl": "&>",
    "adj": "-|-",
}
_SEARCHES = {
    "fts": "to_tsquery",
    "plfts": "plainto_tsquery",
    "phfts": "phraseto_tsquery",
    "wfts": "websearch_to_tsquery",
}
_IS = {
    "null": "IS NULL",
    "not_null": "IS NOT NULL",
    "true": "IS TRUE",
    "false": "IS FALSE",
    "unknown": "IS UNKNOWN",
}


def quote(identifier: str) -> str:
    """An identifier as SQL, whatever is in it. (NUL was refused when the request was read.)"""
    return '"' + identifier.replace('"', '""') + '"'


def qualified(name: Name) -> str:
    return f"{quote(name.schema)}.{quote(name.name)}"


def array_literal(values: Sequence[str]) -> str:
    """Text values as one PostgreSQL array literal."""
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"


class Parameters:
    """Collects the values of one statement and hands out their placeholders."""

    __slots__ = ("_keys", "values")

    def __init__(self) -> None:
        self.values: list[bytes] = []
        self._keys: dict[JsonStep, str] = {}

    def key(self, step: JsonStep) -> str:
        """A JSON key or index, by the same placeholder each time.

        Only so is the path that rows are grouped by the one that is selected.
        """
        if step not in self._keys:
            self._keys[step] = f"{self.add(step.key)}::{'int' if step.is_index else 'text'}"
        return self._keys[step]

    def add(self, value: str | bytes) -> str:
        self.values.append(value.encode() if isinstance(value, str) else value)
        return f"${len(self.values)}"


class Scope:
    """A relation under an alias, within which fields are rendered."""

    __slots__ = ("alias", "parameters", "relation")

    def __init__(self, relation: Relation | None, alias: str, parameters: Parameters) -> None:
        self.relation = relation
        self.alias = alias
        self.parameters = parameters

    def column(self, name: str) -> str:
        return f"{quote(self.alias)}.{quote(name)}" if name != "*" else f"{quote(self.alias)}.*"

    def field(self, field: Field) -> str:
        """A column, or a value inside the JSON that it holds."""
        column = self.column(field.name)
        if not field.steps:
            return column
        if self._type(field.name) not in ("json", "jsonb"):
            column = f"to_jsonb({column})"
        return column + "".join(f"{step.arrow}{self.parameters.key(step)}" for step in field.steps)

    def _known(self, name: str) -> Column | None:
        return self.relation.columns.get(name) if self.relation else None

    def _type(self, name: str) -> str | None:
        column = self._known(name)
        return column.base_type_name or column.type_name if column else None

    def shown_by(self, field: Field) -> Name | None:
        """The function that a column's domain is shown by, if it has one."""
        column = self._known(field.name) if not field.steps else None
        return column.representation.to_json if column else None

    def _read_by(self, field: Field) -> Name | None:
        """The function that reads a filter's text for a column's domain, if it has one."""
        column = self._known(field.name) if not field.steps else None
        return column.representation.from_text if column else None

    def logic(self, logic: Logic) -> str:
        if isinstance(logic, Group):
            members = f" {logic.conjunction.upper()} ".join(self.logic(member) for member in logic.members)
            return f"{'NOT ' if logic.negated else ''}({members})"
        condition = self._condition(logic)
        return f"NOT ({condition})" if logic.negated else condition

    def _condition(self, condition: Condition) -> str:
        if condition.operator == PRESENT:
            return self._present(condition)
        field, reader = self.field(condition.field), self._read_by(condition.field)
        if condition.operator == "in":
            return f"{field} = ANY ({self._values(array_literal(condition.values), reader)})"
        if condition.operator == "is":
            return f"{field} {_IS[condition.value]}"
        if condition.operator in TEXT_SEARCHES:
            return self._search(condition, field)
        value = condition.value
        if condition.operator in ("like", "ilike"):
            value = value.replace("*", "%")
        if condition.modifier:
            operand = f"{condition.modifier.upper()} ({self._values(value, reader)})"
        else:
            operand = self._value(value, reader)
        return f"{field} {_OPERATORS[condition.operator]} {operand}"

    def _value(self, value: str, reader: Name | None) -> str:
        placeholder = self.parameters.add(value)
        return f"{qualified(reader)}({placeholder}::text)" if reader else placeholder

    def _values(self, literal: str, reader: Name | None) -> str:
        placeholder = self.parameters.add(literal)
        if reader is None:
            return placeholder
        return f"ARRAY(SELECT {qualified(reader)}(said) FROM unnest({placeholder}::text[]) AS said)"

    def _present(self, condition: Condition) -> str:
        """A join that found no row is null as a whole, whatever the columns of a row may be."""
        alias = quote(condition.field.name)
        if condition.value:
            return f"{alias}.{quote(condition.value)} IS NOT NULL"
        return f"{alias} IS DISTINCT FROM NULL"

    def _search(self, condition: Condition, field: str) -> str:
        language = f"{self.parameters.add(condition.modifier)}::regconfig, " if condition.modifier else ""
        if self._type(condition.field.name) not in (None, "tsvector"):  # a computed column is what it is
            field = f"to_tsvector({language}{field})"
        return f"{field} @@ {_SEARCHES[condition.operator]}({language}{self.parameters.add(condition.value)})"

    def where(self, conditions: Sequence[Logic]) -> str:
        if not conditions:
            return ""
        return " WHERE " + " AND ".join(self.logic(condition) for condition in conditions)

    def order(self, terms: Sequence[OrderTerm]) -> str:
        return " ORDER BY " + ", ".join(self._term(term) for term in terms) if terms else ""

    def _term(self, term: OrderTerm) -> str:
        nulls = {True: " NULLS FIRST", False: " NULLS LAST", None: ""}[term.nulls_first]
        field = self.field(term.field)
        if term.relation is not None:
            field = f"{quote(term.relation)}.{quote(term.field.name)}"
        return f"{field}{' DESC' if term.descending else ''}{nulls}"

    def window(self, window: Window) -> str:
        limit = "" if window.limit is None else f" LIMIT {self.parameters.add(str(window.limit))}"
        offset = f" OFFSET {self.parameters.add(str(window.offset))}" if window.offset else ""
        return limit + offset
