"""Small NEM12 files for tests, in the words of the format."""

import io
from collections.abc import Iterable

from submeter.metering.formats import nem12
from submeter.metering.model import DayRow, FileError, Finding, Item

HEADER = "100,NEM12,202406011200,MDP1,RETAILER"
DETAILS = "200,6102345678,E1,1,E1,N1,METER7,kWh,30,20240701"
TAIL = "A,,,20240602103000,"


def day(on: str = "20240601", values: Iterable[object] = ("1.5",) * 48, tail: str = TAIL) -> str:
    return ",".join(["300", on, *map(str, values), tail])


def nem12_file(*rows: str, end: str = "\r\n") -> bytes:
    """A whole file of these rows, between header and end record."""
    return "".join(row + end for row in (HEADER, *rows, "900")).encode()


def items(data: bytes, **options: int) -> list[Item]:
    return list(nem12.parse(io.BytesIO(data), **options))


def days(data: bytes) -> list[DayRow]:
    """All items, which are days, or the test fails."""
    found = items(data)
    assert all(isinstance(item, DayRow) for item in found), found
    return [item for item in found if isinstance(item, DayRow)]


def the_finding(data: bytes) -> Finding:
    """The one thing that is wrong."""
    (finding,) = (item for item in items(data) if isinstance(item, Finding))
    return finding


def seen(data: bytes) -> list[tuple[int, str]]:
    """Line and code of each finding, or `day` for each day, in order."""
    return [(item.line, item.problem.code if isinstance(item, Finding) else "day") for item in items(data)]


def refusal(data: bytes) -> FileError:
    """Why nothing of the file can be used."""
    try:
        found = items(data)
    except FileError as error:
        return error
    raise AssertionError(found)
