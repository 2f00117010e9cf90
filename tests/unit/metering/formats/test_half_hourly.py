"""Half-hourly tables: exact quantities, clocks that change, rows in any order, and rows that are wrong."""

import io
from array import array
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.metering.formats import half_hourly
from submeter.metering.model import MISSING, DayRow, FileError, Finding, Item

MPAN, OTHER = "2012345678385", "1312345678907"
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
WIDE = "MPAN,Date," + ",".join(f"HH{n}" for n in range(1, 51))


def parse(text: str, clock: str = "") -> tuple[list[DayRow], list[Finding]]:
    items: list[Item] = list(half_hourly.parse(io.BytesIO(text.encode()), clock))
    rows = [item for item in items if isinstance(item, DayRow)]
    return rows, [item for item in items if isinstance(item, Finding)]


def values(row: DayRow) -> list[Decimal | None]:
    return [
        None if amount == MISSING else Decimal(amount).scaleb(-row.decimals)
        for amount in array("i", row.amounts)
    ]


def codes(findings: list[Finding]) -> list[str]:
    return [finding.problem.code for finding in findings]


def cells(count: int, value: str = "0.125") -> str:
    return ",".join([value] * count)


def wide(*rows: str, header: str = WIDE) -> str:
    return "\n".join([header, *rows]) + "\n"


# --- wide ------------------------------------------------------------------------------------------------


def test_a_wide_row_is_a_day_to_the_last_decimal() -> None:
    rows, findings = parse(wide(f"{MPAN},01/06/2026,{cells(47)},12.750,,"))
    assert findings == []
    assert rows[0].stream == ("mpan", MPAN, "", "", "kWh", "import")
    assert (rows[0].day, rows[0].clock, rows[0].minutes) == (date(2026, 6, 1), "Europe/London", 30)
    assert (rows[0].decimals, rows[0].quality, rows[0].line) == (3, "A", 2)
    assert values(rows[0]) == [Decimal("0.125")] * 47 + [Decimal("12.750")]


def test_numbers_of_different_decimals_and_empty_cells() -> None:
    rows, findings = parse(wide(f"{MPAN},2026-06-01,1,.5,2.25,1e-4,-0.5,,{cells(42)},,"))
    head = [Decimal(text) for text in ("1", "0.5", "2.25", "0.0001", "-0.5")]
    assert values(rows[0])[:6] == [*head, None]
    assert rows[0].decimals == 4
    assert codes(findings) == ["MTR165"]
    assert findings[0].problem.detail == "2026-06-01: 6 of 48"


@pytest.mark.parametrize(("day", "periods"), [(SPRING, 46), (date(2026, 6, 1), 48), (AUTUMN, 50)])
def test_settlement_periods_run_on_when_the_clock_changes(day: date, periods: int) -> None:
    rows, findings = parse(wide(f"{MPAN},{day},{cells(periods)}" + "," * (50 - periods)))
    assert findings == []
    assert values(rows[0]) == [Decimal("0.125")] * periods


def test_a_short_day_with_48_values_means_another_clock() -> None:
    rows, findings = parse(wide(f"{MPAN},{SPRING},{cells(48)},,", f"{MPAN},2026-03-30,{cells(48)},,"))
    assert [row.day for row in rows] == [date(2026, 3, 30)]
    assert [(f.problem.code, f.line) for f in findings] == [("MTR168", 2)]


def test_a_long_day_without_its_last_columns_misses_them() -> None:
    header = "MPAN,Date," + ",".join(f"HH{n}" for n in range(1, 49))
    rows, findings = parse(wide(f"{MPAN},{AUTUMN},{cells(48)}", header=header))
    assert values(rows[0]) == [Decimal("0.125")] * 48 + [None, None]
    assert codes(findings) == ["MTR165"]


def test_columns_by_the_clock_on_the_wall() -> None:
    times = [f"{n // 2:02d}:{n % 2 * 30:02d}" for n in range(48)]
    spring = ",".join("" if time in {"01:00", "01:30"} else "1.5" for time in times)
    text = wide(
        f"{MPAN},{SPRING},{spring}", f"{MPAN},{AUTUMN},{cells(48)}", header="MPAN,Date," + ",".join(times)
    )
    rows, findings = parse(text)
    assert values(rows[0]) == [Decimal("1.5")] * 46
    # 01:00 and 01:30 come twice on the autumn day, and nobody can say which of them the columns have.
    assert [n for n, value in enumerate(values(rows[1])) if value is None] == [2, 3, 4, 5]
    assert len(values(rows[1])) == 50
    assert codes(findings) == ["MTR165"]


def test_a_value_in_the_hour_that_the_clock_skips() -> None:
    times = [f"{n // 2:02d}:{n % 2 * 30:02d}" for n in range(48)]
    rows, findings = parse(wide(f"{MPAN},{SPRING},{cells(48)}", header="MPAN,Date," + ",".join(times)))
    assert rows == []
    assert codes(findings) == ["MTR168"]


def test_a_short_row_under_times_is_not_filled_up() -> None:
    times = [f"{n // 2:02d}:{n % 2 * 30:02d}" for n in range(48)]
    rows, findings = parse(wide(f"{MPAN},01/06/2026,{cells(30)}", header="MPAN,Date," + ",".join(times)))
    assert rows == []
    assert codes(findings) == ["MTR152"]


@pytest.mark.parametrize("last", ["24:00", "00:00"])
def test_columns_by_the_ends_of_their_intervals(last: str) -> None:
    ends = [f"{n // 2:02d}:{n % 2 * 30:02d}" for n in range(1, 48)]
    numbers = ",".join(f"{n}.0" for n in range(1, 49))
    rows, _ = parse(wide(f"{MPAN},01/06/2026,{numbers}", header=f"MPAN,Date,{','.join(ends)},{last}"))
    assert values(rows[0]) == [Decimal(n) for n in range(1, 49)]


def test_columns_in_any_order_and_case_with_any_delimiter() -> None:
    names = [f"kWh_{n}" for n in range(48, 0, -1)]
    numbers = [f"{n}.5" for n in range(48, 0, -1)]
    text = f"Settlement Date;{';'.join(names)};mpan core;Meter Serial\n01/06/2026;{';'.join(numbers)};{MPAN};S1\n"
    rows, findings = parse(text)
    assert findings == []
    assert values(rows[0]) == [Decimal(f"{n}.5") for n in range(1, 49)]
    assert rows[0].stream.serial == "S1"


def test_units_are_scaled_without_loss() -> None:
    header = "NMI,UoM,Date (UTC)," + ",".join(str(n) for n in range(1, 49))
    text = wide(
        f"2001985732,Wh,01/06/2026,{cells(48, '1250')}",
        f"2001985733,MWh,01/06/2026,{cells(48, '0.00125')}",
        f"3075621875,kVArh,01/06/2026,{cells(48, '1.250')}",
        f"QAAAVZZZZZ,kWs,01/06/2026,{cells(48, '1')}",
        header=header,
    )
    rows, findings = parse(text)
    assert [(row.stream.unit, values(row)[0], row.decimals, row.clock) for row in rows] == [
        ("kWh", Decimal("1.250"), 3, "UTC"),
        ("kWh", Decimal("1.25"), 2, "UTC"),
        ("kvarh", Decimal("1.250"), 3, "UTC"),
    ]
    assert [(f.problem.code, f.line) for f in findings] == [("MTR164", 5)]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("abc", "MTR156"),
        ("1.2.3", "MTR156"),
        ("٣.000", "MTR156"),
        ('"1,250.5"', "MTR157"),
        ("0.1234567891", "MTR158"),
        ("99999999.999", "MTR158"),
        ("12345678901234567890123456789012345.5", "MTR158"),
    ],
)
def test_a_bad_value_is_missing_and_named(cell: str, code: str) -> None:
    rows, findings = parse(wide(f"{MPAN},01/06/2026,0.125,{cell},{cells(46)},,"))
    assert values(rows[0])[:3] == [Decimal("0.125"), None, Decimal("0.125")]
    assert codes(findings) == [code, "MTR165"]
    assert (findings[0].line, findings[0].column) == (2, 4)
    assert findings[0].value == cell.strip('"')
    assert findings[0].problem.hint


def test_many_decimals_that_are_zeros_are_kept() -> None:
    rows, findings = parse(wide(f"{MPAN},01/06/2026,{cells(48, '0.25000000000')},,"))
    assert findings == []
    assert values(rows[0]) == [Decimal("0.25")] * 48


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (f"{MPAN},31/06/2026,{cells(48)},,", "MTR159"),
        (f",01/06/2026,{cells(48)},,", "MTR162"),
        (f"{MPAN},01/06/2026,{cells(30)}", "MTR152"),
        (f"{MPAN},01/06/2026,{cells(50)},7", "MTR152"),
        (f'{MPAN},01/06/2026,"0.1,{cells(47)},,', "MTR154"),
    ],
)
def test_a_bad_row_is_a_finding_and_the_next_ones_load(row: str, code: str) -> None:
    rows, findings = parse(wide(row, f"{OTHER},02/06/2026,{cells(48)},,"))
    assert [r.stream.identifier for r in rows] == [OTHER]
    assert rows[0].line == 3
    assert [(f.problem.code, f.line) for f in findings] == [(code, 2)]


def test_a_doubtful_identifier_is_said_once_and_its_rows_pass() -> None:
    rows, findings = parse(
        wide(f"2012345678384,01/06/2026,{cells(48)},,", f"2012345678384,02/06/2026,{cells(48)},,")
    )
    assert len(rows) == 2
    assert codes(findings) == ["MTR163"]


def test_a_day_that_is_stated_twice() -> None:
    rows, findings = parse(
        wide(f"{MPAN},01/06/2026,{cells(48)},,", f"{MPAN},01/06/2026,{cells(48, '2.5')},,")
    )
    assert values(rows[0])[0] == Decimal("0.125")
    assert len(rows) == 1
    assert [(f.problem.code, f.line) for f in findings] == [("MTR177", 3)]


def test_month_first_dates_refuse_the_file() -> None:
    with pytest.raises(FileError) as refused:
        parse(wide(f"{MPAN},06/01/2026,{cells(48)},,", f"{MPAN},06/13/2026,{cells(48)},,"))
    assert (refused.value.problem.code, refused.value.line) == ("MTR160", 3)


@pytest.mark.parametrize("proof", ["13/01/2026", "2026-01-01"])
def test_nothing_is_given_before_the_order_of_day_and_month_is_plain(proof: str) -> None:
    doubtful = [f"{MPAN},01/{day:02d}/2026,{cells(48)},," for day in range(1, 13)]
    month_first = half_hourly.parse(io.BytesIO(wide(*doubtful, f"{MPAN},01/13/2026,{cells(48)},,").encode()))
    with pytest.raises(FileError, match="MTR160"):
        next(month_first)
    plain = wide(*doubtful[1:], f"{MPAN},{proof},{cells(48)},,", f"{MPAN},01/13/2026,{cells(48)},,")
    assert isinstance(next(half_hourly.parse(io.BytesIO(plain.encode()))), DayRow)


def test_a_table_of_doubtful_days_alone_is_day_first() -> None:
    rows, findings = parse(wide(*(f"{MPAN},{day:02d}/06/2026,{cells(48)},," for day in range(1, 13))))
    assert ([row.day.day for row in rows], findings) == ([*range(1, 13)], [])


def test_a_last_line_without_an_end_may_be_cut_off() -> None:
    header = "MPAN,Date," + ",".join(f"HH{n}" for n in range(1, 49))
    text = wide(f"{MPAN},01/06/2026,{cells(48)}", f"{MPAN},02/06/2026,{cells(48)}", header=header)
    for end in range(len(text) - 1, len(text) - 100, -1):
        rows, findings = parse(text[:end])
        assert [row.day.day for row in rows] == [1]
        assert codes(findings) in (["MTR153"], ["MTR152"])


def test_a_file_cut_anywhere_gives_whole_days_only() -> None:
    whole = wide(*(f"{MPAN},{n:02d}/06/2026,{cells(48)},," for n in range(1, 4)))
    expected = parse(whole)[0]
    for end in range(len(WIDE) + 2, len(whole), 17):
        rows = parse(whole[:end])[0]
        assert rows == expected[: len(rows)]


# --- headers and clocks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "MTR142"),
        ("\n \n", "MTR142"),
        ("Date,HH1\n", "MTR150"),
        ("MPAN,MPAN Core," + WIDE[5:] + "\n", "MTR151"),
        (WIDE.replace("MPAN", "Serial,kWh") + "\n", "MTR170"),
        ("serial,timestamp,kWh\nS1,2026-06-01 00:00,1\n", "MTR170"),
        (f"mpan,timestamp,value\n{MPAN},2026-06-01T00:00:00Z,1\n", "MTR150"),
        ("mpan,settlement date,kWh\n", "MTR150"),
        ('"mpan,timestamp\n', "MTR154"),
    ],
)
def test_headers_that_cannot_be_used(text: str, code: str) -> None:
    with pytest.raises(FileError) as refused:
        parse(text)
    assert refused.value.problem.code == code
    assert refused.value.problem.hint


def test_a_clock_may_be_named_from_outside() -> None:
    rows, _ = parse("serial,timestamp,kWh\n" + long_day("S1", "2026-06-01 {}"), "Etc/GMT-10")
    assert rows[0].clock == "Etc/GMT-10"


# --- long ------------------------------------------------------------------------------------------------


def long_day(who: str, pattern: str, value: str = "0.5") -> str:
    times = [f"{n // 2:02d}:{n % 2 * 30:02d}" for n in range(48)]
    return "".join(f"{who},{pattern.format(time)},{value}\n" for time in times)


def test_a_long_table_with_offsets_is_cut_in_the_days_of_its_market() -> None:
    text = "mpan,interval_start,kWh,cost\n" + long_day(MPAN, "2026-06-01T{}:00+01:00", "0.125,3.5")
    rows, findings = parse(text)
    assert findings == []
    assert (rows[0].day, rows[0].clock, values(rows[0])) == (
        date(2026, 6, 1),
        "Europe/London",
        [Decimal("0.125")] * 48,
    )


def test_two_quantities_are_two_streams() -> None:
    text = "serial,timestamp (UTC),import Wh,export Wh\n" + long_day("S1", "2026-06-01 {}", "250,1")
    rows, _ = parse(text)
    assert [(r.stream.direction, r.stream.unit, values(r)[0]) for r in rows] == [
        ("export", "kWh", Decimal("0.001")),
        ("import", "kWh", Decimal("0.250")),
    ]


def test_ends_of_intervals() -> None:
    times = [f"2026-06-01 {n // 2:02d}:{n % 2 * 30:02d}" for n in range(1, 48)] + ["2026-06-01 24:00"]
    text = "serial,interval end (UTC),kWh\n" + "".join(f"S1,{t},{n}.0\n" for n, t in enumerate(times))
    rows, findings = parse(text)
    assert findings == []
    assert values(rows[0]) == [Decimal(n) for n in range(48)]


@pytest.mark.parametrize(("day", "periods"), [(SPRING, 46), (AUTUMN, 50)])
def test_settlement_periods_in_rows(day: date, periods: int) -> None:
    body = "".join(f"{MPAN},{day},{n},0.5\n" for n in range(1, periods + 2))
    rows, findings = parse("mpan,settlement date,settlement period,kWh\n" + body)
    assert values(rows[0]) == [Decimal("0.5")] * periods
    assert [(f.problem.code, f.line) for f in findings] == [("MTR178", periods + 2)]


def test_naive_stamps_on_the_days_of_change() -> None:
    spring = long_day(MPAN, "2026-03-29 {}")
    autumn = long_day(MPAN, "2026-10-25 {}")
    rows, findings = parse("mpan,timestamp,kWh\n" + spring + autumn, "Europe/London")
    assert values(rows[0]) == [Decimal("0.5")] * 46
    assert [n for n, value in enumerate(values(rows[1])) if value is None] == [2, 3, 4, 5]
    assert codes(findings) == ["MTR168", "MTR168", "MTR169", "MTR169", "MTR166"]


def test_ends_on_the_days_of_change() -> None:
    """The half-hour before the skipped hour ends at 01:00, or at 02:00 by the new time: both say the same."""
    body = f"{MPAN},2026-03-29 00:30,1\n{MPAN},2026-03-29 01:00,2\n{MPAN},2026-03-29 02:30,3\n"
    rows, _ = parse("mpan,interval_end,kWh\n" + body, "Europe/London")
    assert values(rows[0])[:4] == [Decimal(1), Decimal(2), Decimal(3), None]
    rows, _ = parse("mpan,interval_end,kWh\n" + body.replace("01:00", "02:00"), "Europe/London")
    assert values(rows[0])[:4] == [Decimal(1), Decimal(2), Decimal(3), None]


def test_rows_that_contradict_each_other_are_missing() -> None:
    text = "serial,timestamp (UTC),kWh\n" + long_day("S1", "2026-06-01 {}")
    rows, findings = parse(text + "S1,2026-06-01 10:00,0.5\nS1,2026-06-01 11:00,0.6\n")
    assert [n for n, value in enumerate(values(rows[0])) if value is None] == [22]
    assert codes(findings) == ["MTR166"]


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("S1,2026-06-02 00:10,1", "MTR167", 2),
        ("S1,yesterday,1", "MTR159", 2),
        ("S1,2026-06-02 25:00,1", "MTR159", 2),
        ("S1,2026-06-02 00:00,x", "MTR156", 3),
        ("S1,2026-06-02 00:00,99999999999", "MTR158", 3),
        ("S1,2026-06-02 00:00", "MTR152", 0),
        ("S1,2026-06-02 00:00,1,000", "MTR152", 0),
    ],
)
def test_bad_rows_of_a_long_table(row: str, code: str, column: int) -> None:
    text = "serial,timestamp (UTC),kWh\n" + long_day("S1", "2026-06-01 {}") + row + "\n"
    rows, findings = parse(text)
    assert len(rows) == 1
    assert [(f.problem.code, f.line, f.column) for f in findings] == [(code, 50, column)]


def test_quality_of_each_row() -> None:
    body = long_day("S1", "2026-06-01 {}", "0.5,A").replace("00:30,0.5,A", "00:30,0.5,Estimated", 1)
    rows, findings = parse("serial,timestamp (UTC),kWh,status\n" + body + "S1,2026-06-02 00:00,1,Q\n")
    assert rows[0].quality == "V"
    assert [(r.first, r.last, r.quality) for r in rows[0].ranges] == [(1, 1, "A"), (2, 2, "E"), (3, 48, "A")]
    assert codes(findings) == ["MTR161"]


# --- properties ------------------------------------------------------------------------------------------

_AMOUNTS = st.lists(st.integers(0, 2**31 - 1), min_size=48, max_size=48)


@given(
    st.dictionaries(st.sampled_from([f"2026-06-{n:02d}" for n in range(1, 31)]), _AMOUNTS, max_size=4),
    st.integers(0, 9),
)
def test_what_is_written_is_read_to_the_last_decimal(days: dict[str, list[int]], decimals: int) -> None:
    def write(amount: int) -> str:
        return f"{Decimal(amount).scaleb(-decimals):f}"

    body = [f"{MPAN},{day}," + ",".join(map(write, amounts)) + ",," for day, amounts in days.items()]
    rows, findings = parse(wide(*body))
    assert findings == []
    assert {str(row.day): list(array("i", row.amounts)) for row in rows} == days
    assert {row.decimals for row in rows} <= {decimals}


@given(st.permutations(list(range(96))))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    lines = [
        f"{who},2026-06-01 {n // 2:02d}:{n % 2 * 30:02d},{n}.{n}\n" for who in ("S1", "S2") for n in range(48)
    ]
    header = "serial,timestamp (UTC),kWh\n"
    expected = parse(header + "".join(lines))[0]
    rows, findings = parse(header + "".join(lines[n] for n in order))
    assert findings == []
    assert [row._replace(line=0) for row in rows] == [row._replace(line=0) for row in expected]


@given(st.binary(max_size=300))
def test_any_bytes_give_findings_or_a_refusal(tail: bytes) -> None:
    with suppress(FileError):
        for item in half_hourly.parse(io.BytesIO(WIDE.encode() + b"\n" + tail)):
            assert isinstance(item, (DayRow, Finding))
