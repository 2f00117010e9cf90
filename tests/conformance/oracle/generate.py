"""Query texts: valid ones by the grammar, over the columns of the test world, and mutations of valid ones."""

import random
import string
from collections.abc import Callable
from typing import NamedTuple

COLUMNS = ("id", "name", "balance", "tags", "active", "meta", "since", "esco_id")
INSIDE = ("id", "code", "name", '"id"', "*")
ODD = ("nothing", "naïve 名", '"a.b, c"', '"q\\"x"', "with blank", "a-b", "$x", "né", " id ", "_1", "9")
OPERATORS = ("neq", "isdistinct", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj")
QUANTIFIABLE = ("eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch")
SEARCHES = ("fts", "plfts", "phfts", "wfts")
IS = ("null", "not_null", "true", "false", "unknown", "NULL", "True", "UNKNOWN")
VALUES = (
    "1",
    "3",
    "n1",
    "n*",
    "true",
    "{t1,t2}",
    "{}",
    '{"k": 1}',
    "2026-01-01",
    "a b",
    "",
    "x&y",
    "ü",
    "'",
    "%",
    "[1,2)",
)
TYPES = ("text", "int", "numeric", "double precision", "text[]", "json")
EDITS = '.,()":!*-> {}[]\\=%_$abn19é名\t&;|/#@~'


class Sample(NamedTuple):
    language: str
    text: str
    mutated: bool


class Generator:
    """Samples from a seed; two of three are mutations."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.makers: dict[str, Callable[[], str]] = {
            "select": lambda: self.select(0),
            "key": self.key,
            "condition": self.condition,
            "logic": lambda: f"({self.members(0)})",
            "order": self.order,
        }

    def sample(self) -> Sample:
        language = self.random.choice(tuple(self.makers))
        text = self.makers[language]()
        if not self.chance(2 / 3):
            return Sample(language, text, mutated=False)
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            text = self.mutate(text, self.makers[language])
        return Sample(language, text, mutated=True)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def some(self, make: Callable[[], str], most: int = 3, between: str = ",") -> str:
        return between.join(make() for _ in range(self.random.randint(1, most)))

    def mutate(self, text: str, make: Callable[[], str]) -> str:
        place = self.random.randint(0, len(text))
        end = min(len(text), place + self.random.choice((1, 1, 1, 2, 5)))
        kind = self.random.randrange(6)
        if kind == 0:
            return text[:place] + text[end:]
        if kind == 1:
            return text[:place] + self.random.choice(EDITS) + text[place:]
        if kind == 2:
            return text[:place] + self.random.choice(EDITS + string.ascii_letters) + text[end:]
        if kind == 3:
            return text[:end] + text[place:]
        if kind == 4:
            return text[:place]
        other = make()
        return text[:place] + other[self.random.randint(0, len(other)) :]

    def name(self) -> str:
        plain = self.random.choice(COLUMNS)
        odd = self.random.choice(ODD)
        return self.random.choices((plain, f'"{plain}"', odd), (12, 1, 2))[0]

    def field(self) -> str:
        steps = ""
        while self.chance(0.2):
            key = self.random.choice(("k", "list", "in", "x", "0", "-1", '"k"', '"0"', "a b", "k$@"))
            steps += self.random.choice(("->", "->>")) + key
        return self.random.choice(("meta", self.name())) + steps if steps else self.name()

    def select(self, depth: int) -> str:
        if depth == 0 and self.chance(0.02):
            return ""
        return self.some(lambda: self.item(depth), 4)

    def item(self, depth: int) -> str:
        kind = self.random.random()
        alias = self.random.choice(("", "", "", "x:", '"y z":', "é:"))
        if kind < 0.1:
            return "*"
        if kind < 0.15:
            return f"{alias}count(){self.cast()}"
        if kind < 0.35 and depth < 3:
            return self.embed(alias, depth)
        aggregate = (
            self.random.choice((".sum()", ".max()", ".count()")) + self.cast() if self.chance(0.1) else ""
        )
        return alias + self.field() + self.cast() + aggregate

    def embed(self, alias: str, depth: int) -> str:
        start = "..." if self.chance(0.2) else alias
        target = self.random.choice(("escos", "accounts", "customer_accounts", "esco_id", self.name()))
        hints = self.random.choice(("", "", "!inner", "!left", "!customer_accounts", "!esco_id!inner", "!x"))
        inside = self.random.choice(
            (self.some(lambda: self.random.choice(INSIDE)), self.select(depth + 1), "")
        )
        return f"{start}{target}{hints}({inside})"

    def cast(self) -> str:
        return "::" + self.random.choice(TYPES) if self.chance(0.1) else ""

    def key(self) -> str:
        path = self.some(self.name, 2, ".") + "." if self.chance(0.2) else ""
        repetition = self.random.choice(("[0]", "[12]", "[]")) if self.chance(0.05) else ""
        return path + self.field() + repetition

    def value(self) -> str:
        return self.random.choice(VALUES)

    def comparison(self) -> str:
        negated = "not." if self.chance(0.2) else ""
        kind = self.random.random()
        if kind < 0.5:
            quantifier = self.random.choice(("(any)", "(all)")) if self.chance(0.2) else ""
            return f"{negated}{self.random.choice(QUANTIFIABLE)}{quantifier}."
        if kind < 0.8:
            return f"{negated}{self.random.choice(OPERATORS)}."
        language = self.random.choice(("(english)", "(simple)", "(nope)")) if self.chance(0.4) else ""
        return f"{negated}{self.random.choice(SEARCHES)}{language}."

    def special(self) -> str:
        negated = "not." if self.chance(0.2) else ""
        if self.chance(0.4):
            return f"{negated}is.{self.random.choice(IS)}"
        values = "" if self.chance(0.1) else self.some(self.element)
        return f"{negated}in.({values})"

    def element(self) -> str:
        return self.random.choice((self.plain(), f'"{self.plain()}"', '"a,b"', '"c)d"', '"q\\"x"', ""))

    def plain(self) -> str:
        return self.value().replace(",", "").replace(")", "").replace('"', "")

    def condition(self) -> str:
        return self.special() if self.chance(0.3) else self.comparison() + self.value()

    def members(self, depth: int) -> str:
        return self.some(lambda: self.member(depth), 3, self.random.choice((",", ",", ", ", " , ")))

    def member(self, depth: int) -> str:
        blank = " " if self.chance(0.1) else ""
        if depth < 3 and self.chance(0.25):
            word = self.random.choice(("and", "or", "not.and", "not.or"))
            return f"{blank}{word}{blank}({self.members(depth + 1)}){blank}"
        if self.chance(0.3):
            return f"{blank}{self.field()}.{self.special()}"
        value = self.random.choice((self.plain(), self.element(), "{a,b}", "{}"))
        return f"{blank}{self.field()}.{self.comparison()}{value}"

    def order(self) -> str:
        return self.some(self.term)

    def term(self) -> str:
        field = f"escos({self.random.choice(('code', 'name', 'id'))})" if self.chance(0.1) else self.field()
        direction = self.random.choice(("", ".asc", ".desc"))
        return field + direction + self.random.choice(("", "", ".nullsfirst", ".nullslast"))
