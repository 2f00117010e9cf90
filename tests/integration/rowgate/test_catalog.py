"""The schema cache of a real database: catalog.sql, with what is behind it in the schemas stock and extra."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from rowgate.catalog.load import load_catalog
from rowgate.catalog.model import Catalog, Column, Name, Parameter, Relationship, Returns, Routine
from submeter.db.database import Database

pytestmark = pytest.mark.system_postgres


async def _load(conninfo: str, *schemas: str) -> Catalog:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        return await load_catalog(connection, schemas)


@pytest.fixture(scope="module")
def catalog(module_database: Database) -> Catalog:
    with psycopg.connect(module_database.owner_conninfo, autocommit=True) as connection:
        connection.execute(Path(__file__).with_name("catalog.sql").read_text(encoding="utf-8"))
    return asyncio.run(_load(module_database.owner_conninfo, "shop"))


def name(text: str) -> Name:
    return Name("shop", text)


def column(catalog: Catalog, relation: str, column: str) -> Column:
    return catalog.relations[name(relation)].columns[column]


def ways(catalog: Catalog, origin: str, target: str) -> list[tuple[str, str, str]]:
    """Cardinality, constraint and pairs of all ways from here to there, without those by junctions."""
    found = [way for way in catalog.relationships.get(name(origin), ()) if way.target == name(target)]
    return [(way.cardinality.value, way.constraint, _pairs(way)) for way in found if not way.junction]


def _pairs(way: Relationship) -> str:
    return " ".join(f"{pair.origin}={pair.target}" for pair in way.pairs)


def routine(catalog: Catalog, text: str) -> Routine:
    (found,) = catalog.routines[name(text)]
    return found


def test_relations_of_the_exposed_schema_alone_and_no_partitions(catalog: Catalog) -> None:
    kinds = {relation.name: found.kind for relation, found in catalog.relations.items()}
    assert {relation.schema for relation in catalog.relations} == {"shop"}
    assert "sale_2026" not in kinds
    assert kinds["account"] == "table"
    assert kinds["people"] == "view"
    assert kinds["account_copy"] == "materialized view"
    assert kinds["sale"] == "partitioned table"
    assert catalog.relations[name("nothing")].columns == {}
    assert catalog.schemas == {"shop": "The offer"}


@pytest.mark.parametrize(
    ("relation", "writable"),
    [
        ("account", (True, True, True)),
        ("sale", (True, True, True)),
        ("people", (True, True, True)),
        ("staff", (True, True, True)),
        ("invoice_account", (False, False, False)),
        ("account_copy", (False, False, False)),
        ("triggered", (True, False, False)),
    ],
)
def test_what_can_be_written(catalog: Catalog, relation: str, writable: tuple[bool, ...]) -> None:
    found = catalog.relations[name(relation)]
    assert (found.insertable, found.updatable, found.deletable) == writable


@pytest.mark.parametrize(
    ("relation", "key"),
    [
        ("account", ("id",)),
        ("sale", ("day", "account_id")),
        ("people", ("id",)),
        ("staff", ("person_id",)),
        ("tagging", ("account_id", "esco_id", "tag")),
        ("recent", ("id",)),
        ("invoice_account", ("id", "the_account")),
        ("account_copy", ("id",)),
        ("both_ids", ()),
        ("per_account", ()),
        ("odd (view)", ("id\\of it",)),
    ],
)
def test_primary_keys_of_tables_and_through_views(
    catalog: Catalog, relation: str, key: tuple[str, ...]
) -> None:
    assert catalog.relations[name(relation)].primary_key == key


def test_types_lengths_and_enumerations(catalog: Catalog) -> None:
    code, flags = column(catalog, "account", "code"), column(catalog, "account", "flags")
    assert (code.type_name, code.max_length, code.description) == ("character(5)", 5, "Five letters")
    assert (flags.type_name, flags.max_length) == ("bit(4)", 4)
    assert column(catalog, "account", "amount").type_name == "numeric(10,2)"
    assert column(catalog, "account", "colour").enum_values == ("red", "green", "blue")
    assert column(catalog, "account", "colour").type_name == "stock.colour"
    assert column(catalog, "account", "colours").enum_values == ()
    assert not column(catalog, "account", "id").nullable
    assert column(catalog, "account", "holder_id").nullable


def test_domains_of_domains_are_followed(catalog: Catalog) -> None:
    label = column(catalog, "people", "label")
    assert (label.type_name, label.base_type_name) == ("stock.shorter", "character varying(8)")
    assert (label.max_length, label.nullable, label.default) == (8, False, "'none'::character varying")


def test_defaults(catalog: Catalog) -> None:
    assert column(catalog, "account", "amount").default == "0"
    assert column(catalog, "account", "serial").default is None
    assert column(catalog, "people", "id").default == "nextval('stock.person_id_seq'::regclass)"
    assert column(catalog, "people", "name").default == "'somebody'::text"
    assert column(catalog, "staff", "title").default == "'nobody'::text"
    assert column(catalog, "people", "shout").default is None
    assert column(catalog, "odd (view)", "} :resorigtbl 1").default == "'{}'::text"


def test_comments(catalog: Catalog) -> None:
    assert catalog.relations[name("account")].description == "Who owes"
    assert catalog.relations[name("people")].description == "Everybody"
    assert column(catalog, "people", "greeting").description == "Loud"


def test_a_composite_twin_makes_nothing_ambiguous(catalog: Catalog) -> None:
    assert ways(catalog, "invoice", "account") == [
        ("many-to-one", "invoice_account_id_fkey", "account_id=id")
    ]


@pytest.mark.parametrize(
    ("origin", "target", "expected"),
    [
        ("account", "invoice", ("one-to-many", "invoice_account_id_fkey", "id=account_id")),
        ("account", "account_detail", ("one-to-one", "account_detail_account_id_fkey", "id=account_id")),
        ("account", "people", ("many-to-one", "account_holder_id_fkey", "holder_id=id")),
        ("account", "staff", ("many-to-one", "account_holder_id_fkey", "holder_id=person_id")),
        ("people", "staff", ("many-to-one", "person_manager_id_fkey", "manager_id=person_id")),
        ("recent", "people", ("many-to-one", "account_holder_id_fkey", "holder_id=id")),
        ("recent", "account_copy", ("many-to-one", "invoice_account_id_fkey", "account_id=id")),
        ("per_account", "account", ("many-to-one", "invoice_account_id_fkey", "account_id=id")),
        ("triggered", "account", ("many-to-one", "invoice_account_id_fkey", "account_id=id")),
        ("writable", "account", ("one-to-one", "account_detail_account_id_fkey", "id=id")),
        ("tagging", "tag", ("many-to-one", "account_tag_esco_id_tag_fkey", "esco_id=esco_id tag=name")),
        ("refund", "sale", ("many-to-one", "refund_day_account_id_fkey", "day=day account_id=account_id")),
        ("sale", "account", ("many-to-one", "sale_account_id_fkey", "account_id=id")),
        ("using_inner", "account", ("many-to-one", "sale_account_id_fkey", "account_id=id")),
        ("merged", "account", ("one-to-one", "account_detail_account_id_fkey", "account_id=id")),
    ],
)
def test_relationships_of_tables_views_and_partitioned_tables(
    catalog: Catalog, origin: str, target: str, expected: tuple[str, str, str]
) -> None:
    assert ways(catalog, origin, target) == [expected]


def test_unions_and_merged_columns_of_full_joins_lead_nowhere(catalog: Catalog) -> None:
    assert name("both_ids") not in catalog.relationships
    assert ways(catalog, "using_full", "account") == []


def test_a_self_reference_through_a_view(catalog: Catalog) -> None:
    assert ways(catalog, "people", "people") == [
        ("many-to-one", "person_manager_id_fkey", "manager_id=id"),
        ("one-to-many", "person_manager_id_fkey", "id=manager_id"),
    ]


def test_many_to_many_through_the_view_of_a_hidden_junction(catalog: Catalog) -> None:
    (way,) = [way for way in catalog.relationships[name("tag")] if way.target == name("account")]
    assert way.junction is not None
    assert way.junction.relation == name("tagging")
    assert way.junction.origin_pairs == (("esco_id", "esco_id"), ("name", "tag"))
    assert way.junction.target_pairs == (("account_id", "id"),)


def test_functions_and_nothing_else_can_be_called(catalog: Catalog) -> None:
    assert {function.name for function in catalog.routines} == {
        "accounts_of", "add", "anything", "body", "go", "many", "numbers", "one_account", "one_out", "outs",
        "pairs", "people_raw", "sized",
    }  # fmt: skip


def test_overloads_and_defaults_of_parameters(catalog: Catalog) -> None:
    first, second = catalog.routines[name("add")]
    assert first.parameters == (
        Parameter("a", "integer", required=True),
        Parameter("b", "integer", required=False),
    )
    assert second.parameters == (Parameter("a", "text", required=True),)
    assert (first.description, first.volatility.name, second.volatility.name) == (
        "Sums",
        "IMMUTABLE",
        "STABLE",
    )


def test_types_without_a_length_take_any(catalog: Catalog) -> None:
    assert [one.type_name for one in routine(catalog, "sized").parameters] == ["bpchar", '"bit"']


@pytest.mark.parametrize(
    ("function", "returns"),
    [
        ("accounts_of", Returns("shop.account", many=True, composite=True, relation=name("account"))),
        ("one_account", Returns("shop.account", composite=True, relation=name("account"))),
        ("people_raw", Returns("stock.person", many=True, composite=True)),
        ("numbers", Returns("integer", many=True)),
        ("pairs", Returns("record", many=True, composite=True, columns=(("x", "integer"), ("y", "text")))),
        ("outs", Returns("record", composite=True, columns=(("b", "integer"), ("c", "text")))),
        ("one_out", Returns("integer", composite=True, columns=(("b", "integer"),))),
        ("anything", Returns("record", composite=True)),
        ("go", Returns("void", void=True)),
        ("body", Returns("json")),
    ],
)
def test_what_functions_return(catalog: Catalog, function: str, returns: Returns) -> None:
    assert routine(catalog, function).returns == returns


def test_variadic_nameless_and_inout_parameters_and_settings(catalog: Catalog) -> None:
    assert routine(catalog, "many").parameters == (
        Parameter("items", "text[]", required=True, variadic=True),
    )
    assert routine(catalog, "body").parameters == (Parameter("", "json", required=True),)
    assert [one.name for one in routine(catalog, "outs").parameters] == ["a", "c"]
    assert routine(catalog, "go").settings == (("statement_timeout", "3s"), ("work_mem", "8MB"))


def test_computed_columns_and_relationships_come_from_any_schema(catalog: Catalog) -> None:
    doubled, holder = catalog.computed[name("account")]
    assert (doubled.name, doubled.returns.type_name) == (Name("extra", "doubled"), "numeric")
    assert holder.returns == Returns(
        "shop.people", many=True, composite=True, relation=name("people"), single=True
    )
    assert holder.parameters == (Parameter("", "shop.account", required=True, relation=name("account")),)


def test_several_schemas_and_their_relationships(module_database: Database, catalog: Catalog) -> None:
    both = asyncio.run(_load(module_database.owner_conninfo, "shop", "stock"))
    targets = {way.target for way in both.relationships[name("account")]}
    assert Name("stock", "person") in targets
    assert set(catalog.relations) < set(both.relations)


def test_the_same_database_gives_the_same_catalog_and_order(
    module_database: Database, catalog: Catalog
) -> None:
    again = asyncio.run(_load(module_database.owner_conninfo, "shop"))
    assert again == catalog
    assert list(again.relations) == list(catalog.relations)
    assert "Pacific/Auckland" in again.time_zones


def test_no_schema_no_catalog(module_database: Database) -> None:
    empty = asyncio.run(_load(module_database.owner_conninfo, "no such schema"))
    assert (empty.relations, empty.relationships, empty.routines, empty.schemas) == ({}, {}, {}, {})


def test_the_connection_is_left_as_it_was(module_database: Database) -> None:
    async def use() -> tuple[str, str]:
        async with await psycopg.AsyncConnection.connect(module_database.owner_conninfo) as connection:
            await load_catalog(connection, ["shop"])
            cursor = await connection.execute(
                "select current_setting('search_path'), current_setting('transaction_read_only')"
            )
            row = await cursor.fetchone()
            assert row is not None
            return row[0], row[1]

    search_path, read_only = asyncio.run(use())
    assert search_path != '""'
    assert read_only == "off"


def test_keys_over_periods_and_virtual_columns(module_database: Database, catalog: Catalog) -> None:
    """A foreign key over a PERIOD holds by containment, so that no rows could be joined on it."""
    with psycopg.connect(module_database.owner_conninfo, autocommit=True) as connection:
        if connection.info.server_version < 180000:
            pytest.skip("PostgreSQL 18 brought both")
        connection.execute("""
            create schema temporal;
            create table temporal.price (
                area int4range, valid daterange, twice int generated always as (2 * lower(area)),
                primary key (area, valid without overlaps)
            );
            create table temporal.charge (
                id int primary key, area int4range, valid daterange,
                foreign key (area, period valid) references temporal.price (area, period valid)
            );
        """)
    found = asyncio.run(_load(module_database.owner_conninfo, "temporal"))
    price = found.relations[Name("temporal", "price")]
    assert price.primary_key == ("area", "valid")
    assert price.columns["twice"].default is None
    assert found.relationships == {}
