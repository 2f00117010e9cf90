"""A step of a case taken apart, as far as rows.txt asks for it. Knows nothing of rowgate's own parser."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote, unquote_plus

from conformance.case import Case, Step

_RESERVED = frozenset(("select", "order", "limit", "offset", "columns", "on_conflict", "and", "or"))
_CONDITION = re.compile(r"(not\.)?([a-z]+)(?:\(([^)]*)\))?\.", re.DOTALL)
_IN_TREE = re.compile(r"\.((?:not\.)?[a-z]+(?:\([^)]*\))?\.)")
_AGGREGATE = re.compile(r"(^|[.:])(sum|avg|min|max|count)$")
OPERATORS = frozenset(
    [
        "eq",
        "neq",
        "gt",
        "gte",
        "lt",
        "lte",
        "like",
        "ilike",
        "match",
        "imatch",
        "in",
        "is",
        "isdistinct",
        "fts",
        "plfts",
        "phfts",
        "wfts",
        "cs",
        "cd",
        "ov",
        "sl",
        "sr",
        "nxr",
        "nxl",
        "adj",
    ]
)


@dataclass(frozen=True)
class Operator:
    name: str
    negated: bool
    modifier: str


@dataclass(frozen=True)
class Call:
    """``word(...)`` in a select: an embed, or an aggregate. ``depth`` is 0 at the root."""

    word: str
    depth: int
    empty: bool

    @property
    def aggregate(self) -> bool:
        return self.empty and bool(_AGGREGATE.search(self.word))

    @property
    def shown_as(self) -> str:
        return re.split(r"[:!]", self.word.removeprefix("..."))[0]


class Seen:
    """What a request and its expected answer show."""

    def __init__(self, case: Case, step: Step) -> None:
        self.case, self.step = case, step
        raw_path, _, query = step.url.partition("?")
        self.raw_path, self.path, self.query = raw_path, unquote(raw_path), query
        pairs = [part.partition("=") for part in query.split("&") if part]
        self.parameters = [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]
        self.headers = {name.lower(): value for name, value in step.headers.items()}
        self.checked = {name.lower(): value for name, value in step.answer_headers.items()}
        self.is_call = self.path.startswith("/rpc/")
        self.is_relation = not self.is_call and self.path.count("/") == 1 and self.path != "/"
        self.writes = self.is_relation and step.method in {"POST", "PATCH", "PUT", "DELETE"}

    def prefers(self, part: str) -> bool:
        return part in self.headers.get("prefer", "")

    def checks(self, header: str) -> bool:
        """The header's value is compared, not only its absence."""
        return self.checked.get(header.lower(), "-") != "-"

    def values_of(self, name: str) -> list[str]:
        return [value for key, value in self.parameters if key == name]

    @cached_property
    def select(self) -> str:
        return ",".join(self.values_of("select"))

    @cached_property
    def orders(self) -> list[str]:
        return [value for key, value in self.parameters if key.split(".")[-1] == "order"]

    @cached_property
    def filters(self) -> list[tuple[str, str]]:
        """Conditions on columns: a parameter of a call is one only if it looks like one."""
        plain = [pair for pair in self.parameters if pair[0].split(".")[-1] not in _RESERVED]
        return [(key, value) for key, value in plain if _operator(value)]

    @cached_property
    def trees(self) -> list[tuple[str, str]]:
        return [
            (key, value)
            for key, value in self.parameters
            if key.split(".")[-1] in {"and", "or"} and value.startswith("(")
        ]

    @cached_property
    def operators(self) -> list[Operator]:
        alone = [_operator(value) for _, value in self.filters]
        within = [_operator(text) for _, tree in self.trees for text in _IN_TREE.findall(tree)]
        return [found for found in (*alone, *within) if found]

    @cached_property
    def calls(self) -> list[Call]:
        return list(_calls(self.select))

    @cached_property
    def embeds(self) -> list[Call]:
        return [call for call in self.calls if not call.aggregate]

    @cached_property
    def aggregates(self) -> list[Call]:
        return [call for call in self.calls if call.aggregate]

    @cached_property
    def codes(self) -> set[str]:
        """The codes of errors that the answer must have."""
        in_body = re.findall(r'"code":\s*"([^"]+)"', self.step.answer) if self.step.status >= 300 else []
        return {*in_body, *re.findall(r"error=(\S+)", self.checked.get("proxy-status", ""))}


def _operator(value: str) -> Operator | None:
    match = _CONDITION.match(value)
    if match is None or match[2] not in OPERATORS:
        return None
    return Operator(match[2], bool(match[1]), match[3] or "")


def _calls(select: str) -> Iterator[Call]:
    depth, word, quoted = 0, "", False
    for number, letter in enumerate(select):
        quoted ^= letter == '"'
        if quoted or letter not in "(),":
            word += letter
            continue
        if letter == "(":
            yield Call(word, depth, select[number + 1 : number + 2] == ")")
        depth += {"(": 1, ")": -1}.get(letter, 0)
        word = ""
