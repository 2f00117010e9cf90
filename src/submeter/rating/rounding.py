"""Lines rounded to money: each by itself, or as shares of one price that add up to its rounded whole."""

from collections.abc import Sequence

import numpy as np

from submeter.rating.exact import round_half_up, running_total
from submeter.rating.model import Exact, IntArray

__all__ = ["round_lines"]


def round_lines(amounts: Exact, decimals: int, shares: Sequence[Sequence[int]]) -> IntArray:
    """(A, L) in units of 10^-`decimals`. `shares` are groups of lines that are shares of one price.

    The first of them are rounded, and each next one is what is missing from the rounded sum so far.
    """
    rounded = round_half_up(amounts, decimals)
    for places in shares:
        sums = running_total(amounts.values[:, places], 1)
        until = round_half_up(Exact(sums, amounts.scale), decimals)
        rounded[:, places] = np.diff(until, axis=1, prepend=np.zeros_like(until[:, :1]))
    return rounded
