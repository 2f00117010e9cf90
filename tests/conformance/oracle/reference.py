"""The reference parser: grammar.lark made to run, and rowgate's trees in the same plain form.

It is slow, and its only purpose is to disagree. A tree is nested tuples; a refusal is the column.
"""

import re
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
LANGUAGES = ("select", "key", "condition", "logic", "order")


class Refused(Exception):
    """The text is not in the language; ``column`` counts from 1."""

    def __init__(self, column: int) -> None:
        super().__init__(f"column {column}")
        self.column = column


def parse(language: str, text: str) -> Any:
    """The tree of a text, or Refused."""
    try:
        return _Plain().transform(_PARSERS[language].parse(text))
    except UnexpectedInput as error:
        raise Refused(_column(error, text)) from None


def _column(error: UnexpectedInput, text: str) -> int:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return len(text) + 1
    assert isinstance(error, UnexpectedToken | UnexpectedCharacters)
    position = error.pos_in_stream
    return (len(text) if position is None else position) + 1


def _parser(language: str) -> Lark:
    """One for each language: in a common one, a token of another language could be read in this one."""
    grammar = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", start=language, maybe_placeholders=True)


_PARSERS = {language: _parser(language) for language in LANGUAGES}


def _unquoted(token: str) -> str:
    return _ESCAPE.sub(r"\1", token[1:-1]) if token.startswith('"') else token.strip(" ")


def _value(token: Token | None) -> str:
    if token is None:
        return ""
    return _ESCAPE.sub(r"\1", token[1:-1]) if token.type.startswith("QUOTED") else str(token)


class _Plain(Transformer[Any, Any]):
    """Lark's tree as the tuples that ``plain`` makes of rowgate's."""

    def name(self, parts: list[Token]) -> str:
        return _unquoted(parts[-1])

    def steps(self, parts: list[Token]) -> tuple[tuple[str, str], ...]:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return tuple((str(arrow), _unquoted(key)) for arrow, key in pairs)

    def hints(self, parts: list[str]) -> tuple[str | None, bool]:
        hint, inner = None, False
        for word in parts:
            if word in ("inner", "left"):
                inner = word == "inner"
            else:
                hint = word
        return hint, inner

    def cast(self, parts: list[Token]) -> str:
        return str(parts[0])

    def aggregate(self, parts: list[Any]) -> tuple[str, str | None]:
        return str(parts[0])[1:-2], parts[1]

    def items(self, parts: list[Any]) -> tuple[Any, ...]:
        return tuple(parts)

    def select(self, parts: list[Any]) -> tuple[Any, ...]:
        return parts[0] or (self.star([]),)

    def star(self, parts: list[Any]) -> tuple[Any, ...]:
        return ("field", "*", (), None, None, None, None)

    def column(self, parts: list[Any]) -> tuple[Any, ...]:
        return self.named_column([None, *parts])

    def named_column(self, parts: list[Any]) -> tuple[Any, ...]:
        alias, name, steps, cast, aggregate = parts
        return ("field", name, steps, alias, cast, *(aggregate or (None, None)))

    def count(self, parts: list[Any]) -> tuple[Any, ...]:
        return self.named_count([None, *parts])

    def named_count(self, parts: list[Any]) -> tuple[Any, ...]:
        alias, _, cast = parts
        return ("field", "*", (), alias, None, "count", cast)

    def spread(self, parts: list[Any]) -> tuple[Any, ...]:
        _, name, hints, items = parts
        return ("embed", name, None, *hints, True, items or ())

    def embed(self, parts: list[Any]) -> tuple[Any, ...]:
        return self.named_embed([None, *parts])

    def named_embed(self, parts: list[Any]) -> tuple[Any, ...]:
        alias, name, hints, items = parts
        return ("embed", name, alias, *hints, False, items or ())

    def key(self, parts: list[Any]) -> tuple[Any, ...]:
        *names, steps, _ = parts
        return (tuple(names[:-1]), (names[-1], steps))

    def comparison(self, parts: list[Any]) -> tuple[str, str | None]:
        operator, *modifier = parts
        return str(operator), str(modifier[0])[1:-1] if modifier and modifier[0] else None

    def element(self, parts: list[Any]) -> Token | None:
        return parts[0]  # type: ignore[no-any-return]

    def values(self, parts: list[Any]) -> tuple[str, ...]:
        return () if parts == [None] else tuple(_value(part) for part in parts)

    def compared(self, parts: list[Any]) -> tuple[Any, ...]:
        return self.member_compared([None, *parts])

    def listed(self, parts: list[Any]) -> tuple[Any, ...]:
        return self.member_listed([None, *parts])

    def is_all(self, parts: list[Any]) -> tuple[Any, ...]:
        return self.member_is([None, *parts])

    def member_field(self, parts: list[Any]) -> tuple[Any, ...]:
        return tuple(parts)

    def blank_field(self, parts: list[Any]) -> tuple[Any, ...]:
        return (_unquoted(parts[1]), parts[2])

    def member_compared(self, parts: list[Any]) -> tuple[Any, ...]:
        field, negated, (operator, modifier), value = parts
        value = value.children[0] if isinstance(value, Tree) else value
        return ("is", field, operator, _value(value), (), negated is not None, modifier)

    def member_listed(self, parts: list[Any]) -> tuple[Any, ...]:
        field, negated, _, values = parts[:4]
        return ("is", field, "in", "", values, negated is not None, None)

    def member_is(self, parts: list[Any]) -> tuple[Any, ...]:
        field, negated, _, word = parts
        return ("is", field, "is", str(word).strip(" ").lower(), (), negated is not None, None)

    def members(self, parts: list[Any]) -> tuple[Any, ...]:
        return tuple(parts)

    def group(self, parts: list[Any]) -> tuple[Any, ...]:
        word, members = (part for part in parts if not _is_blank(part))
        negated, _, conjunction = str(word)[:-1].rstrip(" ").rpartition(".")
        return ("group", conjunction, bool(negated), members)

    def logic(self, parts: list[Any]) -> tuple[Any, ...]:
        (members,) = (part for part in parts if not _is_blank(part))
        return ("group", "and", False, members)

    def term(self, parts: list[Any]) -> tuple[Any, ...]:
        return self.related_term([None, *parts])

    def related_term(self, parts: list[Any]) -> tuple[Any, ...]:
        relation, name, steps, direction, nulls = parts
        first = None if nulls is None else nulls == ".nullsfirst"
        return ("term", relation, (name, steps), direction == ".desc", first)

    def order(self, parts: list[Any]) -> tuple[Any, ...]:
        return tuple(parts)


def _is_blank(part: Any) -> bool:
    return part is None or (isinstance(part, Token) and part.type == "BLANKS")
