"""Green Button: links between entries, exact powers of ten, days of the local clock, and hostile XML."""

import io
import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from submeter.metering.formats import green_button
from submeter.metering.model import FileError
from unit.metering.formats.reading import codes, days, values

US = "<dstEndRule>B40E2000</dstEndRule><dstOffset>3600</dstOffset><dstStartRule>360E2000</dstStartRule>"
BASE = "RetailCustomer/9b6c/UsagePoint/01"


def entry(content: str, address: str, up: str = "", related: tuple[str, ...] = ()) -> str:
    links = [f'<link rel="self" href="{address}"/>', f'<link rel="up" href="{up}"/>']
    links += [f'<link rel="related" href="{link}"/>' for link in related]
    return f"<entry><id>urn:uuid:1</id>{''.join(links)}<content>{content}</content></entry>\n"


def point() -> str:
    return entry("<UsagePoint xmlns='http://naesb.org/espi'/>", BASE, related=("LocalTimeParameters/1",))


def clock(offset: int = -18000, rules: str = US) -> str:
    body = f"<LocalTimeParameters>{rules}<tzOffset>{offset}</tzOffset></LocalTimeParameters>"
    return entry(body, "LocalTimeParameters/1")


def meter_reading(number: str = "7") -> str:
    address = f"{BASE}/MeterReading/{number}"
    return entry(
        "<MeterReading/>", address, f"{BASE}/MeterReading", (f"{address}/IntervalBlock", "ReadingType/3")
    )


def reading_type(uom: str = "72", power: str = "0", flow: str = "1", length: int = 3600) -> str:
    body = (
        f"<ReadingType><flowDirection>{flow}</flowDirection><intervalLength>{length}</intervalLength>"
        f"<powerOfTenMultiplier>{power}</powerOfTenMultiplier><uom>{uom}</uom></ReadingType>"
    )
    return entry(body, "ReadingType/3")


def block(readings: list[str], number: str = "7") -> str:
    up = f"{BASE}/MeterReading/{number}/IntervalBlock"
    return entry(f"<IntervalBlock>{''.join(readings)}</IntervalBlock>", f"{up}/1", up)


def reading(start: int, value: object, length: int = 3600, quality: str = "") -> str:
    told = f"<ReadingQuality><quality>{quality}</quality></ReadingQuality>" if quality else ""
    return (
        f"<IntervalReading><cost>907</cost>{told}<timePeriod><duration>{length}</duration><start>{start}</start>"
        f"</timePeriod><value>{value}</value></IntervalReading>\n"
    )


def feed(*entries: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        + "".join(entries)
        + "</feed>\n"
    )


def day_of_hours(day: date, zone: str = "America/New_York", factor: int = 10) -> list[str]:
    start = int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())
    following = date.fromordinal(day.toordinal() + 1)
    end = int(datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(zone)).timestamp())
    return [reading(at, n * factor) for n, at in enumerate(range(start, end, 3600), 1)]


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 6, 1), 24), (date(2026, 3, 8), 23), (date(2026, 11, 1), 25)]
)
def test_days_follow_the_local_clock(day: date, hours: int) -> None:
    text = feed(point(), clock(), meter_reading(), reading_type(), block(day_of_hours(day)))
    (row,), findings = days(green_button.parse, text)
    assert findings == []
    assert row.stream == ("own", "9b6c/01", "7", "", "kWh", "import")
    assert (row.day, row.clock, row.minutes, row.decimals) == (day, "America/New_York", 60, 3)
    assert values(row) == [Decimal(n) / 100 for n in range(1, hours + 1)]
    assert row.line > 1


def test_entries_may_stand_in_any_order() -> None:
    parts = [point(), clock(), meter_reading(), reading_type(), block(day_of_hours(date(2026, 6, 1)))]
    expected = days(green_button.parse, feed(*parts))[0]
    for order in itertools.permutations(parts):
        rows, findings = days(green_button.parse, feed(*order))
        assert findings == []
        assert [row._replace(line=0) for row in rows] == [row._replace(line=0) for row in expected]


@pytest.mark.parametrize(
    ("uom", "power", "value", "unit", "expected"),
    [
        ("72", "0", "1234", "kWh", "1.234"),
        ("72", "-3", "1234567", "kWh", "1.234567"),
        ("72", "3", "7", "kWh", "7"),
        ("72", "6", "7", "kWh", "7000"),
        ("73", "0", "5", "kvarh", "0.005"),
        ("71", "0", "5", "kVAh", "0.005"),
        ("42", "-2", "512", "m3", "5.12"),
        ("119", "0", "88", "ft3", "88"),
        ("31", "6", "9", "MJ", "9"),
    ],
)
def test_units_and_powers_of_ten(uom: str, power: str, value: str, unit: str, expected: str) -> None:
    readings = [reading(1780272000 + 3600 * n, value) for n in range(24)]
    (row,), findings = days(
        green_button.parse, feed(meter_reading(), reading_type(uom, power), block(readings))
    )
    assert findings == []
    assert (row.stream.unit, values(row)[0], row.clock) == (unit, Decimal(expected), "UTC")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (reading_type(uom="38"), "MTR164"),
        (reading_type(uom="169"), "MTR164"),
        (reading_type(power="x"), "MTR164"),
        (reading_type(flow="3"), "MTR161"),
        (reading_type(length=86400), "MTR183"),
        ("", "MTR182"),
    ],
)
def test_reading_types_that_cannot_be_used(text: str, code: str) -> None:
    rows, findings = days(green_button.parse, feed(meter_reading(), text, block([reading(1780272000, 1)])))
    assert rows == []
    assert codes(findings) == [code]


def test_export_and_quality() -> None:
    readings = [reading(1780272000 + 3600 * n, n, quality="8" if n == 23 else "0") for n in range(24)]
    (row,), _ = days(green_button.parse, feed(meter_reading(), reading_type(flow="19"), block(readings)))
    assert row.stream.direction == "export"
    assert [(r.first, r.last, r.quality) for r in row.ranges] == [(1, 23, "A"), (24, 24, "E")]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (reading(1780272060, 1), "MTR183"),
        (reading(1780358400, 1, length=900), "MTR183"),
        (reading(1780358400, "x"), "MTR156"),
        (reading(1780358400, ""), "MTR162"),
        (reading(1780358400, 10**13), "MTR158"),
        (reading(1780358400, 10**19), "MTR183"),
    ],
)
def test_bad_readings(bad: str, code: str) -> None:
    good = [reading(1780272000 + 3600 * n, n) for n in range(24)]
    rows, findings = days(green_button.parse, feed(meter_reading(), reading_type(), block([*good, bad])))
    assert [row.day for row in rows] == [date(2026, 6, 1)]
    assert codes(findings) == [code]
    assert findings[0].line > 24


def test_an_offset_of_no_known_zone_is_standard_time() -> None:
    readings = [reading(1780254000 + 3600 * n, n) for n in range(24)]
    text = feed(point(), clock(18000, ""), meter_reading(), reading_type(), block(readings))
    (row,), findings = days(green_button.parse, text)
    assert findings == []
    assert (row.clock, row.day) == ("Etc/GMT-5", date(2026, 6, 1))


def test_a_feed_cut_off_gives_whole_days_and_says_so() -> None:
    text = feed(
        meter_reading(),
        reading_type(),
        block([reading(1780272000 + 3600 * n, n) for n in range(48)]),
        block([reading(1780444800 + 3600 * n, n) for n in range(24)]),
    )
    expected = days(green_button.parse, text)[0]
    for end in range(len(text) - 8, text.index("</entry>\n<entry>", text.index("IntervalReading")), -97):
        rows, findings = days(green_button.parse, text[:end])
        assert rows == expected[: len(rows)]
        assert "MTR180" in codes(findings)


LAUGHS = '<!DOCTYPE f [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><feed>&b;</feed>'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "MTR142"),
        ("no xml", "MTR180"),
        ("<feed><entry>", "MTR180"),
        (LAUGHS, "MTR181"),
        ('<!DOCTYPE f SYSTEM "file:///etc/passwd"><f/>', "MTR181"),
        ("<a>" * 100, "MTR184"),
        (f"<value>{'x' * 100_000}</value>", "MTR184"),
        (f'<a b="{"x" * (6 << 20)}"/>', "MTR184"),
    ],
)
def test_hostile_or_broken_xml_is_refused(text: str, code: str) -> None:
    with pytest.raises(FileError) as refused:
        list(green_button.parse(io.BytesIO(text.encode())))
    assert refused.value.problem.code == code


def test_the_epoch_of_the_tests() -> None:
    assert datetime.fromtimestamp(1780272000, UTC) == datetime(2026, 6, 1, tzinfo=UTC)
