"""Dial readings beside what networks know of registers: closed, virtual, counting pulses, exchanged."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from integration.metering.street import FIRST, NOW, Street, dial_read, make_street
from integration.metering.test_readings import DAY
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.metering.exchanging import exchange_meter, exchange_of
from submeter.metering.reading_consumption import work_out_consumption


@pytest.fixture
def street(database: Database) -> Street:
    return make_street(database)


def change(street: Street, **columns: Any) -> None:
    """Change the register of the first home."""
    changes = ", ".join(f"{name} = %s" for name in columns)
    with street.database.connect_owner() as owner:
        owner.execute(
            f"update submeter.registers set {changes} where id = %s".encode(),
            [*columns.values(), street.register()],
        )


def _meter(street: Street) -> str:
    query = "select meter_id::text from submeter.registers where id = %s"
    return str(street.town.value(query, street.register()))


def test_a_closed_register_of_a_meter_in_place_is_read_no_longer(street: Street) -> None:
    street.read(100, 130)
    change(street, status="closed", closed_at="2026-03-01T00:00+11:00")
    with pytest.raises(Refused, match="MTR309"):
        street.post(street.row(160, FIRST + 60 * DAY))
    report = street.town.load(
        [dial_read("170", FIRST + 70 * DAY), dial_read("160", FIRST + 58 * DAY, "CLOSING")]
    )
    assert (report.status, report.counts["readings"], report.counts["readings_waiting"]) == ("loaded", 1, 1)
    assert street.standing()[-1] == ("CLOSING", 160)
    # What comes late may still be of its days.
    street.post(street.row(145, FIRST + 45 * DAY))
    with street.database.connect_owner() as owner:
        owner.execute("delete from submeter.meter_installations where meter_id = %s", (_meter(street),))
    with pytest.raises(Refused, match="MTR309"):
        street.post(street.row(161, FIRST + 80 * DAY))


@pytest.mark.parametrize("more", [{}, {"on_failure": "queue"}])
def test_a_virtual_register_is_not_read_nor_does_a_reading_wait_for_it(
    street: Street, more: dict[str, str]
) -> None:
    with street.database.connect_owner() as owner:
        owner.execute(
            "insert into submeter.virtual_registers (esco_id, register_id, formula) values (%s, %s, 'sum')",
            (street.town.esco_id, street.register()),
        )
    with pytest.raises(psycopg.Error, match="NET114"):
        street.post(street.row(100, **more))
    assert (street.standing(), street.waiting()) == ([], [])


def test_consumption_of_a_pulse_register_is_told_in_the_unit_of_its_type(street: Street) -> None:
    change(street, type="ALLDAY", unit="pulse")
    street.town.add(
        "register_multipliers", register_id=street.register(), multiplier="0.5", from_date="2020-01-01"
    )
    street.read(100, 130)
    (period,) = work_out_consumption(street.database, street.operator, street.register())
    assert (period.as_json()["unit"], float(period.as_json()["quantity"])) == ("kWh", 15)


def test_an_exchange_looks_at_what_waits_of_the_meter(street: Street) -> None:
    street.read(100, 130)
    by_sql = "insert into public.meter_readings (register_id, reading, \"timestamp\") values (%s, 160, '2026-03-01T13:00Z') returning id"
    street.town.rows(by_sql, street.register())
    assert street.waiting() == [("MTR265", 160)]
    asked = {
        "meter_id": _meter(street),
        "new_serial": "NEW", "exchanged_at": "2026-04-01T00:00+00:00",
        "final_readings": {"E1": 190}, "opening_readings": {"E1": 3},
    }  # fmt: skip
    done = exchange_meter(street.database, street.operator, exchange_of(asked), NOW)
    assert (done.outcome, done.at) == ("exchanged", datetime(2026, 4, 1, tzinfo=UTC))
    assert (street.standing()[-2:], street.waiting()) == ([("ACTUAL", 160), ("CLOSING", 190)], [])
    new = street.town.value("select id::text from submeter.registers where meter_id = %s", done.new_meter_id)
    street.town.registers["new"] = new
    assert street.standing("new") == [("OPENING", 3)]
