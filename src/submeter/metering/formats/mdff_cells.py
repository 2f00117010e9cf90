"""The interval values of many 300 rows at once, as exact whole numbers.

A row has 48 to 288 values and a file has millions, so a cell costs no Python object: the rows are laid end to
end, NumPy finds the commas and the points, and eight digits are read with one load and three multiplications.
Every step is in whole numbers. Rows that are in any way unusual (a sign, a blank, a quote, a second point, a
value too large) are only marked; `nem12_day` reads them one by one and can say what is wrong.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from submeter.metering.model import MISSING

__all__ = ["LARGEST", "Cells", "read_cells"]

LARGEST = 2**31 - 1
"""The largest amount of an interval, in units of its last decimal."""

_PADDING = b"\n" * 16  # so that 16 bytes can be loaded before any comma
_MOST_DIGITS = 16
_POWERS = 10 ** np.arange(19, dtype=np.int64)
_LAST = np.array([2**64 - 2 ** (8 * (8 - n)) for n in range(9)], dtype=np.uint64)
"""For a number of digits: the mask of so many of the last of eight bytes."""

Numbers = NDArray[np.int64]
Words = NDArray[np.uint64]


class Cells(NamedTuple):
    """The values of rows that all have `count` of them."""

    amounts: bytes
    """Little-endian 32-bit, `count` for each row; whole numbers of 10^-decimals."""
    decimals: list[int]
    """The most decimals that a value of the row has."""
    ends: list[int]
    """Where in the row the comma after the last value stands."""
    plain: list[bool]
    """False where the row needs another look; nothing of it is to be used."""


class _Fields(NamedTuple):
    """What ends at each comma of a text, cells or not."""

    ends: Numbers
    points: Numbers
    digits: Numbers
    decimals: Numbers


def read_cells(rows: Sequence[bytes], count: int) -> Cells:
    """The first `count` values of each row `300,YYYYMMDD,v1,...`, which has `count` + 2 commas or more."""
    text = _PADDING + b"\n".join(rows)
    fields = _fields(np.frombuffer(text, np.uint8))
    values, plain = _values(text.translate(None, b"."), fields)
    starts = _starts(rows)
    cells = np.searchsorted(fields.ends, starts)[:, None] + np.arange(2, count + 2)
    amounts, decimals, fits = _to_one_scale(values[cells], fields.digits[cells], fields.decimals[cells])
    ends = fields.ends[cells[:, -1]] - starts
    return Cells(amounts, decimals.tolist(), ends.tolist(), (plain[cells].all(axis=1) & fits).tolist())


def _fields(text: NDArray[np.uint8]) -> _Fields:
    marks = np.flatnonzero((text & 0xFD) == ord(","))  # commas and points differ in this one bit
    commas = np.flatnonzero(text[marks] == ord(","))
    ends = marks[commas]
    points = np.diff(commas, prepend=-1) - 1
    digits = np.diff(ends, prepend=0) - 1 - points
    decimals = (ends - marks[commas - 1] - 1) * (points > 0)
    return _Fields(ends, points, digits, decimals)


def _starts(rows: Sequence[bytes]) -> Numbers:
    """Where each row begins in the text."""
    lengths = np.fromiter(map(len, rows), np.int64, len(rows)) + 1
    return np.cumsum(lengths) - lengths + len(_PADDING)


def _values(text: bytes, fields: _Fields) -> tuple[Numbers, NDArray[np.bool_]]:
    """The number in each field of a text without its points, and whether it is one."""
    ends = fields.ends - np.cumsum(fields.points)
    digits = fields.digits
    words = np.ndarray(len(text) - 7, "<u8", text, strides=(1,))
    values, plain = _eight_digits(words[ends - 8], digits.clip(0, 8))
    longer = np.flatnonzero(digits > 8)
    if len(longer):
        upper, good = _eight_digits(words[ends[longer] - 16], (digits[longer] - 8).clip(0, 8))
        values[longer] += upper * 10**8
        plain[longer] &= good
    plain &= (fields.points <= 1) & (digits >= fields.points) & (digits <= _MOST_DIGITS)
    return values, plain


def _eight_digits(words: Words, digits: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """The last so many of eight ASCII digits, the first in the lowest byte: pairs, then fours, then all."""
    mask = _LAST[digits]
    words &= mask
    zeros = mask & np.uint64(0x3030303030303030)
    words ^= zeros
    plain = ((words + (mask & np.uint64(0x0606060606060606))) | words) & np.uint64(0xF0F0F0F0F0F0F0F0) == 0
    for width, upper in ((8, 0x00FF00FF00FF00FF), (16, 0x0000FFFF0000FFFF), (32, 0x00000000FFFFFFFF)):
        words *= np.uint64(10 ** (width // 8) * 2**width + 1)
        words >>= np.uint64(width)
        words &= np.uint64(upper)
    return words.view(np.int64), plain


def _to_one_scale(
    values: Numbers, digits: Numbers, decimals: Numbers
) -> tuple[bytes, Numbers, NDArray[np.bool_]]:
    """The rows as amounts, the decimals of each row, and whether its amounts fit."""
    most = decimals.max(axis=1)
    zeros = most[:, None] - decimals
    fits = (digits + zeros).max(axis=1) <= 18
    if zeros.any():
        values *= _POWERS[zeros.clip(0, len(_POWERS) - 1)]
    fits &= values.max(axis=1) <= LARGEST
    values[digits == 0] = MISSING
    return values.astype("<i4").tobytes(), most, fits
