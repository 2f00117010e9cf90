"""Judges every answer, and keeps count: an answer is as it must be, or explained, or a failure."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from soak.requests import TENANTS, Outcome, Request
from soak.shape import FIRST, Shape
from soak.wire import Answer

AWAY = {
    (503, "PGRST000"): Outcome.NOT_DONE,  # no connection was to be had
    (503, "PGRST001"): Outcome.UNKNOWN,  # it was lost, perhaps after the commit
    (503, "57P01"): Outcome.UNKNOWN,  # its end was announced by the database
    (504, "PGRST003"): Outcome.NOT_DONE,
}
CROWDED = {(504, "PGRST003"): Outcome.NOT_DONE}
CHANGING = {
    (400, "42703"),  # a column that the gateway still knows of
    (400, "PGRST204"),
    (400, "PGRST200"),
    (404, "PGRST202"),
    (404, "PGRST205"),
    (404, "42P01"),
    (404, "42883"),
    (400, "0A000"),  # a function that returns something else than the gateway knows of: it is not misread
    (400, "42601"),
    (400, "42704"),
    (400, "42804"),
}
SHOWN = 300


@dataclass(frozen=True)
class Mark:
    """What was certain when a request was sent: the version that all knew, and how much trouble was over."""

    settled: int
    healed: int
    eased: int


@dataclass
class Book:
    """The state of the world as the soak makes it, and the count of what came of it."""

    versions: list[Shape] = field(default_factory=lambda: [FIRST])
    settled: int = 0
    outages: int = 0
    healed: int = 0
    crowds: int = 0
    eased: int = 0
    dropped: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    _known: dict[tuple[bytes, int], bytes] = field(default_factory=dict)

    @property
    def newest(self) -> Shape:
        return self.versions[-1]

    def mark(self) -> Mark:
        return Mark(self.settled, self.healed, self.eased)

    def judge(self, request: Request, mark: Mark, answer: Answer) -> None:
        """Explain the answer; one that cannot be explained is a failure."""
        self.asked[request.kind] += 1
        code = code_of(answer)
        other = TENANTS[request.tenant == TENANTS[0]]
        if other.encode() in answer.body:
            self.fail(request, mark, answer, "another tenant's data")
        elif self._is_right(request, mark, answer, code):
            self.answers[answer.status, code, "as it must be"] += 1
            request.told(Outcome.DONE if answer.status < 300 else Outcome.NOT_DONE)
        elif why := self._trouble(request, mark, (answer.status, code)):
            self.answers[answer.status, code, why[0]] += 1
            request.told(why[1])
        else:
            self.fail(request, mark, answer, "an answer that nothing explains")

    def _is_right(self, request: Request, mark: Mark, answer: Answer, code: str) -> bool:
        versions = self.versions[mark.settled :] if request.changing else self.versions[-1:]
        return any(self._matches(request, answer, code, version) for version in versions)

    def _matches(self, request: Request, answer: Answer, code: str, version: Shape) -> bool:
        key = request.raw, version.number
        if answer.status == 200 and self._known.get(key) == answer.body:
            return True
        status, wanted = request.expect(version)
        if answer.status != status:
            return False
        if status >= 400:
            return code == wanted
        if wanted is None:
            return not answer.body
        if _ordered(answer.body) != _ordered(json.dumps(wanted)):
            return False
        if len(answer.body) > 10_000 or request.changing:  # not worth reading twice
            self._known[key] = answer.body
        return True

    def _trouble(self, request: Request, mark: Mark, said: tuple[int, str]) -> tuple[str, Outcome] | None:
        if self.crowds > mark.eased and said in CROWDED:
            return "the pool was exhausted", CROWDED[said]
        if self.outages > mark.healed and said in AWAY:
            return "the database was away", AWAY[said]
        if request.changing and self.newest.number > mark.settled and said in CHANGING:
            return "the schema was changing", Outcome.NOT_DONE
        return None

    def broken(self, request: Request, error: Exception) -> None:
        self.asked[request.kind] += 1
        request.told(Outcome.UNKNOWN)
        self.failures.append(f"{request.kind}: {error}\n  {request.raw[:SHOWN]!r}")

    def fail(self, request: Request, mark: Mark, answer: Answer, what: str) -> None:
        request.told(Outcome.UNKNOWN)
        expected = [request.expect(version) for version in self.versions[mark.settled :]]
        self.failures.append(
            f"{what}: {request.kind}\n  {request.raw[:SHOWN]!r}\n  {answer.status} {answer.body[:SHOWN]!r}\n"
            f"  expected {str(expected)[:SHOWN]}\n  sent at {mark}, now {self.mark()} of {len(self.versions)}"
        )


def code_of(answer: Answer) -> str:
    """The code of an error, or nothing."""
    if answer.status < 400:
        return ""
    try:
        return str(json.loads(answer.body)["code"])
    except (ValueError, KeyError, TypeError):
        return "none"


def _ordered(text: bytes | str) -> object:
    """JSON in which the order of an object's keys counts, for columns have an order."""
    return json.loads(text, object_pairs_hook=tuple)


def table(rows: Sequence[tuple[str, object]]) -> str:
    """Names and values under each other."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)
