"""What holds for every NEM12 file: written and read back it is the same; cut off anywhere it gives whole days only."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter.core.problem import Refused
from submeter.metering.formats import nem12
from submeter.metering.formats.mdff import UNITS, identifier_of
from submeter.metering.formats.mdff_findings import Fault
from submeter.metering.formats.nem12_day import Channel, Day, _read_alone, read_days
from submeter.metering.formats.nem12_writer import write
from submeter.metering.model import MISSING, DayRow, Finding, Item, QualityRange, Stream
from unit.metering.formats.nem_files import DETAILS, day, nem12_file

CREATED_AT = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=10)))
MOMENTS = st.integers(10**9, 2 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.sampled_from(' ,"'), max_size=20
)
AMOUNTS = st.integers(0, 999) | st.integers(0, 2**31 - 1) | st.just(MISSING)


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    identifier = draw(
        st.from_regex(r"[A-HJ-NP-Z0-9]{10}", fullmatch=True)
        | st.from_regex(r"[A-Z][a-z]{1,8}", fullmatch=True)
    )
    suffix = draw(st.sampled_from(["E1", "B1", "Q2", "K1", "T1"]))
    unit = draw(st.sampled_from(["kWh", "kvarh", "kVAh", "V", "pf"]))
    direction = "export" if suffix[0] in "BK" else "import"
    scheme = "nmi" if len(identifier) == 10 else "own"
    return Stream(scheme, identifier, suffix, draw(st.sampled_from(["", "M1", "A,B"])), unit, direction)


@st.composite
def qualities(draw: st.DrawFn, first: int, last: int, flags: str = "AEFSN") -> QualityRange:
    flag = draw(st.sampled_from(flags))
    method = draw(st.sampled_from(["", "14", "52"])) if flag in "EFS" else ""
    text = " ".join(draw(TEXT).split()).strip()
    return QualityRange(first, last, flag, method, draw(st.sampled_from(["", "0", "76"])), text)


@st.composite
def day_rows(draw: st.DrawFn) -> DayRow:
    minutes = draw(st.sampled_from([30, 15, 5]))
    count = 1440 // minutes
    some = np.array(draw(st.lists(AMOUNTS, min_size=1, max_size=8)), dtype="<i4")
    values = np.random.default_rng(draw(st.integers(0, 99))).choice(some, count)
    cuts = sorted({0, count, *draw(st.lists(st.integers(1, count - 1), max_size=3))})
    ranges = tuple(draw(qualities(a + 1, b)) for a, b in pairwise(cuts))
    quality = "V" if len(ranges) > 1 else ranges[0].quality
    for part in ranges:
        if part.quality == "N":
            values[part.first - 1 : part.last] = MISSING
    if quality != "V" and not any(ranges[0][3:]):
        ranges = ()
    # Where nothing but empty values is written, there are no decimals. A value of quality N is written as 0.000.
    written = (values != MISSING).any() or quality == "N" or any(part.quality == "N" for part in ranges)
    decimals = draw(st.integers(0, 9)) if written else 0
    on = draw(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
    updated_at = draw(MOMENTS)
    return DayRow(
        draw(streams()), on, "Etc/GMT-10", minutes, decimals, values.tobytes(), quality, ranges, updated_at, 0
    )


def parse(data: bytes, **options: int) -> list[Item]:
    return list(nem12.parse(io.BytesIO(data), **options))


def without_line(items: list[Item]) -> list[Any]:
    return [item._replace(line=0) if isinstance(item, DayRow) else item for item in items]


@given(st.lists(day_rows(), max_size=4))
def test_written_and_read_back_it_is_the_same(rows: list[DayRow]) -> None:
    data = b"".join(write(rows, created_at=CREATED_AT))
    assert without_line(parse(data)) == rows


@given(st.lists(day_rows(), min_size=1, max_size=3), st.integers(1, 4000))
def test_any_block_size_gives_the_same(rows: list[DayRow], block: int) -> None:
    data = b"".join(write(rows, created_at=CREATED_AT)).replace(b"E52", b"E5x", 1)
    assert parse(data, block=block) == parse(data)


@settings(max_examples=30)
@given(st.lists(day_rows(), min_size=2, max_size=3), st.sampled_from([b"\r\n", b"\n", b"\r"]), st.data())
def test_cut_off_anywhere_it_gives_whole_days_only_and_says_where(
    rows: list[DayRow], end: bytes, data: st.DataObject
) -> None:
    whole = b"".join(write(rows, created_at=CREATED_AT)).replace(b"\r\n", end)
    days = parse(whole)
    cut = data.draw(st.integers(whole.index(end) + len(end), whole.rindex(b"900") + 2))
    found = parse(whole[:cut])
    kept = [item for item in found if isinstance(item, DayRow)]
    text = whole[:cut].splitlines(keepends=True)
    ended = len(text) - (not text[-1].endswith((b"\r", b"\n")))
    assert kept == [item for item in days if isinstance(item, DayRow) and last_line(item) <= ended]
    said = found[-1]
    assert isinstance(said, Finding)
    assert (said.problem.code, said.line) == ("MTR106", len(text))
    assert (f"line {kept[-1].line}" if kept else "no whole row") in said.problem.detail


def last_line(row: DayRow) -> int:
    return row.line + (len(row.ranges) if row.quality == "V" else 0)


def test_cut_off_at_every_byte() -> None:
    whole = nem12_file(
        DETAILS, day(tail="V,,,20240602103000,"), "400,1,20,A,,", "400,21,48,E52,,", day("20240602")
    )
    days = parse(whole)
    for cut in range(whole.index(b"\n") + 1, len(whole) - 2):
        found = parse(whole[:cut])
        kept = [item for item in found if isinstance(item, DayRow)]
        assert kept == days[: len(kept)]
        codes = [item.problem.code for item in found if isinstance(item, Finding)]
        assert codes in (["MTR106"], ["MTR127", "MTR106"]), cut
    assert [len(parse(whole[:cut])) for cut in (len(whole) - 2, len(whole))] == [2, 2]


CELLS = st.sampled_from(
    [
        "0",
        "1",
        "12.5",
        ".5",
        "7.",
        "",
        "1234567.125",
        "12345678.5",
        "123456789012",
        "1.23456789012",
        "9999999999999999",
        "0.123456789",
    ]
)


@given(
    st.lists(st.lists(CELLS, min_size=48, max_size=48), min_size=1, max_size=5),
    st.sampled_from(["kWh", "Wh", "MWh"]),
)
def test_many_together_are_read_as_one_by_one(table: list[list[str]], unit: str) -> None:
    channel = Channel(Stream("nmi", "6102345678", "E1"), 30, 48, UNITS[unit])
    together = [Day(line, day(values=row).encode(), channel, None) for line, row in enumerate(table, start=1)]
    read_days(together)
    assert [entry.item for entry in together] == [_read_alone(entry) for entry in together]


@given(st.binary(max_size=300))
def test_any_bytes_within_a_file_are_findings_at_worst(junk: bytes) -> None:
    data = (
        nem12_file(DETAILS, day()).removesuffix(b"900\r\n")
        + junk
        + b"\r\n"
        + nem12_file(DETAILS, day("20240602"))
    )
    found = parse(data)
    assert isinstance(found[-1], DayRow)
    assert found[-1].day == date(2024, 6, 2)
    assert all(isinstance(item, DayRow | Finding) for item in found)


@given(st.from_regex(r"[A-HJ-NP-Z0-9]{10}[0-9]", fullmatch=True))
def test_one_checksum_in_ten_is_right(nmi: str) -> None:
    def accepted() -> Iterator[str]:
        for digit in "0123456789":
            try:
                yield identifier_of(nmi[:10] + digit)[1]
            except Fault:
                continue

    assert list(accepted()) == [nmi[:10]]


def test_the_words_of_the_format() -> None:
    ranges = (QualityRange(1, 46, "S", "14", "0", "a, b"), QualityRange(47, 48, "N"))
    values = np.array([*range(44), 12345, MISSING, MISSING, MISSING], dtype="<i4").tobytes()
    stream = Stream("nmi", "6102345678", "Q1", "M7", "kvarh")
    row = DayRow(stream, date(2026, 6, 1), "Etc/GMT-10", 30, 2, values, "V", ranges, CREATED_AT, 1)
    written = b"".join(write([row], created_at=CREATED_AT, sender="ME", receiver="YOU")).decode()
    numbers = ",".join(f"0.{n:02d}" for n in range(44))
    assert written.split("\r\n") == [
        "100,NEM12,202607011200,ME,YOU",
        "200,6102345678,Q1,,Q1,,M7,kVArh,30,",
        f"300,20260601,{numbers},123.45,,0.00,0.00,V,,,20260701120000,",
        '400,1,46,S14,0,"a, b"',
        "400,47,48,N,,",
        "900",
        "",
    ]


@pytest.mark.parametrize(
    "change",
    [{"clock": "Europe/London"}, {"minutes": 60}, {"stream": Stream("nmi", "6102345678", "E1", unit="L")}],
)
def test_what_nem12_cannot_say_is_refused(change: dict[str, Any]) -> None:
    row = DayRow(
        Stream("nmi", "6102345678", "E1"), date(2026, 1, 1), "Etc/GMT-10", 30, 0, bytes(192), "A", (), None, 1
    )
    with pytest.raises(Refused, match="MTR135"):
        list(write([row._replace(**change)], created_at=CREATED_AT))
