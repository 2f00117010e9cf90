"""The engine at work on what the database holds: parts of agreements in, what they are charged out."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
import psycopg

from submeter.core.problem import Problem, Refused
from submeter.metering.days import minute_of, starts_at
from submeter.metering.readings import Reading
from submeter.rating import problems, store
from submeter.rating.batching import Member
from submeter.rating.conditions import check_conditions
from submeter.rating.counting import Count, Register, Window, columns_of, estimated_share, held_columns
from submeter.rating.engine import rate
from submeter.rating.inputs import Batch, Failure, load_batches
from submeter.rating.model import Charges, IntArray, Period
from submeter.rating.parts import Part, wants
from submeter.rating.peak_telling import PeakTold, peaks_told
from submeter.rating.results import Rated, ReadAt, Source
from submeter.rating.store import Files, NotMeasured, Place
from submeter.tariffs.rows import StoredPlan

__all__ = ["rate_parts"]


def rate_parts(
    connection: psycopg.Connection,
    parts: Mapping[UUID, Sequence[Part]],
    places: Mapping[UUID, Place],
    plans: Mapping[UUID, StoredPlan],
    *,
    at: datetime | None = None,
    sources: bool = True,
) -> Iterator[Rated | Failure]:
    """What each part is charged, or why nothing is; in no certain order.

    With `at`, by meter data as they stood then. Without `sources`, nothing is said of where quantities were
    read, which takes time.
    """
    for batch in load_batches(connection, parts, places, plans, at):
        if isinstance(batch, Failure):
            yield batch
            continue
        try:
            charges = _charges(batch)
        except Refused as refused:
            yield from (Failure(member.part, (refused.problem,)) for member in batch.members)
            continue
        told = _sources_of(connection, batch) if sources else ((),) * len(batch.members)
        peaks = _peaks_of(batch) if sources else ((),) * len(batch.members)
        for row, member in enumerate(batch.members):
            findings = _findings(batch, charges, row, told[row])
            yield Rated(member.part, batch.plan, charges, row, findings, told[row], peaks[row])


def _charges(batch: Batch) -> Charges:
    count = len(batch.members)
    return rate(batch.usage, batch.plan.plan, batch.calendar, batch.periods, batch.terms, agreements=count)


def _peaks_of(batch: Batch) -> tuple[tuple[PeakTold, ...], ...]:
    """Of each row, which peaks its charges of demand rest on."""
    told = [
        peaks_told(one, batch.usage, batch.calendar, batch.periods, batch.terms)
        for one in batch.plan.plan.components
        if one.kind == "demand"
    ]
    return tuple(tuple(peak for of in told if of for peak in of[row]) for row in range(len(batch.members)))


def _findings(
    batch: Batch, charges: Charges, row: int, sources: Sequence[Sequence[Source]]
) -> tuple[Problem, ...]:
    charged = batch.members[row].part.charged
    first, end = charged[0].first, charged[-1].end
    found = [
        problems.no_register_for(one.code, wants(one))
        for one in batch.plan.plan.components
        if one.code in charges.unmatched
        and wants(one)
        and one.kind != "feed_in"  # most homes have no sun on the roof
        and (one.from_date is None or one.from_date < end)
        and (one.to_date is None or one.to_date > first)
    ]
    found += [
        problems.nothing_counts(f"{one.label}: {one.product}, {one.direction}, type {one.type}, {one.unit}")
        for one in batch.idle[row]
    ]
    found += _holidays_unknown(batch, first, end)
    found += check_conditions(batch.plan.plan, batch.members[row].part.conditions)
    shares = {one.register: one.estimated for of in sources for one in of if one.estimated}
    found += [problems.share_estimated(register, f"{share:f}") for register, share in shares.items()]
    return tuple(found)


def _holidays_unknown(batch: Batch, first: date, end: date) -> list[Problem]:
    """Where prices ask for public holidays, and those of a year are not known: all days were other days."""
    named = [
        one.code
        for one in batch.plan.plan.components
        if any("holiday" in band.day_types for band in one.bands)
    ]
    years = set(range(first.year, (end - timedelta(days=1)).year + 1)) - batch.holiday_years
    return [problems.holidays_unknown(named[0], sorted(years))] if named and years else []


# Where quantities were read ---------------------------------------------------------------------------------


def _sources_of(connection: psycopg.Connection, batch: Batch) -> tuple[tuple[tuple[Source, ...], ...], ...]:
    """Of each row and period."""
    keys = list(dict.fromkeys(one.id for member in batch.members for one, _ in member.counted))
    with_days = [key for key in keys if key not in batch.dials]
    files = store.list_files(connection, with_days, batch.window) if with_days else {}
    guessed = store.list_not_measured(connection, with_days, batch.window) if with_days else {}
    teller = _Teller(
        batch.window,
        {with_days[place]: one for place, one in files.items()},
        {with_days[place]: one for place, one in guessed.items()},
        batch.dials,
    )
    return tuple(teller.tell_all(member) for member in batch.members)


class _Teller:
    """Says where quantities were read."""

    def __init__(
        self,
        window: Window,
        files: Mapping[UUID, Files],
        guessed: Mapping[UUID, Sequence[NotMeasured]],
        dials: Mapping[UUID, Sequence[Reading]],
    ) -> None:
        self._window = window
        self._files = files
        self._guessed = guessed
        self._dials = dials

    def tell_all(self, member: Member) -> tuple[tuple[Source, ...], ...]:
        """Of each period that is charged."""
        return tuple(self.tell(member, period) for period in member.part.charged)

    def tell(self, member: Member, period: Period) -> tuple[Source, ...]:
        """Of the registers of an agreement that measured it in a period."""
        found = []
        for register, count in member.counted:
            low, high = self._columns(register, count, period)
            if low < high:
                found.append(self._source(register, count, low, high, period))
        return tuple(found)

    def _columns(self, register: Register, count: Count, period: Period) -> tuple[int, int]:
        clock = self._window.clock
        edges = (minute_of(starts_at(period.first, clock)), minute_of(starts_at(period.end, clock)))
        low, high = columns_of(self._window, count.minutes, *edges)
        first, end = held_columns(register, count, self._window)
        return max(low, first), min(high, end)

    def _source(self, register: Register, count: Count, low: int, high: int, period: Period) -> Source:
        quantity = Decimal(int(count.values[low:high].sum())).scaleb(-count.decimals)
        files = self._files.get(register.id) if count.minutes else None
        return Source(
            register.id, register.label, register.product, register.unit, register.type, register.direction,
            count.minutes, quantity, estimated_share(count, self._flags(register, count), low, high),
            files.days if files else 0, files.names if files else (), files.edited_by if files else (),
            files.loaded_at if files else None,
            () if count.minutes else _around(self._dials.get(register.id, ()), period),
        )  # fmt: skip

    def _flags(self, register: Register, count: Count) -> IntArray:
        """Which columns were not measured."""
        if not count.minutes:
            return count.provisional if count.provisional is not None else ~count.known
        flags = np.zeros(len(count.values), np.bool_)
        for span in self._guessed.get(register.id, ()):
            low = max((span.first - self._window.starts) // count.minutes, 0)
            high = max(-((self._window.starts - span.end) // count.minutes), 0)
            flags[low:high] = True
        return flags


def _around(readings: Sequence[Reading], period: Period) -> tuple[ReadAt, ...]:
    """The readings of a period, and those at both its ends."""
    ordered = sorted(readings, key=lambda one: one.edge)
    first = max((n for n, one in enumerate(ordered) if one.edge <= period.first), default=0)
    last = min((n for n, one in enumerate(ordered) if one.edge >= period.end), default=len(ordered) - 1)
    return tuple(ReadAt(one.read_on, one.value, one.sub_type) for one in ordered[first : last + 1])
