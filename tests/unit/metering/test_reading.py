"""What is named beside a file: format, column map, clock; and that they fit together."""

import io
from collections.abc import Iterator

import pytest

from submeter.core.problem import Refused
from submeter.metering.formats.column_map import read_map
from submeter.metering.model import DayRow, FileError, Finding, Item
from submeter.metering.reading import How, how_to_read, parts

INTERVALS = 'name = "logger"\nkind = "intervals"\nidentifier = "id"\nstamp_column = "t"\nvalues = ["kWh"]\nunit = {value = "kWh"}\n'
IN_LONDON = INTERVALS + 'clock = "Europe/London"\n'
READS = 'name = "rounds"\nkind = "reads"\nidentifier = "id"\nday = "t"\nvalues = ["dial"]\n'
DAY = "".join(f"M1,2026-06-01 {n // 2:02d}:{n % 2 * 30:02d},1\n" for n in range(48))


def items(text: str, how: How) -> list[Item]:
    def read() -> Iterator[Item]:
        for part in parts(io.BytesIO(text.encode()), "a.csv", how):
            yield from part.items

    return list(read())


def clocks(text: str, how: How) -> set[str]:
    return {item.clock for item in items(text, how) if isinstance(item, DayRow)}


def test_a_table_without_a_clock_takes_the_one_that_is_named() -> None:
    table = "meter id,timestamp,kWh\n" + DAY
    with pytest.raises(FileError) as refused:
        items(table, How())
    assert refused.value.problem.code == "MTR170"
    assert clocks(table, how_to_read(clock="UTC+10")) == {"Etc/GMT-10"}


def test_a_table_that_states_another_clock_is_refused() -> None:
    for head, clock in (("timestamp (UTC)", "UTC"), ("start (Europe/London)", "Europe/London")):
        table = f"meter id,{head},kWh\n{DAY}"
        assert clocks(table, how_to_read(clock=clock)) == {clock}
        with pytest.raises(FileError) as refused:
            items(table, how_to_read(clock="Australia/Sydney"))
        assert refused.value.problem.code == "MTR194"


def test_a_format_that_states_its_clock_keeps_it() -> None:
    values = ",".join(["1"] * 48)
    page = f"100,NEM12,202604020600,A,B\n200,6407000011,E1,,E1,,M1,kWh,30,\n300,20260401,{values},A,,,20260402000000,\n900\n"
    assert clocks(page, how_to_read(clock="Europe/London")) == {"Etc/GMT-10"}


def test_a_time_that_the_clock_shows_twice_is_told_by_its_line() -> None:
    rows = [f"M1,2026-10-25 {n // 2:02d}:{n % 2 * 30:02d},0.5\n" for n in range(48)]
    found = items("meter id,timestamp,kWh\n" + "".join(rows), how_to_read(clock="Europe/London"))
    doubts = [one for one in found if isinstance(one, Finding) and one.problem.code == "MTR169"]
    assert [(one.line, one.column, one.value) for one in doubts] == [
        (4, 2, "2026-10-25 01:00"),
        (5, 2, "2026-10-25 01:30"),
    ]
    assert doubts[0].problem.detail == "2026-10-25 01:00 in Europe/London"


def test_a_map_reads_what_no_format_does() -> None:
    table = "id;t;kWh\n" + DAY.replace(",", ";")
    assert clocks(table, how_to_read(columns=read_map(IN_LONDON))) == {"Europe/London"}
    assert clocks(table, how_to_read(columns=read_map(INTERVALS), clock="UTC")) == {"UTC"}


def test_what_the_data_depends_on_is_told() -> None:
    assert how_to_read("nem12").as_json() == {}
    told = how_to_read(columns=read_map(INTERVALS), clock="gmt").as_json()
    assert (told["columns"]["clock"], told["columns"]["name"]) == ("UTC", "logger")


@pytest.mark.parametrize(
    ("named", "code", "hint"),
    [
        ({"clock": "Europe/Londn"}, "MTR193", "Europe/London"),
        ({"clock": "AEST"}, "MTR193", "Abbreviations"),
        ({"clock": "UTC+9:30"}, "MTR193", "IANA"),
        ({"clock": "localtime"}, "MTR193", "IANA"),
        ({"format_name": "nem21"}, "MTR155", "nem12"),
        ({"format_name": "nem12", "columns": read_map(READS)}, "MTR195", "no format"),
        ({"columns": read_map(IN_LONDON), "clock": "UTC"}, "MTR195", "Leave the clock out"),
        ({"columns": read_map(INTERVALS)}, "MTR195", "clock"),
    ],
)
def test_what_cannot_be_named(named: dict[str, object], code: str, hint: str) -> None:
    with pytest.raises(Refused) as refused:
        how_to_read(**named)  # type: ignore[arg-type]
    assert refused.value.problem.code == code
    assert hint in refused.value.problem.hint


def test_readings_of_days_have_no_clock_to_name() -> None:
    assert how_to_read(columns=read_map(READS), clock="Europe/London").columns == read_map(READS)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("UTC+10", "Etc/GMT-10"),
        ("utc 10", "Etc/GMT-10"),
        ("+10:00", "Etc/GMT-10"),
        ("UTC-3", "Etc/GMT+3"),
        ("Z", "UTC"),
        ("GMT", "UTC"),
        (" Australia/Sydney ", "Australia/Sydney"),
        ("Etc/GMT-10", "Etc/GMT-10"),
    ],
)
def test_ways_to_name_a_clock(said: str, meant: str) -> None:
    assert how_to_read(clock=said).clock == meant
