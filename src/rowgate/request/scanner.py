"""A cursor over one query parameter, whose failures say where and what was expected."""

import re
from typing import NoReturn

from rowgate.errors import Refusal


class Scanner:
    """Reads ``text`` from left to right. ``what`` names the parameter in messages."""

    __slots__ = ("depth", "max_depth", "position", "text", "what")

    def __init__(self, text: str, what: str, max_depth: int = 30) -> None:
        self.text = text
        self.what = what
        self.position = 0
        self.depth = 0
        self.max_depth = max_depth

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.text)

    def peek(self, literal: str) -> bool:
        return self.text.startswith(literal, self.position)

    def take(self, literal: str) -> bool:
        """Step over ``literal`` if it stands here."""
        if not self.peek(literal):
            return False
        self.position += len(literal)
        return True

    def expect(self, literal: str, expected: str | None = None) -> None:
        if not self.take(literal):
            self.fail(expected or f'"{literal}"')

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Step over ``pattern`` if it matches here."""
        found = pattern.match(self.text, self.position)
        if found:
            self.position = found.end()
        return found

    def end(self, expected: str) -> None:
        if not self.at_end:
            self.fail(expected)

    def enter(self) -> None:
        """One level deeper; nesting is bounded because it costs the parser and the planner alike."""
        self.depth += 1
        if self.depth > self.max_depth:
            raise Refusal(
                400,
                "PGRST100",
                f"{self.what} is nested deeper than {self.max_depth} levels",
                None,
                "Flatten it",
            )

    def leave(self) -> None:
        self.depth -= 1

    def fail(self, expected: str) -> NoReturn:
        unexpected = f'"{self.text[self.position]}"' if not self.at_end else "end of input"
        raise Refusal(
            400,
            "PGRST100",
            f'"failed to parse {self.what} ({self.text})" (line 1, column {self.position + 1})',
            f"unexpected {unexpected} expecting {expected}",
        )
