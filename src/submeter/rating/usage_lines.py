"""Lines of what was used: flat, in time bands, in steps, at spot prices; and credits for what was put in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

import numpy as np

from submeter.rating import steps
from submeter.rating.exact import add
from submeter.rating.line_sets import frame_of, keys_of_shares, line_set, scaled
from submeter.rating.model import Exact, Frame, LineSet, Period, Terms, Usage
from submeter.rating.peaks import peaks_of
from submeter.rating.prices import PriceTable, price_table, rate_days
from submeter.rating.quantities import Counted, Source, counted, sources_of, total
from submeter.rating.ratchet import StepPeaks, months_looked_at
from submeter.rating.running import Running, running_of
from submeter.rating.segments import Segment, segments
from submeter.rating.spot import Spot, spot_of
from submeter.rating.terms import loss_on, term_days
from submeter.rating.windows import band_codes
from submeter.rating.workings import workings
from submeter.tariffs.model import Calendar, Component, DemandRule, Plan

__all__ = ["UsageLines", "usage_lines"]


@dataclass(frozen=True, slots=True, eq=False)
class UsageLines:
    """What is known of a component's lines before any usage is."""

    component: Component
    plan: Plan
    parts: tuple[Segment, ...]
    bands: tuple[str, ...]
    streams: tuple[Counted, ...]
    table: PriceTable
    limits: steps.Limits | None
    peaks: StepPeaks | None
    """For limits that are for each kW."""
    running: Running | None
    spot: Spot | None
    whole_limits: steps.Limits | None
    """Of parts, where bands share steps."""
    frame: Frame

    def lines(self, usage: Usage, terms: Terms) -> LineSet:
        """The lines of a batch, priced and rounded."""
        measured = None if self.running and self.limits else self.measured(usage)
        return self.priced(measured, usage, terms)

    def measured(self, usage: Usage) -> Exact:
        """(A, parts x bands), in the component's unit."""
        return total([stream.sums(usage) for stream in self.streams])

    def priced(self, measured: Exact | None, usage: Usage, terms: Terms) -> LineSet:
        """Lines of the quantities (A, parts x bands), which need not be the measured ones.

        A running total measures by itself.
        """
        quantity = scaled(self._stepped(measured, usage, terms), Fraction(self.component.share) / 100)
        money = self.table.money(quantity)
        if self.spot is not None:
            money = add([money, self.table.merged(self.spot.money(usage))])
        if self.component.kind == "feed_in":
            money = Exact(-money.values, money.scale)
        merged = self.table.merged(quantity)
        return line_set(self.frame, self.plan, merged, money)

    def _stepped(self, measured: Exact | None, usage: Usage, terms: Terms) -> Exact:
        """(A, parts x bands x steps)."""
        peaks = self.peaks.measure(usage, terms) if self.peaks else None
        if self.running is not None and self.limits is not None:
            return self.running.stepped(usage, self.limits, peaks)
        assert measured is not None, "without a running total, amounts are measured before"
        if self.limits is None:
            return measured
        count, bands = len(measured.values), len(self.bands)
        if self.whole_limits is None:
            if peaks is not None:
                peaks = Exact(np.repeat(peaks.values, bands, axis=1), peaks.scale)
            stepped = steps.split(measured, self.limits, peaks)
        else:
            whole = steps.total_of_bands(measured, len(self.parts))
            stepped = steps.shared_between(measured, steps.split(whole, self.whole_limits, peaks), bands)
        return Exact(stepped.values.reshape(count, -1), stepped.scale)


def usage_lines(
    component: Component,
    plan: Plan,
    usage: Usage,
    calendar: Calendar,
    periods: Sequence[Period],
    terms: Terms,
    *,
    parts_of_one: bool,
) -> UsageLines | None:
    """What can be worked out of a component's lines by time alone. None where no register counts for it."""
    sources = _sources(component, plan, usage, terms)
    parts = _parts(component, sources, periods, terms)
    if not sources or not parts:
        return None
    bands, count = band_codes(component), steps.count_steps(component)
    losses = [loss_on(component, terms, part.first) for part in parts]
    table = price_table(component, parts, bands, count, losses, terms)
    streams = tuple(counted(component, source, usage, calendar, parts) for source in sources)
    limits = None
    if count > 1:
        shares = steps.limit_shares(component, parts, periods, calendar.year_starts)
        limits = steps.limits_of(component, parts, bands, shares)
    return UsageLines(
        component,
        plan,
        parts,
        bands,
        streams,
        table,
        limits,
        _step_peaks(component, usage, calendar, parts, terms) if limits else None,
        running_of(component, usage, streams, len(bands)) if limits else None,
        spot_of(component, usage, terms, streams, table) if _is_spot(component) else None,
        _whole(component, limits, len(bands)),
        frame_of(
            component,
            table,
            bands,
            keys_of_shares(table.keys, parts_of_one=parts_of_one),
            workings(component, table, parts, len(bands), limits),
        ),
    )


def _sources(component: Component, plan: Plan, usage: Usage, terms: Terms) -> tuple[Source, ...]:
    """The streams that count.

    Usage of all registers leaves those out that a controlled load of the plan charges; they would be charged
    twice. Green power that names a base is for the registers of that base alone.
    """
    sources = sources_of(component, usage, terms)
    if component.kind == "usage" and not component.register_types:
        switched = {kind for one in plan.components for kind in _switched(one)}
        return tuple(one for one in sources if usage.streams[one.place].register_type not in switched)
    base = [one for one in plan.components if one.code in component.base]
    if component.kind != "green" or not base:
        return sources
    places = {source.place for one in base for source in _sources(one, plan, usage, terms)}
    return tuple(source for source in sources if source.place in places)


def _switched(component: Component) -> tuple[str, ...]:
    """The registers of a controlled load."""
    return component.register_types if component.kind == "controlled_load" else ()


def _is_spot(component: Component) -> bool:
    return component.kind == "spot" or bool(component.spot_series)


def _whole(component: Component, limits: steps.Limits | None, bands: int) -> steps.Limits | None:
    """The limits of parts, where all bands of a part share its steps."""
    if limits is None or bands == 1 or component.steps.scope == "band":
        return None
    return steps.Limits(limits.cells[::bands])


def _parts(
    component: Component, sources: Sequence[Source], periods: Sequence[Period], terms: Terms
) -> tuple[Segment, ...]:
    cuts: set[date] = rate_days(component.rates) | term_days(component, terms)
    for source in sources:
        cuts |= source.cuts()
    by_month = component.steps.basis in ("month", "per_kw", "per_kw_day") and steps.count_steps(component) > 1
    return segments(periods, cuts, component.from_date, component.to_date, by_month=by_month)


def _step_peaks(
    component: Component, usage: Usage, calendar: Calendar, parts: Sequence[Segment], terms: Terms
) -> StepPeaks | None:
    """The peaks that limits are for: always of import, also for steps of export."""
    if component.steps.basis not in ("per_kw", "per_kw_day"):
        return None
    sells = component.kind == "feed_in"
    taken = replace(component, kind="usage", register_types=()) if sells else component
    sources = sources_of(taken, usage, terms)
    months = months_looked_at(component.demand or DemandRule(), parts, usage)
    peaks = peaks_of(taken, sources, usage, calendar, months, banded=False)
    return StepPeaks(component, months, tuple(months.index(part.month) for part in parts), peaks)
