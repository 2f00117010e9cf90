"""Sums and peaks of many intervals by bucket, a row for each agreement.

What depends on time alone, which interval belongs to which bucket, is worked out once (`Buckets`). Runs of
neighbours in one bucket are summed as they lie in memory; only their sums are put in order.
"""

from typing import NamedTuple

import numpy as np

from submeter.rating.model import IntArray

__all__ = ["Buckets", "bucket_peaks", "bucket_sums", "buckets_of", "run_sums"]


_BLOCK = 128
"""Agreements that are summed at a time."""


class Buckets(NamedTuple):
    """How columns fall into `width` buckets."""

    width: int
    runs: IntArray
    """The column at which each run begins."""
    order: IntArray
    """The runs that count, those of one bucket together."""
    bounds: IntArray
    """Where each bucket begins among them."""
    present: IntArray
    """The buckets that have any."""


def buckets_of(index: IntArray, width: int) -> Buckets:
    """`index` names the bucket of each column; columns below 0 count for nothing."""
    runs = np.flatnonzero(np.diff(index, prepend=index[0] - 1)) if index.size else np.zeros(0, np.int64)
    ids = index[runs]
    order = np.argsort(ids, kind="stable")
    order = order[ids[order] >= 0]
    sorted_ids = ids[order]
    present, bounds = np.unique(sorted_ids, return_index=True)
    return Buckets(width, runs, order, bounds, present)


def bucket_sums(amounts: IntArray, buckets: Buckets) -> IntArray:
    """(A, N) to (A, width). `amounts` must be small enough that N of them fit int64: 32-bit numbers are."""
    return _reduce(np.add, amounts, buckets)


def bucket_peaks(amounts: IntArray, buckets: Buckets) -> IntArray:
    """The greatest of each bucket, and 0 at least: (A, N) to (A, width)."""
    return np.maximum(_reduce(np.maximum, amounts, buckets), 0)


def run_sums(amounts: IntArray, buckets: Buckets) -> IntArray:
    """(A, N) to (A, runs): what each run comes to, in the order of time, also runs that count for nothing."""
    kind = object if amounts.dtype == object else np.int64
    return _runs(np.add, amounts, buckets.runs, kind)


def _reduce(how: np.ufunc, amounts: IntArray, buckets: Buckets) -> IntArray:
    kind = object if amounts.dtype == object else np.int64
    if not len(buckets.order):
        return np.zeros((amounts.shape[0], buckets.width), kind)
    by_run = _runs(how, amounts, buckets.runs, kind)
    found = how.reduceat(by_run[:, buckets.order], buckets.bounds, axis=1)
    if len(buckets.present) == buckets.width:
        return found
    full = np.zeros((amounts.shape[0], buckets.width), kind)
    full[:, buckets.present] = found
    return full


def _runs(how: np.ufunc, amounts: IntArray, runs: IntArray, kind: type) -> IntArray:
    """Run by run, a few agreements at a time: widened at once they would not stay in the processor's cache.

    Half the time of one call for all, of 20,000 agreements with a month of half-hours.
    """
    if how is np.maximum:
        return how.reduceat(amounts, runs, axis=1).astype(kind)
    blocks = [
        how.reduceat(amounts[first : first + _BLOCK].astype(kind), runs, axis=1)
        for first in range(0, len(amounts), _BLOCK)
    ]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
