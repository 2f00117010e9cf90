"""Check intervals that are stored: what is due after an import, or what somebody asks for.

A rule may need more than the days in question: the day beside, a whole time without use, a whole advance of
the dial. So more days are loaded, and for each rule it is known about which of them it has said everything;
there, and only there, findings that are not found again are resolved.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering import finding_store
from submeter.metering import interval_problems as problems
from submeter.metering import interval_store as store
from submeter.metering.blocks import Days, join
from submeter.metering.days import DAY, day_of, starts_at
from submeter.metering.estimating import refill
from submeter.metering.finding_store import Around, FindingRow, PlacedFinding, Scope, covers, spans_of
from submeter.metering.interval_rules import (
    IntervalContext,
    IntervalFinding,
    RegisterAdvance,
    check_block,
)
from submeter.metering.interval_store import Span
from submeter.metering.selecting import IntervalRegister, Selection, chunked

__all__ = ["Checked", "check_due", "check_intervals", "dismiss_findings", "list_findings"]

CHUNK_REGISTERS = 200
CHUNK_DAYS = 4_000
WITHIN_A_DAY = ("MTR351", "MTR353", "MTR355", "MTR356", "MTR359", "MTR360")
BESIDE_EACH_OTHER = ("MTR352", "MTR354")
WITHOUT_USE, AGAINST_DIAL = "MTR357", "MTR358"
_EPOCH = starts_at(date(1970, 1, 1), "UTC")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check has done. `found` counts findings that are new or not as they were."""

    registers: int = 0
    days: int = 0
    found: int = 0
    resolved: int = 0

    def plus(self, other: "Checked") -> "Checked":
        """Both together."""
        pairs = zip(self._parts(), other._parts(), strict=True)
        return Checked(*(one + more for one, more in pairs))

    def _parts(self) -> tuple[int, int, int, int]:
        return self.registers, self.days, self.found, self.resolved


def check_due(database: Database, caller: Caller, only: Set[UUID] | None = None) -> Checked:
    """Check whatever has changed since it was checked: after an import, an edit, an estimate.

    A day that was estimated and came with gaps is estimated again before: whether an estimate or the data
    came first makes no difference. In transactions of some registers each: broken off, the rest stays due.
    With `only`, other registers stay due as well.
    """
    done = Checked()
    while True:
        # Apart: whoever waits for the lock of intervals holds none that an import may wait for.
        with transaction(database, caller) as connection:
            refill(connection, caller, finding_store.list_due(connection, CHUNK_REGISTERS, only))
        with transaction(database, caller) as connection:
            spans = finding_store.take_due(connection, CHUNK_REGISTERS, only)
            if not spans:
                return done
            done = done.plus(_check(connection, spans))


def check_intervals(database: Database, caller: Caller, selection: Selection) -> Checked:
    """Check registers and days, whether due or not. Raises Refused MTR400 to MTR403."""
    with transaction(database, caller) as connection:
        registers = store.find_registers(connection, selection)
    done = Checked()
    for some in chunked(registers, CHUNK_REGISTERS):
        with transaction(database, caller) as connection:
            done = done.plus(_check(connection, _spans_of(connection, some, selection)))
    return done


def list_findings(
    database: Database,
    caller: Caller,
    selection: Selection,
    statuses: Sequence[str] = ("open",),
    limit: int = 1000,
) -> tuple[FindingRow, ...]:
    """Findings of registers and days. Raises Refused MTR400 to MTR403."""
    with transaction(database, caller) as connection:
        some = store.find_registers(connection, selection) if selection.register or selection.site else None
        return finding_store.list_findings(
            connection, some, (selection.first, selection.last), statuses, limit
        )


def dismiss_findings(database: Database, caller: Caller, ids: Sequence[int], reason: str) -> tuple[int, ...]:
    """Say that intervals are right as they are; of all findings, or none. Raises Refused MTR405, MTR409."""
    if not reason.strip():
        raise Refused(problems.no_reason("a finding is dismissed"))
    with transaction(database, caller) as connection:
        done = finding_store.dismiss(connection, ids, reason.strip(), caller.signature())
        if missing := sorted(set(ids) - done):
            raise Refused(problems.no_finding(missing))
    return tuple(sorted(done))


def _spans_of(connection: psycopg.Connection, registers: Sequence[UUID], selection: Selection) -> list[Span]:
    """The days of each register that are asked for, as far as it has any."""
    spans = []
    for register, first, last in store.days_of(connection, registers):
        low, high = max(first, selection.first or first), min(last, selection.last or last)
        if low <= high:
            spans.append((register, low, high))
    return spans


# One chunk --------------------------------------------------------------------------------------------------


def _check(connection: psycopg.Connection, spans: Sequence[Span]) -> Checked:
    done = Checked()
    if not spans:
        return done
    registers = store.get_registers(connection, [register for register, _, _ in spans])
    advances = _advances(connection, spans, registers)
    every = [
        (around, advances.get(around.register_id, ()))
        for around in finding_store.days_around(connection, spans)
        if around.register_id in registers
    ]
    for some in _by_weight(every):
        done = done.plus(_check_some(connection, some, registers))
    return done


_Work = tuple[Around, Sequence[RegisterAdvance]]


def _by_weight(every: Iterable[_Work]) -> Iterator[list[_Work]]:
    """In portions of about so many days as memory holds easily."""
    held: list[_Work] = []
    weight = 0
    for work in every:
        first, last = _wanted(*work)
        days = (last - first).days + 1
        if held and weight + days > CHUNK_DAYS:
            yield held
            held, weight = [], 0
        held.append(work)
        weight += days
    if held:
        yield held


def _advances(
    connection: psycopg.Connection, spans: Sequence[Span], registers: Mapping[UUID, IntervalRegister]
) -> dict[UUID, list[RegisterAdvance]]:
    found: dict[UUID, list[RegisterAdvance]] = {}
    for register_id, start, end, quantity in finding_store.list_advances(connection, spans):
        if register_id in registers:
            stream = registers[register_id].stream
            found.setdefault(register_id, []).append(RegisterAdvance(stream, start, end, quantity))
    return found


def _wanted(around: Around, advances: Sequence[RegisterAdvance]) -> tuple[date, date]:
    """From which day to which rows are needed for all that the rules have to say."""
    edges = [around.first, around.last, around.before, around.after, around.busy_before, around.busy_after]
    days = [day for day in edges if day]
    for advance in advances:
        # A source's day may begin most of a day before or after that of UTC.
        days += [_day(advance.starts) - DAY, _day(advance.ends) + DAY]
    return min(days), max(days)


def _day(minute: int) -> date:
    return _instant(minute).date()


def _check_some(
    connection: psycopg.Connection, some: Sequence[_Work], registers: Mapping[UUID, IntervalRegister]
) -> Checked:
    days = store.list_days(connection, [(around.register_id, *_wanted(around, of)) for around, of in some])
    scopes = tuple(_scopes(some, days))
    found = _found(days, some, registers)
    about = list(_about(_placed(found, registers), scopes))
    resolved = finding_store.resolve_findings(connection, scopes, about)
    added = finding_store.add_findings(connection, about)
    checked = sum((around.last - around.first).days + 1 for around, _ in some)
    return Checked(len(some), checked, added, resolved)


def _scopes(some: Sequence[_Work], days: Sequence[Days]) -> Iterator[Scope]:
    """Of which days each rule knows all that it needs."""
    for number, (around, advances) in enumerate(some):
        register, first, last = around[:3]
        yield from (Scope(register, code, first, last) for code in WITHIN_A_DAY)
        yield from (Scope(register, code, first, around.after or last) for code in BESIDE_EACH_OTHER)
        yield Scope(register, WITHOUT_USE, around.busy_before or first, around.busy_after or last)
        yield Scope(register, AGAINST_DIAL, first, last)
        for advance in advances:
            day = day_of(_instant(advance.starts), _clock_of(number, days))
            yield Scope(register, AGAINST_DIAL, day, day)


def _clock_of(number: int, days: Sequence[Days]) -> str:
    """In which clock the days of a register are."""
    return next((part.clock for part in days if (part.streams == number).any()), "UTC")


def _found(
    days: Sequence[Days], some: Sequence[_Work], registers: Mapping[UUID, IntervalRegister]
) -> Iterator[IntervalFinding]:
    """What the rules find, those of one tolerance at a time."""
    own = [registers[around.register_id] for around, _ in some]
    names = tuple(one.stream for one in own)
    tolerances = [one.settings.tolerance for one in own]
    generators = frozenset(one.stream for one in own if one.may_export)
    advances = tuple(advance for _, of_register in some for advance in of_register)
    for tolerance in dict.fromkeys(tolerances):
        those = np.array([one == tolerance for one in tolerances])
        context = IntervalContext(tolerance, generators, advances)
        for block in join(names, [part.only(those) for part in days]):
            yield from check_block(block, context)


def _placed(
    found: Iterable[IntervalFinding], registers: Mapping[UUID, IntervalRegister]
) -> list[PlacedFinding]:
    """The findings with their register and time, each once, without those of times without the meter."""
    placed: dict[tuple[Any, ...], PlacedFinding] = {}
    for one in found:
        register = registers[UUID(one.stream.identifier)]
        if _was_there(one.problem.code, register, one.starts, one.ends):
            placed[register.id, one.day, one.problem.code, one.first, one.last] = PlacedFinding(
                register.esco_id, register.id, _instant(one.starts), _instant(one.ends), one
            )
    return list(placed.values())


def _instant(minute: int) -> datetime:
    return _EPOCH + timedelta(minutes=minute)


def _was_there(code: str, register: IntervalRegister, start: int, end: int) -> bool:
    """Where the meter was not in place, nothing is missing."""
    if code == "MTR353":
        return register.has(start, end)
    return code != "MTR354" or register.has(start - 1, start)


def _about(placed: Iterable[PlacedFinding], scopes: Iterable[Scope]) -> Iterator[PlacedFinding]:
    """What lies in one of the scopes."""
    spans = spans_of(scopes)
    for one in placed:
        if covers(spans, one.register_id, one.finding.problem.code, one.finding.day):
            yield one
