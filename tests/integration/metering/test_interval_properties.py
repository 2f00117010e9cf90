"""What holds after any sequence of loads, edits and estimates, in any order."""

import contextlib
import itertools
import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.metering.town import DAY, MADE, Town, day_row, make_town
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.metering.checking import check_due, check_intervals
from submeter.metering.editing import Edit, edit_intervals
from submeter.metering.estimating import estimate_intervals
from submeter.metering.explaining import explain_interval
from submeter.metering.filling import EstimateOptions
from submeter.metering.model import DayRow
from submeter.metering.selecting import Selection

_names = (f"60020{number:05}" for number in itertools.count())
SPRING = date(2026, 4, 3)  # clocks go back in Melbourne on the 5th
LONDON = "Europe/London"
_slow = settings(
    max_examples=100 if os.environ.get("SUBMETER_PROVE") else 12, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def town(module_database: Database) -> Town:
    return make_town(module_database, ())


def home(town: Town) -> str:
    """A new home for each example."""
    name = next(_names)
    town.add_home(name)
    return name


Values = st.lists(st.one_of(st.none(), st.integers(0, 900), st.integers(0, 900)), min_size=48, max_size=48)


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Loads of days (some with gaps), edits and estimates."""
    kinds = draw(
        st.lists(st.sampled_from(["load", "load", "edit", "estimate", "replace"]), min_size=2, max_size=7)
    )
    found: list[tuple[Any, ...]] = []
    for number, kind in enumerate(kinds):
        day = SPRING + timedelta(draw(st.integers(0, 4)))
        if kind == "load":
            found.append((kind, number, day, draw(Values)))
        elif kind == "edit":
            slot = draw(st.integers(0, 47))
            amounts = draw(
                st.lists(st.one_of(st.none(), st.decimals(0, 9, places=4)), min_size=1, max_size=5)
            )
            found.append((kind, day, slot, amounts))
        else:
            found.append((kind, day))
    return found


def perform(town: Town, name: str, step: tuple[Any, ...]) -> None:
    with contextlib.suppress(Refused):
        if step[0] == "load":
            _, number, day, values = step
            row = day_row(name, values, day, line=number + 1)
            town.load([row], made=MADE + timedelta(number), name=f"{number}")
        elif step[0] == "edit":
            _, day, slot, amounts = step
            at = (
                datetime.combine(day, datetime.min.time(), UTC)
                + timedelta(minutes=30 * slot)
                - timedelta(hours=10)
            )
            edit_intervals(town.database, town.operator, Edit(name, at, amounts, "seen"))
        else:
            whole = (
                Selection(name)
                if step[0] == "estimate"
                else Selection(name, first=step[1], end=step[1] + timedelta(1))
            )
            options = EstimateOptions(reason="ct", replace_measured=step[0] == "replace")
            estimate_intervals(town.database, town.operator, whole, options)


def amounts_in(town: Town, name: str) -> list[tuple[datetime, Decimal]]:
    """Every known interval, from the stored bytes."""
    found = []
    for starts_at, decimals, amounts in town.rows(
        "select starts_at, decimals, submeter.decode_amounts(amounts) from submeter.register_intervals where register_id = %s",
        town.registers[name],
    ):
        found += [
            (starts_at + timedelta(minutes=30 * place), Decimal(amount).scaleb(-decimals))
            for place, amount in enumerate(amounts)
            if amount is not None
        ]
    return found


@pytest.mark.proof
@_slow
@given(done=steps())
def test_days_and_months_are_the_sums_of_their_intervals(town: Town, done: list[tuple[Any, ...]]) -> None:
    name = home(town)
    for step in done:
        perform(town, name, step)
    known = amounts_in(town, name)
    register = town.registers[name]
    circuit = town.value("select circuit_id from submeter.circuit_registers where register_id = %s", register)
    for zone, clock in (("Australia/Melbourne", "billing"), ("Etc/GMT-10", "Etc/GMT-10"), (LONDON, LONDON)):
        expected = sums(town, zone, known)
        totals = "select starts_on, kwh from public.interval_totals('2026-03-01', '2026-05-01', {} => %s, clock => %s)"
        assert dict(town.rows(totals.format("register"), register, clock)) == expected
        assert dict(town.rows(totals.format("circuit"), circuit, clock)) == expected
    expected = sums(town, "Australia/Melbourne", known)
    months: Counter[date] = Counter()
    for day, kwh in expected.items():
        months[day.replace(day=1)] += kwh  # type: ignore[assignment]
    for place, key in (("register", register), ("circuit", circuit)):
        column = "quantity" if place == "register" else "kwh"
        for step_name, values in (("day", expected), ("month", dict(months))):
            view = f"public.{place}_interval_{'daily' if step_name == 'day' else 'monthly'}"
            rows = town.rows(f"select {step_name}, {column} from {view} where {place}_id = %s", key)
            assert {day: kwh for day, kwh in rows if kwh} == {day: kwh for day, kwh in values.items() if kwh}
    halves = dict(
        town.rows('select "timestamp", kwh from public.register_interval_hh where register_id = %s', register)
    )
    assert halves == dict(known)


def sums(town: Town, zone: str, known: Sequence[tuple[datetime, Decimal]]) -> dict[date, Decimal]:
    found: dict[date, Decimal] = {}
    for at, kwh in known:
        day = at.astimezone(ZoneInfo(zone)).date()
        found[day] = found.get(day, Decimal(0)) + kwh
    return found


@pytest.mark.proof
@_slow
@given(done=steps(), slot=st.integers(0, 5 * 48 - 1))
def test_what_is_explained_as_standing_is_the_value_that_stands(
    town: Town, done: list[tuple[Any, ...]], slot: int
) -> None:
    name = home(town)
    at = (
        datetime.combine(SPRING, datetime.min.time(), UTC)
        - timedelta(hours=10)
        + slot * timedelta(minutes=30)
    )
    for step in done:
        perform(town, name, step)
    days = town.rows(
        "select day from submeter.register_intervals where register_id = %s", town.registers[name]
    )
    day = SPRING + timedelta(slot // 48)
    if (day,) not in days:
        return
    said = explain_interval(town.database, town.operator, name, at).versions
    assert [one.status for one in said].count("stands") == 1
    assert said[0].status == "stands"
    current = town.current(name, day)
    assert current
    rows = town.rows(
        'select kwh, quality from public.register_interval_hh where register_id = %s and "timestamp" = %s',
        town.registers[name],
        at,
    )
    assert (said[0].quantity is None) == (current[slot % 48] is None)
    assert rows == ([] if said[0].quantity is None else [(said[0].quantity, said[0].quality)])
    versions = town.value(
        "select count(*) from submeter.register_interval_versions where register_id = %s and day = %s",
        town.registers[name],
        day,
    )
    assert [one.status for one in said].count("replaced") == versions
    if said[0].made_by is None and said[0].quantity is not None:
        loaded = next(step for step in done if step[0] == "load" and step[1] + 1 == said[0].line)
        assert Decimal(loaded[3][slot % 48]) / 1000 == said[0].quantity


@pytest.mark.proof
@_slow
@given(data=st.data())
def test_estimates_and_actuals_in_any_order_end_in_the_same_values(town: Town, data: st.DataObject) -> None:
    """Three weeks, of some days of the last one nothing, a part, or all comes, between estimates."""
    base = [
        day_row("", [100 + 10 * n + slot for slot in range(48)], DAY + timedelta(n))
        for n in range(21)
        if n not in (9, 10)
    ]
    late: list[DayRow] = []
    for n in (9, 10, 11):
        for version in range(data.draw(st.integers(0, 2))):
            values = data.draw(Values)
            made = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(hours=version)
            late.append(day_row("", values, DAY + timedelta(n), version_at=made))
    orders = [data.draw(st.permutations([*late, *["estimate"] * 2])) for _ in range(2)]
    ends = []
    for order in orders:
        name = home(town)
        town.load([row._replace(stream=day_row(name).stream) for row in base])
        for step in [*order, "estimate"]:
            if step == "estimate":
                estimate_intervals(town.database, town.operator, Selection(name), EstimateOptions())
            else:
                town.load([step._replace(stream=day_row(name).stream)])  # type: ignore[union-attr]
        rows = town.rows(
            "select day, submeter.decode_amounts(amounts), decimals, quality from submeter.register_intervals where register_id = %s order by 1",
            town.registers[name],
        )
        ends.append(
            [
                (day, [None if one is None else Decimal(one).scaleb(-decimals) for one in amounts], quality)
                for day, amounts, decimals, quality in rows
            ]
        )
    assert ends[0] == ends[1]


@pytest.mark.proof
@_slow
@given(data=st.data())
def test_an_estimate_once_is_as_good_as_last(town: Town, data: st.DataObject) -> None:
    """A day that was estimated before its data came ends as one that was estimated after."""
    base = [
        day_row("", [100 + 10 * n + slot for slot in range(48)], DAY + timedelta(n))
        for n in range(21)
        if n != 11
    ]
    late = [
        day_row("", data.draw(Values), DAY + timedelta(11), version_at=datetime(2026, 6, 1, hour, tzinfo=UTC))
        for hour in range(data.draw(st.integers(1, 3)))
    ]
    ends = []
    for order in ([*late, "estimate"], data.draw(st.permutations([*late, "estimate"]))):
        name = home(town)
        town.load([row._replace(stream=day_row(name).stream) for row in base])
        for step in order:
            if step == "estimate":
                estimate_intervals(town.database, town.operator, Selection(name), EstimateOptions())
            else:
                town.load([step._replace(stream=day_row(name).stream)])  # type: ignore[union-attr]
        ends.append(
            (
                town.current(name, DAY + timedelta(11)),
                town.value(
                    "select ranges from submeter.register_intervals where register_id = %s and day = %s",
                    town.registers[name],
                    DAY + timedelta(11),
                ),
            )
        )
    assert ends[0] == ends[1]


@pytest.mark.proof
@_slow
@given(done=steps())
def test_checks_when_due_find_what_a_check_of_everything_finds(
    town: Town, done: list[tuple[Any, ...]]
) -> None:
    name = home(town)
    for step in done:
        perform(town, name, step)
        check_due(town.database, town.operator)
    query = "select code, day, first, last, detail from submeter.interval_findings where register_id = %s and status = 'open' order by 1, 2, 3"
    when_due = town.rows(query, town.registers[name])
    check_intervals(town.database, town.operator, Selection(name))
    assert town.rows(query, town.registers[name]) == when_due
