"""Registers in their places, and what of them may be told: beside each step looked at alone."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.metering.series import Series
from submeter.metering.value_sight import Sight
from submeter.metering.virtual_values import Definition, Grid, Place, evaluate, steps_in_place

KEYS = [UUID(int=n) for n in (1, 2)]
SUM = UUID(int=9)
# The hour that is there twice is in it.
NOON = datetime(2026, 10, 24, 12, tzinfo=UTC)
moment = st.builds(lambda seconds: NOON + timedelta(seconds=seconds), st.integers(0, 86400 * 2))


@st.composite
def places(draw: st.DrawFn) -> Place:
    start, end = draw(moment), draw(st.none() | moment)
    return Place(draw(st.sampled_from(KEYS)), draw(st.sampled_from((1, -1))), start, end)


grids = st.builds(
    Grid,
    st.just(date(2026, 10, 24)),
    st.just(date(2026, 10, 27)),
    st.just("Europe/London"),
    st.sampled_from((5, 30, 60)),
)


def amount(key: UUID, step: int) -> int:
    return 1000 * KEYS.index(key) + step + 1


def leaf_of(grid: Grid):  # type: ignore[no-untyped-def]
    def leaf(key: UUID) -> Series:
        values = np.array([amount(key, n) for n in range(grid.count)], np.int64)
        return Series(grid.starts, grid.minutes, 0, values, np.ones(grid.count, np.bool_))

    return leaf


def lies_in(place: Place, grid: Grid, step: int, *, whole: bool) -> bool:
    begins = datetime.fromtimestamp((grid.starts + step * grid.minutes) * 60, UTC)
    ends = begins + timedelta(minutes=grid.minutes)
    last = ends if whole else begins + timedelta(microseconds=1)
    return place.start_at <= begins and (place.end_at is None or last <= place.end_at)


@given(grids, st.lists(places(), min_size=1, max_size=4), st.booleans())
def test_each_step_is_the_sum_of_what_is_in_its_place_then(
    grid: Grid, some: list[Place], whole: bool
) -> None:
    asked = Definition("places", places=tuple(some), whole_steps=whole)
    there = [[one for one in some if lies_in(one, grid, n, whole=whole)] for n in range(grid.count)]
    series = evaluate(SUM, {SUM: asked}, leaf_of(grid), grid)
    assert series.values.tolist() == [
        sum(one.sign * amount(one.register_id, n) for one in here) for n, here in enumerate(there)
    ]
    assert steps_in_place(asked, grid).tolist() == [bool(here) for here in there]


@given(st.lists(places(), max_size=3), st.lists(places(), max_size=3), moment)
def test_of_places_that_is_told_which_lies_in_the_own_spans(
    some: list[Place], spans: list[Place], at: datetime
) -> None:
    """Moment by moment: each place counts as often as an own span of its register is there too."""

    def there(one: Place) -> bool:
        return one.start_at <= at and (one.end_at is None or at < one.end_at)

    cut = Sight(Caller("operator"), tuple(spans)).cut(some)
    told = sorted((one.register_id, one.sign) for one in cut if there(one))
    assert told == sorted(
        (one.register_id, one.sign)
        for one in some
        for span in spans
        if one.register_id == span.register_id and there(one) and there(span)
    )
    assert all(one.end_at is None or one.start_at < one.end_at for one in cut if there(one))
    assert Sight(Caller("operator"), None).cut(some) == tuple(some)


@given(st.lists(moment, min_size=1, max_size=4, unique=True), grids)
def test_whoever_follows_each_other_share_no_step(moves: list[datetime], grid: Grid) -> None:
    edges = [datetime(2000, 1, 1, tzinfo=UTC), *sorted(moves), None]
    spans = [grid.inside(start, end) for start, end in pairwise(edges) if start]
    told = [n for span in spans for n in range(span.start, span.stop)]
    assert told == sorted(set(told))
    assert len(told) >= grid.count - len(moves)


def test_a_day_is_told_where_all_of_it_is_within() -> None:
    days = Grid(date(2026, 10, 24), date(2026, 10, 28), "Europe/London", 1440)
    begins = datetime(2026, 10, 25, 23, tzinfo=UTC)  # an hour before local midnight
    assert days.inside(begins, None) == slice(2, 4)
    assert days.inside(begins + timedelta(hours=1), begins + timedelta(hours=25)) == slice(2, 3)
    assert days.inside(begins, begins + timedelta(hours=24)) == slice(2, 2)


def test_what_is_wrong_with_parts_is_told_to_staff() -> None:
    wrong = Refused(Problem("MTR341", "The dial went back", "12 after 13", "Look"))
    for spans, code, detail in ((None, "MTR341", "12 after 13"), ((), "NET129", "")):
        with pytest.raises(Refused) as told, Sight(Caller("operator"), spans).discreetly():
            raise wrong
        assert (told.value.problem.code, told.value.problem.detail) == (code, detail)
