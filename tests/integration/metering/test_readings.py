"""Dial readings come in by every way, are checked, placed or left to wait, and decided by people."""

import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.metering.street import FIRST, HOME, NOW, OTHER, Street, dial_read, make_street
from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering.reading_actions import (
    delete_readings,
    force_readings,
    list_queue,
    mark_misread,
    process_readings,
)
from submeter.metering.reading_consumption import work_out_consumption

DAY = timedelta(1)


@pytest.fixture
def street(database: Database) -> Street:
    return make_street(database)


def queue(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**row, "on_failure": "queue"} for row in rows]


def force(street: Street, *ids: int, reason: str = "photo") -> list[tuple[str, str | None]]:
    return [
        (one.outcome, one.reading_id)
        for one in force_readings(street.database, street.operator, ids, reason, NOW)
    ]


def process(street: Street, *ids: int, **more: Any) -> list[str]:
    found = process_readings(street.database, street.operator, list(ids) or None, NOW, **more)
    return [one.outcome for one in found]


# Placed, or refused ---------------------------------------------------------------------------------------------


def test_a_good_reading_stands_with_what_the_checks_noted(street: Street) -> None:
    first = street.post(street.row("100.50", sub_type="OPENING"))[0]
    late = street.post(street.row("300", FIRST + 150 * DAY))[0]
    assert (first["sub_type"], first["reading"], first["findings"]) == ("OPENING", 100.5, [])
    assert [finding["code"] for finding in late["findings"]] == ["MTR325"]
    assert street.standing() == [("OPENING", Decimal("100.50")), ("ACTUAL", 300)]
    assert street.waiting() == []


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("MTR314", {"value": 90, "on": FIRST + 40 * DAY}),
        ("MTR315", {"value": 1899, "on": FIRST + 120 * DAY}),
        ("MTR316", {"value": 1500, "on": FIRST + 10 * DAY}),
        ("MTR317", {"value": 90, "on": FIRST + 40 * DAY, "add_factor": 10}),
        ("MTR321", {"value": 90000, "on": FIRST + 120 * DAY}),
        ("MTR322", {"value": 1901, "on": FIRST + 120 * DAY}),
        ("MTR308", {"value": 50, "on": FIRST - 40 * DAY}),
    ],
)
def test_one_that_a_check_does_not_let_pass_is_refused_with_its_code(
    street: Street, code: str, row: dict[str, Any]
) -> None:
    street.read(1000, 1300, 1600, 1900)
    with pytest.raises(Refused, match=code) as refused:
        street.post(street.row(row.pop("value"), **row))
    assert refused.value.problem.hint
    assert len(street.standing()) == 4
    assert street.waiting() == []


def test_many_at_once_are_placed_all_or_none(street: Street) -> None:
    good = [street.row(100 + number, FIRST + number * DAY) for number in range(5)]
    with pytest.raises(Refused, match="MTR314"):
        street.post(*good, street.row(1, FIRST + 10 * DAY))
    assert street.standing() == []
    street.post(*reversed(good))
    assert [value for _, value in street.standing()] == [100, 101, 102, 103, 104]


def test_where_asked_the_good_ones_are_placed_and_the_others_wait(street: Street) -> None:
    rows = [street.row(100), street.row(1, FIRST + 10 * DAY), street.row(120, FIRST + 20 * DAY)]
    answer = street.post(*queue(*rows))
    assert [(row.get("id") is None, row["waiting_id"] is None) for row in answer] == [
        (False, True),
        (True, False),
        (False, True),
    ]
    assert [finding["code"] for finding in answer[1]["findings"]] == ["MTR314"]
    assert (street.standing(), street.waiting()) == ([("ACTUAL", 100), ("ACTUAL", 120)], [("MTR314", 1)])
    again = street.post(*queue(*rows))
    assert [row.get("id") for row in again] == [row.get("id") for row in answer]
    assert again[1]["waiting_id"] == answer[1]["waiting_id"]
    assert len(street.standing()) == 2


def test_the_same_reading_twice_stands_once(street: Street) -> None:
    row = street.row(100)
    street.post(row)
    with pytest.raises(psycopg.errors.UniqueViolation):
        street.post(row)
    with pytest.raises(Refused, match="23505"):
        street.post(street.row(120, FIRST + 30 * DAY), street.row(120, FIRST + 30 * DAY))
    street.post(*queue(row, row))
    assert street.standing() == [("ACTUAL", 100)]


def test_what_is_asked_of_a_row_must_make_sense(street: Street) -> None:
    for wrong in (
        {"on_failure": "drop"},
        {"sub_type": "GUESS"},
        {"sub_type": "ACTUAL", "status": "estimated"},
    ):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            street.post({**street.row(1), **wrong})


def test_every_kind_of_reading(street: Street) -> None:
    kinds = ("OPENING", "ACTUAL", "ACTUALC", "ESTIMATE", "INVOICE_EST", "CLOSING")
    for number, kind in enumerate(kinds):
        shown = street.post(street.row(100 + number, FIRST + 10 * number * DAY, kind))[0]
        assert shown["sub_type"] == kind
    assert street.post(street.row(5, FIRST + 3 * DAY, "MISREAD"))[0]["status"] == "misread"
    assert street.post(street.row(5, FIRST + 3 * DAY, "MISREAD", on_failure="queue"))
    assert [kind for kind, _ in street.standing()] == [kinds[0], "MISREAD", *kinds[1:]]


def test_all_decimals_are_kept(street: Street) -> None:
    street.post(street.row("100.12345678901234567890"))
    assert street.town.value("select reading::text from submeter.readings") == "100.12345678901234567890"


# By SQL and by file ----------------------------------------------------------------------------------------------


def test_by_sql_a_reading_waits_until_the_application_checks_it(street: Street) -> None:
    with street.database.connect_owner() as owner:
        owner.execute("set role service_role")
        row = owner.execute(
            "insert into public.meter_readings (register_id, reading, \"timestamp\") values (%s, 100, '2026-01-01 13:00Z') returning id, findings",
            (street.register(),),
        ).fetchone()
    assert row
    assert row[0] is None
    assert (street.standing(), street.waiting()) == ([], [("MTR265", 100)])
    assert process(street) == ["placed"]
    assert (street.standing(), street.waiting()) == ([("ACTUAL", 100)], [])


def test_a_file_is_placed_and_what_fails_waits_with_its_line(street: Street) -> None:
    reads = [
        dial_read("100", sub_type="OPENING"),
        dial_read("130", FIRST + 29 * DAY, line=3),
        dial_read("20", FIRST + 40 * DAY, line=4),
        dial_read("5", FIRST + 35 * DAY, "MISREAD", line=5),
        dial_read("7", home="6009999999", line=6),
    ]
    report = street.town.load(reads)
    assert report.status == "loaded"
    assert (report.counts["readings"], report.counts["readings_waiting"]) == (3, 2)
    assert [(one.line, one.problem.code) for one in report.findings] == [(4, "MTR314"), (6, "MTR302")]
    file_id, line = street.town.rows(
        "select file_id, line from public.reading_queue where error_code = 'MTR314'"
    )[0]
    assert (file_id, line) == (report.file_id, 4)
    again = street.town.load(reads, name="a copy")
    assert (
        again.counts["readings"],
        again.counts["readings_repeated"],
        again.counts["readings_waiting"],
    ) == (1, 2, 2)
    assert len(street.standing()) == 3
    assert len(street.waiting()) == 2


def test_what_waits_for_its_meter_finds_it_with_the_next_file(street: Street) -> None:
    new = "6003000003"
    street.town.load([dial_read("7", home=new)])
    assert street.waiting() == [("MTR302", 7)]
    street.town.add_home(new)
    report = street.town.load([dial_read("100")], name="other")
    assert report.counts["readings_found"] == 1
    assert street.waiting() == [("MTR308", 7)]
    point = street.town.value(
        "select supply_point_id from submeter.supply_point_identifiers where identifier = %s", new
    )
    street.town.add("agreements", supply_point_id=point, account_id=street.accounts[HOME], from_date=FIRST)
    assert process(street) == ["waiting"]
    assert street.waiting() == [("MTR319", 7)]
    assert force(street, *street.ids())[0][0] == "placed"


def test_a_reading_that_fits_several_registers_or_none_says_so(street: Street) -> None:
    point = street.town.value(
        "select supply_point_id from submeter.supply_point_identifiers where identifier = %s", HOME
    )
    street.town.add_meter("second", point, "M2", "1900-01-01T00:00Z")
    street.town.load(
        [
            dial_read("7"),
            dial_read("8", line=3)._replace(stream=dial_read("8").stream._replace(register="B9")),
        ]
    )
    assert street.waiting() == [("MTR215", 7), ("MTR303", 8)]
    unit = dial_read("9", home=OTHER)
    street.town.load([unit._replace(stream=unit.stream._replace(unit="m3"))], name="unit")
    assert ("MTR212", 9) in street.waiting()
    with pytest.raises(Refused, match="MTR262"):
        force(street, street.ids()[0])


# The queue -------------------------------------------------------------------------------------------------------


def test_the_queue_shows_whose_it_is_what_is_wrong_and_the_reading_before(street: Street) -> None:
    street.read(100, 130, 160, 190)
    street.post(*queue(street.row(9000, FIRST + 120 * DAY)))
    row = list_queue(street.database, street.operator)[0]
    account = street.town.value(
        "select account_number from submeter.accounts where id = %s", street.accounts[HOME]
    )
    assert (row["account_number"], row["supply_point_identifier"], row["meter_serial"]) == (
        account,
        HOME,
        f"M{HOME}",
    )
    assert (row["error_code"], row["previous_reading"], row["previous_read_on"]) == (
        "MTR321",
        190,
        "2026-04-01",
    )
    assert row["findings"][0]["hint"]
    assert row["findings"][0]["may_force"]
    assert list_queue(street.database, street.operator, "MTR314") == []


def test_forced_it_stands_with_who_and_why(street: Street) -> None:
    street.read(100, 130, 160, 190)
    street.post(*queue(street.row(9000, FIRST + 120 * DAY)))
    with pytest.raises(Refused, match="MTR263"):
        force(street, *street.ids(), reason=" ")
    assert force(street, *street.ids(), reason="seen by Jo")[0][0] == "placed"
    findings = street.town.value("select findings from public.meter_readings where reading = 9000")
    assert [(one["code"], one["forced"], one["reason"], one["by"]) for one in findings] == [
        ("MTR321", True, "seen by Jo", "operator")
    ]
    said = street.town.rows(
        "select action, changes ->> 'decision', changes ->> 'reason' from submeter.audit where table_name = 'reading_queue' order by id"
    )
    assert said[0] == ("update", "forced", "seen by Jo")
    assert said[1][:2] == ("delete", "forced")
    assert street.waiting() == []


def test_what_would_spoil_the_sums_cannot_be_forced(street: Street) -> None:
    street.read(100, 130)
    street.post(*queue(street.row(90, FIRST + 90 * DAY), street.row(99, FIRST + 91 * DAY)))
    with pytest.raises(Refused, match="MTR262"):
        force(street, street.ids()[0])
    assert [kind for kind, _ in force(street, *street.ids())] == ["waiting", "waiting"]
    assert len(street.standing()) == 2


def test_a_dial_that_passed_zero_is_offered_its_turn(street: Street) -> None:
    street.read(99900, 99930, 99960)
    street.post(*queue(street.row(15, FIRST + 90 * DAY)))
    (row,) = list_queue(street.database, street.operator)
    assert (row["error_code"], row["roll_over"]) == ("MTR314", 100000)
    assert process(street, row["id"]) == ["waiting"]
    assert process(street, row["id"], add_factor=Decimal(row["roll_over"])) == ["placed"]
    used = work_out_consumption(street.database, street.operator, street.register())
    assert [period.quantity for period in used] == [30, 30, 55]
    assert used[-1].working == "(15 + 100000 - 99960) = 55 kWh"


def test_deleted_it_is_gone_but_for_the_audit(street: Street) -> None:
    street.read(100)
    street.post(*queue(street.row(90, FIRST + 30 * DAY)))
    found = delete_readings(street.database, street.operator, street.ids(), "typing error", NOW)
    assert [one.outcome for one in found] == ["deleted"]
    assert street.waiting() == []
    kept = street.town.rows(
        "select changes ->> 'reading', changes ->> 'reason' from submeter.audit where table_name = 'reading_queue' and action = 'delete'"
    )
    assert kept == [("90", "typing error")]
    with pytest.raises(Refused, match="MTR261"):
        process(street, 12345)


def test_two_values_of_one_moment_the_forced_one_stands_and_the_other_is_a_misread(street: Street) -> None:
    street.read(100)
    street.post(*queue(street.row(105)))
    assert street.waiting() == [("MTR312", 105)]
    assert force(street, *street.ids())[0][0] == "placed"
    assert street.standing() == [("ACTUAL", 105), ("MISREAD", 100)]


def test_an_actual_of_the_same_value_confirms_the_customers_and_takes_its_place(street: Street) -> None:
    street.read(100)
    mine = street.post(street.row(130, FIRST + 30 * DAY, "ACTUALC"))[0]
    report = street.town.load([dial_read("130", FIRST + 30 * DAY), dial_read("130", FIRST + 30 * DAY)])
    assert (report.counts["readings"], report.counts["readings_repeated"]) == (1, 1)
    assert street.standing() == [("ACTUAL", 100), ("ACTUAL", 130)]
    query = "select replaces_id::text from public.meter_readings where reading = 130"
    assert street.town.value(query) == mine["id"]


@pytest.mark.parametrize(
    ("kinds", "days"),
    [
        (("CLOSING", "OPENING"), (30, 31)),
        (("OPENING", "CLOSING"), (31, 30)),
        (("ACTUAL", "OPENING"), (30, 31)),
        (("CLOSING", "OPENING"), (30, 30)),
    ],
)
def test_the_end_of_one_day_is_the_beginning_of_the_next_and_has_one_value(
    street: Street, kinds: tuple[str, str], days: tuple[int, int]
) -> None:
    street.tolerate(floor_per_day=10**6)
    street.post(street.row(100, sub_type="OPENING"))
    first, second = (FIRST + number * DAY for number in days)
    street.post(street.row(130, first, kinds[0]))
    street.post(*queue(street.row(150, second, kinds[1])))
    assert street.waiting() == [("MTR312", 150)]
    force(street, *street.ids())
    assert {*street.standing()} == {("OPENING", 100), ("MISREAD", 130), (kinds[1], 150)}
    (period,) = work_out_consumption(street.database, street.operator, street.register())
    assert period.quantity == 50


def test_of_two_readings_of_a_day_that_are_both_needed_the_last_counts(street: Street) -> None:
    street.post(street.row(100, sub_type="OPENING"))
    evening, morning = (
        {"register_id": street.register(), "timestamp": f"2026-01-31T{hour}:00 Australia/Melbourne", "reading": value}
        for hour, value in (("20", "131"), ("08", "130"))
    )  # fmt: skip
    street.post(morning)
    street.post(*queue(evening))
    assert street.waiting() == [("MTR313", 131)]
    force(street, *street.ids())
    assert street.standing() == [("OPENING", 100), ("ACTUAL", 130), ("ACTUAL", 131)]
    (period,) = work_out_consumption(street.database, street.operator, street.register())
    assert period.quantity == 31


def test_an_estimate_that_passed_zero_too_early_is_taken_back_by_the_actual(street: Street) -> None:
    street.read(99_700, 99_800)
    street.post(street.row(50, FIRST + 90 * DAY, "ESTIMATE", add_factor=100_000))
    street.post(street.row(99_960, FIRST + 100 * DAY))
    street.post(street.row(40, FIRST + 120 * DAY, add_factor=100_000))
    periods = work_out_consumption(street.database, street.operator, street.register())
    assert [period.advance for period in periods] == [100, 250, -90, 80]
    assert "99960 - 100000 - 50" in periods[2].working
    assert sum(period.quantity for period in periods) == 340


@pytest.mark.parametrize("factor", ["NaN", "-100000"])
def test_what_no_dial_turns_by_is_no_add_factor(street: Street, factor: str) -> None:
    street.read(99_900)
    street.post(*queue(street.row(10, FIRST + 30 * DAY)))
    with pytest.raises(Refused, match="MTR317"):
        process(street, *street.ids(), add_factor=Decimal(factor))
    with pytest.raises(Refused, match="MTR317"):
        street.post(*queue(street.row(20, FIRST + 30 * DAY, add_factor=factor)))
    assert street.waiting() == [("MTR314", 10)]


def newcomer(street: Street, since: date) -> Caller:
    """Who is supplied at the first home from a day on, after somebody else."""
    town = street.town
    point = town.value(
        "select supply_point_id::text from submeter.supply_point_identifiers where identifier = %s", HOME
    )
    with street.database.connect_owner() as owner:
        owner.execute(
            "update submeter.agreements set to_date = %s where supply_point_id = %s", (since, point)
        )
    account = town.add("accounts", name="new", seller_id=town.value("select id from submeter.sellers"))
    town.add("agreements", supply_point_id=point, account_id=account, from_date=since)
    customer = town.add("customers", name="New")
    with street.database.connect_owner() as owner:
        owner.execute(
            "insert into submeter.customer_accounts (esco_id, account_id, customer_id, role, from_date) values (%s, %s, %s, 'holder', %s)",
            (town.esco_id, account, customer, since),
        )
    return Caller("authenticated", town.esco_id, customer)


def test_a_customer_is_told_which_check_it_was_and_nothing_of_whoever_was_there_before(
    street: Street,
) -> None:
    street.read(100, 4000)
    ada = newcomer(street, FIRST + 60 * DAY)
    street.post(*queue(street.row(4100, FIRST + 75 * DAY)))
    force(street, *street.ids(), reason="the neighbour says so")
    (seen,) = street.town.rows("select findings from public.meter_readings where reading = 4100")
    assert "the last periods" in seen[0][0]["detail"]
    assert seen[0][0]["reason"]
    with transaction(street.database, ada) as connection:
        rows = connection.execute("select reading, findings from public.meter_readings").fetchall()
    assert rows == [(4100, [{"code": "MTR322", "title": "Use is too low against the past"}])]
    (waits,) = street.post(*queue(street.row(1, FIRST + 80 * DAY, "ACTUALC")), caller=ada)
    assert waits["waiting_id"]
    assert waits["findings"][0]["code"] == "MTR314"
    assert "4100" not in str(waits)


def test_marked_as_misread_later_it_counts_for_nothing_and_what_waited_passes(street: Street) -> None:
    street.read(100)
    wrong = street.post(street.row(900, FIRST + 30 * DAY))[0]
    street.post(*queue(street.row(160, FIRST + 60 * DAY)))
    assert street.waiting() == [("MTR315", 160)]
    marked = mark_misread(street.database, street.operator, wrong["id"], "9 for 1", NOW)[0]
    assert (marked["sub_type"], marked["replaces_id"], marked["findings"][-1]["reason"]) == (
        "MISREAD",
        wrong["id"],
        "9 for 1",
    )
    assert street.standing() == [("ACTUAL", 100), ("MISREAD", 900), ("ACTUAL", 160)]
    assert street.waiting() == []
    for gone in (wrong["id"], marked["id"], str(uuid4())):
        with pytest.raises(Refused, match="MTR264"):
            mark_misread(street.database, street.operator, gone, "again", NOW)
    street.post(street.row(130, FIRST + 30 * DAY))
    assert [value for _, value in street.standing()] == [100, 130, 900, 160]


def test_where_use_is_billed_a_person_decides(street: Street) -> None:
    street.read(100, 130)
    with street.database.connect_owner() as owner:
        owner.execute("update submeter.agreements set billed_to_date = '2026-02-01'")
    with pytest.raises(Refused, match="MTR311"):
        street.post(street.row(110, FIRST + 10 * DAY))
    street.post(street.row(160, FIRST + 60 * DAY))


# Time ------------------------------------------------------------------------------------------------------------


def test_before_it_was_there_or_after_it_left_a_meter_shows_nothing(street: Street) -> None:
    with street.database.connect_owner() as owner:
        owner.execute(
            "update submeter.meter_installations set installed_at = '2026-02-01 13:00Z', removed_at = '2026-05-01 14:00Z'"
        )
    street.post(street.row(0, FIRST + 32 * DAY, "OPENING"))
    street.post(street.row(90, FIRST + 120 * DAY, "CLOSING"))
    for on in (FIRST + 20 * DAY, FIRST + 130 * DAY):
        with pytest.raises(Refused, match="MTR309"):
            street.post(street.row(50, on))
    assert street.standing() == [("OPENING", 0), ("CLOSING", 90)]


def test_a_meter_exchange_starts_anew_and_the_file_finds_the_right_dial(street: Street) -> None:
    point = street.town.value(
        "select supply_point_id from submeter.supply_point_identifiers where identifier = %s", HOME
    )
    with street.database.connect_owner() as owner:
        owner.execute(
            "update submeter.meter_installations set removed_at = '2026-03-02 01:00Z' where supply_point_id = %s",
            (point,),
        )
    old = street.register()
    street.town.add_meter("new", point, "NEW", "2026-03-02T01:00Z")
    day = date(2026, 3, 2)
    report = street.town.load(
        [
            dial_read("9000"),
            dial_read("9600", day, "CLOSING"),
            dial_read("3", day, "OPENING"),
            dial_read("33", day + 30 * DAY),
        ]
    )
    assert dict(report.codes) == {}
    query = "select register_id::text, reading::int from public.meter_readings order by 2"
    assert street.town.rows(query) == [
        (street.town.registers["NEW"], 3),
        (street.town.registers["NEW"], 33),
        (old, 9000),
        (old, 9600),
    ]


def in_doubt(street: Street) -> str:
    """Four readings in order, a fifth long after, and one forced in between that makes the fifth too high."""
    street.read(1000, 1300, 1600, 1900)
    last = street.post(street.row(3100, FIRST + 210 * DAY))[0]
    assert street.waiting() == []
    street.post(*queue(street.row(1910, FIRST + 180 * DAY)))
    assert street.waiting() == [("MTR322", 1910)]
    force(street, *street.ids())
    assert street.waiting() == [("MTR260", 3100)]
    return str(last["id"])


def test_a_reading_between_two_others_puts_the_next_in_doubt_until_it_passes(street: Street) -> None:
    last = in_doubt(street)
    row = list_queue(street.database, street.operator)[0]
    assert (row["reading_id"], [one["code"] for one in row["findings"]]) == (last, ["MTR260", "MTR321"])
    assert process(street) == ["waiting"]
    wrong = street.town.value("select id::text from public.meter_readings where reading = 1910")
    mark_misread(street.database, street.operator, wrong, "9 for 1", NOW)
    assert (street.waiting(), street.standing()[-1]) == ([], ("ACTUAL", 3100))


def test_an_accepted_reading_in_doubt_is_confirmed(street: Street) -> None:
    last = in_doubt(street)
    assert force(street, *street.ids()) == [("confirmed", last)]
    assert (street.waiting(), street.standing()[-1]) == ([], ("ACTUAL", 3100))


def test_an_accepted_reading_in_doubt_that_is_deleted_is_a_misread(street: Street) -> None:
    in_doubt(street)
    delete_readings(street.database, street.operator, street.ids(), "wrong dial", NOW)
    assert (street.waiting(), street.standing()[-1]) == ([], ("MISREAD", 3100))


def test_an_actual_of_the_same_moment_takes_the_place_of_the_estimate(street: Street) -> None:
    street.read(100)
    estimate = street.post(street.row(150, FIRST + 30 * DAY, "ESTIMATE"))[0]
    actual = street.post(street.row(140, FIRST + 30 * DAY, on_failure="queue"))[0]
    assert actual["replaces_id"] == estimate["id"]
    assert street.standing() == [("ACTUAL", 100), ("ACTUAL", 140)]
    behind = street.post(*queue(street.row(155, FIRST + 30 * DAY, "INVOICE_EST")))[0]
    assert behind["id"] == actual["id"]
    assert street.standing() == [("ACTUAL", 100), ("ACTUAL", 140)]


def test_two_writers_of_one_register_wait_for_each_other(street: Street) -> None:
    street.tolerate(floor_per_day=10**6)
    found: list[Any] = []

    def write(value: int) -> None:
        try:
            found.append(street.post(street.row(value, FIRST + 10 * DAY)))
        except (Refused, psycopg.Error) as error:
            found.append(error)

    threads = [threading.Thread(target=write, args=(100 + number % 2,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, list) for one in found) == 1
    assert len(street.standing()) == 1


# Consumption -------------------------------------------------------------------------------------------------------


def test_the_next_actual_trues_up_the_estimates_before_it(street: Street) -> None:
    street.post(street.row(100, FIRST - DAY + DAY, "OPENING"))
    street.post(
        street.row(130, FIRST + 29 * DAY, "ESTIMATE"), street.row(160, FIRST + 59 * DAY, "INVOICE_EST")
    )
    before = work_out_consumption(street.database, street.operator, street.register())
    assert [(one.quantity, one.provisional) for one in before] == [(30, True), (30, True)]
    street.post(street.row(145, FIRST + 89 * DAY))
    after = work_out_consumption(street.database, street.operator, street.register())
    assert sum(one.quantity for one in after) == 45
    assert {(one.method, one.provisional) for one in after} == {("true-up", False)}
    assert "of 45 kWh counted 2026-01-01 to 2026-04-01" in after[0].working
    some = work_out_consumption(street.database, street.operator, street.register(), FIRST, FIRST + 10 * DAY)
    assert len(some) == 1


def test_consumption_is_times_the_multiplier_and_of_what_the_caller_sees(street: Street) -> None:
    street.town.add(
        "register_multipliers", register_id=street.register(), multiplier=20, from_date="2020-01-01"
    )
    street.read(100, 130)
    (period,) = work_out_consumption(street.database, street.operator, street.register())
    assert (period.quantity, period.working) == (600, "(130 - 100) x 20 = 600 kWh")
    for stranger, register in (
        (Caller("operator", str(uuid4())), street.register()),
        (street.operator, "nonsense"),
    ):
        with pytest.raises(Refused, match="MTR266"):
            work_out_consumption(street.database, stranger, register)


# Any order ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(module_database: Database) -> Street:
    return make_street(module_database)


KINDS = ("ACTUAL", "ACTUAL", "ACTUALC", "ESTIMATE")


def good_readings(data: st.DataObject) -> list[tuple[int, str, str]]:
    """Days, values and kinds that pass one after the other: a steady use, a roll-over perhaps, estimates between."""
    value, day = data.draw(st.sampled_from([0, 1200, 99_400])), 0
    found = [(0, str(value), "OPENING")]
    for _ in range(data.draw(st.integers(1, 7))):
        days = data.draw(st.integers(5, 35))
        day += days
        value += days * data.draw(st.integers(8, 11))
        estimates = all(kind == "ESTIMATE" for _, _, kind in found[-3:])
        kind = "ACTUAL" if estimates else data.draw(st.sampled_from(KINDS))
        found.append((day, str(value % 100_000), kind))
    return found


@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_good_readings_ends_in_the_same_state(data: st.DataObject, shared: Street) -> None:
    """Whole or one by one, early or late: what stands and what waits is the same in the end."""
    good = good_readings(data)
    told = data.draw(st.permutations(good))
    parts = data.draw(st.sampled_from([1, 2, 100]))
    ends = []
    for arrival, size in ((good, 1), (told, parts)):
        home = fresh_home(shared)
        rows = [{**row_of(shared, one, good, home), "on_failure": "queue"} for one in arrival]
        for start in range(0, len(rows), size):
            shared.post(*rows[start : start + size])
        process_readings(shared.database, shared.operator, None, NOW)
        ends.append((shared.standing(home), shared.waiting(home)))
    assert ends[0] == ends[1]
    assert len(ends[0][0]) == len(good)
    assert ends[0][1] == []


def row_of(
    street: Street, one: tuple[int, str, str], all_of_them: list[tuple[int, str, str]], home: str
) -> dict[str, Any]:
    day, value, kind = one
    before = [other for other in all_of_them if other[0] < day]
    rolled = bool(before) and int(value) < int(before[-1][1])
    return street.row(value, FIRST + day * DAY, kind, home=home, add_factor=100_000 if rolled else 0)


def fresh_home(street: Street) -> str:
    name = f"6002{len(street.town.registers):06}"
    point = street.town.add_home(name, installed="1900-01-01T00:00Z")
    street.town.add("agreements", supply_point_id=point, account_id=street.accounts[HOME], from_date=FIRST)
    with street.database.connect_owner() as owner:
        owner.execute(
            "update submeter.registers set digits = 5 where id = %s", (street.town.registers[name],)
        )
    return name
