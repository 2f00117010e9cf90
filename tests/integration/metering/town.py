"""A few meters in a database, and files made of rows, for tests of imports."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, BinaryIO

import numpy as np

from submeter.core.caller import Caller
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering.actions import Options, Source, import_file
from submeter.metering.model import MISSING, DayRow, FileError, Item, Stream
from submeter.metering.reading import How, Part
from submeter.metering.report import Report

MADE = datetime(2026, 7, 1, tzinfo=UTC)
NOW = datetime(2026, 7, 2, tzinfo=UTC)
DAY = date(2026, 3, 5)
MARKET = "Etc/GMT-10"
SERVICE = Caller("service_role")


@dataclass
class Town:
    """One ESCO with homes in Melbourne, each with a meter of one register E1 and an NMI."""

    database: Database
    esco_id: str
    site_id: str = ""
    registers: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def operator(self) -> Caller:
        return Caller("operator", self.esco_id)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with transaction(self.database, SERVICE) as connection:
            return connection.execute(query.encode(), values or None).fetchall()

    def value(self, query: str, *values: Any) -> Any:
        return self.rows(query, *values)[0][0]

    def add(self, table: str, **columns: Any) -> str:
        """Insert a row of the ESCO; its id."""
        columns = {"esco_id": self.esco_id, **columns}
        places = ", ".join(["%s"] * len(columns))
        returned = "id" if table != "circuit_registers" else "circuit_id"
        query = f"insert into submeter.{table} ({', '.join(columns)}) values ({places}) returning {returned}::text"
        return str(self.value(query, *columns.values()))

    def add_home(
        self, name: str, *, scheme: str = "NMI", installed: str = "2020-01-01T00:00Z", serial: str = ""
    ) -> str:
        """A home with a meter; returns the id of its supply point."""
        home = self.add("properties", site_id=self.site_id, name=name)
        point = self.add("supply_points", property_id=home, product="power")
        self.add("supply_point_identifiers", supply_point_id=point, scheme=scheme, identifier=name)
        self.add_meter(name, point, serial or f"M{name}", installed)
        return point

    def add_meter(self, name: str, point: str, serial: str, installed: str) -> str:
        """A meter at a supply point, with a circuit that it counts for; returns its id."""
        meter = self.add("meters", serial=serial)
        self.add("meter_installations", meter_id=meter, supply_point_id=point, installed_at=installed)
        register = self.add("registers", meter_id=meter, name="E1")
        circuit = self.add("circuits", type="power", name=name)
        self.add("circuit_registers", circuit_id=circuit, register_id=register)
        self.registers[serial] = register
        self.registers[name] = register
        return meter

    def add_day(self, register: str, day: date, clock: str, values: Sequence[int | None]) -> None:
        """A day past all imports, as whoever may write the table would add it."""
        query = """insert into submeter.register_intervals (esco_id, register_id, day, clock, starts_at, amounts)
          values (%s, %s, %s, %s, %s::date::timestamp at time zone %s, submeter.encode_amounts(%s)) returning day"""
        self.rows(query, self.esco_id, register, day, clock, day, clock, list(values))

    def load(self, rows: Sequence[Item] | Callable[[], Iterator[Item]], **more: Any) -> Report:
        """Import rows as a file whose bytes are their own."""
        return load(self.database, more.pop("caller", self.operator), rows, **more)

    def current(self, name: str, day: date = DAY) -> list[int | None] | None:
        """The amounts of a day that stand."""
        query = "select submeter.decode_amounts(amounts) from submeter.register_intervals where register_id = %s and day = %s"
        found = self.rows(query, self.registers[name], day)
        return found[0][0] if found else None

    def history(self, name: str, day: date = DAY) -> set[tuple[int | None, ...]]:
        """All amounts that were ever said of a day, and are kept somewhere."""
        query = """select submeter.decode_amounts(amounts) from (
          select register_id, day, amounts from submeter.register_intervals
          union all select register_id, day, amounts from submeter.register_interval_versions
          union all select register_id, day, amounts from submeter.import_waiting) k where register_id = %s and day = %s"""
        return {tuple(amounts) for (amounts,) in self.rows(query, self.registers[name], day)}


def load(
    database: Database,
    caller: Caller,
    rows: Sequence[Item] | Callable[[], Iterator[Item]],
    *,
    name: str = "file.csv",
    made: datetime = MADE,
    breaks: FileError | None = None,
    content: bytes | None = None,
    **options: Any,
) -> Report:
    """Import rows as a file."""

    def items() -> Iterator[Item]:
        yield from rows() if callable(rows) else rows
        if breaks:
            raise breaks

    def parts(stream: BinaryIO, name: str, how: How) -> Iterator[Part]:
        stream.read()
        yield Part(name, "test", items())

    data = content if content is not None else repr((name, rows, made)).encode()
    return import_file(
        database, caller, Source(name, lambda: io.BytesIO(data), made), Options(parts=parts, **options), NOW
    )


def make_town(database: Database, homes: Sequence[str]) -> Town:
    """The ESCO with its homes."""
    with transaction(database, SERVICE) as connection:
        row = connection.execute(
            "insert into submeter.escos (code, name, region) values ('town', 'Town', (select min(code) from submeter.regions))"
            " returning id::text"
        ).fetchone()
    assert row
    town = Town(database, row[0])
    town.add("sellers", name="Town")
    town.site_id = town.add("sites", name="Estate", time_zone="Australia/Melbourne")
    for home in homes:
        town.add_home(home)
    return town


def nmi(name: str, register: str = "E1", **more: Any) -> Stream:
    return Stream("nmi", name, register, **more)


def amounts_of(values: Sequence[int | None]) -> bytes:
    return np.array([MISSING if value is None else value for value in values], "<i4").tobytes()


def day_row(name: str, value: int | Sequence[int | None] = 100, day: date = DAY, **more: Any) -> DayRow:
    """A day of half-hours in market time, all of one value or as given."""
    values = [value] * 48 if isinstance(value, int) else value
    fields: dict[str, Any] = {
        "stream": nmi(name), "day": day, "clock": MARKET, "minutes": 30, "decimals": 3, "amounts": amounts_of(values),
        "quality": "A", "ranges": (), "version_at": None, "line": 2,
    }  # fmt: skip
    return DayRow(**{**fields, **more})


def days_from(name: str, count: int, first: date = DAY) -> list[DayRow]:
    return [day_row(name, n + 1, first + timedelta(n), line=n + 2) for n in range(count)]


def told(report: Report) -> str:
    return json.dumps(report.as_json(), default=str)
