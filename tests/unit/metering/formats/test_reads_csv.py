"""Readings of dials and lists of meters: simple and advanced, in any order of columns, row by row."""

import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.metering.formats import meters_csv, reads_csv
from submeter.metering.model import DialRead, FileError, MeterRow
from unit.metering.formats.reading import codes, read

SIMPLE = "site_identifier,meter_code,meter_register,meter_read,read_date,audit_notes\n"
ADVANCED = SIMPLE.strip() + ",estimate_read,next_scheduled_read_date,temp_factor,cv_factor\n"


def reads(text: str) -> tuple[list[DialRead], list[str]]:
    good, findings = read(reads_csv.parse, text)
    return [item for item in good if isinstance(item, DialRead)], codes(findings)


def test_a_simple_reading() -> None:
    (found,), findings = reads(SIMPLE + "U12,M1,1,012345.60,01/02/2026,hall cupboard\n")
    assert findings == []
    assert found.stream == ("any", "U12", "1", "M1", "", "import")
    assert (found.read_on, found.read_at, found.sub_type, found.line) == (date(2026, 2, 1), None, "ACTUAL", 2)
    assert (str(found.value), found.notes) == ("12345.60", "hall cupboard")


def test_an_advanced_reading() -> None:
    (found,), findings = reads(ADVANCED + "U12,M1,1,100,2026-02-01,,y,01/05/2026,0.9951,38.90\n")
    assert findings == []
    assert (found.sub_type, found.quality) == ("ESTIMATE", "E")
    assert found.next_read_on == date(2026, 5, 1)
    assert (found.temperature_factor, found.heating_value) == (Decimal("0.9951"), Decimal("38.90"))


@pytest.mark.parametrize(
    ("flag", "sub_type"),
    [("C", "ACTUALC"), ("N", "ACTUAL"), ("", "ACTUAL"), ("E", "ESTIMATE"), ("Y", "ESTIMATE")],
)
def test_flags(flag: str, sub_type: str) -> None:
    (found,), _ = reads(ADVANCED + f"U12,M1,1,100,01/02/2026,,{flag},,,\n")
    assert found.sub_type == sub_type


def test_other_names_order_delimiter_and_quotes() -> None:
    text = 'Read Date;"Meter Reading";Register;Meter;NMI\n01/02/2026;" 7.5";1;"A;1";2001985732\n'
    (found,), findings = reads(text)
    assert findings == []
    assert (found.value, found.stream.serial, found.stream.identifier) == (
        Decimal("7.5"),
        "A;1",
        "2001985732",
    )


def test_a_note_with_line_breaks_keeps_the_lines_right() -> None:
    text = SIMPLE + 'U1,M1,1,5,01/02/2026,"dog\nin the\nyard"\nU2,M1,1,x,01/02/2026,\n'
    good, findings = read(reads_csv.parse, text)
    assert [item.notes for item in good if isinstance(item, DialRead)] == ["dog\nin the\nyard"]
    assert [(f.problem.code, f.line) for f in findings] == [("MTR156", 5)]


def test_a_quote_that_is_never_closed_costs_its_own_row_only() -> None:
    body = "".join(f"U{n},M1,1,5,01/02/2026,\n" for n in range(40))
    good, findings = read(reads_csv.parse, SIMPLE + 'U99,M1,1,5,01/02/2026,"dog\n' + body)
    assert len(good) == 40
    assert [(f.problem.code, f.line) for f in findings] == [("MTR154", 2)]
    assert [item.line for item in good if isinstance(item, DialRead)] == list(range(3, 43))


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ('U1,M1,1,"12,345",01/02/2026,', "MTR157", 4),
        ("U1,M1,1,12,345,01/02/2026,note", "MTR152", 0),
        ("U1,M1,1,-5,01/02/2026,", "MTR171", 4),
        ("U1,M1,1,,01/02/2026,", "MTR162", 4),
        ("U1,,1,5,01/02/2026,", "MTR162", 2),
        ('U1,M1,1,"5,5",01/02/2026,', "MTR156", 4),
        ("U1,M1,1,5,30/02/2026,", "MTR159", 5),
        ("U1,M1,1,5", "MTR152", 0),
    ],
)
def test_bad_rows_name_line_and_column(row: str, code: str, column: int) -> None:
    good, findings = read(reads_csv.parse, SIMPLE + row + "\nU2,M1,1,5,01/02/2026,\n")
    assert len(good) == 1
    assert [(f.problem.code, f.line, f.column) for f in findings] == [(code, 2, column)]
    assert findings[0].problem.hint


def test_a_flag_that_is_none() -> None:
    _, findings = reads(ADVANCED + "U12,M1,1,100,01/02/2026,,Q,,,\n")
    assert findings == ["MTR161"]


def test_month_first_refuses_the_file() -> None:
    with pytest.raises(FileError) as refused:
        reads(SIMPLE + "U1,M1,1,5,01/02/2026,\nU1,M1,1,5,02/28/2026,\n")
    assert (refused.value.problem.code, refused.value.line) == ("MTR160", 3)
    text = SIMPLE + "U1,M1,1,5,01/02/2026,\nU1,M1,1,5,02/28/2026,\n"
    with pytest.raises(FileError, match="MTR160"):
        next(reads_csv.parse(io.BytesIO(text.encode())))


def test_a_missing_column_is_named_with_the_nearest() -> None:
    with pytest.raises(FileError) as refused:
        reads(SIMPLE.replace("meter_read,", "metre_read,"))
    assert refused.value.problem.code == "MTR150"
    assert "metre_read" in refused.value.problem.hint


def test_a_value_at_a_cut_end_is_left_out_but_not_one_before_a_note() -> None:
    cut = "read_date,site_identifier,meter_code,meter_register,meter_read\n01/02/2026,U1,M1,1,1234"
    assert reads(cut) == ([], ["MTR153"])
    assert len(reads(SIMPLE + "U1,M1,1,1234,01/02/2026,ca")[0]) == 1


def test_bytes_that_are_not_utf_8() -> None:
    good, _ = read(reads_csv.parse, SIMPLE.encode() + "U1,M1,1,5,01/02/2026,Café".encode("cp1252") + b"\r\n")
    assert [item.notes for item in good if isinstance(item, DialRead)] == ["Café"]


@given(st.lists(st.decimals(0, 10**9, places=3), max_size=20))
def test_readings_are_read_as_written(numbers: list[Decimal]) -> None:
    good, findings = reads(SIMPLE + "".join(f"U1,M1,1,{n:f},01/02/2026,\n" for n in numbers))
    assert findings == []
    assert [str(item.value) for item in good] == [f"{n:f}" for n in numbers]


# --- meters ----------------------------------------------------------------------------------------------

METERS = (
    "site_identifier,meter_code,mtr_srial,install_date,location_of_meter,meter_type_code,multiplier,dial_format,"
    "meter_register,meter_status_code,direction_indicator,removed_date\n"
)


def meters(text: str) -> tuple[list[MeterRow], list[tuple[str, int]]]:
    good, findings = read(meters_csv.parse, text)
    return [item for item in good if isinstance(item, MeterRow)], [
        (f.problem.code, f.column) for f in findings
    ]


def test_a_meter() -> None:
    (found,), findings = meters(METERS + "U12,M1,S9,01/02/2026,Hall,allday,40,5,1,active,e,\n")
    assert findings == []
    assert found.stream == ("any", "U12", "1", "M1", "", "import")
    assert (found.meter_type, found.status, found.multiplier, found.digits) == (
        "ALLDAY",
        "ACTIVE",
        Decimal(40),
        5,
    )
    assert (found.installed_on, found.removed_on) == (date(2026, 2, 1), None)
    assert found.details == {"location_of_meter": "Hall", "mtr_srial": "S9"}


def test_a_multiplier_is_1_where_none_is_given() -> None:
    (found,), _ = meters(METERS + "U12,M1,S9,,,SOLAR,,,1,INACTIVE,I,01/02/2026\n")
    assert (found.multiplier, found.stream.direction, found.removed_on) == (1, "export", date(2026, 2, 1))


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("U12,M1,S9,,,ALLDAY,,,1,INACTIVE,E,", "MTR162", 12),
        ("U12,M1,S9,,,ALLDAY,,,1,GONE,E,", "MTR161", 10),
        ("U12,M1,S9,,,ALLDAY,,,1,ACTIVE,X,", "MTR161", 11),
        ("U12,M1,S9,,,ALLDAY,0,,1,ACTIVE,E,", "MTR175", 7),
        ("U12,M1,S9,,,ALLDAY,,5.5,1,ACTIVE,E,", "MTR175", 8),
        ("U12,M1,S9,soon,,ALLDAY,,,1,ACTIVE,E,", "MTR159", 4),
        ("U12,M1,S9,,,,,,1,ACTIVE,E,", "MTR162", 6),
    ],
)
def test_bad_meters(row: str, code: str, column: int) -> None:
    assert meters(METERS + row + "\n") == ([], [(code, column)])
