"""A file goes in: what becomes of its rows, again, in any order, in part, and when the meter comes later."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.metering.town import DAY, MADE, SERVICE, Town, amounts_of, day_row, days_from, make_town, nmi
from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering.actions import decide_waiting, list_waiting, retry_waiting
from submeter.metering.arrays import list_arrays
from submeter.metering.model import (
    MISSING,
    FileError,
    Finding,
    Item,
    QualityRange,
    Stream,
)

HOMES = ("6001000001", "6001000002")
HOME = HOMES[0]


@pytest.fixture
def town(database: Database) -> Town:
    return make_town(database, HOMES)


def codes(report: Any) -> dict[str, int]:
    return dict(report.codes)


# What the planner knows -----------------------------------------------------------------------------------------


def test_an_import_lets_the_planner_know_of_many_new_meters(town: Town) -> None:
    """Else each stream of a first import looks through all meters of the ESCO."""
    town.value(
        "insert into submeter.meters (esco_id, serial) select %s, 'S' || n from generate_series(1, 1000) n returning 1",
        town.esco_id,
    )
    known = "select reltuples >= 1000 from pg_class where oid = 'submeter.meters'::regclass"
    assert town.value(known) is False
    town.load([day_row(HOME)])
    assert town.value(known) is True
    with transaction(town.database, Caller("operator", town.esco_id)) as connection:
        row = connection.execute("select submeter.refresh_statistics()").fetchone()
    assert row == (0,)  # once is enough


# What is stored ------------------------------------------------------------------------------------------------


def test_a_day_is_stored_with_where_it_came_from(town: Town) -> None:
    values = [*range(46), None, -5]
    ranges = (QualityRange(1, 40, "A"), QualityRange(41, 48, "S", "14", "27", "meter failed"))
    report = town.load([day_row(HOME, values, quality="V", ranges=ranges, line=7)], name="march.csv")
    assert (report.status, report.counts["stored"], report.counts["values"], codes(report)) == (
        "loaded",
        1,
        48,
        {},
    )
    assert town.current(HOME) == values
    row = town.rows(
        "select total, missing, quality, ranges, line, clock, clocks, f.name, format, received_by, status"
        " from submeter.register_intervals i join submeter.import_files f on f.id = i.file_id"
    )[0]
    assert row[:3] == (sum(range(46)) - 5, 1, "V")
    assert row[3] == [list(part) for part in ranges]
    assert row[4:] == (7, "Etc/GMT-10", ["Etc/GMT-10"], "march.csv", "test", "operator", "loaded")
    assert town.value("select count(*) from public.register_interval_hh") == 47
    assert (
        town.value("select sum(kwh) from public.register_interval_hh") == Decimal(sum(range(46)) - 5) / 1000
    )
    assert town.rows(
        "select (\"timestamp\" at time zone 'Etc/GMT-10')::text from public.register_interval_missing"
    ) == [("2026-03-05 23:00:00",)]


@pytest.mark.parametrize("minutes", [1, 5, 10, 15, 30, 60])
def test_all_lengths_are_shown_as_half_hours_or_hours(town: Town, minutes: int) -> None:
    count = 1440 // minutes
    town.load([day_row(HOME, list(range(count)), minutes=minutes, decimals=0)])
    shown = town.rows('select kwh::int from public.register_interval_hh order by "timestamp"')
    share = max(1, 30 // minutes)
    assert [value for (value,) in shown] == [
        sum(range(first, first + share)) for first in range(0, count, share)
    ]


@pytest.mark.parametrize(("day", "count"), [(date(2026, 4, 5), 50), (date(2026, 10, 4), 46)])
def test_days_of_clock_changes(town: Town, day: date, count: int) -> None:
    """Melbourne's, in local time; and as billing days made of two days of market time."""
    town.load([day_row(HOME, [1] * count, day, clock="Australia/Melbourne", line=3)])
    market = [day_row(HOMES[1], 2, day + timedelta(shift), line=shift + 5) for shift in (-1, 0, 1)]
    town.load(market)
    query = "select kwh * 1000 from public.circuit_interval_daily d join public.circuits c on c.id = d.circuit_id where c.name = %s and day = %s"
    assert town.rows(query, HOME, day) == [(count,)]
    assert town.rows(query, HOMES[1], day) == [(2 * count,)]


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_days_and_months_are_the_sum_of_the_half_hours(data: st.DataObject, module_town: Town) -> None:
    """Whatever comes, also late and again: what the views say is what the half-hours add up to."""
    clock = data.draw(st.sampled_from(["UTC", "Etc/GMT-10", "Australia/Melbourne", "Pacific/Auckland"]))
    first = date(2026, 3, 25) + timedelta(data.draw(st.integers(0, 20)))
    rows = []
    for number in range(data.draw(st.integers(1, 12))):
        day = first + timedelta(number)
        change = {("Australia/Melbourne", date(2026, 4, 5)): 50, ("Pacific/Auckland", date(2026, 4, 5)): 50}
        count = change.get((clock, day), 48)
        values = data.draw(
            st.lists(st.one_of(st.none(), st.integers(-9, 2**31 - 1)), min_size=count, max_size=count)
        )
        rows.append(day_row(HOME, values, day, clock=clock, decimals=data.draw(st.sampled_from([3, 6]))))
    module_town.load(
        rows,
        made=MADE + timedelta(seconds=data.draw(st.integers(0, 10**6))),
        name=repr(data.draw(st.integers())),
    )
    halves = """select circuit_id, ("timestamp" at time zone 'Australia/Melbourne')::date, sum(kwh)
      from public.circuit_interval_hh group by 1, 2"""
    days = "select circuit_id, day, kwh from public.circuit_interval_daily"
    assert set(module_town.rows(days)) == set(module_town.rows(halves))
    months = "select circuit_id, month, kwh from public.circuit_interval_monthly"
    assert set(module_town.rows(months)) == set(
        module_town.rows(
            f"select circuit_id, date_trunc('month', day)::date, sum(kwh) from ({days}) d group by 1, 2"
        )
    )


@pytest.fixture(scope="module")
def module_town(module_database: Database) -> Town:
    return make_town(module_database, HOMES)


def test_each_amount_is_found_once(town: Town) -> None:
    rows = [row for home in HOMES for row in days_from(home, 40)]
    town.load(rows, chunk_rows=7)
    assert town.value("select sum(kwh) * 1000 from public.register_interval_hh") == 2 * 48 * sum(range(1, 41))
    assert town.value("select sum(kwh) * 1000 from public.circuit_interval_hh") == 2 * 48 * sum(range(1, 41))


# Again, and in any order -----------------------------------------------------------------------------------------


def test_the_same_bytes_load_nothing_twice(town: Town) -> None:
    first = town.load(days_from(HOME, 3))
    again = town.load(days_from(HOME, 3))
    assert (again.status, again.file_id, again.counts["stored"]) == ("repeated", first.file_id, 0)
    other = town.load(days_from(HOME, 3), name="a copy.csv")
    assert (other.status, other.counts["repeated"], other.counts["stored"]) == ("loaded", 3, 0)
    assert town.value("select count(*) from submeter.register_interval_versions") == 0


VERSION = st.tuples(
    st.integers(0, 3),  # hour of the source's update
    st.integers(1, 3),  # what it says
    st.sampled_from("AES"),
)


@given(versions=st.lists(VERSION, min_size=1, max_size=5, unique_by=lambda v: v[0]), order=st.randoms())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_arrival_ends_in_the_same_state(versions: Any, order: Any, module_town: Town) -> None:
    shuffled = list(versions)
    order.shuffle(shuffled)
    states = []
    for number, arrivals in enumerate((versions, shuffled)):
        day = date(2025, 1, 1) + timedelta(
            module_town.value("select count(*)::int from submeter.register_intervals")
        )
        for hour, value, quality in arrivals:
            at = datetime(2026, 1, 1, hour, tzinfo=UTC)
            module_town.load(
                [day_row(HOMES[1], value, day, quality=quality, version_at=at)], name=f"{day} {number} {hour}"
            )
        waiting = module_town.rows(
            "select amounts, quality from submeter.import_waiting where day = %s order by 1, 2", day
        )
        states.append((module_town.current(HOMES[1], day), module_town.history(HOMES[1], day), waiting))
    assert states[0] == states[1]
    measured = [v for v in versions if v[2] == "A"] or versions
    assert states[0][0] == [max(measured)[1]] * 48
    assert states[0][1] == {(value,) * 48 for _, value, _ in versions}


def test_several_versions_of_a_day_in_one_file(town: Town) -> None:
    def at(hour: int) -> datetime:
        return datetime(2026, 3, 6, hour, tzinfo=UTC)

    report = town.load([day_row(HOME, n, version_at=at(h), line=n) for n, h in ((1, 3), (2, 9), (3, 6))])
    assert {key: report.counts[key] for key in ("stored", "replaced", "older")} == {
        "stored": 1,
        "replaced": 1,
        "older": 1,
    }
    assert town.current(HOME) == [2] * 48
    history = "select version > 0, line from public.register_interval_history order by line"
    assert town.rows(history) == [(True, 1), (False, 2), (True, 3)]


def test_without_a_time_of_the_source_the_later_file_wins(town: Town) -> None:
    town.load([day_row(HOME, 2)], made=MADE, name="b")
    town.load([day_row(HOME, 1)], made=MADE - timedelta(1), name="a")
    assert town.current(HOME) == [2] * 48
    town.load([day_row(HOME, 3)], made=MADE + timedelta(1), name="c")
    assert town.current(HOME) == [3] * 48


# What waits ------------------------------------------------------------------------------------------------------


def test_rows_of_an_unknown_meter_wait_and_find_it_when_it_appears(town: Town) -> None:
    rows = [*days_from(HOME, 2), *days_from("6001000009", 3)]
    report = town.load(rows)
    assert (report.counts["stored"], report.counts["waiting"], codes(report)) == (2, 3, {"MTR210": 3})
    assert [row.reason for row in list_waiting(town.database, town.operator)] == ["unknown"] * 3
    assert town.load(rows).counts["found"] == 0
    town.add_home("6001000009")
    assert town.current("6001000009") == [1] * 48
    assert list_waiting(town.database, town.operator) == ()
    assert retry_waiting(town.database, town.operator) == 0


def test_an_nmi_is_found_with_and_without_its_check_digit(town: Town) -> None:
    assert codes(town.load([day_row(f"{HOME}7", 6)])) == {"MTR210": 1}  # the digit is 4
    assert town.current(HOME) is None
    town.load([day_row(f"{HOME}4", 5)])
    assert town.current(HOME) == [5] * 48


def test_waiting_rows_are_tried_again_at_the_next_import(town: Town) -> None:
    """A meter that was moved: no trigger saw the identifier change hands."""
    town.load([day_row("6001000009", 4)])
    with town.database.connect_owner() as owner:
        owner.execute("alter table submeter.supply_point_identifiers disable trigger user")
        owner.execute(
            "update submeter.supply_point_identifiers set identifier = '6001000009' where identifier = %s",
            (HOME,),
        )
        owner.execute("alter table submeter.supply_point_identifiers enable trigger user")
    assert town.load([day_row(HOMES[1], 1)]).counts["found"] == 1
    assert town.current(HOME) == [4] * 48


def test_a_stream_that_fits_two_registers_waits(town: Town) -> None:
    point = town.value(
        "select supply_point_id from submeter.supply_point_identifiers where identifier = %s", HOME
    )
    town.add_meter("second", point, "M2", "2020-01-01T00:00Z")
    assert codes(town.load([day_row(HOME)])) == {"MTR211": 1}
    named = day_row(HOME, 9, stream=nmi(HOME, serial="M2"))
    assert codes(town.load([named])) == {}
    assert town.current("M2") == [9] * 48


def test_another_unit_waits(town: Town) -> None:
    report = town.load([day_row(HOME, stream=nmi(HOME, unit="MJ"))])
    assert codes(report) == {"MTR212": 1}
    assert "kWh" in report.findings[0].problem.detail


def test_on_the_day_of_an_exchange_each_register_gets_its_own(town: Town) -> None:
    point = town.value(
        "select supply_point_id from submeter.supply_point_identifiers where identifier = %s", HOME
    )
    noon = "2026-03-05T12:00+10:00"
    with town.database.connect_owner() as owner:
        owner.execute(
            "update submeter.meter_installations set removed_at = %s where supply_point_id = %s",
            (noon, point),
        )
    town.add_meter("new", point, "MNEW", noon)
    town.load([day_row(HOME, list(range(48)))])
    assert town.current(f"M{HOME}") == [*range(24), *[None] * 24]
    assert town.current("MNEW") == [*[None] * 24, *range(24, 48)]
    assert town.value("select sum(kwh) * 1000 from public.circuit_interval_hh") == sum(range(48))


def test_a_day_on_which_the_identifier_was_entered_anew_is_not_divided(town: Town) -> None:
    """One register, whatever it was called: the other half of its day is no other version."""
    point = town.value(
        "select supply_point_id::text from submeter.supply_point_identifiers where identifier = %s", HOME
    )
    with town.database.connect_owner() as owner:
        owner.execute(
            "update submeter.supply_point_identifiers set to_date = %s where identifier = %s", (DAY, HOME)
        )
    town.add("supply_point_identifiers", supply_point_id=point, scheme="NMI", identifier=HOME, from_date=DAY)
    assert codes(town.load([day_row(HOME, list(range(48)), DAY - timedelta(1))])) == {}
    assert town.current(HOME, DAY - timedelta(1)) == list(range(48))


def at_hour(hour: int) -> datetime:
    return datetime(2026, 3, 6, hour, tzinfo=UTC)


def test_less_measured_waits_for_a_decision(town: Town) -> None:
    town.load([day_row(HOME, 1, version_at=at_hour(1))], name="a")
    report = town.load([day_row(HOME, 2, quality="E", version_at=at_hour(2))], name="b")
    assert (codes(report), report.counts["undecided"]) == ({"MTR220": 1}, 1)
    assert town.current(HOME) == [1] * 48
    (row,) = list_waiting(town.database, town.operator)
    assert (row.reason, row.file) == ("lower_quality", "b")
    assert decide_waiting(town.database, town.operator, row.id, "seen", accept=True) == "replaced"
    assert town.current(HOME) == [2] * 48
    # The next actual goes before what was accepted.
    town.load([day_row(HOME, 3, version_at=at_hour(3))], name="c")
    assert town.current(HOME) == [3] * 48


def test_what_is_turned_down_is_kept(town: Town) -> None:
    town.load([day_row(HOME, 1, version_at=at_hour(1))], name="a")
    town.load([day_row(HOME, [2] * 47 + [None], version_at=at_hour(2))], name="b")
    (row,) = list_waiting(town.database, town.operator)
    assert decide_waiting(town.database, town.operator, row.id, "seen", accept=False) == "turned down"
    assert town.current(HOME) == [1] * 48
    assert (2,) * 47 + (None,) in town.history(HOME)
    with pytest.raises(Refused, match="MTR232"):
        decide_waiting(town.database, town.operator, row.id, "seen", accept=True)


@pytest.mark.parametrize(("accept", "decision"), [(True, "accepted"), (False, "turned down")])
def test_who_decided_about_a_day_stands_in_the_audit_with_the_reason(
    town: Town, accept: bool, decision: str
) -> None:
    town.load([day_row(HOME, 1, version_at=at_hour(1))], name="a")
    town.load([day_row(HOME, 2, quality="E", version_at=at_hour(2))], name="b")
    (row,) = list_waiting(town.database, town.operator)
    clerk = Caller("operator", town.esco_id, key="clerk")
    with pytest.raises(Refused, match="MTR263"):
        decide_waiting(town.database, clerk, row.id, " ", accept=accept)
    assert [one.id for one in list_waiting(town.database, town.operator)] == [row.id]
    decide_waiting(town.database, clerk, row.id, "read at the meter", accept=accept)
    said = town.rows(
        "select action, row_key, actor, database_role, changes ->> 'decision', changes ->> 'decision_reason',"
        " changes ->> 'register_id', at > now() - interval '1 hour'"
        " from submeter.audit where table_name = 'import_waiting' order by id"
    )
    who = ({"id": row.id}, {"key": "clerk"}, "operator", decision, "read at the meter")
    assert said == [("update", *who, None, True), ("delete", *who, town.registers[HOME], True)]


def test_what_leaves_by_itself_is_nobodys_decision(town: Town) -> None:
    town.load([day_row(HOME, 1, version_at=at_hour(1))], name="a")
    town.load([day_row(HOME, 2, quality="E", version_at=at_hour(2)), day_row("6001000077")], name="b")
    assert len(list_waiting(town.database, town.operator)) == 2
    town.load([day_row(HOME, 3, version_at=at_hour(3))], name="c")
    town.add_home("6001000077")
    assert list_waiting(town.database, town.operator) == ()
    assert town.value("select count(*) from submeter.audit where table_name = 'import_waiting'") == 0


def test_a_measured_day_that_is_older_goes_before_an_estimate_and_says_so(town: Town) -> None:
    town.load([day_row(HOME, 2, quality="E", version_at=at_hour(2))], name="b")
    report = town.load([day_row(HOME, 1, version_at=at_hour(1))], name="a")
    assert codes(report) == {"MTR223": 1}
    assert town.current(HOME) == [1] * 48
    assert [row.reason for row in list_waiting(town.database, town.operator)] == ["lower_quality"]
    town.load([day_row(HOME, 3, version_at=at_hour(3))], name="c")
    assert list_waiting(town.database, town.operator) == ()


def test_what_waited_and_was_overtaken_is_kept_though_its_numbers_are_known(town: Town) -> None:
    """The same digits with another point are other quantities."""
    town.load([day_row(HOME, 1, version_at=at_hour(1))], name="a")
    town.load([day_row(HOME, 2, quality="E", version_at=at_hour(2))], name="b")
    town.load([day_row(HOME, 2, quality="E", decimals=2, version_at=at_hour(3))], name="c")
    town.load([day_row(HOME, 3, version_at=at_hour(4))], name="d")
    assert list_waiting(town.database, town.operator) == ()
    kept = town.rows(
        "select total, decimals from submeter.register_interval_versions where quality = 'E' order by decimals"
    )
    assert kept == [(96, 2), (96, 3)]


def test_a_billed_day_waits_for_a_decision_but_a_repeat_does_not(town: Town) -> None:
    point = town.value(
        "select supply_point_id from submeter.supply_point_identifiers where identifier = %s", HOME
    )
    account = town.add("accounts", name="a")
    town.add(
        "agreements",
        supply_point_id=point,
        account_id=account,
        from_date="2026-01-01",
        billed_to_date="2026-03-06",
    )
    town.load(days_from(HOME, 2))
    changed = [row._replace(amounts=amounts_of([7] * 48)) for row in days_from(HOME, 2)]
    # The second day of market time begins an hour after midnight of the first day not billed.
    report = town.load(changed, made=MADE + timedelta(1))
    assert codes(report) == {"MTR221": 1}
    assert (town.current(HOME), town.current(HOME, DAY + timedelta(1))) == ([1] * 48, [7] * 48)
    assert codes(town.load([day_row(HOME, 1)], made=MADE + timedelta(2))) == {}


def test_an_edited_day_waits_for_a_decision(town: Town) -> None:
    town.load([day_row(HOME, 1)])
    with town.database.connect_owner() as owner:
        owner.execute(
            "update submeter.register_intervals set edited_by = 'somebody', amounts = submeter.encode_amounts(array_fill(2, array[48]))"
        )
    assert town.value("select total from submeter.register_intervals") == 96
    assert codes(town.load([day_row(HOME, 3)], made=MADE + timedelta(1))) == {"MTR222": 1}
    assert town.current(HOME) == [2] * 48
    assert town.history(HOME) == {(1,) * 48, (2,) * 48, (3,) * 48}


# What is wrong -----------------------------------------------------------------------------------------------------

BAD = Problem("MTR199", "Made up", "a bad row", "mend it")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"clock": "Mars/Olympus"}, "MTR201"),
        ({"amounts": amounts_of([1] * 47)}, "MTR202"),
        ({"clock": "Europe/London", "day": date(2026, 3, 29)}, "MTR202"),
        ({"day": date(1899, 12, 31)}, "MTR203"),
        ({"day": date(2126, 3, 5)}, "MTR203"),
        ({"minutes": 7}, "MTR204"),
        ({"decimals": 10}, "MTR204"),
        ({"amounts": b"123"}, "MTR204"),
    ],
)
def test_a_row_that_cannot_be_stored_is_a_finding_and_the_rest_loads(
    town: Town, change: Any, code: str
) -> None:
    report = town.load([day_row(HOME, line=2), day_row(HOMES[1], line=9)._replace(**change)])
    assert (codes(report), report.counts["stored"], report.counts["rejected"]) == ({code: 1}, 1, 1)
    assert report.findings[0].line == 9
    assert report.findings[0].problem.hint


def test_findings_of_the_file_are_kept(town: Town) -> None:
    finding = Finding(BAD, 3, 4, "x" * 2000)
    report = town.load([day_row(HOME), finding])
    stored = town.rows(
        "select file_id, number, line, field, length(value), code, hint from public.import_findings"
    )
    assert stored == [(report.file_id, 1, 3, 4, 1000, "MTR199", "mend it")]
    assert "line 3, column 4" in report.as_text()


def test_all_or_nothing(town: Town) -> None:
    rows = [*days_from(HOME, 5), Finding(BAD, 9)]
    report = town.load(rows, all_or_nothing=True, chunk_rows=2)
    assert (report.status, report.file_id) == ("refused", None)
    assert town.value("select count(*) from submeter.register_intervals") == 0
    assert town.value("select count(*) from submeter.import_files") == 0
    assert town.load(rows[:-1], all_or_nothing=True, chunk_rows=2).status == "loaded"
    assert town.value("select count(*) from submeter.register_intervals") == 5


def test_a_dry_run_tells_and_changes_nothing(town: Town) -> None:
    report = town.load([*days_from(HOME, 5), *days_from("6001000009", 1)], dry_run=True)
    assert (report.status, report.counts["stored"], codes(report)) == ("checked", 5, {"MTR210": 1})
    for table in ("register_intervals", "import_files", "import_waiting"):
        assert town.value(f"select count(*) from submeter.{table}") == 0


@pytest.mark.parametrize(("how", "status"), [("dry_run", "checked"), ("all_or_nothing", "loaded")])
def test_a_file_whose_import_was_broken_off_goes_on_in_another_way(town: Town, how: str, status: str) -> None:
    def items() -> Iterator[Item]:
        yield from days_from(HOME, 2)
        if not again:
            raise KeyboardInterrupt
        yield day_row(HOME, 3, DAY + timedelta(2))

    again = False
    with pytest.raises(KeyboardInterrupt):
        town.load(items, content=b"one", chunk_rows=1)
    again = True
    before = town.value("select items_done from submeter.import_files")
    assert before > 0
    report = town.load(items, content=b"one", **{how: True})
    assert (report.status, report.counts["days"]) == (status, 3)
    assert town.current(HOME, DAY + timedelta(2)) == (None if how == "dry_run" else [3] * 48)


def test_a_file_that_breaks_off_loads_what_came_before(town: Town) -> None:
    broken = FileError(BAD, 12)
    report = town.load(days_from(HOME, 3), breaks=broken)
    assert (report.counts["stored"], codes(report), report.findings[0].line) == (3, {"MTR199": 1}, 12)
    with pytest.raises(Refused, match="MTR199"):
        town.load([], breaks=broken)
    assert town.value("select count(*) from submeter.import_files") == 1


def test_a_file_is_loaded_by_one_at_a_time(town: Town) -> None:
    rows = days_from(HOME, 3)

    def slow() -> Iterator[Item]:
        yield rows[0]
        while not town.value("select count(*) from submeter.register_intervals"):
            time.sleep(0.01)
        assert town.load(rows, content=b"the same", name="quick").counts["stored"] == 3
        yield from rows[1:]

    with pytest.raises(Refused) as refused:
        town.load(slow, content=b"the same", chunk_rows=1)
    assert refused.value.problem.code == "MTR230"
    assert town.value("select count(*) from submeter.register_intervals") == 3


def test_whose_data_it_is_must_be_plain(town: Town) -> None:
    assert town.load(days_from(HOME, 1), caller=SERVICE).counts["stored"] == 1
    with town.database.connect_owner() as owner:
        owner.execute(
            "insert into submeter.escos (code, name, region) select 'other', 'Other', region from submeter.escos"
        )
    with pytest.raises(Refused, match="MTR231"):
        town.load(days_from(HOME, 2), caller=SERVICE)


def test_an_operator_does_not_reach_meters_of_another(town: Town) -> None:
    with town.database.connect_owner() as owner:
        row = owner.execute(
            "insert into submeter.escos (code, name, region) select 'other', 'Other', region from submeter.escos returning id::text"
        ).fetchone()
    assert row
    other = Caller("operator", row[0])
    report = town.load([day_row(HOME), day_row("x", stream=Stream("serial", f"M{HOME}", "E1"))], caller=other)
    assert codes(report) == {"MTR210": 2}
    assert town.value("select count(*) from submeter.register_intervals") == 0
    assert list_waiting(town.database, town.operator) == ()


# Out again -----------------------------------------------------------------------------------------------------


def test_days_come_out_as_arrays(town: Town) -> None:
    five = list(range(288))
    town.load([*days_from(HOME, 3), day_row(HOMES[1], [None, *range(47)]), day_row(HOMES[1], day=DAY + timedelta(1),
               amounts=amounts_of(five), minutes=5, decimals=2)])  # fmt: skip
    settings = "select array_agg(setting order by name) from pg_settings where name in ('enable_sort', 'jit', 'work_mem')"
    with transaction(town.database, town.operator) as connection:
        before = connection.execute(settings).fetchone()
        found = list(list_arrays(connection, DAY, DAY + timedelta(2)))
        assert connection.execute(settings).fetchone() == before
    assert [(one.day, one.minutes, one.amounts.shape) for one in found] == [
        (DAY, 30, (2, 48)),
        (DAY + timedelta(1), 5, (1, 288)),
        (DAY + timedelta(1), 30, (1, 48)),
    ]
    rows = dict(zip(map(str, found[0].ids()), found[0].amounts.tolist(), strict=True))
    assert rows[town.registers[HOME]] == [1] * 48
    assert rows[town.registers[HOMES[1]]] == [MISSING, *range(47)]
    assert (found[1].amounts.tolist(), found[1].decimals.tolist()) == ([five], [2])
    with transaction(town.database, Caller("operator", "00000000-0000-4000-8000-000000000000")) as connection:
        assert list(list_arrays(connection, DAY, DAY + timedelta(2))) == []
