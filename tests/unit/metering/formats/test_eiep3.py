"""EIEP3: half-hours of New Zealand, with its clock, its estimates, and files that lost their end."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.metering.formats import eiep3
from submeter.metering.model import FileError
from unit.metering.formats.reading import codes, days, values

ICP = "0000543210NR45E"
SPRING, AUTUMN = date(2026, 9, 27), date(2026, 4, 5)


def header(rows: int, status: str = "I") -> str:
    return f"HDR,ICPHH,10.0,SNDR,BHLF,RCPT,21/04/2026,21:11:04,000,{rows:08d},202604,E,{status}\n"


def det(
    day: str, period: int, kwh: str = "0.44", *, kind: str = "F", flow: str = "X", others: str = "null,null"
) -> str:
    return f"DET,{ICP},1,{kind},{day},{period},{kwh},{others},{flow},null\n"


def whole(day: str, periods: int = 48) -> list[str]:
    return [det(day, n, f"{n}.25") for n in range(1, periods + 1)]


def file(rows: list[str]) -> str:
    return header(len(rows)) + "".join(rows)


def test_a_day() -> None:
    rows, findings = days(eiep3.parse, file(whole("19/04/2026")))
    assert findings == []
    assert rows[0].stream == ("icp", ICP, "1", "", "kWh", "import")
    assert (rows[0].clock, rows[0].minutes, rows[0].decimals, rows[0].quality) == (
        "Pacific/Auckland",
        30,
        2,
        "A",
    )
    assert values(rows[0]) == [Decimal(f"{n}.25") for n in range(1, 49)]
    assert rows[0].version_at == datetime(2026, 4, 21, 9, 11, 4, tzinfo=UTC)


@pytest.mark.parametrize(("day", "periods"), [(SPRING, 46), (AUTUMN, 50)])
def test_days_of_46_and_50(day: date, periods: int) -> None:
    text = f"{day:%d/%m/%Y}"
    rows, findings = days(eiep3.parse, file(whole(text, periods)))
    assert findings == []
    assert len(values(rows[0])) == periods
    _, findings = days(eiep3.parse, file([*whole(text, periods), det(text, periods + 1)]))
    assert codes(findings) == ["MTR178"]


def test_three_quantities_and_both_flows() -> None:
    rows, findings = days(
        eiep3.parse,
        file(
            [det("19/04/2026", n, "1.00", others="2.00,3.00") for n in range(1, 49)]
            + [det("19/04/2026", n, "0.5", flow="I", others=",") for n in range(1, 49)]
        ),
    )
    assert findings == []
    assert [(row.stream.unit, row.stream.direction, values(row)[0]) for row in rows] == [
        ("kVAh", "import", Decimal(3)),
        ("kWh", "export", Decimal("0.5")),
        ("kWh", "import", Decimal(1)),
        ("kvarh", "import", Decimal(2)),
    ]


def test_estimates_keep_their_places() -> None:
    rows, _ = days(
        eiep3.parse, file([det("19/04/2026", n, kind="E" if n == 48 else "F") for n in range(1, 49)])
    )
    assert [(r.first, r.last, r.quality) for r in rows[0].ranges] == [(1, 47, "A"), (48, 48, "E")]


def test_the_same_half_hour_in_two_units_is_nobody_s_value() -> None:
    """A published sample states each half-hour twice, in kWh and in Wh."""
    doubled = [
        row for n in range(1, 49) for row in (det("24/10/2026", n, "0.228"), det("24/10/2026", n, "228.000"))
    ]
    rows, findings = days(eiep3.parse, file(doubled))
    assert rows == []
    assert codes(findings) == ["MTR166"]


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("FTR,1\n", "MTR174", 1),
        (f"DET,{ICP},1,F,19/04/2026,1,0.44\n", "MTR152", 0),
        ("DET,,1,F,19/04/2026,1,0.44,,,X,\n", "MTR162", 2),
        (det("19/04/2026", 1, kind="P"), "MTR161", 4),
        (det("19/04/2026", 1, flow="Z"), "MTR161", 10),
        (det("31/04/2026", 1), "MTR159", 5),
        (det("18/04/2026", 0), "MTR178", 6),
        (det("18/04/2026", 1, "1.0.0"), "MTR156", 7),
        (det("18/04/2026", 1, "9999999999"), "MTR158", 7),
    ],
)
def test_bad_rows(row: str, code: str, column: int) -> None:
    rows, findings = days(eiep3.parse, file([*whole("19/04/2026"), row]))
    assert len(rows) == 1
    assert [(f.problem.code, f.line, f.column) for f in findings] == [(code, 50, column)]


def test_an_icp_with_a_wrong_checksum_is_named_once() -> None:
    rows, findings = days(eiep3.parse, file(whole("19/04/2026")).replace(ICP, "0000543210NR45F"))
    assert len(rows) == 1
    assert [(f.problem.code, f.line) for f in findings] == [("MTR163", 2)]


@pytest.mark.parametrize(
    "bad",
    [
        "HDR,ICPHH,10.0\n",
        header(1).replace("ICPHH", "ICPCONS"),
        header(1).replace("21/04/2026", "21.4"),
        header(1).replace("00000001", "many"),
    ],
)
def test_a_bad_header_refuses_the_file(bad: str) -> None:
    with pytest.raises(FileError) as refused:
        days(eiep3.parse, bad + det("19/04/2026", 1))
    assert refused.value.problem.code == "MTR173"


def test_a_file_cut_off_anywhere_gives_whole_days_and_says_so() -> None:
    text = file(whole("18/04/2026") + whole("19/04/2026"))
    expected = days(eiep3.parse, text)[0]
    for end in range(len(header(96)), len(text) - 1, 13):
        rows, findings = days(eiep3.parse, text[:end])
        assert rows == expected[: len(rows)]
        assert {"MTR172", "MTR153"} & set(codes(findings))
        assert all(None not in values(row) for row in rows)


@given(st.permutations(whole("18/04/2026") + whole("19/04/2026")))
def test_rows_in_any_order(rows: list[str]) -> None:
    expected, _ = days(eiep3.parse, file(whole("18/04/2026") + whole("19/04/2026")))
    found, findings = days(eiep3.parse, file(rows))
    assert findings == []
    assert [row._replace(line=0) for row in found] == [row._replace(line=0) for row in expected]
