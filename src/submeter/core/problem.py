"""What went wrong, why, and what to do next: one value, carried by one exception."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """A refusal or a finding.

    `code` is three letters for the area and three digits (`DBS101`), given out once and listed in
    docs/reference/errors.md. `title` names the kind, `detail` this case, `hint` the next step, and
    `context` holds the values that a program may want.
    """

    code: str
    title: str
    detail: str = ""
    hint: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.title}" + (f": {self.detail}" if self.detail else "")


class Refused(Exception):
    """What was asked for is refused, and why. The face (command line, HTTP) words the answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return str(self.problem)
