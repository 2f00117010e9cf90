"""NEM12 files as they should be, and as they often are: each value as written, to the last decimal."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest

from submeter.metering.formats.mdff import UNITS
from submeter.metering.model import MISSING, DayRow, QualityRange, Stream
from unit.metering.formats.nem_files import DETAILS, day, days, items, nem12_file, seen

MARKET = timezone(timedelta(hours=10))


def values(row: DayRow) -> list[Decimal | None]:
    amounts = np.frombuffer(row.amounts, "<i4").tolist()
    return [None if amount == MISSING else Decimal(amount).scaleb(-row.decimals) for amount in amounts]


def one(*rows: str) -> DayRow:
    (row,) = days(nem12_file(*rows))
    return row


def test_a_day() -> None:
    row = one(DETAILS, day(values=[*range(47), "1234.567"]))
    assert row.stream == Stream("nmi", "6102345678", "E1", "METER7", "kWh", "import")
    assert (row.day, row.clock, row.minutes, row.line) == (date(2024, 6, 1), "Etc/GMT-10", 30, 3)
    assert (row.quality, row.ranges) == ("A", ())
    assert row.version_at == datetime(2024, 6, 2, 10, 30, tzinfo=MARKET)
    assert row.decimals == 3
    assert values(row) == [*map(Decimal, range(47)), Decimal("1234.567")]


@pytest.mark.parametrize(("minutes", "count"), [(5, 288), (15, 96), (30, 48)])
def test_interval_lengths(minutes: int, count: int) -> None:
    row = one(DETAILS.replace(",30,", f",{minutes},"), day(values=[f"{n}.25" for n in range(count)]))
    assert row.minutes == minutes
    assert values(row) == [Decimal(n) + Decimal("0.25") for n in range(count)]


def test_interval_lengths_may_be_mixed() -> None:
    short = DETAILS.replace(",30,", ",5,").replace("E1,N1", "E2,N1")
    rows = days(nem12_file(DETAILS, day(), short, day(values=["0.1"] * 288), DETAILS, day(on="20240602")))
    assert [(row.minutes, row.stream.register, len(row.amounts)) for row in rows] == [
        (30, "E1", 192),
        (5, "E2", 1152),
        (30, "E1", 192),
    ]


@pytest.mark.parametrize(
    "cell",
    ["0", "000", ".5", "5.", "0.000001", "00012.50", "12345678", "2147483.647", "1.123456789", "123456789.0"],
)
def test_a_value_is_kept_exactly(cell: str) -> None:
    assert values(one(DETAILS, day(values=[cell] * 48))) == [Decimal(cell)] * 48


@pytest.mark.parametrize(
    ("cell", "decimals"), [("1.50", 2), ("0.0000000001", 10), ("250000000000", 0), ("2147483648.000", 3)]
)
def test_decimals_are_the_files_own_if_they_fit(cell: str, decimals: int) -> None:
    found = items(nem12_file(DETAILS, day(values=[cell] * 48)))
    fits = [(row.decimals, values(row)[0]) for row in found if isinstance(row, DayRow)]
    assert fits == ([(decimals, Decimal(cell))] if decimals == 2 else [])


def test_zeros_at_the_end_are_given_up_where_a_value_needs_the_room() -> None:
    row = one(DETAILS, day(values=["2147483.640000", "1.500000"] * 24))
    assert values(row) == [Decimal("2147483.64"), Decimal("1.5")] * 24


def test_an_empty_value_is_missing_and_zero_is_zero() -> None:
    row = one(DETAILS, day(values=["", "0", "0.00", *["7"] * 45]))
    assert values(row)[:4] == [None, 0, 0, 7]
    assert values(one(DETAILS, day(values=[""] * 48))) == [None] * 48


@pytest.mark.parametrize(
    ("unit", "cell", "name", "value"),
    [
        ("Wh", "1500.5", "kWh", "1.5005"),
        ("MWH", "0.0015", "kWh", "1.5"),
        ("mwh", "2", "kWh", "2000"),
        ("KWH", "1.5", "kWh", "1.5"),
        ("VARH", "1500", "kvarh", "1.5"),
        ("kVArh", "1.5", "kvarh", "1.5"),
        ("MVArh", "0.1", "kvarh", "100"),
        ("VAh", "1", "kVAh", "0.001"),
        ("kVAh", "1", "kVAh", "1"),
        ("MVAh", "1", "kVAh", "1000"),
        ("V", "239.13", "V", "239.13"),
        ("kV", "11", "kV", "11"),
        ("pf", "-0.98", "pf", "-0.98"),
        ("MW", "1", "MW", "1"),
        ("kVAr", "-3", "kvar", "-3"),
    ],
)
def test_units(unit: str, cell: str, name: str, value: str) -> None:
    row = one(DETAILS.replace("kWh", unit), day(values=[cell] * 48))
    assert (row.stream.unit, values(row)[0]) == (name, Decimal(value))


def test_there_are_23_units() -> None:
    assert len(UNITS) == 23


@pytest.mark.parametrize(
    ("suffix", "direction"), [("E1", "import"), ("B1", "export"), ("q2", "import"), ("k1", "export")]
)
def test_direction_follows_from_the_suffix(suffix: str, direction: str) -> None:
    stream = one(DETAILS.replace(",E1,N1", f",{suffix},N1"), day()).stream
    assert (stream.register, stream.direction) == (suffix.upper(), direction)


@pytest.mark.parametrize(
    ("written", "scheme", "identifier"),
    [
        ("20019857328", "nmi", "2001985732"),
        ("QAAAVZZZZZ3", "nmi", "QAAAVZZZZZ"),
        ("naaamys582", "nmi", "NAAAMYS582"),
        ("UNIT-12", "own", "UNIT-12"),
        ("shop 4", "own", "shop 4"),
    ],
)
def test_identifiers(written: str, scheme: str, identifier: str) -> None:
    assert one(DETAILS.replace("6102345678", written), day()).stream[:2] == (scheme, identifier)


@pytest.mark.parametrize(
    ("tail", "quality", "part"),
    [
        ("A,,,20240602103000,", "A", None),
        ("a,,,20240602103000,20240603000000", "A", None),
        ("A,,,202406021030", "A", None),
        ("E52,,,20240602103000,", "E", ("E", "52", "", "")),
        ("F14,76,Comms fault,20240602103000,", "F", ("F", "14", "76", "Comms fault")),
        ('S14,0,"dogs, two of them",20240602103000,', "S", ("S", "14", "0", "dogs, two of them")),
        ("A,79,Power Outage Alarm,20240602103000,,,,", "A", ("A", "", "79", "Power Outage Alarm")),
    ],
)
def test_quality_of_a_day(tail: str, quality: str, part: tuple[str, ...] | None) -> None:
    row = one(DETAILS, day(tail=tail))
    assert row.quality == quality
    assert row.ranges == (() if part is None else (QualityRange(1, 48, *part),))
    assert row.version_at == datetime(2024, 6, 2, 10, 30, tzinfo=MARKET)


def test_a_row_without_update_time_is_as_old_as_the_file() -> None:
    assert one(DETAILS, day(tail="A,,,,")).version_at == datetime(2024, 6, 1, 12, tzinfo=MARKET)
    assert one(DETAILS, day(tail="A")).version_at == datetime(2024, 6, 1, 12, tzinfo=MARKET)


def test_null_is_missing() -> None:
    row = one(DETAILS, day(values=[0] * 48, tail="N,,,,"))
    assert (row.quality, values(row)) == ("N", [None] * 48)


def test_ranges_of_quality_in_any_order() -> None:
    row = one(
        DETAILS,
        day(values=range(48), tail="V,,,20240602103000,"),
        "400,25,48,S14,0,guess",
        "400,1,20,A,,",
        "400,21,24,N,,",
        "500,S,RETNSRVCEORD1,20240601154500,001123.5",
    )
    assert row.quality == "V"
    assert row.ranges == (
        QualityRange(1, 20, "A"),
        QualityRange(21, 24, "N"),
        QualityRange(25, 48, "S", "14", "0", "guess"),
    )
    assert values(row) == [*range(20), *[None] * 4, *range(24, 48)]


def test_ranges_below_a_flag_are_exceptions_to_it() -> None:
    row = one(DETAILS, day(), "400,10,12,E52,,")
    assert row.quality == "V"
    assert row.ranges == (QualityRange(1, 9, "A"), QualityRange(10, 12, "E", "52"), QualityRange(13, 48, "A"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end(end: str) -> None:
    rows = (DETAILS, day(), "", day(on="20240602"))
    assert seen(nem12_file(*rows, end=end)) == [(3, "day"), (5, "day")]
    assert days(nem12_file(*rows, end=end)) == days(nem12_file(*rows))


def test_the_last_line_needs_no_end() -> None:
    assert seen(nem12_file(DETAILS, day()).rstrip()) == [(3, "day")]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: "\n\n" + text,
        lambda text: text.replace("\r\n", ",,,,\r\n"),
        lambda text: text.replace("NEM12", "nem12"),
        lambda text: text.replace(",", " , "),
        lambda text: "\r\n".join(
            ",".join(f'"{cell}"' for cell in row.split(",")) for row in text.split("\r\n")
        ),
        lambda text: text + "\r\n\x1a",
        lambda text: text.replace("1.5,", "+1.5,"),
    ],
)
def test_untidy_files_say_the_same(change) -> None:  # type: ignore[no-untyped-def]
    tidy = nem12_file(DETAILS, day(tail="S14,0,text,20240602103000,"), day(on="20240602"))
    untidy = change(tidy.decode().rstrip()).encode()
    assert [row._replace(line=0) for row in days(untidy)] == [row._replace(line=0) for row in days(tidy)]


def test_text_of_windows() -> None:
    data = nem12_file(DETAILS, day(tail="S14,0,caf\xe9,20240602103000,"))
    for encoded in (data, data.decode().encode("cp1252")):
        (row,) = days(encoded)
        assert row.ranges[0].text == "café"


def test_joined_files() -> None:
    first, second = nem12_file(DETAILS, day()), nem12_file(DETAILS, day(on="20240602"))
    assert seen(first + second) == [(3, "day"), (7, "day")]


def test_a_file_without_days() -> None:
    assert items(nem12_file()) == []
