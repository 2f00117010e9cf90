"""Fill intervals that are missing, by the methods of the market; on demand instead of what was measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering import interval_problems as problems
from submeter.metering import interval_store as store
from submeter.metering.day_versions import KeptDay, sum_of
from submeter.metering.days import DAY
from submeter.metering.estimation import Policy, check_reason, method_named
from submeter.metering.filling import Estimated, EstimateOptions, Filled, fill_days, skipped
from submeter.metering.interval_store import Span
from submeter.metering.selecting import IntervalRegister, Selection, chunked

__all__ = ["EstimateOptions", "Estimated", "estimate_intervals", "refill"]

CHUNK_REGISTERS = 20
LONGEST_GAP = timedelta(days=366)
A_YEAR_BEFORE = timedelta(weeks=53)


def estimate_intervals(
    database: Database, caller: Caller, selection: Selection, options: EstimateOptions
) -> tuple[Estimated, ...]:
    """Fill what is missing of registers, between their first and last day or on the days asked for.

    Days that are billed (MTR408), have other intervals than those around (MTR413), or have nothing to be
    estimated from (MTR381, MTR382) are skipped, and told. What a person has set stays. Raises Refused MTR384
    for an unknown reason, MTR400 to MTR405.
    """
    _refuse(selection, options)
    with transaction(database, caller) as connection:
        some = store.find_registers(connection, selection)
    done: list[Estimated] = []
    for part in chunked(some, CHUNK_REGISTERS):
        with transaction(database, caller) as connection:
            done += _Run(connection, caller, selection, options).registers(part)
    return tuple(done)


def _refuse(selection: Selection, options: EstimateOptions) -> None:
    check_reason(options.reason_code)
    if not options.replace_measured:
        return
    if not options.reason.strip():
        raise Refused(problems.no_reason("measured values are replaced"))
    if selection.first is None or selection.end is None:
        raise Refused(problems.wrong_days("measured values are replaced on named days alone"))


def refill(connection: psycopg.Connection, caller: Caller, spans: Sequence[Span]) -> int:
    """Estimate again what had been estimated and came with gaps; how many days. For what has just changed."""
    work: dict[tuple[UUID, int, bool], set[date]] = {}
    for lost in store.lost_estimates(connection, spans):
        work.setdefault((lost.register_id, lost.reason_code, lost.cut), set()).add(lost.day)
    done: set[tuple[UUID, date]] = set()
    for (register_id, reason_code, cut), days in work.items():
        selection = Selection(first=min(days), end=max(days) + DAY)
        options = EstimateOptions("zero" if cut else "", reason_code)
        run = _Run(connection, caller, selection, options, frozenset(days))
        done |= {
            (one.register_id, one.day) for one in run.registers([register_id]) if one.outcome == "estimated"
        }
    return len(done)


def _list_days(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


@dataclass(frozen=True)
class _Run:
    connection: psycopg.Connection
    caller: Caller
    selection: Selection
    options: EstimateOptions
    only: frozenset[date] = frozenset()
    """No other days than these, if there are any."""

    def registers(self, some: Sequence[UUID]) -> Iterator[Estimated]:
        """A few registers, in one transaction."""
        registers = store.get_registers(self.connection, some)
        for esco_id in sorted({register.esco_id for register in registers.values()}):
            store.lock(self.connection, esco_id)
        there = {register: (first, last) for register, first, last in store.days_of(self.connection, some)}
        for register in registers.values():
            if register.id in there:
                yield from self._register(register, *there[register.id])

    def _register(self, register: IntervalRegister, first: date, last: date) -> Iterator[Estimated]:
        first, last = self.selection.first or first, self.selection.last or last
        if not first <= last <= first + LONGEST_GAP * 60:
            return
        policy = self._policy(register.settings.policy)
        days = self._load(register, first, last, policy)
        asked = [day for day in _list_days(first, last) if not self.only or day in self.only]
        found = tuple(fill_days(register, days, asked, policy, self.options))
        news = [one for one in found if isinstance(one, Filled)]
        told = [one for one in found if isinstance(one, Estimated)]
        kept, left = self._allowed(news)
        if not self.options.dry_run:
            self._write(register, kept)
        yield from sorted(
            [*told, *left, *(one for new in kept for one in new.told)],
            key=lambda one: (one.day, one.first),
        )

    def _policy(self, policy: Policy) -> Policy:
        order = (
            (method_named(self.options.method, policy.installation),) if self.options.method else policy.order
        )
        return replace(policy, order=order, reason=self.options.reason_code)

    def _load(self, register: IntervalRegister, first: date, last: date, policy: Policy) -> list[KeptDay]:
        """The days in question, those that like days are looked for among, and those of the year before."""
        reach = (policy.reach_days + 1) * DAY
        spans = [(register.id, first - reach, last + reach)]
        spans.append(
            (
                register.id,
                first - A_YEAR_BEFORE - DAY,
                min(last - A_YEAR_BEFORE + 3 * 7 * DAY, first - reach - DAY),
            )
        )
        registers = {register.id: register}
        return sorted(store.load_days(self.connection, spans, registers), key=lambda day: day.row.day)

    def _allowed(self, news: Sequence[Filled]) -> tuple[list[Filled], list[Estimated]]:
        """Those whose days are not billed, and the others as skipped."""
        if self.options.include_billed or not news:
            return list(news), []
        billed = store.billed_days(self.connection, [new.day for new in news])
        kept = [new for new in news if (new.day.register_id, new.day.row.day) not in billed]
        left = [skipped(one, problems.billed(one.day)) for new in news if new not in kept for one in new.told]
        return kept, left

    def _write(self, register: IntervalRegister, news: Sequence[Filled]) -> None:
        signed = [self._signed(new.day) for new in news]
        store.write_days(self.connection, signed, {register.id: register.esco_id})
        store.add_changes(self.connection, [
            self._noted(register, new, one) for new in news for one in new.told if one.outcome == "estimated"
        ])  # fmt: skip

    def _signed(self, day: KeptDay) -> KeptDay:
        who = self.caller.signature()
        if self.options.replace_measured:
            # Decided by a person, and so not replaced without asking one.
            return day._replace(standing=2, edited_by=who, source=None)
        return day._replace(source=f"estimated by {who}")

    def _noted(self, register: IntervalRegister, new: Filled, one: Estimated) -> dict[str, Any]:
        assert one.estimate
        before = sum_of(new.before, one.first, one.last)
        return {
            "esco_id": register.esco_id, "register_id": register.id, "day": one.day, "first": one.first,
            "last": one.last, "kind": "substitute" if self.options.replace_measured else "estimate",
            "quality": one.estimate.quality, "method": one.estimate.method,
            "reason_code": one.estimate.reason, "reason": self.options.reason.strip(),
            "total_before": None if before is None else Decimal(before).scaleb(-new.before.decimals),
            "total_after": one.quantity, "made_by": self.caller.signature(),
        }  # fmt: skip
