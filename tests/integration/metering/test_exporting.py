"""What is exported is what is there: read back by us, and by readers of others."""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import aemo_mdff_reader
import numpy as np
import pytest
from nemreader.nem_reader import NEMFile

from integration.metering.town import DAY, MADE, NOW, Town, day_row, days_from, make_town
from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.metering.actions import Options, Source, import_file
from submeter.metering.exporting import ExportFormat, export
from submeter.metering.formats import nem12
from submeter.metering.model import MISSING, DayRow, QualityRange
from submeter.metering.plots import Period

HOMES = ("6001000001", "6001000002")
ALWAYS = Period(date.min, date.max)
UPDATED = datetime(2026, 6, 1, 12, 30, 15, tzinfo=UTC)
NEM12, CSV = ExportFormat.nem12, ExportFormat.csv


@pytest.fixture
def town(database: Database) -> Town:
    return make_town(database, HOMES)


def exported(
    town: Town,
    names: Sequence[str],
    into: ExportFormat,
    period: Period = ALWAYS,
    caller: Caller | None = None,
) -> bytes:
    return b"".join(export(town.database, caller or town.operator, names, None, period, into, NOW))


def refused(town: Town, names: Sequence[str], into: ExportFormat) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        exported(town, names, into)
    return caught.value.problem.code, caught.value.problem.detail


def varied() -> list[DayRow]:
    """Days of two homes: exact decimals, all qualities, a method and a reason, gaps, versions, five minutes."""
    ranges = (
        QualityRange(1, 20, "A"),
        QualityRange(21, 40, "S", "14", "27", "meter failed"),
        QualityRange(41, 44, "F", "52", "76"),
        QualityRange(45, 48, "E", "52"),
    )
    values = [1, 999_999_999, 2**31 - 1, *range(45)]
    return [
        day_row(HOMES[0], values, DAY, quality="V", ranges=ranges, decimals=9, version_at=UPDATED, line=2),
        day_row(
            HOMES[0],
            0,
            DAY + timedelta(1),
            quality="E",
            ranges=(QualityRange(1, 48, "E", "62"),),
            decimals=0,
            line=3,
        ),
        day_row(HOMES[0], [None, *range(47)], DAY + timedelta(2), decimals=4, line=4),
        day_row(HOMES[1], [n % 7 for n in range(288)], DAY, minutes=5, line=5),
    ]


def cells(rows: Sequence[DayRow]) -> dict[tuple[str, date, int], tuple[int | None, int, str, str, str]]:
    """Each interval with everything that NEM12 says of it."""
    found = {}
    for row in rows:
        parts = row.ranges or (QualityRange(1, len(row.amounts) // 4, row.quality),)
        for part in parts:
            for n in range(part.first, part.last + 1):
                amount = int.from_bytes(row.amounts[4 * n - 4 : 4 * n], "little", signed=True)
                value = None if amount == MISSING else amount
                found[row.stream.identifier, row.day, n] = (
                    value,
                    row.decimals,
                    part.quality + part.method,
                    part.reason,
                    part.text,
                )
    return found


def test_nem12_holds_every_interval_exactly(town: Town) -> None:
    town.load(varied())
    data = exported(town, HOMES, NEM12)
    read = list(nem12.parse(io.BytesIO(data)))
    days = [item for item in read if isinstance(item, DayRow)]
    assert [day for day in read if not isinstance(day, DayRow)] == []
    assert cells(days) == cells(varied())
    assert days[0].version_at == UPDATED


def test_two_readers_of_others_find_the_same(town: Town, tmp_path: Path) -> None:
    rows = [row for row in varied() if row.amounts.count(b"\0\0\0\x80") == 0]
    town.load(rows)
    path = tmp_path / "ours.csv"
    path.write_bytes(exported(town, HOMES, NEM12))
    mine = {
        (row.stream.identifier, datetime.fromisoformat(f"{row.day}") + n * timedelta(minutes=row.minutes)):
        float(Decimal(amount).scaleb(-row.decimals))
        for row in rows
        for n, amount in enumerate(np.frombuffer(row.amounts, "<i4").tolist(), start=1)
    }  # fmt: skip
    readings = NEMFile(path).parse_nem_file(path.read_text().splitlines()).readings
    assert mine == {
        (nmi, one.t_end): one.read_value for nmi, channels in readings.items() for one in channels["E1"]
    }
    assert mine == {(one.nmi, one.interval_end): one.value for one in aemo_mdff_reader.parse(str(path))}


@pytest.mark.parametrize("into", [NEM12, CSV])
def test_what_was_exported_can_be_imported(town: Town, into: ExportFormat) -> None:
    """Into what it came from: nothing is new. Into another database: the same days."""
    rows = [row for row in varied() if into is NEM12 or row.minutes == 30]
    town.load(rows)
    before = [town.current(name, row.day) for row in rows for name in [row.stream.identifier]]
    data = exported(town, HOMES[: 1 if into is CSV else 2], into)
    other = make_other(town, rows)
    report = import_file(
        town.database, other.operator, Source("back.csv", lambda: io.BytesIO(data), MADE), Options(), NOW
    )
    assert report.counts["stored"] == len(rows), report.as_json()
    assert [other.current(row.stream.identifier, row.day) for row in rows] == before
    query = "select decimals, clock, minutes from submeter.register_intervals where esco_id = %s order by register_id = %s, day"
    assert town.rows(query, town.esco_id, town.registers[HOMES[0]]) == town.rows(
        query, other.esco_id, other.registers[HOMES[0]]
    )


def make_other(town: Town, rows: Sequence[DayRow]) -> Town:
    """A second company with meters of the same names."""
    (esco,) = town.rows(
        "insert into submeter.escos (code, name, region) values ('other', 'Other', (select min(code) from submeter.regions)) returning id::text"
    )
    other = Town(town.database, esco[0])
    other.add("sellers", name="Other")
    other.site_id = other.add("sites", name="Other estate", time_zone="Australia/Melbourne")
    for name in sorted({row.stream.identifier for row in rows}):
        other.add_home(name)
    return other


def test_local_days_of_clock_changes_go_out_and_in(town: Town) -> None:
    rows = [
        day_row(HOMES[0], list(range(count)), day, clock="Australia/Melbourne", line=n)
        for n, (day, count) in enumerate([(date(2026, 4, 5), 50), (date(2025, 10, 5), 46)], start=2)
    ]
    town.load(rows)
    data = exported(town, [HOMES[0]], CSV)
    other = make_other(town, rows)
    import_file(
        town.database, other.operator, Source("x.csv", lambda: io.BytesIO(data), MADE), Options(), NOW
    )
    assert [other.current(HOMES[0], row.day) for row in rows] == [list(range(50)), list(range(46))]


def test_a_period_is_half_open(town: Town) -> None:
    town.load(days_from(HOMES[0], 5))
    data = exported(town, [HOMES[0]], NEM12, Period(DAY + timedelta(1), DAY + timedelta(3)))
    assert [line.split(b",")[1] for line in data.splitlines() if line.startswith(b"300")] == [
        b"20260306",
        b"20260307",
    ]


def test_a_site_is_all_of_its_registers_each_once(town: Town) -> None:
    town.load([*days_from(HOMES[0], 2), *days_from(HOMES[1], 2)])
    every = b"".join(export(town.database, town.operator, [HOMES[0]], "Estate", ALWAYS, NEM12, NOW))
    assert [line.split(b",")[1] for line in every.splitlines() if line.startswith(b"200")] == [
        h.encode() for h in HOMES
    ]
    assert every.count(b"\r\n300,") == 4


def test_others_get_nothing(town: Town) -> None:
    town.load(days_from(HOMES[0], 1))
    with pytest.raises(Refused) as caught:
        exported(town, [HOMES[0]], CSV, caller=Caller("operator", "00000000-0000-0000-0000-000000000001"))
    assert caught.value.problem.code == "MTR450"


def test_a_meter_that_moved_has_the_name_of_each_place(town: Town) -> None:
    """Until the 7th at one supply point, then at another."""
    town.add_home("6001000003", serial="OLD")
    meter = town.value("select id::text from submeter.meters where serial = 'OLD'")
    with_end = "update submeter.meter_installations set removed_at = '2026-03-07T00:00+10:00' where meter_id = %s returning 1"
    town.rows(with_end, meter)
    other = town.value(
        "select supply_point_id::text from submeter.supply_point_identifiers where identifier = %s", HOMES[1]
    )
    town.add(
        "meter_installations", meter_id=meter, supply_point_id=other, installed_at="2026-03-08T00:00+10:00"
    )
    town.load(days_from("6001000003", 2))
    town.load(
        [
            day_row(
                HOMES[1], 9, date(2026, 3, 9), stream=days_from(HOMES[1], 1)[0].stream._replace(serial="OLD")
            )
        ],
        name="later",
    )
    data = exported(town, ["OLD"], NEM12).splitlines()
    assert [line.split(b",")[1] for line in data if line.startswith(b"200")] == [
        b"6001000003",
        HOMES[1].encode(),
    ]


# Refused ------------------------------------------------------------------------------------------------------


def test_nothing_to_export_is_told(town: Town) -> None:
    assert refused(town, HOMES, CSV)[0] == "MTR452"


def test_what_nem12_cannot_say_is_refused(town: Town) -> None:
    town.load([day_row(HOMES[0], [1] * 46, date(2025, 10, 5), clock="Australia/Melbourne")])
    assert refused(town, [HOMES[0]], NEM12)[0] == "MTR135"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("update submeter.registers set name = 'IMPORT1_01' where name = 'E1' returning 1", "is no suffix"),
        (
            "update submeter.registers set name = 'B1' where name = 'E1' returning 1",
            "another direction than import",
        ),
        (
            "update submeter.supply_point_identifiers set scheme = 'MIRN', identifier = '5' || substr(identifier, 2)"
            " where true returning 1",
            "no NMI",
        ),
        ("delete from submeter.supply_point_identifiers where true returning 1", "no NMI"),
    ],
)
def test_names_that_nem12_does_not_know_are_refused(town: Town, change: str, said: str) -> None:
    town.load(days_from(HOMES[0], 1))
    town.rows(change)
    code, detail = refused(town, [f"M{HOMES[0]}"], NEM12)
    assert code == "MTR453"
    assert said in detail


def test_an_hour_is_no_half_hour(town: Town) -> None:
    town.load([day_row(HOMES[0], [1] * 24, minutes=60)])
    assert refused(town, HOMES, CSV) == ("MTR459", f"{HOMES[0]} {DAY}: 60 minutes")


def test_days_of_two_clocks_make_no_table(town: Town) -> None:
    town.load([day_row(HOMES[0], 1), day_row(HOMES[1], 1, clock="UTC")])
    assert refused(town, HOMES, CSV) == ("MTR458", "Etc/GMT-10, UTC")


def test_many_days_are_read_piece_by_piece(town: Town) -> None:
    """The first piece is there before the rest was read: rows come through a cursor."""
    town.load(days_from(HOMES[0], 5))
    pieces: Iterator[bytes] = export(town.database, town.operator, [HOMES[0]], None, ALWAYS, NEM12, NOW)
    assert next(pieces).startswith(b"100,NEM12,")
    pieces.close()  # type: ignore[attr-defined]
    assert town.value("select count(*) from submeter.register_intervals") == 5, "the connection is free again"
