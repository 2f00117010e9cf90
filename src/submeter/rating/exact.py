"""Arithmetic of whole numbers in arrays that never overflows and never rounds but where it says so.

Before a product is formed the greatest values are looked at; where int64 could overflow, the arrays become
arrays of Python's own integers, which are slower and have no bound.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm

import numpy as np

from submeter.rating.model import Exact, IntArray

__all__ = [
    "add",
    "common_scale",
    "gains",
    "greatest",
    "muldiv",
    "narrow",
    "product",
    "rescale",
    "round_half_up",
    "running_total",
    "scaled_factors",
    "times",
    "wide_sum",
]

_LIMIT = 1 << 62
_NEAR = 1 << 50


def greatest(values: IntArray) -> int:
    """The greatest absolute value; 0 of nothing."""
    if not values.size:
        return 0
    return max(int(np.maximum.reduce(values, axis=None)), -int(np.minimum.reduce(values, axis=None)))


def times(values: IntArray, factors: IntArray | int) -> IntArray:
    """The product, element by element."""
    bound = abs(factors) if isinstance(factors, int) else greatest(factors)
    if bound == 1 and isinstance(factors, int):
        return values if factors == 1 else -values
    if greatest(values) * bound < _LIMIT and bound < _LIMIT:
        return values * factors
    wide: IntArray = values.astype(object) * (factors if isinstance(factors, int) else factors.astype(object))
    return wide


def narrow(values: IntArray) -> IntArray:
    """Python's integers as int64 again where they fit."""
    return values.astype(np.int64) if values.dtype == object and greatest(values) < _LIMIT else values


def wide_sum(values: IntArray, axis: int) -> IntArray:
    """The sum along an axis; of Python's integers where int64 could overflow."""
    if values.dtype != object and greatest(values) * max(values.shape[axis], 1) >= _LIMIT:
        values = values.astype(object)
    return np.asarray(values.sum(axis=axis))


def running_total(values: IntArray, axis: int) -> IntArray:
    """The sums so far along an axis; of Python's integers where int64 could overflow."""
    if values.dtype != object and greatest(values) * max(values.shape[axis], 1) >= _LIMIT:
        values = values.astype(object)
    return np.asarray(values.cumsum(axis=axis))


def common_scale(scales: Iterable[Fraction]) -> Fraction:
    """The greatest scale of which all are whole multiples."""
    return _common(tuple((scale.numerator, scale.denominator) for scale in scales))


# The same few scales come again with each batch, and arithmetic of fractions is slow.
@lru_cache(maxsize=1 << 12)
def _common(scales: tuple[tuple[int, int], ...]) -> Fraction:
    over = under = 0
    for above, below in scales:
        if not under:
            over, under = above, below
        else:
            shared = lcm(under, below)
            over = gcd(over * (shared // under), above * (shared // below))
            under = shared
    return Fraction(over, under) if over else Fraction(1)


def product(scale: Fraction, factor: Fraction) -> Fraction:
    """Their product."""
    return _product(scale.numerator, scale.denominator, factor.numerator, factor.denominator)


@lru_cache(maxsize=1 << 12)
def _product(over: int, under: int, by: int, through: int) -> Fraction:
    return Fraction(over * by, under * through)


@lru_cache(maxsize=1 << 12)
def _ratio(over: int, under: int, by: int, through: int) -> int:
    ratio = Fraction(over * through, under * by)
    assert ratio.denominator == 1, "the scale does not divide"
    return int(ratio)


def rescale(amount: Exact, scale: Fraction) -> Exact:
    """The same amounts in a scale of which the old one is a whole multiple."""
    if amount.scale is scale:
        return amount
    old = amount.scale
    ratio = _ratio(old.numerator, old.denominator, scale.numerator, scale.denominator)
    return Exact(times(amount.values, ratio), scale)


def add(amounts: Sequence[Exact]) -> Exact:
    """Their sum, element by element, in a scale that fits all."""
    if len(amounts) == 1:
        return amounts[0]
    scale = common_scale(amount.scale for amount in amounts)
    parts = [rescale(amount, scale).values for amount in amounts]
    if sum(greatest(part) for part in parts) >= _LIMIT:
        parts = [part.astype(object) for part in parts]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return Exact(total, scale)


def scaled_factors(factors: Sequence[Fraction]) -> tuple[IntArray | int, Fraction]:
    """Fractions as whole numbers and a scale; one number where all are alike."""
    scale = common_scale(factor for factor in factors if factor)
    wholes = [int(factor / scale) for factor in factors]
    if len(set(wholes)) == 1:
        return wholes[0], scale
    fits = max(map(abs, wholes)) < _LIMIT
    return np.array(wholes, np.int64 if fits else object), scale


def round_half_up(amount: Exact, decimals: int) -> IntArray:
    """In units of 10^-`decimals`, half away from zero: 0.125 is 0.13, and -0.125 is -0.13.

    This is the one place where money is rounded.
    """
    unit = product(amount.scale, Fraction(10**decimals))
    doubled = times(np.abs(amount.values), 2 * unit.numerator)
    if unit.denominator >= _LIMIT // 2:  # nothing of a very fine scale is still int64, its half is not
        doubled = doubled.astype(object)
    rounded = (doubled + unit.denominator) // (2 * unit.denominator)
    return narrow(np.where(amount.values < 0, -rounded, rounded))


def muldiv(a: IntArray, b: IntArray, c: IntArray) -> IntArray:
    """The floor of a x b / c, element by element, exactly; 0 where c is 0. Sizes as broadcast.

    The quotient of floats is near; what it misses by is found in int64, where products may wrap around but
    a small difference of two products does not.
    """
    a, b, c = np.broadcast_arrays(a, b, c)
    if any(part.dtype == object or greatest(part) >= _NEAR for part in (a, b, c)):
        return _muldiv_wide(a, b, c)
    safe = np.where(c == 0, 1, c)
    near = np.floor(a.astype(float) * b.astype(float) / safe)
    if near.size and float(np.abs(near).max()) >= _NEAR:
        return _muldiv_wide(a, b, c)
    quotient = near.astype(np.int64)
    quotient += (a * b - quotient * safe) // safe
    return np.where(c == 0, 0, quotient)


def _muldiv_wide(a: IntArray, b: IntArray, c: IntArray) -> IntArray:
    rows = zip(a.ravel().tolist(), b.ravel().tolist(), c.ravel().tolist(), strict=True)
    found = [x * y // z if z else 0 for x, y, z in rows]
    return narrow(np.array(found, object).reshape(a.shape))


def gains(values: IntArray, axis: int) -> IntArray:
    """By how much each is more than the one before it along an axis; the first as it is."""
    found = values.copy()
    place = (slice(None),) * axis
    found[(*place, slice(1, None))] -= values[(*place, slice(None, -1))]
    return found
