"""A town whose homes are lived in, and their dials, for tests of readings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from integration.metering.town import Town, make_town, nmi
from submeter.core.caller import Caller
from submeter.db.database import Database
from submeter.metering.model import DialRead
from submeter.metering.reading_actions import add_readings

NOW = datetime(2026, 10, 1, 3, tzinfo=UTC)
FIRST = date(2026, 1, 1)
HOME, OTHER = "6001000001", "6001000002"


@dataclass
class Street:
    """Two homes of a town, supplied since 2026 began, each with a dial of five digits."""

    town: Town
    accounts: dict[str, str]

    @property
    def database(self) -> Database:
        return self.town.database

    @property
    def operator(self) -> Caller:
        return self.town.operator

    def register(self, home: str = HOME) -> str:
        return self.town.registers[home]

    def post(self, *rows: Mapping[str, Any], caller: Caller | None = None) -> list[dict[str, Any]]:
        return add_readings(self.database, caller or self.operator, rows, NOW)

    def row(self, value: object, on: date = FIRST, sub_type: str = "ACTUAL", **more: Any) -> dict[str, Any]:
        """A reading of the end of a day (of its start, for an OPENING) in Melbourne."""
        end = on if sub_type == "OPENING" else on + timedelta(1)
        columns = {
            "register_id": self.register(more.pop("home", HOME)),
            "sub_type": sub_type,
            "reading": str(value),
        }
        return {**columns, "timestamp": f"{end}T00:00:00 Australia/Melbourne", **more}

    def read(self, *values: int, every: int = 30, **more: Any) -> None:
        """Readings, one after the other, that are all in order."""
        for number, value in enumerate(values):
            self.post(self.row(value, FIRST + timedelta(number * every), **more))

    def standing(self, home: str = HOME) -> list[tuple[str, Decimal]]:
        """What stands, in time: kind and value."""
        query = 'select sub_type, reading from public.meter_readings where register_id = %s order by "timestamp", sub_type'
        return self.town.rows(query, self.register(home))

    def waiting(self, home: str = "") -> list[tuple[str, Decimal]]:
        """What waits, in time: why and value; of one home, or all."""
        query = "select error_code, reading from public.reading_queue where %s in ('', register_id::text) order by read_on, reading"
        return self.town.rows(query, self.register(home) if home else "")

    def ids(self) -> list[int]:
        rows = self.town.rows("select id from public.reading_queue order by read_on, reading")
        return [number for (number,) in rows]

    def tolerate(self, **columns: Any) -> None:
        """Change what is usual, for the whole ESCO."""
        changes = ", ".join(f"{name} = %s" for name in columns)
        with self.database.connect_owner() as owner:
            owner.execute(
                f"update submeter.reading_tolerances set {changes}".encode(), list(columns.values())
            )


def make_street(database: Database) -> Street:
    town = make_town(database, (HOME, OTHER))
    seller = town.value("select id::text from submeter.sellers")
    accounts = {}
    for home in (HOME, OTHER):
        point = town.value(
            "select supply_point_id from submeter.supply_point_identifiers where identifier = %s", home
        )
        accounts[home] = town.add("accounts", name=home, seller_id=seller)
        town.add("agreements", supply_point_id=point, account_id=accounts[home], from_date=FIRST)
        with town.database.connect_owner() as owner:
            owner.execute("update submeter.registers set digits = 5 where id = %s", (town.registers[home],))
    with town.database.connect_owner() as owner:
        owner.execute("update submeter.meter_installations set installed_at = default")
    return Street(town, accounts)


def dial_read(
    value: str, on: date = FIRST, sub_type: str = "ACTUAL", home: str = HOME, **more: Any
) -> DialRead:
    """A reading as a file says it."""
    return DialRead(
        nmi(home), on, more.pop("read_at", None), Decimal(value), sub_type, more.pop("line", 2), **more
    )
