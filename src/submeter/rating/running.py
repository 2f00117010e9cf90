"""Steps by a running total: the order of time decides in which step each part of each interval lies.

Neighbours in one time band are taken together: what of them lies below the end of a step is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.rating.exact import add, rescale, running_total, times
from submeter.rating.model import Exact, IntArray, Usage
from submeter.rating.quantities import Counted, check_width
from submeter.rating.steps import Limits
from submeter.rating.sums import run_sums
from submeter.tariffs.model import Component

__all__ = ["Running", "running_of"]

_BLOCK = 256
"""Agreements that are looked at at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """The runs of neighbours in one cell (part x band) that count, in the order of time."""

    streams: tuple[Counted, ...]
    runs: IntArray
    """Which runs of the streams count."""
    cells: IntArray
    """Of each of them, the cell."""
    starts: IntArray
    """Of each of them, the first of its part."""
    bands: int
    order: IntArray
    """They, those of a cell together."""
    bounds: IntArray
    """Where each cell begins among them."""
    present: IntArray
    """The cells that have any."""

    def stepped(self, usage: Usage, limits: Limits, peaks: Exact | None) -> Exact:
        """(A, parts x bands x steps). With `peaks` (A, parts), limits are for each kW of them."""
        amounts = self._amounts(usage)
        scale, known, uppers = limits.scaled(amounts.scale, peaks.scale if peaks else None)
        values = rescale(amounts, scale).values
        found = []
        for first in range(0, len(values), _BLOCK):
            part = slice(first, first + _BLOCK)
            power = None if peaks is None else peaks.values[part]
            found.append(self._steps(values[part], known, uppers, power))
        every = found[0] if len(found) == 1 else np.concatenate(found)
        return Exact(every.reshape(len(values), -1), scale)

    def _steps(self, values: IntArray, known: IntArray, uppers: IntArray, peaks: IntArray | None) -> IntArray:
        """(A, cells, steps) of the runs' amounts."""
        until = running_total(values, 1)
        before = until - values
        if self.starts.any():
            first = before[:, self.starts]
            until, before = until - first, before - first
        below: IntArray | int = 0
        found = []
        for step in range(known.shape[1]):
            inside = values
            if known[:, step].any():
                ends = self._ends(known[:, step], uppers[:, step], peaks, until)
                inside = np.minimum(until, ends) - np.minimum(before, ends)
            reached = self._by_cell(inside, len(known))
            found.append(reached - below)
            below = reached
        return np.stack(found, axis=2)

    def _ends(self, known: IntArray, uppers: IntArray, peaks: IntArray | None, until: IntArray) -> IntArray:
        """Of each run, where a step ends; where it does not, the run's own end."""
        ends = uppers[self.cells]
        if peaks is not None:
            ends = times(peaks[:, self.cells // self.bands], ends)
        return ends if known.all() else np.where(known[self.cells], ends, until)

    def _by_cell(self, values: IntArray, cells: int) -> IntArray:
        full = np.zeros((len(values), cells), values.dtype)
        if len(self.bounds):
            full[:, self.present] = np.add.reduceat(values[:, self.order], self.bounds, axis=1)
        return full

    def _amounts(self, usage: Usage) -> Exact:
        """(A, runs) of all streams together, in the component's unit."""
        return add([self._of(usage, counted) for counted in self.streams])

    def _of(self, usage: Usage, counted: Counted) -> Exact:
        stream = usage.streams[counted.place]
        check_width(stream, counted.cells)
        wholes = counted.factors
        factors = wholes if isinstance(wholes, int) else wholes[self.cells]
        return Exact(times(run_sums(stream.amounts, counted.buckets)[:, self.runs], factors), counted.scale)


def running_of(component: Component, usage: Usage, streams: Sequence[Counted], bands: int) -> Running | None:
    """None where the component's steps have no running total.

    Refuses (RTG114) streams with intervals of different lengths, whose order says nothing.
    """
    if component.steps.scope != "running" or bands == 1:
        return None
    if len({usage.streams[stream.place].minutes for stream in streams}) > 1:
        hint = "Let the steps be shared, or bring the registers to one length of interval"
        raise Refused(Problem("RTG114", "Intervals of different lengths", component.code, hint))
    of_runs = streams[0].cells[streams[0].buckets.runs]
    runs = np.flatnonzero(of_runs >= 0)
    cells = of_runs[runs]
    parts = cells // bands
    order = np.argsort(cells, kind="stable")
    present, bounds = np.unique(cells[order], return_index=True)
    starts = np.searchsorted(parts, parts)
    return Running(tuple(streams), runs, cells, starts, bands, order, bounds, present)
