"""Tables that no source describes, as an operator describes them; until confirmed, everything says so."""

import io
import json
import re
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from submeter.core.problem import Refused
from submeter.metering.formats.column_map import ColumnMap, as_json, map_of, parse, read_map
from submeter.metering.model import DayRow, DialRead, FileError, Finding, Item
from unit.metering.formats.reading import codes, days, read, values

DAYS = """
name = "logger"
kind = "days"
clock = "UTC"
identifier = "Logger"
day = "Datum"
unit = {value = "Wh"}
first_value = "0"
date = "MM/DD/YYYY"
decimal = ","
thousands = "."
delimiter = ";"
skip_lines = 1
confirmed = "A. Operator, 2026-07-01"
"""
INTERVALS = """
name = "profile"
kind = "intervals"
clock = "Europe/London"
identifier = {value = "EML2137580826"}
scheme = "serial"
stamp_column = 1
header = false
unit = {value = "Wh"}
values = [{column = 2, direction = "import", register = "A"}, {column = 3, direction = "export", register = "A"}]
confirmed = "yes"
"""
READS = """
name = "rounds"
kind = "reads"
identifier = "flat"
register = {value = "1"}
unit = {value = "m3"}
day = "when"
values = ["dial"]
decimal = ","
"""


def by(told: ColumnMap, text: str) -> tuple[list[Item], list[Finding]]:
    return read(lambda stream: parse(stream, told), text)


def test_a_row_a_day_with_other_marks_and_dates() -> None:
    text = "made by a logger\nLogger;Datum;" + ";".join(map(str, range(48))) + ";total\n"
    text += "L1;12/31/2026;" + ";".join(["1.250,5"] * 48) + ";60024\n"
    rows, findings = days(lambda stream: parse(stream, read_map(DAYS)), text)
    assert findings == []
    assert (rows[0].day, rows[0].stream.identifier, rows[0].ranges) == (date(2026, 12, 31), "L1", ())
    assert values(rows[0]) == [Decimal("1.2505")] * 48
    assert rows[0].line == 3


def test_a_row_an_interval_without_a_header() -> None:
    body = "".join(f"2026-06-01T{n // 2:02d}:{n % 2 * 30:02d}:00,{n},{2 * n}\r\n" for n in range(48))
    rows, findings = days(lambda stream: parse(stream, read_map(INTERVALS)), body)
    assert findings == []
    assert [(r.stream.direction, r.stream.register, r.clock, values(r)[47]) for r in rows] == [
        ("export", "A", "Europe/London", Decimal("0.094")),
        ("import", "A", "Europe/London", Decimal("0.047")),
    ]


@pytest.mark.parametrize(
    "when", ['day = "d"\ntime = "t"', 'day = "d"\nperiod = "p"', 'stamp_column = "s"\nstamp = "end"']
)
def test_three_ways_to_say_when(when: str) -> None:
    told = read_map(
        'name = "m"\nkind = "intervals"\nclock = "UTC"\nidentifier = "id"\nvalues = ["v"]\nunit = "u"\n'
        + when
    )
    lines = "".join(
        f"L1,2026-06-01,{n // 2:02d}:{n % 2 * 30:02d},{n + 1},"
        f"2026-06-01 {(n + 1) // 2:02d}:{(n + 1) % 2 * 30:02d},{n},kWh\n"
        for n in range(48)
    )
    good, findings = by(told, "id,d,t,p,s,v,u\n" + lines)
    assert codes(findings) == ["MTR192"]
    assert [values(row) for row in good if isinstance(row, DayRow)] == [[Decimal(n) for n in range(48)]]


def test_readings_and_that_they_are_not_confirmed() -> None:
    good, findings = by(read_map(READS), 'flat,when,dial\n7,01/02/2026,"12,50"\n8,31/02/2026,1\n')
    (found,) = good
    assert isinstance(found, DialRead)
    assert found.stream == ("own", "7", "1", "", "m3", "import")
    assert (str(found.value), found.notes) == ("12.50", "column map not confirmed")
    assert [(f.problem.code, f.line) for f in findings] == [("MTR192", 0), ("MTR159", 3)]


def test_days_that_are_not_confirmed_say_so_in_their_ranges() -> None:
    text = (
        "x\nLogger;Datum;" + ";".join(map(str, range(48))) + "\nL1;12/31/2026;" + ";".join(["1"] * 48) + "\n"
    )
    rows, _ = days(lambda stream: parse(stream, read_map(DAYS.replace("A. Operator, 2026-07-01", ""))), text)
    (whole,) = rows[0].ranges
    assert (whole.first, whole.last, whole.quality, whole.text) == (1, 48, "A", "column map not confirmed")


def test_a_map_may_be_json() -> None:
    told = {
        "name": "m",
        "kind": "reads",
        "identifier": "flat",
        "day": "when",
        "values": ["dial"],
        "confirmed": "me",
    }
    good, findings = by(read_map(json.dumps(told)), "flat,when,dial\n7,01/02/2026,5\n")
    assert (len(good), findings) == (1, [])


@pytest.mark.parametrize(
    ("change", "code", "hint"),
    [
        ("kind = ", "MTR190", ""),
        ('{"name": }', "MTR190", ""),
        ('clok = "UTC"', "MTR191", "clock"),
        ('clock = "Mars/Olympus"', "MTR191", "UTC"),
        ("clock = 5", "MTR191", "str"),
        ('kind = "hours"', "MTR191", "days"),
        ("minutes = 7", "MTR191", "30"),
        ("minutes = true", "MTR191", "int"),
        ('date = "D.M.Y"', "MTR191", "DD/MM/YYYY"),
        ('decimal = "."', "MTR191", "decimal mark"),
        ('unit = {value = "horse"}', "MTR191", "kWh"),
        ("skip_lines = -1", "MTR191", "lines"),
        ('day = ""', "MTR191", "needs"),
        ('identifier = ["a"]', "MTR191", "str or int"),
        ('identifier = {column = "a"}', "MTR191", "value"),
        ("identifier = {value = 5}", "MTR191", "value"),
        ("day = 0", "MTR191", "count from 1"),
        ('clock = "EST"', "MTR191", "Abbreviations"),
    ],
)
def test_a_map_that_cannot_be(change: str, code: str, hint: str) -> None:
    name = change.split(" ", maxsplit=1)[0]
    kept = [line for line in DAYS.splitlines() if not line.startswith(name + " ")]
    with pytest.raises(Refused) as refused:
        read_map(change if change.startswith("{") else "\n".join([*kept, change]))
    assert refused.value.problem.code == code
    assert hint in refused.value.problem.hint


@pytest.mark.parametrize(
    "change",
    [
        'values = ["a", "b"]',
        "values = [{column = 2}, {column = 3}]",
        "values = [{colum = 2}]",
        'values = [{column = 2, unit = "horse"}]',
        'period = "p"\nday = "d"\nvalues = [2]',
    ],
)
def test_intervals_that_contradict_each_other(change: str) -> None:
    kept = [line for line in INTERVALS.splitlines() if not line.startswith("values")]
    with pytest.raises(Refused) as refused:
        read_map("\n".join([*kept, change]))
    assert refused.value.problem.code == "MTR191"


def test_a_map_that_lacks_what_it_needs() -> None:
    for told in (
        'kind = "reads"\nidentifier = 1',
        'name = "m"\nidentifier = 1',
        'name = "m"\nkind = "reads"',
    ):
        with pytest.raises(Refused) as refused:
            read_map(told)
        assert refused.value.problem.code == "MTR191"


def test_a_map_that_does_not_fit_the_file() -> None:
    with pytest.raises(FileError) as refused:
        list(parse(io.BytesIO(b"flat,when,dail\n"), read_map(READS)))
    assert refused.value.problem.code == "MTR150"
    assert "dail" in refused.value.problem.hint


@pytest.mark.parametrize(
    ("change", "header", "code"),
    [
        ('identifier = "flat"', "flat,Flat,when,dial", "MTR151"),
        ("identifier = 4", "flat,when,dial", "MTR150"),
        ('identifier = "flat"', "flat;when;dial", "MTR150"),
    ],
)
def test_a_map_whose_columns_are_not_plain_in_the_file(change: str, header: str, code: str) -> None:
    lines = [line for line in READS.splitlines() if not line.startswith("identifier")]
    told = read_map("\n".join([*lines, change, 'delimiter = ","']))
    with pytest.raises(FileError) as refused:
        list(parse(io.BytesIO(f"{header}\n".encode()), told))
    assert (refused.value.problem.code, refused.value.line) == (code, 1)


@pytest.mark.parametrize("text", [DAYS, INTERVALS, READS])
def test_what_is_kept_of_a_map_is_the_map(text: str) -> None:
    told = read_map(text)
    assert map_of(json.loads(json.dumps(as_json(told)))) == told


def test_the_clock_of_a_map_may_be_an_offset() -> None:
    assert read_map(DAYS.replace('"UTC"', '"UTC+10"')).clock == "Etc/GMT-10"


def test_the_examples_of_the_documentation_are_maps() -> None:
    page = (Path(__file__).parents[4] / "docs" / "reference" / "meter-files.md").read_text("utf-8")
    (example,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert read_map(example).name == "Acme data logger"
    named = set(re.findall(r"`([a-z_]+)`", page.split("Also:")[1].split("Until")[0])) | {
        line.split(" = ")[0] for line in example.splitlines()
    }
    settings = {one.name for one in fields(ColumnMap)}
    assert settings - named == set()
