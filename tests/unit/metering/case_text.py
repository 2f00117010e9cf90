"""Cases that a meter clerk can read and extend: `=== title`, then a line for each fact and each expectation.

The first word of a line says what it is about; the modules that use a file of cases say which words there are.
`#` begins a remark. Amounts that repeat are written `0.5*46`; `?` is a missing one; `0..23` counts up.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from submeter.metering.model import MISSING, DayRow, Stream

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    title: str
    lines: tuple[tuple[str, str], ...]
    """First word and the rest."""

    def all(self, word: str) -> list[str]:
        return [rest for first, rest in self.lines if first == word]

    def one(self, word: str, default: str = "") -> str:
        found = self.all(word)
        assert len(found) < 2, f"{self.title}: several lines of {word}"
        return found[0] if found else default

    def check_words(self, known: set[str]) -> None:
        unknown = {word for word, _ in self.lines} - known
        assert not unknown, f"{self.title}: nobody reads {unknown}"

    def __str__(self) -> str:
        return self.title


def read_cases(name: str) -> list[Case]:
    text = (CASES / name).read_text("utf-8")
    return list(parse_cases(text))


def parse_cases(text: str) -> Iterator[Case]:
    for part in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in body.splitlines())
        pairs = (line.partition(" ") for line in lines if line)
        yield Case(title.strip(), tuple((word, rest.strip()) for word, _, rest in pairs))


def amounts(text: str) -> list[Decimal | None]:
    found: list[Decimal | None] = []
    for word in text.split():
        value, _, count = word.partition("*")
        counting = re.fullmatch(r"(\d+)\.\.(\d+)", value)
        if counting:
            found += [Decimal(n) for n in range(int(counting[1]), int(counting[2]) + 1)]
        else:
            found += [None if value == "?" else Decimal(value)] * int(count or 1)
    return found


def day_row(stream: Stream, day: object, clock: str, minutes: int, text: str, decimals: int = 3) -> DayRow:
    whole = [MISSING if value is None else int(value.scaleb(decimals)) for value in amounts(text)]
    raw = b"".join(value.to_bytes(4, "little", signed=True) for value in whole)
    return DayRow(stream, day, clock, minutes, decimals, raw, "A", (), None, 1)
