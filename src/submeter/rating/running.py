"""Steps by a running total: the order of time decides in which step each part of each interval lies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.rating.exact import common_scale, rescale, running_total, times
from submeter.rating.model import Exact, IntArray, Usage
from submeter.rating.quantities import Counted, check_width
from submeter.rating.segments import Segment
from submeter.rating.steps import Limits
from submeter.rating.sums import bucket_sums
from submeter.tariffs.model import Component

__all__ = ["Running", "running_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """The columns of each part, whose total so far decides the step."""

    streams: tuple[Counted, ...]
    spans: tuple[tuple[int, int], ...]
    """From which column to which each part reaches."""
    bands: int

    def stepped(self, usage: Usage, limits: Limits, peaks: Exact | None) -> Exact:
        """(A, parts x bands x steps). With `peaks` (A, parts), limits are for each kW of them."""
        amounts = self._amounts(usage)
        scale, known, uppers = limits.scaled(amounts.scale, peaks.scale if peaks else None)
        values = rescale(amounts, scale).values
        below: IntArray = np.zeros_like(values)
        found = []
        for step in range(known.shape[1]):
            ends = self._ends(known[:, step], uppers[:, step], peaks)
            reached = np.concatenate(
                [self._reached(values, span, upper) for span, upper in zip(self.spans, ends, strict=True)],
                1,
            )
            full = np.zeros_like(values, dtype=reached.dtype)
            full[:, self.spans[0][0] : self.spans[-1][1]] = reached
            found.append(bucket_sums(full - below, self.streams[0].buckets))
            below = full
        return Exact(np.stack(found, axis=2).reshape(len(values), -1), scale)

    def _ends(self, known: IntArray, uppers: IntArray, peaks: Exact | None) -> list[IntArray | int | None]:
        """Of each part, where a step ends: for all agreements, or (A, 1) for each."""
        found: list[IntArray | int | None] = []
        for place in range(len(self.spans)):
            upper = int(uppers[place * self.bands])
            if not known[place * self.bands]:
                found.append(None)
            elif peaks is not None:
                found.append(times(peaks.values[:, place : place + 1], upper))
            else:
                found.append(upper)
        return found

    def _reached(self, values: IntArray, span: tuple[int, int], upper: IntArray | int | None) -> IntArray:
        """Of each interval of a part: how much of it lies below the upper end of a step."""
        so_far = running_total(values[:, span[0] : span[1]], 1)
        if upper is not None:
            so_far = np.minimum(so_far, upper)
        return np.diff(so_far, axis=1, prepend=np.zeros_like(so_far[:, :1]))

    def _amounts(self, usage: Usage) -> Exact:
        """(A, N) of all streams together, in the component's unit."""
        parts = []
        for counted in self.streams:
            stream = usage.streams[counted.place]
            check_width(stream, counted.cells)
            wholes = counted.factors
            by_column = wholes if isinstance(wholes, int) else wholes[np.maximum(counted.cells, 0)]
            parts.append(Exact(times(stream.amounts.astype(np.int64), by_column), counted.scale))
        return parts[0] if len(parts) == 1 else _sum(parts)


def running_of(
    component: Component, usage: Usage, streams: Sequence[Counted], parts: Sequence[Segment], bands: int
) -> Running | None:
    """None where the component's steps have no running total.

    Refuses (RTG114) streams with intervals of different lengths, whose order says nothing.
    """
    if component.steps.scope != "running" or bands == 1:
        return None
    if len({usage.streams[stream.place].minutes for stream in streams}) > 1:
        hint = "Let the steps be shared, or bring the registers to one length of interval"
        raise Refused(Problem("RTG114", "Intervals of different lengths", component.code, hint))
    part = np.where(streams[0].cells < 0, -1, streams[0].cells // bands)
    spans = []
    for place in range(len(parts)):
        columns = np.flatnonzero(part == place)
        spans.append((int(columns[0]), int(columns[-1]) + 1))
    return Running(tuple(streams), tuple(spans), bands)


def _sum(parts: Sequence[Exact]) -> Exact:
    scale = common_scale(part.scale for part in parts)
    values = [rescale(part, scale).values for part in parts]
    return Exact(np.sum(values, axis=0), scale)
