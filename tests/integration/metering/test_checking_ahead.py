"""Registers that a file has left are checked while it is still being loaded, and nothing is found otherwise."""

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.metering.town import DAY, Town, day_row, make_town
from submeter.core.caller import Caller
from submeter.db.database import Database
from submeter.metering.checking import Checked, check_intervals
from submeter.metering.checking_ahead import Ahead
from submeter.metering.model import DayRow
from submeter.metering.selecting import Selection

_names = (f"60030{number:05}" for number in itertools.count())
GAP: list[int | None] = [100] * 20 + [None, None] + [100] * 26


@pytest.fixture(scope="module")
def town(module_database: Database) -> Town:
    return make_town(module_database, ())


def homes(town: Town, count: int) -> list[str]:
    """New homes for each example."""
    names = list(itertools.islice(_names, count))
    for name in names:
        town.add_home(name)
    return names


def findings(town: Town, names: list[str]) -> list[tuple[Any, ...]]:
    query = """select register_id, code, day, first, last, detail from submeter.interval_findings
        where register_id = any (%s) and status = 'open' order by 1, 2, 3, 4"""
    return town.rows(query, [town.registers[name] for name in names])


def due(town: Town) -> Any:
    return town.value("select count(*) from submeter.interval_checks_due")


def test_what_the_file_has_left_is_checked_while_it_goes_on(town: Town) -> None:
    names = homes(town, 4)
    seen: list[bool] = []

    def rows() -> Iterator[DayRow]:
        for name in names:
            yield from (day_row(name, GAP, DAY + timedelta(n)) for n in range(3))
        deadline = time.monotonic() + 60
        while not findings(town, names[:1]) and time.monotonic() < deadline:
            time.sleep(0.02)
        seen.append(bool(findings(town, names[:1])))
        yield day_row(names[-1], GAP, DAY + timedelta(3))

    report = town.load(rows, chunk_rows=3)
    assert seen == [True]
    assert report.counts["suspect"] == 13
    assert (len(findings(town, names)), due(town)) == (13, 0)


def test_nothing_is_checked_ahead_that_nobody_wants_checked(town: Town) -> None:
    names = homes(town, 3)
    town.load(
        [day_row(name, GAP, DAY + timedelta(n)) for name in names for n in range(3)],
        chunk_rows=3,
        check=False,
    )
    assert (findings(town, names), due(town)) == ([], 3)
    town.load([day_row(names[0], GAP, DAY + timedelta(5))])
    assert due(town) == 0


def test_an_import_that_breaks_off_leaves_due_what_is_not_checked(town: Town) -> None:
    names = homes(town, 3)

    def rows() -> Iterator[DayRow]:
        for name in names:
            yield from (day_row(name, GAP, DAY + timedelta(n)) for n in range(3))
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        town.load(rows, content=b"breaks off", chunk_rows=3)
    town.load(
        lambda: [day_row(name, GAP, DAY + timedelta(n)) for name in names for n in range(3)],
        content=b"breaks off",
        chunk_rows=3,
    )
    assert (len(findings(town, names)), due(town)) == (9, 0)


Cells = st.sampled_from([100, 0, -5, 3000])


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_in_whatever_order_the_days_come_all_is_found(town: Town, data: st.DataObject) -> None:
    names = homes(town, 3)
    wanted = [(name, number) for name in names for number in range(4)]
    order = data.draw(
        st.one_of(st.just(wanted), st.just(sorted(wanted, key=lambda one: one[1])), st.permutations(wanted))
    )
    rows = [
        day_row(name, [*[100] * 20, data.draw(Cells), *[100] * 27], DAY + timedelta(2 * number))
        for name, number in order
    ]
    town.load(rows, chunk_rows=data.draw(st.integers(1, 5)))
    found = findings(town, names)
    assert due(town) == 0
    for name in names:
        check_intervals(town.database, town.operator, Selection(name))
    assert findings(town, names) == found


class Worker:
    """Notes what it would do."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def submit(self, _: Callable[..., Any], work: "partial[Checked]") -> Future[Checked]:
        self.asked.append(work.args[-1])
        done: Future[Checked] = Future()
        done.set_result(Checked(found=1))
        return done


def ahead(*chunks: str) -> tuple[list[set[UUID]], int]:
    """What is checked ahead where chunks have these registers, each named by a digit; and how much is found."""
    worker = Worker()
    checks = Ahead(cast("Database", None), Caller("operator"), cast("Any", worker))
    for chunk in chunks:
        checks.stored({UUID(int=int(one)) for one in chunk})
    return [{one.int for one in some} for some in worker.asked], checks.done().found  # type: ignore[misc]


def test_a_register_is_checked_once_the_next_chunk_is_without_it() -> None:
    assert ahead("12", "23", "3", "45") == ([{1}, {2}, {3}], 3)


def test_a_file_that_comes_back_to_a_register_is_checked_at_its_end() -> None:
    assert ahead("12", "34", "12", "34") == ([{1, 2}], 1)
    assert ahead("12", "12", "12") == ([], 0)
    assert ahead("1", "", "2", "1", "3") == ([{1}], 1)
