"""A half-hourly table that was written is read back the same: amounts, decimals, qualities, clock."""

import io
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.core.problem import Refused
from submeter.metering.days import count_of
from submeter.metering.formats import half_hourly
from submeter.metering.formats.detect import detect
from submeter.metering.formats.half_hourly_writer import write
from submeter.metering.model import MISSING, DayRow, Finding, QualityRange, Stream

CLOCKS = ["UTC", "Etc/GMT-10", "Europe/London", "Pacific/Auckland", "Australia/Lord_Howe", "America/St_Johns"]
DAYS = [
    date(2026, 3, 5),
    date(2026, 3, 29),
    date(2026, 10, 25),
    date(2026, 4, 5),
    date(2026, 10, 4),
    date(2026, 9, 27),
]
AMOUNTS = st.integers(-999, 999) | st.integers(-(2**31) + 1, 2**31 - 1) | st.just(MISSING)


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    identifier = draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,20}[A-Za-z0-9]", fullmatch=True))
    unit = draw(st.sampled_from(["kWh", "kvarh", "kVAh", "kW", "L", "m3", "ft3", "MJ", "pulse"]))
    name = draw(st.sampled_from(["1", "E1", "IMPORT1_01", 'a, "b"']))
    return Stream(
        "any",
        identifier,
        name,
        draw(st.sampled_from(["", "M 1"])),
        unit,
        draw(st.sampled_from(["import", "export"])),
    )


@st.composite
def day_rows(draw: st.DrawFn, stream: Stream, clock: str, day: date) -> DayRow:
    count = count_of(day, clock, 30)
    some = np.array(draw(st.lists(AMOUNTS, min_size=1, max_size=6)), "<i4")
    values = np.random.default_rng(draw(st.integers(0, 99))).choice(some, count)
    cuts = sorted({0, count, *draw(st.lists(st.integers(1, count - 1), max_size=3))})
    ranges = tuple(QualityRange(a + 1, b, draw(st.sampled_from("AESF"))) for a, b in pairwise(cuts))
    quality = ranges[0].quality if len(ranges) == 1 else "V"
    said = () if len(ranges) == 1 else ranges
    return DayRow(stream, day, clock, 30, draw(st.integers(0, 9)), values.tobytes(), quality, said, None, 1)


@st.composite
def files(draw: st.DrawFn) -> list[DayRow]:
    clock = draw(st.sampled_from(CLOCKS))
    keys = st.tuples(streams(), st.sampled_from(DAYS))
    chosen = draw(st.lists(keys, min_size=1, max_size=4, unique_by=lambda key: (key[0].identifier, key[1])))
    return [draw(day_rows(stream, clock, day)) for stream, day in chosen]


def shown(row: DayRow) -> tuple[object, ...]:
    """What the table holds of a day: each interval with its quality."""
    amounts = np.frombuffer(row.amounts, "<i4").tolist()
    letters = [row.quality] * len(amounts)
    for part in row.ranges:
        letters[part.first - 1 : part.last] = part.quality * (part.last - part.first + 1)
    cells = tuple((a, q) if a != MISSING else None for a, q in zip(amounts, letters, strict=True))
    return row.stream, row.day, row.clock, row.decimals, cells


@given(files())
def test_written_and_read_back_it_is_the_same(rows: list[DayRow]) -> None:
    data = b"".join(write(rows))
    assert detect(data[:65536]).name == "half-hourly"
    read = list(half_hourly.parse(io.BytesIO(data)))
    known = [row for row in rows if set(np.frombuffer(row.amounts, "<i4").tolist()) != {MISSING}]
    days = [item for item in read if isinstance(item, DayRow)]
    assert sorted(map(str, map(shown, days))) == sorted(map(str, map(shown, known)))
    # The only findings are of what was missing.
    assert {item.problem.code for item in read if isinstance(item, Finding)} <= {"MTR165"}


def row(values: list[int], minutes: int, **more: object) -> DayRow:
    fields = {"stream": Stream("any", "x", "1"), "day": DAYS[0], "clock": "UTC", "minutes": minutes, "decimals": 3,
              "amounts": np.array(values, "<i4").tobytes(), "quality": "A", "ranges": (), "version_at": None, "line": 1}  # fmt: skip
    return DayRow(**{**fields, **more})  # type: ignore[arg-type]


def lines(*rows: DayRow) -> list[str]:
    return b"".join(write(rows)).decode().splitlines()


def test_what_it_looks_like() -> None:
    summer = row([-50, MISSING, *[7] * 48], 30, day=date(2026, 10, 25), clock="Europe/London")
    said = lines(summer)
    assert said[:3] == [
        "identifier,meter serial,register,unit,direction,start (Europe/London),quantity,quality",
        "x,,1,kWh,import,2026-10-25T00:00+01:00,-0.050,A",
        "x,,1,kWh,import,2026-10-25T00:30+01:00,,N",
    ]
    assert [line.split(",")[5][11:] for line in said[3:7]] == [
        "01:00+01:00",
        "01:30+01:00",
        "01:00+00:00",
        "01:30+00:00",
    ]
    assert len(said) == 51


def test_shorter_intervals_are_summed_with_the_worst_of_their_qualities() -> None:
    ranges = (QualityRange(1, 4, "A"), QualityRange(5, 12, "S"), QualityRange(13, 288, "A"))
    values = [2**31 - 1] * 6 + [1] * 6 + [1, MISSING, *[1] * 4] + [1] * 270
    said = [line.split(",")[-2:] for line in lines(row(values, 5, quality="V", ranges=ranges))[1:5]]
    assert said == [["12884901.882", "S"], ["0.006", "S"], ["", "N"], ["0.006", "A"]]


def test_hours_cannot_be_halved() -> None:
    with pytest.raises(Refused) as refused:
        lines(row([1] * 24, 60))
    assert refused.value.problem.code == "MTR459"


def test_a_table_has_one_clock() -> None:
    with pytest.raises(Refused) as refused:
        lines(row([1] * 48, 30), row([1] * 48, 30, day=DAYS[0] + timedelta(1), clock="Etc/GMT-10"))
    assert refused.value.problem.code == "MTR458"


@pytest.mark.parametrize(
    ("head", "clock"), [("start (Etc/GMT-10)", "Etc/GMT-10"), ("start (Nowhere/Land)", "UTC")]
)
def test_a_clock_in_a_head_is_taken_if_there_is_such_a_clock(head: str, clock: str) -> None:
    table = f"identifier,{head},kWh\nx,2026-03-05T00:00+10:00,1\n"
    (day,) = [item for item in half_hourly.parse(io.BytesIO(table.encode())) if isinstance(item, DayRow)]
    assert day.clock == clock
