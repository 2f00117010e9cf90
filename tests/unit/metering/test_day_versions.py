"""A day of intervals, changed in parts."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.core.problem import Refused
from submeter.metering.day_versions import (
    OURS,
    Change,
    Kind,
    changed,
    filled_here,
    kinds_of,
    measured_cells,
    measured_only,
    missing_cells,
    sum_of,
)
from submeter.metering.model import MISSING, DayRow, QualityRange, Stream

STREAM = Stream("nmi", "6001000001", "E1")


def day_row(values: list[int], **more: Any) -> DayRow:
    amounts = np.array(values, "<i4").tobytes()
    row = DayRow(STREAM, date(2026, 3, 5), "UTC", 30, 3, amounts, "A", (), None, 1)
    return row._replace(**more)


Kinds = st.sampled_from([Kind("A"), Kind("S", "14", "76", "like day"), Kind("F", "18", "0", "x"), Kind("N")])


@given(
    parts=st.lists(
        st.tuples(
            st.integers(1, 48),
            st.lists(st.one_of(st.none(), st.integers(-999, 999)), min_size=1, max_size=48),
            st.integers(0, 5),
            Kinds,
        ),
        max_size=4,
    )
)
def test_a_changed_day_has_the_changes_and_else_what_it_had(parts: list[Any]) -> None:
    row = day_row(list(range(48)))
    changes = [
        Change(first, amounts[: 49 - first], decimals, kind) for first, amounts, decimals, kind in parts
    ]
    expected: list[tuple[Decimal | None, Kind]] = [(Decimal(n).scaleb(-3), Kind("A")) for n in range(48)]
    for change in changes:
        for place, amount in enumerate(change.amounts):
            value = None if amount is None else Decimal(amount).scaleb(-change.decimals)
            expected[change.first - 1 + place] = (value, change.kind)
    new = changed(row, changes, exact=True)
    values = [
        None if one == -(2**31) else Decimal(one).scaleb(-new.decimals)
        for one in np.frombuffer(new.amounts, "<i4").tolist()
    ]
    assert list(zip(values, kinds_of(new), strict=True)) == expected
    assert (new.quality == "V") == (len({kind.quality for _, kind in expected}) > 1)


def test_what_was_measured_what_is_missing_and_what_was_filled_here() -> None:
    ranges = (
        QualityRange(1, 2, "A"),
        QualityRange(3, 3, "S", "14", "76", f"{OURS}like day"),
        QualityRange(4, 48, "F", "53", "1"),
    )
    row = day_row([1, MISSING, 3, *[4] * 45], quality="V", ranges=ranges)
    assert np.nonzero(measured_cells(row))[0].tolist() == [0]
    assert np.nonzero(missing_cells(row))[0].tolist() == [1]
    assert np.nonzero(filled_here(row))[0].tolist() == [2]
    assert np.frombuffer(measured_only(row).amounts, "<i4").tolist() == [1, *[MISSING] * 47]
    assert (sum_of(row, 1, 3), sum_of(row, 2, 2)) == (4, None)


def test_one_kind_needs_no_ranges() -> None:
    row = changed(day_row([1] * 48), [Change(1, [None] * 48, 0, Kind("N"))], exact=True)
    assert (row.quality, row.ranges, sum_of(row, 1, 48)) == ("N", (), None)


@pytest.mark.parametrize(("amount", "rounded"), [(15, 2), (25, 2), (26, 3), (-15, -2), (14, 1)])
def test_what_does_not_fit_is_rounded_or_refused(amount: int, rounded: int) -> None:
    row = day_row([2 * 10**9] * 48, decimals=0)
    change = Change(1, [amount], 1, Kind("S", "17"))
    new = changed(row, [change], exact=False)
    assert (new.decimals, np.frombuffer(new.amounts, "<i4")[0]) == (0, rounded)
    with pytest.raises(Refused, match="MTR407"):
        changed(row, [change], exact=True)
