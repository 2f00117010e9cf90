"""The little languages inside query parameters: select, filters, logic trees, order.

select    = [ item *( "," item ) ]
item      = [ "..." | name ":" ] name *( "!" name ) "(" [ select ] ")"
          | [ name ":" ] field [ "::" cast ] [ "." function "()" [ "::" cast ] ]
          | [ name ":" ] "count()" [ "::" cast ]
          | "*"
key       = *( name "." ) field [ "[" *digit "]" ]
field     = name *( ( "->>" | "->" ) key )
condition = [ "not." ] operator [ "(" modifier ")" ] "." value
logic     = [ "not." ] ( "and" | "or" ) "(" member *( "," member ) ")"
member    = logic | field "." condition
order     = term *( "," term )
term      = ( field | name "(" field ")" ) [ ".asc" | ".desc" ] [ ".nullsfirst" | ".nullslast" ]
name      = quoted | 1*( letter | digit | "_" | " " | "$" | "-" not before ">" )
quoted    = DQUOTE *( any but DQUOTE and backslash | backslash any ) DQUOTE
"""

import re
from dataclasses import replace

from rowgate.request.model import (
    Condition,
    Field,
    Group,
    JsonStep,
    Logic,
    OrderTerm,
    SelectEmbed,
    SelectField,
    SelectItem,
)
from rowgate.request.scanner import Scanner

_NAME = re.compile(r"(?:[^\W]|[ $]|-(?!>))+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ARROW = re.compile(r"->>?")
_JSON_KEY = re.compile(r"(?!\")(?:[^(\-:.,>)]|-(?!>))+")
_REPETITION = re.compile(r"\[[0-9]*\]")
_CAST = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]*(?:\[\])*")
_OPERATOR = re.compile(r"[a-z]+")
_CONDITION = re.compile(r"(?:not\.)?([a-z]+)[.(]")
_MODIFIER = re.compile(r"\(([A-Za-z0-9_]+)\)")
_LOGIC = re.compile(r"(not\.)?(and|or) *\(")
_PLAIN_IN_LIST = re.compile(r"[^,)]*")
_BRACES = re.compile(r"(\{[^{}]*\}) *(?=[,)]|\Z)")
_QUOTED_WHOLE = re.compile(_QUOTED.pattern + r"(?=[,)]|\Z)", re.DOTALL)
_QUOTED_VALUE = re.compile(_QUOTED.pattern + r" *(?=[,)]|\Z)", re.DOTALL)
_IS_WORD = re.compile(r"(not_null|null|true|false|unknown) *(?=[,)]|\Z)", re.IGNORECASE)
_SPACES = re.compile(r" *")
_AGGREGATE = re.compile(r"\.(sum|avg|min|max|count)\(\)")

COMPARISONS = frozenset((
    "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "isdistinct",
    "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj",
))  # fmt: skip
TEXT_SEARCHES = frozenset(("fts", "plfts", "phfts", "wfts"))
QUANTIFIABLE = frozenset((
    "eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch",
))  # fmt: skip
OPERATORS = COMPARISONS | TEXT_SEARCHES | {"in", "is"}
IS_VALUES = frozenset(("null", "not_null", "true", "false", "unknown"))
_EXPECTED_IS = "isVal: (null, not_null, true, false, unknown)"
_EXPECTED_OPERATOR = '"not" or operator (eq, gt, ...)'


def parse_select(text: str, max_depth: int) -> tuple[SelectItem, ...]:
    scanner = Scanner(text, "select parameter", max_depth)
    if not text:
        return (SelectField(Field("*")),)
    items = _select_items(scanner)
    scanner.end('"," or end of input')
    return items


def _select_items(scanner: Scanner) -> tuple[SelectItem, ...]:
    items = [_select_item(scanner)]
    while scanner.take(","):
        items.append(_select_item(scanner))
    return tuple(items)


def _select_item(scanner: Scanner) -> SelectItem:
    if scanner.take("*"):
        return SelectField(Field("*"))
    if scanner.take("..."):
        return _spread(scanner)
    first = _name(scanner, "field name (* or [a..z0..9_$])")
    alias = None
    if scanner.peek(":") and not scanner.peek("::"):
        scanner.take(":")
        alias, first = first, _name(scanner, "field name (* or [a..z0..9_$])")
    if first == "count" and scanner.take("()"):
        return SelectField(Field("*"), alias, None, "count", _cast(scanner))
    if scanner.peek("!") or scanner.peek("("):
        return _select_embed(scanner, first, alias)
    field = Field(first, _steps(scanner))
    cast = _cast(scanner)
    aggregate = scanner.match(_AGGREGATE)
    if aggregate is None:
        return SelectField(field, alias, cast)
    return SelectField(field, alias, cast, aggregate[1], _cast(scanner))


def _spread(scanner: Scanner) -> SelectEmbed:
    target = _name(scanner, "field name (* or [a..z0..9_$])")
    return replace(_select_embed(scanner, target, None), spread=True)


def _select_embed(scanner: Scanner, target: str, alias: str | None) -> SelectEmbed:
    hint, inner = None, False
    while scanner.take("!"):
        word = _name(scanner, "foreign key, column, junction or join type")
        if word in ("inner", "left"):
            inner = word == "inner"
        else:
            hint = word
    scanner.expect("(")
    scanner.enter()
    items = () if scanner.peek(")") else _select_items(scanner)
    scanner.leave()
    scanner.expect(")", '"," or ")"')
    return SelectEmbed(target, items, alias, hint, inner)


def _cast(scanner: Scanner) -> str | None:
    if not scanner.take("::"):
        return None
    found = scanner.match(_CAST)
    return found.group() if found else scanner.fail("type name")


def parse_condition(field: Field, text: str) -> Condition:
    """The value of a filter parameter: all that follows the operator is the value."""
    scanner = Scanner(text, "filter")
    negated = scanner.take("not.")
    operator, modifier = _operator(scanner)
    if operator == "in":
        values = _list(scanner)
        scanner.end("end of input")
        return Condition(field, "in", values=values, negated=negated)
    value = scanner.text[scanner.position :]
    if operator == "is":
        value = _is_value(scanner, value)
    return Condition(field, operator, value, negated=negated, modifier=modifier)


def looks_like_condition(text: str) -> bool:
    """Whether a parameter of a function call is a filter on its result rather than an argument."""
    found = _CONDITION.match(text)
    return found is not None and found.group(1) in OPERATORS


def _operator(scanner: Scanner) -> tuple[str, str | None]:
    start = scanner.position
    found = scanner.match(_OPERATOR)
    operator = found.group() if found else ""
    if operator not in OPERATORS:
        scanner.position = start
        scanner.fail(_EXPECTED_OPERATOR)
    modifier = _modifier(scanner, operator) if scanner.peek("(") else None
    scanner.expect(".")
    return operator, modifier


def _modifier(scanner: Scanner, operator: str) -> str:
    start = scanner.position
    found = scanner.match(_MODIFIER)
    if found and (
        operator in TEXT_SEARCHES or (operator in QUANTIFIABLE and found.group(1) in ("any", "all"))
    ):
        return found.group(1)
    scanner.position = start
    return scanner.fail(
        '"."' if operator not in TEXT_SEARCHES | QUANTIFIABLE else "any, all or a text search language"
    )


def _is_value(scanner: Scanner, value: str) -> str:
    lowered = value.lower()
    if lowered not in IS_VALUES:
        scanner.fail(_EXPECTED_IS)
    return lowered


def _list(scanner: Scanner) -> tuple[str, ...]:
    scanner.expect("(")
    if scanner.take(")"):
        return ()
    values = [_list_value(scanner)]
    while scanner.take(","):
        values.append(_list_value(scanner))
    scanner.expect(")", '"," or ")"')
    return tuple(values)


def _list_value(scanner: Scanner) -> str:
    quoted = _quoted(scanner, _QUOTED_WHOLE)
    if quoted is not None:
        return quoted
    found = scanner.match(_PLAIN_IN_LIST)
    return found.group() if found else ""


def parse_logic(conjunction: str, negated: bool, text: str, max_depth: int) -> Group:  # noqa: FBT001
    """The value of an ``and=`` or ``or=`` parameter."""
    scanner = Scanner(text, "logic tree", max_depth)
    scanner.match(_SPACES)
    scanner.expect("(")
    group = _group(scanner, conjunction, negated)
    scanner.end("end of input")
    return group


def _group(scanner: Scanner, conjunction: str, negated: bool) -> Group:  # noqa: FBT001
    scanner.enter()
    members = [_member(scanner)]
    while scanner.take(","):
        members.append(_member(scanner))
    scanner.leave()
    scanner.expect(")", '"," or ")"')
    scanner.match(_SPACES)
    return Group(conjunction, tuple(members), negated)


def _member(scanner: Scanner) -> Logic:
    scanner.match(_SPACES)
    nested = scanner.match(_LOGIC)
    if nested:
        return _group(scanner, nested.group(2), nested.group(1) is not None)
    field = parse_field(scanner)
    scanner.expect(".")
    negated = scanner.take("not.")
    operator, modifier = _operator(scanner)
    if operator == "in":
        values = _list(scanner)
        scanner.match(_SPACES)
        return Condition(field, "in", values=values, negated=negated)
    value = _is_word(scanner) if operator == "is" else _logic_value(scanner)
    return Condition(field, operator, value, negated=negated, modifier=modifier)


def _is_word(scanner: Scanner) -> str:
    found = scanner.match(_IS_WORD)
    return found[1].lower() if found else scanner.fail(_EXPECTED_IS)


def _logic_value(scanner: Scanner) -> str:
    """A quoted value or an array literal, blanks after it allowed, or all up to the next comma or bracket."""
    quoted = _quoted(scanner, _QUOTED_VALUE)
    if quoted is not None:
        return quoted
    braces = scanner.match(_BRACES)
    if braces:
        return braces[1]
    found = scanner.match(_PLAIN_IN_LIST)
    return found.group() if found else ""


def parse_order(text: str) -> tuple[OrderTerm, ...]:
    scanner = Scanner(text, "order")
    terms = [_order_term(scanner)]
    while scanner.take(","):
        terms.append(_order_term(scanner))
    scanner.end('"," or end of input')
    return tuple(terms)


def _order_term(scanner: Scanner) -> OrderTerm:
    field = parse_field(scanner)
    relation = None
    if not field.steps and scanner.take("("):
        relation, field = field.name, parse_field(scanner)
        scanner.expect(")")
    descending = scanner.take(".desc")
    if not descending:
        scanner.take(".asc")
    nulls = True if scanner.take(".nullsfirst") else False if scanner.take(".nullslast") else None
    if not (scanner.at_end or scanner.peek(",")):
        scanner.fail("asc, desc, nullsfirst or nullslast")
    return OrderTerm(field, descending, nulls, relation)


def parse_names(text: str, what: str) -> tuple[str, ...]:
    """``columns=`` and ``on_conflict=``: names between commas."""
    scanner = Scanner(text, what)
    names = [_name(scanner, "column name")]
    while scanner.take(","):
        names.append(_name(scanner, "column name"))
    scanner.end('"," or end of input')
    return tuple(names)


def parse_key(text: str) -> tuple[tuple[str, ...], Field]:
    """A filter parameter's name: the path to an embedded resource, then a field.

    Libraries that write query strings (qs, jQuery) number a name that comes twice: ``name[0]``, ``name[1]``.
    """
    scanner = Scanner(text, "tree path")
    parts = [_name(scanner, "field name (* or [a..z0..9_$])")]
    while scanner.take("."):
        parts.append(_name(scanner, "field name (* or [a..z0..9_$])"))
    steps = _steps(scanner)
    scanner.match(_REPETITION)
    scanner.end('".", "->", "->>" or end of input')
    return tuple(parts[:-1]), Field(parts[-1], steps)


def parse_field(scanner: Scanner) -> Field:
    return Field(_name(scanner, "field name (* or [a..z0..9_$])"), _steps(scanner))


def _steps(scanner: Scanner) -> tuple[JsonStep, ...]:
    steps = []
    while arrow := scanner.match(_ARROW):
        key = _quoted(scanner)
        quoted = key is not None
        if key is None:
            found = scanner.match(_JSON_KEY)
            key = found.group().strip(" ") if found else scanner.fail("JSON key or array index")
        # Quotes matter only where a key could be taken for an index.
        steps.append(JsonStep(arrow.group(), key, quoted and key.removeprefix("-").isdecimal()))
    return tuple(steps)


def _name(scanner: Scanner, expected: str) -> str:
    quoted = _quoted(scanner)
    if quoted is not None:
        return quoted
    found = scanner.match(_NAME)
    # Blanks around a name are typing, not part of it.
    name = found.group().strip(" ") if found else ""
    return name or scanner.fail(expected)


def _quoted(scanner: Scanner, pattern: re.Pattern[str] = _QUOTED) -> str | None:
    """What is between quotes; as a value only where nothing but the quotes stands there."""
    found = scanner.match(pattern)
    return _ESCAPE.sub(r"\1", found.group(1)) if found else None
