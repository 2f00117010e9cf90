"""A reading that asks to be accepted, by whatever way it came, and what the checks say to it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from submeter.core.problem import Problem
from submeter.metering.dial import Dial, Held, case_of, reading_at, standing_at
from submeter.metering.model import Stream
from submeter.metering.reading_rules import RULES, check_reading, may_be_forced
from submeter.metering.readings import Duplicate, Queued, Reading

__all__ = [
    "STATUS_OF",
    "Offer",
    "Verdict",
    "dated",
    "failing",
    "finding_json",
    "forced",
    "in_doubt",
    "judge",
    "order",
    "said_by_rule",
]

STATUS_OF = {
    "ACTUAL": ("actual", "periodic"),
    "ACTUALC": ("customer", "periodic"),
    "ESTIMATE": ("estimated", "periodic"),
    "INVOICE_EST": ("estimated", "invoice"),
    "OPENING": ("actual", "opening"),
    "CLOSING": ("actual", "closing"),
    "MISREAD": ("misread", "periodic"),
}
"""Status and kind under which a reading is stored."""

_BESIDE = ("OPENING", "CLOSING", "MISREAD")
"""They stand beside what else there is of the moment."""

Kind = Literal["placed", "duplicate", "waiting"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A reading with what came along. `reading.read_on` follows from `reading.read_at` where `by_clock`."""

    esco_id: str
    register_id: str | None
    reading: Reading
    status: str
    kind: str
    id: str
    """What it will be called once it is accepted."""
    by_clock: bool = False
    replaces_id: str | None = None
    next_read_on: date | None = None
    source: str | None = None
    notes: str | None = None
    stream: Stream | None = None
    file_id: int | None = None
    line: int | None = None
    problem: Problem | None = None
    """Why there is no register."""
    waiting_id: int | None = None
    """Its number in the queue, where it waits already."""
    reading_id: str | None = None
    """The accepted reading that is judged again."""
    may_wait: bool = True
    """Else it is refused where a check fails."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an offer. `problems` are why it waits, `warnings` are for people to look at."""

    kind: Kind
    offer: Offer
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    case: Queued | None = None
    at: datetime | None = None
    """Where in time it stands, once it is placed."""
    replaces: str | None = None
    held_id: str | None = None
    """The accepted reading that says the same."""
    reason: str = ""
    """Why a person placed it although there are problems."""

    @property
    def may_be_forced(self) -> bool:
        """Whether a person may place it all the same; one that is accepted already, in any case."""
        return self.offer.reading_id is not None or all(may_be_forced(one.code) for one in self.problems)

    @property
    def held(self) -> Held:
        """The reading as it stands from now on."""
        assert self.at is not None
        return Held(self.offer.id, self.at, self.offer.reading, frozenset(one.code for one in self.problems))


def order(offer: Offer) -> tuple[Any, ...]:
    """Readings are judged in the order of time, whatever order they came in; estimates last."""
    reading = offer.reading
    return (offer.register_id or "", reading.edge, reading.is_estimate, reading.sub_type, reading.value)


def dated(dial: Dial, offer: Offer) -> Offer:
    """The offer with the day that its moment belongs to at the site.

    Not where the source states another day than its moment has: that is for the checks (MTR305).
    """
    reading = offer.reading
    if reading.read_at is None:
        return offer
    if not offer.by_clock and abs((reading.read_at.date() - reading.read_on).days) > 1:
        return offer
    return replace(offer, reading=reading_at(dial, reading.read_at, reading), by_clock=False)


def judge(dial: Dial | None, offer: Offer, now: datetime) -> Verdict:
    """Accepted, waiting, or a repetition of what is held. The offer's day must be known (`dated`)."""
    if dial is None:
        assert offer.problem is not None
        return Verdict("waiting", offer, (offer.problem,))
    without = tuple(one for one in (offer.replaces_id, offer.reading_id) if one)
    outcome = check_reading(case_of(dial, offer.reading, now, *without))
    at = standing_at(dial, offer.reading)
    if isinstance(outcome, Duplicate):
        return Verdict("duplicate", offer, at=at, held_id=_repeated(dial, offer.reading, without))
    if isinstance(outcome, Queued):
        return Verdict("waiting", offer, outcome.problems, outcome.warnings, outcome, at)
    return Verdict("placed", offer, warnings=outcome.warnings, at=at, replaces=_replaced(dial, offer, at))


def forced(dial: Dial, verdict: Verdict, reason: str) -> Verdict:
    """The verdict of a person over that of the checks. Its problems are kept, as forced."""
    assert verdict.at is not None
    replaces = _replaced(dial, verdict.offer, verdict.at)
    return replace(verdict, kind="placed", reason=reason, replaces=replaces)


def _replaced(dial: Dial, offer: Offer, at: datetime) -> str | None:
    """What it is said to correct, or what gives way at the same moment: an estimate; a customer's reading of
    the same value, which it confirms."""
    if offer.replaces_id or offer.reading.sub_type in _BESIDE:
        return offer.replaces_id
    return next((one.id for one in dial.held if one.at == at and one.reading.sub_type not in _BESIDE), None)


def _repeated(dial: Dial, reading: Reading, without: Sequence[str]) -> str | None:
    same_day = [one for one in dial.held if one.reading.read_on == reading.read_on and one.id not in without]
    same_day.sort(key=lambda one: one.reading.value != reading.value)
    return same_day[0].id if same_day else None


# What a reading in between does to the next one -----------------------------------------------------------

_BY_THE_ONE_BEFORE = frozenset(["MTR314", "MTR315", "MTR317", "MTR321", "MTR322"])


def failing(dial: Dial, held: Held, now: datetime) -> tuple[Problem, ...]:
    """Why an accepted reading would not pass by the one that is before it now."""
    outcome = check_reading(case_of(dial, held.reading, now, held.id))
    found = outcome.problems if isinstance(outcome, Queued) else ()
    new = tuple(one for one in found if one.code in _BY_THE_ONE_BEFORE and one.code not in held.forced)
    if not new:
        return ()
    detail = f"{held.reading.sub_type} {held.reading.value} of {held.reading.read_on}"
    hint = "Force it if both are right; delete it to mark it as MISREAD; or mark the one before"
    return (
        Problem(
            "MTR260", "An accepted reading does not pass any more, since another came before it", detail, hint
        ),
        *new,
    )


def in_doubt(dial: Dial, held: Held) -> Offer:
    """The accepted reading as it stands in the queue."""
    status, kind = STATUS_OF[held.reading.sub_type]
    return Offer(dial.esco_id, dial.register_id, held.reading, status, kind, held.id, reading_id=held.id)


# Words ----------------------------------------------------------------------------------------------------


def said_by_rule(code: str, detail: str) -> Problem:
    """A problem that is known before the checks are made, in the words of its rule."""
    rule = next(rule for rule in RULES if rule.code == code)
    return Problem(rule.code, rule.title, detail, rule.hint)


def finding_json(problem: Problem, **more: Any) -> dict[str, Any]:
    """A finding as the queue and the reading keep it."""
    return {
        "code": problem.code, "title": problem.title, "detail": problem.detail, "hint": problem.hint, **more,
    }  # fmt: skip
