"""Damaged NEM12 files: each names its line, the good rows load, and no day goes to another's account."""

import pytest

from submeter.metering.formats.mdff import LONGEST_LINE
from submeter.metering.model import DayRow, FileError, Finding
from unit.metering.formats.nem_files import (
    DETAILS,
    HEADER,
    day,
    items,
    nem12_file,
    refusal,
    seen,
    the_finding,
)

GOOD = day(on="20240609")
OTHER = DETAILS.replace("6102345678", "6109999999")


# --- nothing of the file can be used ---


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "MTR101", 0),
        (b"\r\n\r\n", "MTR101", 0),
        (f"\n{DETAILS}\n{GOOD}\n900\n".encode(), "MTR102", 2),
        (b"ICP,date,kWh\n", "MTR102", 1),
        (b"100,NEM13,202406011200,A,B\n900\n", "MTR103", 1),
        (b"100\n900\n", "MTR103", 1),
        ("100,NEM12,202406011200,A,B\n900\n".encode("utf-16"), "MTR104", 1),
        (b"PK\x03\x04\x00\x00", "MTR104", 1),
        (b"1" * (LONGEST_LINE + 9) + b"\n", "MTR110", 1),
    ],
)
def test_no_nem12_file(data: bytes, code: str, line: int) -> None:
    error = refusal(data)
    assert (error.problem.code, error.line) == (code, line)
    assert error.problem.hint


# --- rows ---


@pytest.mark.parametrize(
    ("row", "code", "column", "value"),
    [
        (day(values=["1"] * 47), "MTR119", 50, "A"),
        (day(values=["1"] * 49), "MTR119", 51, "1"),
        (day(values=["1"] * 96), "MTR119", 51, "1"),
        ("300,20240601,V,,,20240602120025,", "MTR119", 3, "V"),
        ("300,20240601", "MTR111", 0, ""),
        (day(on="20240230"), "MTR118", 2, "20240230"),
        (day(on="1/06/2024"), "MTR118", 2, "1/06/2024"),
        (day(values=["1", "x", *["1"] * 46]), "MTR120", 4, "x"),
        (day(values=["1"] * 40 + ["1.2.3"] + ["1"] * 7), "MTR120", 43, "1.2.3"),
        (day(values=["1"] * 47 + ["."]), "MTR120", 50, "."),
        (day(values=["1e3"] * 48), "MTR120", 3, "1e3"),
        (day(values=["1", "0:00000001", *["1"] * 46]), "MTR120", 4, "0:00000001"),
        (day(values=["4700000000000000", "0.123456789"] * 24), "MTR122", 3, "4700000000000000"),
        (day(values=["1", "2", "-0.5", *["1"] * 45]), "MTR121", 5, "-0.5"),
        (day(values=["1"] * 5 + ["2147483648"] + ["1"] * 42), "MTR122", 8, "2147483648"),
        (day(values=["1"] * 5 + ["2147483.6481"] + ["1"] * 42), "MTR122", 8, "2147483.6481"),
        (day(values=["47000000000000009999"] * 48), "MTR122", 3, "47000000000000009999"),
        (day(values=["0.1234567891"] * 48), "MTR122", 3, "0.1234567891"),
        (day(tail="X,,,20240602103000,"), "MTR123", 51, "X"),
        (day(tail="E5,,,20240602103000,"), "MTR123", 51, "E5"),
        (day(tail=",,,20240602103000,"), "MTR123", 51, ""),
        (day(tail="A,,,20240602,"), "MTR124", 54, "20240602"),
        (day(tail="A,,,20241302103000,"), "MTR124", 54, "20241302103000"),
        (day(tail="V,,,20240602103000,"), "MTR127", 51, "V"),
        ("301,20240601,1,2", "MTR109", 1, "301"),
    ],
)
def test_a_bad_row_between_good_ones(row: str, code: str, column: int, value: str) -> None:
    data = nem12_file(DETAILS, day(), row, GOOD)
    assert seen(data) == [(3, "day"), (4, code), (5, "day")]
    finding = the_finding(data)
    assert (finding.column, finding.value) == (column, value)
    assert finding.problem.hint


@pytest.mark.parametrize(
    ("events", "code", "line", "column"),
    [
        (["400,1,20,A,,", "400,22,48,A,,"], "MTR127", 3, 51),
        (["400,1,20,A,,"], "MTR127", 3, 51),
        (["400,1,20,A,,", "400,20,48,E52,,"], "MTR126", 5, 2),
        (["400,1,49,A,,"], "MTR125", 4, 3),
        (["400,0,48,A,,"], "MTR125", 4, 2),
        (["400,20,10,A,,"], "MTR125", 4, 3),
        (["400,a,48,A,,"], "MTR125", 4, 2),
        (["400,1,48,V,,"], "MTR123", 4, 4),
        (["400,1,48,,,"], "MTR123", 4, 4),
        (["400,1,48"], "MTR111", 4, 0),
    ],
)
def test_ranges_that_do_not_fit(events: list[str], code: str, line: int, column: int) -> None:
    data = nem12_file(DETAILS, day(tail="V,,,20240602103000,"), *events, GOOD)
    assert seen(data) == [(line, code), (4 + len(events), "day")]
    assert the_finding(data).column == column


def test_a_damaged_line_among_the_400_rows_costs_the_day_and_no_more() -> None:
    rows = [DETAILS, day(tail="V,,,,"), "400,1,20,A,,", "4\x000,21,30,A,,", "400,31,48,A,,", DETAILS, GOOD]
    assert seen(nem12_file(*rows)) == [(3, "MTR127"), (5, "MTR110"), (8, "day")]


@pytest.mark.parametrize("block", [100, 5_000, 1_000_000])
def test_a_line_that_is_too_long_for_a_row(block: int) -> None:
    row = day(tail=f"S14,0,{'x' * LONGEST_LINE},20240602103000,")
    found = items(nem12_file(DETAILS, row, GOOD), block=block)
    assert [type(item).__name__ for item in found] == ["Finding", "DayRow"]
    assert isinstance(found[0], Finding)
    assert (found[0].line, found[0].problem.code) == (3, "MTR110")


def test_a_bad_header_time_is_said_and_the_days_load() -> None:
    data = nem12_file(DETAILS, GOOD).replace(b"202406011200", b"2024-06-01")
    assert seen(data) == [(1, "MTR108"), (3, "day")]


@pytest.mark.parametrize(
    ("details", "code", "column"),
    [
        ("200,6102345678,E1", "MTR111", 0),
        (DETAILS.replace("6102345678", ""), "MTR113", 2),
        (DETAILS.replace("6102345678", "61\u00e9"), "MTR113", 2),
        (DETAILS.replace("6102345678", "20019857329"), "MTR114", 2),
        (DETAILS.replace(",E1,N1", ",,N1"), "MTR115", 5),
        (DETAILS.replace("kWh", "horses"), "MTR116", 8),
        (DETAILS.replace("kWh", ""), "MTR116", 8),
        (DETAILS.replace(",30,", ",10,"), "MTR117", 9),
        (DETAILS.replace(",30,", ",30.0,"), "MTR117", 9),
        (DETAILS + "300,20240601", "MTR128", 11),
    ],
)
def test_a_200_that_cannot_be_used_costs_its_days_and_no_others(details: str, code: str, column: int) -> None:
    data = nem12_file(DETAILS, GOOD, details, day(), day(), OTHER, GOOD)
    assert seen(data) == [(3, "day"), (4, code), (8, "day")]
    finding = the_finding(data)
    assert finding.column == column
    assert "2 day rows under it are left out" in finding.problem.detail


# --- rows that belong to nobody ---


def test_rows_without_the_one_they_belong_to() -> None:
    assert seen(nem12_file(GOOD, "400,1,48,A,,", GOOD)) == [(2, "MTR112"), (4, "MTR112")]
    assert seen(nem12_file(DETAILS, "400,1,48,A,,", GOOD)) == [(3, "MTR112"), (4, "day")]
    assert seen(nem12_file("500,S,ORDER,20240601154500,1")) == [(2, "MTR112")]


@pytest.mark.parametrize(
    "damaged",
    [
        OTHER.replace("200,", "20,"),
        OTHER.replace("200,", "2\x000,"),
        OTHER[4:],
        "\x00" * 300,
        "x" * (LONGEST_LINE + 1),
    ],
)
def test_days_below_a_line_that_may_have_been_a_200_are_nobodys(damaged: str) -> None:
    found = seen(nem12_file(DETAILS, GOOD, damaged, GOOD, GOOD, DETAILS, GOOD))
    assert [line for line, what in found if what == "day"] == [3, 8]
    assert [line for line, what in found if what in {"MTR109", "MTR110"}] == [4]


@pytest.mark.parametrize("above", [day(tail="A,,,"), "400,1,48,A,,", "500,S,ORDER,20240601154500,1"])
def test_days_below_two_rows_in_one_line_are_nobodys(above: str) -> None:
    quality = "V" if above.startswith("4") else "A"
    found = seen(
        nem12_file(DETAILS, GOOD, day(tail=f"{quality},,,,"), above + OTHER, GOOD, GOOD, DETAILS, GOOD)
    )
    assert {line for line, what in found if what == "day"} <= {3, 4, 9}
    assert (5, "MTR128") in found
    assert (9, "day") in found


def test_whose_day_it_is_not_certain() -> None:
    found = seen(nem12_file(DETAILS, day(tail="A,,,") + OTHER, GOOD, OTHER, GOOD))
    assert found == [(3, "MTR128"), (4, "MTR129"), (6, "day")]


def test_a_row_broken_in_two_costs_itself() -> None:
    row = day()
    found = seen(nem12_file(DETAILS, GOOD, row[:80], row[80:], GOOD))
    assert [line for line, what in found if what == "day"] == [3, 6]
    assert [line for line, what in found if what != "day"] == [4, 5]


def test_rows_after_the_end() -> None:
    data = nem12_file(DETAILS, GOOD) + nem12_file(DETAILS, GOOD).split(b"\r\n", 1)[1]
    assert seen(data) == [(3, "day"), (5, "MTR107")]


def test_a_second_header() -> None:
    half = nem12_file(DETAILS, GOOD)[: -len("900\r\n")]
    assert seen(half + nem12_file(DETAILS, GOOD)) == [(3, "day"), (4, "MTR105"), (6, "day")]
    other = b"100,NEM13,202406011200,A,B\n" + DETAILS.encode() + b"\n" + GOOD.encode() + b"\n900\n"
    assert seen(nem12_file(DETAILS, GOOD) + other) == [(3, "day"), (5, "MTR103")]


def test_a_file_without_end() -> None:
    data = nem12_file(DETAILS, GOOD)[: -len("900\r\n")]
    assert seen(data) == [(3, "day"), (3, "MTR106")]
    assert "line 3" in the_finding(data).problem.detail
    assert [code for _, code in seen(HEADER.encode())] == ["MTR106"]


def test_garbage_takes_no_memory_for_ever() -> None:
    junk = b"\x00\xff,junk\n" * 5_000 + b"\x00" * 3_000_000
    found = items(nem12_file(DETAILS, GOOD)[:-5] + junk)
    assert isinstance(found[0], DayRow)
    assert len(found) < 5_010


def test_an_error_is_raised_before_any_item() -> None:
    with pytest.raises(FileError):
        next(iter(items(b"junk")))
