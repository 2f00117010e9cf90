"""AEMO's published samples: every value as two independent readers have it, or refused for a reason of the format.

The readers work in floats, so an exact value is compared as the float nearest to it, in the unit of the file.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import aemo_mdff_reader
import numpy as np
import pytest
from nemreader.nem_reader import NEMFile

from submeter.metering.formats import nem12, nem13
from submeter.metering.formats.mdff import UNITS
from submeter.metering.model import MISSING, DayRow, DialRead, FileError, Finding

REFUSED = {
    # not AEMO's: nemreader's own samples of what is not allowed
    "Example_different_intervals.zip": [(6, "MTR116")],
    "invalid/Example_NEM12_15min_200_30min_300.csv": [(3, "MTR119")],
    "invalid/Example_NEM12_15min_200_30min_400.csv": [(3, "MTR127")],
    "invalid/Example_NEM12_30min_200_15min_300.csv": [(3, "MTR119")],
    "invalid/Example_NEM12_30min_200_15min_400.csv": [(4, "MTR123")],
    "invalid/Example_NEM12_incomplete_interval.csv": [(3, "MTR119")],
    "invalid/Example_NEM12_missing_header.csv": [(2, "MTR102")],
    "invalid/Example_NEM12_powercor.csv": [(2, "MTR102")],
    "invalid/Example_NEM12_powercor.csv.zip": [(2, "MTR102")],
    "invalid/Example_NEM12_powercor_missing_fields.csv": [(2, "MTR102")],
    "invalid/Example_empty_file.csv": [(0, "MTR101")],
    "unzipped/Example_NEM12_different_interval_length.csv": [(6, "MTR116")],
    # a row broken into three, one of them with two fields
    "nem12/NEM12#Scenario10#ETSAMDP#NEMMCO.zip": [(27, "MTR119"), (28, "MTR109"), (29, "MTR109")],
}


class Value(NamedTuple):
    """An interval as anybody reads it."""

    nmi: str
    suffix: str
    end: datetime
    value: float
    quality: str


def found_in(data: bytes) -> tuple[list[DayRow | DialRead], list[tuple[int, str]]]:
    """What loads, and line and code of what does not."""
    parse = nem13.parse if b"NEM13" in data[:20] else nem12.parse
    try:
        items = list(parse(io.BytesIO(data)))
    except FileError as error:
        return [], [(error.line, error.problem.code)]
    return (
        [item for item in items if isinstance(item, DayRow | DialRead)],
        [(item.line, item.problem.code) for item in items if isinstance(item, Finding)],
    )


def test_nothing_is_refused_without_a_reason(samples: dict[str, bytes]) -> None:
    assert sum(name.startswith("nem12/") for name in samples) == 94
    assert sum(name.startswith("nem13/") for name in samples) == 61
    refused = {name: found_in(data)[1] for name, data in samples.items()}
    assert {name: why for name, why in refused.items() if why} == REFUSED


def units_in(data: bytes) -> dict[tuple[str, str], int]:
    """The power of ten of each NMI's and suffix's unit."""
    rows = csv.reader(data.decode().splitlines())
    return {
        (row[1], row[4]): UNITS_BY_NAME[row[7].lower()] for row in rows if row and row[0] == "200" and row[7]
    }


UNITS_BY_NAME = {name.lower(): unit.power for name, unit in UNITS.items()}


def ours(data: bytes) -> Iterator[Value]:
    powers = units_in(data)
    for row in found_in(data)[0]:
        assert isinstance(row, DayRow)
        key = (row.stream.identifier, row.stream.register)
        qualities = {n: part for part in row.ranges for n in range(part.first, part.last + 1)}
        for n, amount in enumerate(np.frombuffer(row.amounts, "<i4").tolist(), start=1):
            part = qualities.get(n)
            quality = part.quality + part.method if part else row.quality
            # A null value is 0 in the file, and no value for us.
            assert (amount == MISSING) == (quality == "N")
            exact = Decimal(0 if amount == MISSING else amount).scaleb(-row.decimals - powers[key])
            end = datetime.fromisoformat(f"{row.day}") + n * timedelta(minutes=row.minutes)
            yield Value(*key, end, float(exact), quality)


def with_nemreader(path: Path) -> Iterator[Value]:
    text = path.read_text("utf-8").splitlines()
    for nmi, channels in NEMFile(path).parse_nem_file(text).readings.items():
        for suffix, readings in channels.items():
            for reading in readings:
                yield Value(nmi, suffix, reading.t_end, reading.read_value, str(reading.quality_method))


def with_mdff_reader(path: Path) -> Iterator[Value]:
    for reading in aemo_mdff_reader.parse(str(path)):
        yield Value(reading.nmi, reading.nmi_suffix, reading.interval_end, reading.value, "")


def test_each_interval_is_as_two_other_readers_have_it(samples: dict[str, bytes], tmp_path: Path) -> None:
    compared = 0
    for name, data in samples.items():
        if b"NEM12" not in data[:20] or name in REFUSED:
            continue
        path = tmp_path / "sample.csv"
        path.write_bytes(data)
        mine = sorted(ours(data))
        assert mine == sorted(with_nemreader(path)), name
        assert [value._replace(quality="") for value in mine] == sorted(with_mdff_reader(path)), name
        compared += len(mine)
    assert compared > 100_000


def test_what_is_left_of_the_broken_sample_is_right(samples: dict[str, bytes], tmp_path: Path) -> None:
    """nemreader leaves out the row of three fields, and hangs the 400 rows below it on the day before."""
    name = "nem12/NEM12#Scenario10#ETSAMDP#NEMMCO.zip"
    path = tmp_path / "sample.csv"
    path.write_bytes(samples[name])
    mine = {value._replace(quality="") for value in ours(samples[name])}
    theirs = {value._replace(quality="") for value in with_nemreader(path)}
    assert mine
    assert mine <= theirs
    with pytest.raises(aemo_mdff_reader.NEM12ParseError):
        list(with_mdff_reader(path))


def test_each_read_is_as_another_reader_has_it(samples: dict[str, bytes], tmp_path: Path) -> None:
    compared = 0
    for name, data in samples.items():
        if b"NEM13" not in data[:20]:
            continue
        path = tmp_path / "sample.csv"
        path.write_bytes(data.replace(b", ", b","))  # it takes no blank before a time
        mine = [read for read in found_in(data)[0] if isinstance(read, DialRead)]
        theirs = list(aemo_mdff_reader.parse_accumulations(str(path)))
        assert len(mine) == 2 * len(theirs), name
        for previous, current, their in zip(mine[::2], mine[1::2], theirs, strict=True):
            assert current.stream[:3] == ("nmi", their.nmi, their.nmi_suffix)
            assert current.stream.direction == {"E": "import", "I": "export"}[their.direction_indicator]
            assert float(previous.value) == their.previous_register_read
            assert float(current.value) == their.current_register_read
            assert previous.quality + previous.method == their.previous_quality_method
            assert current.quality + current.method == their.current_quality_method
            assert _naive(previous) == their.previous_register_read_datetime
            assert _naive(current) == their.current_register_read_datetime
            compared += 2
    assert compared == 246


def _naive(read: DialRead) -> datetime | None:
    return read.read_at.replace(tzinfo=None) if read.read_at else None
