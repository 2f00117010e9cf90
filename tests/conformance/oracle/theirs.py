"""rowgate's parser behind the oracle's interface: the same plain trees, the same refusals."""

import re
from typing import Any

from conformance.oracle.reference import Refused
from rowgate.errors import Refusal
from rowgate.request import grammar
from rowgate.request.model import Condition, Field, Group, OrderTerm, SelectEmbed, SelectField

DEPTH = 30
_COLUMN = re.compile(r"\(line 1, column (\d+)\)$")
_NAMELESS = Field("")


def parse(language: str, text: str) -> Any:
    """The tree of a text, or Refused."""
    try:
        return _PARSERS[language](text)
    except Refusal as refusal:
        found = _COLUMN.search(refusal.message)
        if found is None or (refusal.status, refusal.code) != (400, "PGRST100"):
            raise
        raise Refused(int(found[1])) from None


_WHOLE = hasattr(SelectEmbed, "spread")
_NOT_YET = re.compile(r"\.\.\.|\(\)|->")


def not_yet(language: str, text: str) -> bool:
    """Whether rowgate does not speak this part of the grammar: spreads, aggregates, orders by an embed."""
    return not _WHOLE and bool(_NOT_YET.search(text) or (language == "order" and "(" in text))


def _key(text: str) -> Any:
    path, field = grammar.parse_key(text)
    return path, _field(field)


_PARSERS: dict[str, Any] = {
    "select": lambda text: tuple(map(_item, grammar.parse_select(text, DEPTH))),
    "key": _key,
    "condition": lambda text: _logic(grammar.parse_condition(_NAMELESS, text), nameless=True),
    "logic": lambda text: _logic(grammar.parse_logic("and", False, text, DEPTH)),
    "order": lambda text: tuple(map(_term, grammar.parse_order(text))),
}


def _field(field: Field) -> tuple[Any, ...]:
    return field.name, tuple((step.arrow, _key_of(step)) for step in field.steps)


def _key_of(step: Any) -> str:
    return str(step.key)


def _item(item: SelectField | SelectEmbed) -> tuple[Any, ...]:
    if isinstance(item, SelectEmbed):
        spread = getattr(item, "spread", False)
        return (
            "embed",
            item.target,
            item.alias,
            item.hint,
            item.inner,
            spread,
            tuple(map(_item, item.items)),
        )
    aggregate, after = getattr(item, "aggregate", None), getattr(item, "aggregate_cast", None)
    return ("field", *_field(item.field), item.alias, item.cast, aggregate, after)


def _logic(logic: Condition | Group, *, nameless: bool = False) -> tuple[Any, ...]:
    if isinstance(logic, Group):
        return ("group", logic.conjunction, logic.negated, tuple(map(_logic, logic.members)))
    field = None if nameless else _field(logic.field)
    return ("is", field, logic.operator, logic.value, tuple(logic.values), logic.negated, logic.modifier)


def _term(term: OrderTerm) -> tuple[Any, ...]:
    relation = getattr(term, "relation", None)
    return ("term", relation, _field(term.field), term.descending, term.nulls_first)
