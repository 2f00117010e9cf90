"""A small world of two ESCOs, built by the owner, seen by everybody else."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from submeter.core.caller import Caller
from submeter.db.database import Database
from submeter.db.transactions import transaction

SERVICE = Caller("service_role")


@dataclass
class World:
    """Rows by the names that the tests give them."""

    database: Database
    ids: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.ids[name]

    def operator(self, esco: str) -> Caller:
        return Caller("operator", esco_id=self[esco])

    def customer(self, name: str, esco: str = "wlce") -> Caller:
        return Caller("authenticated", esco_id=self[esco], customer_id=self[name])

    def acting(self, caller: Caller) -> AbstractContextManager[psycopg.Connection]:
        return transaction(self.database, caller)

    def rows(self, caller: Caller, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        with self.acting(caller) as connection:
            return connection.execute(query, arguments or None).fetchall()

    def value(self, caller: Caller, query: str, *arguments: Any) -> Any:
        return self.rows(caller, query, *arguments)[0][0]

    def run(self, caller: Caller, statement: str, *arguments: Any) -> int:
        with self.acting(caller) as connection:
            return connection.execute(statement, arguments or None).rowcount

    def add(self, name: str, table: str, /, **columns: Any) -> str:
        """Insert one row of schema submeter as service_role and remember its id."""
        names = ", ".join(columns)
        places = ", ".join(["%s"] * len(columns))
        key = "id" if "id" in self._columns(table) else "esco_id"
        statement = f"insert into submeter.{table} ({names}) values ({places}) returning {key}"
        self.ids[name] = str(self.value(SERVICE, statement, *columns.values()))
        return self.ids[name]

    def _columns(self, table: str) -> set[str]:
        query = "select attname from pg_attribute where attrelid = %s::regclass"
        return {row[0] for row in self.rows(SERVICE, query, f"submeter.{table}")}


@contextmanager
def _refused(sqlstate: str) -> Iterator["pytest.ExceptionInfo[psycopg.Error]"]:
    with pytest.raises(psycopg.Error) as info:
        yield info
    assert info.value.sqlstate == sqlstate, info.value


@pytest.fixture
def refused() -> Callable[[str], AbstractContextManager["pytest.ExceptionInfo[psycopg.Error]"]]:
    """`with refused("23505"):` the block ends in that SQLSTATE."""
    return _refused


def add_esco(world: World, code: str, region: str, **settings: Any) -> None:
    world.add(code, "escos", code=code, name=code.upper(), region=region, **settings)
    world.add(f"{code} seller", "sellers", esco_id=world[code], name=f"{code} seller")
    world.add(f"{code} site", "sites", esco_id=world[code], name=f"{code} site")


def add_home(world: World, esco: str, home: str, product: str = "power") -> None:
    """A property with one supply point, a twin-element meter since 2020, a power and a heat circuit."""
    owner = {"esco_id": world[esco]}
    world.add(home, "properties", **owner, site_id=world[f"{esco} site"], name=home)
    world.add(f"{home} point", "supply_points", **owner, property_id=world[home], product=product)
    world.add(f"{home} meter", "meters", **owner, serial=f"EML-{home}")
    world.add(f"{home} installed", "meter_installations", **owner, meter_id=world[f"{home} meter"],
              supply_point_id=world[f"{home} point"], installed_at="2020-01-01T00:00Z")  # fmt: skip
    for element, nature in (("A", "power"), ("B", "heat")):
        register = f"{home} {nature} register"
        circuit = f"{home} {nature}"
        world.add(
            register, "registers", **owner, meter_id=world[f"{home} meter"], name=element, nature=nature
        )
        world.add(circuit, "circuits", **owner, type=nature, name=circuit)
        world.run(SERVICE, "insert into submeter.circuit_registers (circuit_id, register_id, esco_id) values (%s, %s, %s)",
                  world[circuit], world[register], world[esco])  # fmt: skip


def add_customer(world: World, esco: str, name: str, **columns: Any) -> None:
    """A live customer who holds an account of the same name."""
    owner = {"esco_id": world[esco]}
    world.add(
        name, "customers", **owner, name=name, email=f"{name}@example.org", **{"status": "live", **columns}
    )
    world.add(f"{name} account", "accounts", **owner, name=f"{name} account")
    add_role(world, esco, name, f"{name} account", "holder")


def add_role(world: World, esco: str, name: str, account: str, role: str, *days: str | None) -> None:
    from_date, to_date = days or ("1900-01-01", None)
    world.run(SERVICE, "insert into submeter.customer_accounts (esco_id, customer_id, account_id, role, from_date, to_date)"
              " values (%s, %s, %s, %s, %s, %s)",
              world[esco], world[name], world[account], role, from_date, to_date)  # fmt: skip


def supply(world: World, esco: str, home: str, name: str, from_date: str, to_date: str | None = None) -> None:
    world.add(f"{name} at {home}", "agreements", esco_id=world[esco], supply_point_id=world[f"{home} point"],
              account_id=world[f"{name} account"], from_date=from_date, to_date=to_date)  # fmt: skip


def add_benchmark(world: World, region: str, start: str, unit: str, standing: str) -> None:
    world.run(SERVICE, "insert into benchmark_tariffs (region, period_start, unit_rate, standing_charge, provenance)"
              " values (%s, %s, %s, %s, 'illustrative')", region, start, unit, standing)  # fmt: skip


def add_usage(world: World, esco: str, circuit: str, month: str, kwh: str) -> None:
    world.run(SERVICE, "insert into submeter.monthly_usage (circuit_id, esco_id, month, kwh) values (%s, %s, %s, %s)",
              world[circuit], world[esco], month, kwh)  # fmt: skip


@dataclass(frozen=True)
class Build:
    """The builders above, for tests (which cannot import a conftest)."""

    esco = staticmethod(add_esco)
    home = staticmethod(add_home)
    customer = staticmethod(add_customer)
    role = staticmethod(add_role)
    supply = staticmethod(supply)
    benchmark = staticmethod(add_benchmark)
    usage = staticmethod(add_usage)


@pytest.fixture
def build() -> Build:
    return Build()


@pytest.fixture(scope="session")
def builders() -> Build:
    """The same for worlds that last a module."""
    return Build()


@pytest.fixture(scope="session")
def new_world() -> Callable[[Database], World]:
    return World


@pytest.fixture
def world(database: Database) -> World:
    """An empty world in a fresh database."""
    return World(database)
