"""The gateway finds each relationship of the REST face through exactly one path."""

import asyncio
from typing import Any

import psycopg
import pytest

from rowgate.catalog.load import load_catalog
from rowgate.catalog.model import Catalog, Name

pytestmark = pytest.mark.system_postgres


@pytest.fixture(scope="module")
def catalog(module_database: Any) -> Catalog:
    async def load() -> Catalog:
        connection = await psycopg.AsyncConnection.connect(module_database.owner_conninfo, autocommit=True)
        async with connection:
            return await load_catalog(connection, ["public"])

    return asyncio.run(load())


@pytest.mark.parametrize(
    ("origin", "target", "cardinality"),
    [
        ("accounts", "properties", "MANY_TO_ONE"),
        ("accounts", "payments", "ONE_TO_MANY"),
        ("accounts", "agreements", "ONE_TO_MANY"),
        ("customers", "accounts", "MANY_TO_MANY"),
        ("customers", "monthly_costs", "ONE_TO_MANY"),
        ("customers", "customer_tariffs", "ONE_TO_MANY"),
        ("properties", "meters", "ONE_TO_MANY"),
        ("meters", "meter_readings", "ONE_TO_MANY"),
        ("meters", "registers", "ONE_TO_MANY"),
        ("meters", "meter_shadows", "ONE_TO_ONE"),
        ("circuits", "registers", "MANY_TO_MANY"),
        ("escos", "customers", "ONE_TO_MANY"),
        ("register_interval_hh", "registers", "MANY_TO_ONE"),
    ],
)
def test_each_embed_has_one_path(catalog: Catalog, origin: str, target: str, cardinality: str) -> None:
    paths = [
        path
        for path in catalog.relationships[Name("public", origin)]
        if path.target == Name("public", target)
    ]
    assert [path.cardinality.name for path in paths] == [cardinality]


def test_no_two_views_are_related_in_two_ways(catalog: Catalog) -> None:
    for origin, paths in catalog.relationships.items():
        targets = [path.target for path in paths if path.target != origin]
        assert len(targets) == len(set(targets)), origin


def test_writable_views_are_known_as_such(catalog: Catalog) -> None:
    for name in (
        "customers",
        "accounts",
        "meters",
        "payments",
        "customer_accounts",
        "customer_tariffs",
        "monthly_costs",
    ):
        view = catalog.relations[Name("public", name)]
        assert (view.insertable, view.updatable, view.deletable) == (True, True, True), name
        assert view.primary_key, name
