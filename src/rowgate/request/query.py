"""The query string, taken apart into select, filters, order, windows and arguments."""

import re
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from rowgate.errors import Refusal
from rowgate.request import grammar
from rowgate.request.model import Logic, OrderTerm, Path, Query, Window

_LOGIC_KEY = re.compile(r"(?:(?P<path>.*?)\.)??(?P<negated>not\.)?(?P<conjunction>and|or)", re.DOTALL)
_SHAPE_KEY = re.compile(r"(?:(?P<path>.*)\.)?(?P<word>order|limit|offset)", re.DOTALL)
_INTEGER = re.compile(r"-?[0-9]{1,18}")

LONGEST = 60_000  # bytes; HTTP servers end at 64 KiB, with less to say about it


def split(query_string: bytes) -> list[tuple[str, str]]:
    """Names and values in order, percent-decoded; ``+`` is a space."""
    pairs = []
    for part in query_string.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            pairs.append((decode(name), decode(value)))
    return pairs


_PLAIN = re.compile(r"[\w.~-]+=[\w.~-]*", re.ASCII)


def canonical(query_string: bytes) -> str:
    """The parameters in the order of their names, encoded in one way: what asks the same looks the same."""
    text = query_string.decode("latin-1")
    if _PLAIN.fullmatch(text):
        return text
    return "&".join(sorted(map(_encoded, filter(None, text.split("&"))), key=_name))


def _name(parameter: str) -> str:
    return parameter.partition("=")[0]


def _encoded(parameter: str) -> str:
    """A parameter in its canonical form; most have nothing to encode, or come again and again."""
    if _PLAIN.fullmatch(parameter):
        return parameter
    return _known(parameter) if len(parameter) < 200 else _encode(parameter)


def _encode(parameter: str) -> str:
    ((name, value),) = split(parameter.encode("latin-1"))
    return f"{quote(name, safe='')}={quote(value, safe='')}"


_known = lru_cache(1000)(_encode)


def decode(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(400, "PGRST100", "The query string is not valid UTF-8 once percent-decoded") from None
    if "\0" in text:
        # libpq would end the value there, silently.
        raise Refusal(
            400, "PGRST100", "The query string holds a NUL character, which PostgreSQL cannot store"
        )
    return text


def parse_query(query_string: bytes, *, call: bool, max_depth: int) -> Query:
    """Take the query string apart. With ``call`` what is no filter is an argument of the function."""
    if len(query_string) > LONGEST:
        raise Refusal(
            414,
            "PGRST100",
            f"The query string is longer than {LONGEST} bytes",
            None,
            "Ask in several requests, or call a function by POST",
        )
    return _Reader(call=call, max_depth=max_depth).read(split(query_string))


class _Reader:
    def __init__(self, *, call: bool, max_depth: int) -> None:
        self.call = call
        self.max_depth = max_depth
        self.single: dict[str, str] = {}
        self.filters: list[tuple[Path, Logic]] = []
        self.order: dict[Path, tuple[OrderTerm, ...]] = {}
        self.bounds: dict[Path, dict[str, int]] = {}
        self.arguments: list[tuple[str, str]] = []

    def read(self, pairs: list[tuple[str, str]]) -> Query:
        for name, value in pairs:
            self._take(name, value)
        named = {
            key: grammar.parse_names(self.single[key], f"{key} parameter")
            for key in ("columns", "on_conflict")
            if self.single.get(key)
        }
        return Query(
            select=grammar.parse_select(self.single.get("select", "*"), self.max_depth),
            filters=tuple(self.filters),
            order=self.order,
            windows={path: self._window(bounds) for path, bounds in self.bounds.items()},
            columns=named.get("columns"),
            on_conflict=named.get("on_conflict", ()),
            arguments=tuple(self.arguments),
        )

    def _take(self, name: str, value: str) -> None:
        if name in ("select", "columns", "on_conflict"):
            self.single.setdefault(name, value)
        elif logic := _LOGIC_KEY.fullmatch(name):
            group = grammar.parse_logic(
                logic["conjunction"], logic["negated"] is not None, value, self.max_depth
            )
            self.filters.append((_path(logic["path"]), group))
        elif shape := _SHAPE_KEY.fullmatch(name):
            self._shape(_path(shape["path"]), shape["word"], value)
        elif self.call and not grammar.looks_like_condition(value):
            self.arguments.append((name, value))
        else:
            path, field = grammar.parse_key(name)
            self.filters.append((path, grammar.parse_condition(field, value)))

    def _shape(self, path: Path, word: str, value: str) -> None:
        if word == "order":
            self.order.setdefault(path, grammar.parse_order(value))
        elif _INTEGER.fullmatch(value):
            self.bounds.setdefault(path, {}).setdefault(word, int(value))
        else:
            raise Refusal(
                400,
                "PGRST100",
                f'"failed to parse {word} ({value})" (line 1, column 1)',
                "expecting a whole number",
            )

    @staticmethod
    def _window(bounds: dict[str, int]) -> Window:
        limit = bounds.get("limit")
        if limit is not None and limit < 0:
            raise Refusal(
                416,
                "PGRST103",
                "Requested range not satisfiable",
                "Limit should be greater than or equal to zero.",
            )
        return Window(max(bounds.get("offset", 0), 0), limit)


def _path(text: str | None) -> Path:
    if not text:
        return ()
    path, field = grammar.parse_key(text)
    return (*path, field.name)
