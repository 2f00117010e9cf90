"""Sharing a whole by weights so that nothing is lost: the method of the largest remainder."""

from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation

__all__ = ["EXACT", "apportion", "apportion_amount"]

EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
"""Arithmetic that stops rather than round."""


def apportion(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`total` in whole parts that stand to each other as `weights` do. Their sum is `total`.

    Each part is less than 1 from its exact share. What is left after cutting goes, 1 at a time, to the
    largest remainders, the earlier first where they are equal. Weights that are all zero share equally.
    """
    assert weights, "nobody to share among"
    assert min(weights) >= 0, "a weight is negative"
    if total < 0:
        return tuple(-part for part in apportion(-total, weights))
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    cut = [divmod(total * weight, whole) for weight in weights]
    left = total - sum(part for part, _ in cut)
    first = sorted(range(len(cut)), key=lambda place: -cut[place][1])[:left]
    parts = [part for part, _ in cut]
    for place in first:
        parts[place] += 1
    return tuple(parts)


def apportion_amount(total: Decimal, weights: Sequence[int], decimals: int) -> tuple[Decimal, ...]:
    """The same for an amount, in parts of `decimals` places; `total` must not have more."""
    scaled = total.scaleb(decimals, EXACT)
    assert scaled == int(scaled), f"{total} has more than {decimals} decimals"
    return tuple(Decimal(part).scaleb(-decimals, EXACT) for part in apportion(int(scaled), weights))
