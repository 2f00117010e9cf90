"""NEM13 files: both reads of a row as the dial showed them."""

import io
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from submeter.metering.formats import nem13
from submeter.metering.model import DialRead, FileError, Finding, Item, Stream

MARKET = timezone(timedelta(hours=10))
HEADER = "100,NEM13,202406011200,MDP1,RETAILER"
ROW = (
    "250,6102345678,11,1,11,11,METER7,E,000950,20240108103055,A,,,0010015.50,20240408,E64,77,forecast,65,kWh,"
    "20240708,20240409000000,20240410000000"
)


def register(**changes: str) -> str:
    """A 250 row; `f9="x"` is x in field 9."""
    fields = ROW.split(",")
    for name, value in changes.items():
        fields[int(name[1:]) - 1] = value
    return ",".join(fields)


def items(*rows: str) -> list[Item]:
    return list(nem13.parse(io.BytesIO("".join(row + "\r\n" for row in (HEADER, *rows)).encode())))


def reads(*rows: str) -> list[DialRead]:
    found = items(*rows, "900")
    assert all(isinstance(item, DialRead) for item in found), found
    return [item for item in found if isinstance(item, DialRead)]


def test_two_reads_in_a_row() -> None:
    previous, current = reads(register(), "550,N,,E,")
    stream = Stream("nmi", "6102345678", "11", "METER7", "kWh", "import")
    updated_at = datetime(2024, 4, 9, tzinfo=MARKET)
    assert previous == DialRead(
        stream, date(2024, 1, 8), datetime(2024, 1, 8, 10, 30, 55, tzinfo=MARKET), Decimal(950), "ACTUAL", 2,
        version_at=updated_at,
    )  # fmt: skip
    assert current == DialRead(
        stream, date(2024, 4, 8), None, Decimal("10015.50"), "ESTIMATE", 2, "E", "64", "77", "forecast",
        date(2024, 7, 8), version_at=updated_at,
    )  # fmt: skip
    assert str(current.value) == "10015.50"


@pytest.mark.parametrize(
    ("quality", "reason", "sub_type"),
    [
        ("A", "", "ACTUAL"),
        ("S67", "", "ACTUALC"),
        ("A", "75", "ACTUALC"),
        ("F62", "", "ESTIMATE"),
        ("s", "", "ESTIMATE"),
    ],
)
def test_sub_type(quality: str, reason: str, sub_type: str) -> None:
    assert reads(register(f16=quality, f17=reason))[1].sub_type == sub_type


def test_the_dial_is_not_scaled() -> None:
    read = reads(register(f20="MWH", f8="i"))[1]
    assert (read.stream.unit, read.stream.direction, read.value) == ("MWh", "export", Decimal("10015.50"))


def test_a_first_read_has_none_before_it() -> None:
    assert len(reads(register(f9="", f10="", f11=""))) == 1
    assert len(reads(register(f11="N"))) == 1


def test_without_update_time_a_read_is_as_old_as_the_file() -> None:
    assert reads(register(f22=""))[0].version_at == datetime(2024, 6, 1, 12, tzinfo=MARKET)


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("250,6102345678,11", "MTR111", 0),
        (register() + ",x", "MTR128", 24),
        (register(f2=""), "MTR113", 2),
        (register(f2="61023456780"), "MTR114", 2),
        (register(f5=""), "MTR115", 5),
        (register(f8="X"), "MTR130", 8),
        (register(f9="12a"), "MTR131", 9),
        (register(f14=""), "MTR131", 14),
        (register(f14="-5"), "MTR131", 14),
        (register(f15="20240431"), "MTR133", 15),
        (register(f15=""), "MTR133", 15),
        (register(f10="20240108256100"), "MTR133", 10),
        (register(f16="Q"), "MTR123", 16),
        (register(f16="V"), "MTR123", 16),
        (register(f16="N"), "MTR132", 16),
        (register(f20="horses"), "MTR116", 20),
        (register(f21="soon"), "MTR118", 21),
        (register(f22="20240409"), "MTR124", 22),
        ("300,20240601,1", "MTR109", 1),
        (register(f7="\x00"), "MTR110", 7),
    ],
)
def test_a_bad_row_between_good_ones(row: str, code: str, column: int) -> None:
    found = items(register(), row, register(f2="6109999999"), "900")
    assert [item.line for item in found] == [2, 2, 3, 4, 4]
    finding = found[2]
    assert isinstance(finding, Finding)
    assert (finding.problem.code, finding.column) == (code, column)
    assert finding.problem.hint


def test_the_frame() -> None:
    def seen(*rows: str) -> list[tuple[int, str]]:
        return [
            (item.line, item.problem.code if isinstance(item, Finding) else "read") for item in items(*rows)
        ]

    assert seen(register()) == [(2, "read"), (2, "read"), (2, "MTR106")]
    assert seen("550,N,,E,", "900", register(), register()) == [(2, "MTR112"), (4, "MTR107")]
    assert seen(register(), HEADER, "900") == [(2, "read"), (2, "read"), (3, "MTR105")]


def test_a_row_without_line_end_is_not_trusted() -> None:
    found = list(nem13.parse(io.BytesIO(f"{HEADER}\n{register()}\n{register()}".encode())))
    assert [item.line for item in found] == [2, 2, 3]


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "MTR101"), (b"x\n", "MTR102"), (b"100,NEM12,,A,B\n", "MTR103")]
)
def test_no_nem13_file(data: bytes, code: str) -> None:
    with pytest.raises(FileError, match=code):
        list(nem13.parse(io.BytesIO(data)))
