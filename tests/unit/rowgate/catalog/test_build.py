"""Rows in, catalog out. Tables have oids below 100, views above; their columns are numbered from 1."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import fields, replace

from rowgate.catalog.build import build
from rowgate.catalog.model import Cardinality, Catalog, Junction, Name, Pair, Relationship
from rowgate.catalog.rows import (
    ColumnRow,
    ForeignKeyRow,
    KeyRow,
    RelationRow,
    SchemaRow,
    Snapshot,
    TimeZoneRow,
    ViewRow,
)

Shown = tuple[int, int]  # a column of a table: oid and number; (0, 0) for a computed one

M2O, O2M = Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_MANY
O2O, M2M = Cardinality.ONE_TO_ONE, Cardinality.MANY_TO_MANY


class Schema:
    """A database in the making; ``snapshot`` is what the catalog queries would return for it."""

    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self._foreign_keys = itertools.count(1000)

    def _add(self, **rows: object) -> None:
        have = {field.name: getattr(self.snapshot, field.name) for field in fields(Snapshot)}
        self.snapshot = replace(self.snapshot, **{name: (*have[name], row) for name, row in rows.items()})

    def table(
        self,
        oid: int,
        name: str,
        columns: str,
        key: Sequence[int] = (1,),
        unique: Sequence[int] = (),
        *,
        exposed: bool = True,
    ) -> None:
        self._add(relations=RelationRow(oid, "api", name, "r", exposed, 28))
        for number, column in enumerate(columns.split(), 1):
            self._add(columns=ColumnRow(oid, number, column, "integer"))
        if key:
            self._add(keys=KeyRow(oid, is_primary=True, columns=key))
        if unique:
            self._add(keys=KeyRow(oid, is_primary=False, columns=unique))

    def view(self, oid: int, name: str, columns: str, *shown: Shown, exposed: bool = True) -> None:
        self._add(relations=RelationRow(oid, "api", name, "v", exposed), views=ViewRow(oid, _query(shown)))
        for number, column in enumerate(columns.split(), 1):
            self._add(columns=ColumnRow(oid, number, column, "integer"))

    def foreign_key(
        self, name: str, table: int, columns: Sequence[int], target: int, ends: Sequence[int] = (1,)
    ) -> None:
        self._add(foreign_keys=ForeignKeyRow(next(self._foreign_keys), name, table, columns, target, ends))

    def ways(self, origin: str, target: str) -> list[Relationship]:
        found = build(self.snapshot).relationships.get(Name("api", origin), ())
        return [way for way in found if way.target.name == target]


def _query(shown: Sequence[Shown]) -> str:
    entries = "".join(
        f"{{TARGETENTRY :expr {{VAR}} :resno {number} :resname c :ressortgroupref 0 :resorigtbl {table}"
        f" :resorigcol {column} :resjunk false}}"
        for number, (table, column) in enumerate(shown, 1)
    )
    return f"({{QUERY :targetList ({entries})}})"


def way(origin: str, target: str, cardinality: Cardinality, constraint: str, *pairs: str) -> Relationship:
    """``pairs`` are written ``own=foreign``."""
    split = tuple(Pair(*pair.split("=")) for pair in pairs)
    return Relationship(Name("api", origin), Name("api", target), cardinality, constraint, split)


def accounts_and_invoices() -> Schema:
    schema = Schema()
    schema.table(1, "account", "id esco_id")
    schema.table(2, "invoice", "id account_id esco_id")
    schema.foreign_key("invoice_account", 2, [2], 1)
    return schema


def test_a_foreign_key_leads_both_ways() -> None:
    schema = accounts_and_invoices()
    assert schema.ways("invoice", "account") == [
        way("invoice", "account", M2O, "invoice_account", "account_id=id")
    ]
    assert schema.ways("account", "invoice") == [
        way("account", "invoice", O2M, "invoice_account", "id=account_id")
    ]


def test_a_foreign_key_that_is_the_primary_key_is_one_to_one_both_ways() -> None:
    schema = Schema()
    schema.table(1, "account", "id")
    schema.table(2, "detail", "account_id")
    schema.foreign_key("fk", 2, [1], 1)
    assert schema.ways("detail", "account") == [way("detail", "account", O2O, "fk", "account_id=id")]
    assert schema.ways("account", "detail") == [way("account", "detail", O2O, "fk", "id=account_id")]


def test_a_foreign_key_over_a_unique_constraint_is_one_to_one_whatever_the_order_of_columns() -> None:
    schema = Schema()
    schema.table(1, "site", "a b", key=[1, 2])
    schema.table(2, "head", "id x y", unique=[3, 2])
    schema.foreign_key("fk", 2, [2, 3], 1, [1, 2])
    assert schema.ways("head", "site") == [way("head", "site", O2O, "fk", "x=a", "y=b")]


def test_a_foreign_key_over_part_of_a_unique_constraint_is_many_to_one() -> None:
    schema = Schema()
    schema.table(1, "site", "id")
    schema.table(2, "head", "id site_id number", unique=[2, 3])
    schema.foreign_key("fk", 2, [2], 1)
    assert [found.cardinality for found in schema.ways("head", "site")] == [M2O]


def test_a_table_may_refer_to_itself() -> None:
    schema = Schema()
    schema.table(1, "person", "id manager_id")
    schema.foreign_key("fk", 1, [2], 1)
    ways = schema.ways("person", "person")
    assert ways == [
        way("person", "person", M2O, "fk", "manager_id=id"),
        way("person", "person", O2M, "fk", "id=manager_id"),
    ]
    assert all(found.self_referencing for found in ways)


def test_two_foreign_keys_between_two_tables_are_two_ways() -> None:
    schema = Schema()
    schema.table(1, "address", "id")
    schema.table(2, "bill", "id from_id to_id")
    schema.foreign_key("bill_from", 2, [2], 1)
    schema.foreign_key("bill_to", 2, [3], 1)
    assert [found.constraint for found in schema.ways("bill", "address")] == ["bill_from", "bill_to"]


def test_the_composite_twin_of_a_foreign_key_is_implied_by_it() -> None:
    schema = accounts_and_invoices()
    schema.foreign_key("invoice_account_owner", 2, [3, 2], 1, [2, 1])
    assert [found.constraint for found in schema.ways("invoice", "account")] == ["invoice_account"]
    assert [found.constraint for found in schema.ways("account", "invoice")] == ["invoice_account"]


def test_a_composite_foreign_key_that_pairs_a_column_with_another_one_is_no_twin() -> None:
    schema = accounts_and_invoices()
    schema.foreign_key("crossed", 2, [2, 3], 1, [2, 1])
    assert [found.constraint for found in schema.ways("invoice", "account")] == ["crossed", "invoice_account"]


def test_a_composite_twin_towards_another_table_stays() -> None:
    schema = accounts_and_invoices()
    schema.table(3, "owner", "id esco_id")
    schema.foreign_key("invoice_owner", 2, [2, 3], 3, [1, 2])
    assert [found.constraint for found in schema.ways("invoice", "owner")] == ["invoice_owner"]


def test_views_stand_in_for_their_tables_at_either_end_and_at_both() -> None:
    schema = accounts_and_invoices()
    schema.view(101, "accounts", "number", (1, 1))
    schema.view(102, "invoices", "id payer", (2, 1), (2, 2))
    assert schema.ways("invoices", "account") == [
        way("invoices", "account", M2O, "invoice_account", "payer=id")
    ]
    assert schema.ways("invoice", "accounts") == [
        way("invoice", "accounts", M2O, "invoice_account", "account_id=number")
    ]
    assert schema.ways("invoices", "accounts") == [
        way("invoices", "accounts", M2O, "invoice_account", "payer=number")
    ]
    assert schema.ways("accounts", "invoices") == [
        way("accounts", "invoices", O2M, "invoice_account", "number=payer")
    ]


def test_a_view_without_all_columns_of_a_key_has_no_part_in_it() -> None:
    schema = Schema()
    schema.table(1, "site", "a b", key=[1, 2])
    schema.table(2, "head", "id x y")
    schema.foreign_key("fk", 2, [2, 3], 1, [1, 2])
    schema.view(101, "half", "a", (1, 1))
    schema.view(102, "whole", "b a", (1, 2), (1, 1))
    assert schema.ways("head", "half") == []
    assert schema.ways("head", "whole") == [way("head", "whole", M2O, "fk", "x=a", "y=b")]


def test_a_view_that_shows_a_column_twice_offers_both_names() -> None:
    schema = accounts_and_invoices()
    schema.view(101, "pairs", "one other", (1, 1), (1, 1))
    assert [found.pairs for found in schema.ways("invoice", "pairs")] == [
        (Pair("account_id", "one"),),
        (Pair("account_id", "other"),),
    ]


def test_views_of_views_lead_to_tables_that_are_hidden() -> None:
    schema = Schema()
    schema.table(1, "account", "id", exposed=False)
    schema.table(2, "invoice", "id account_id", exposed=False)
    schema.foreign_key("fk", 2, [2], 1)
    schema.view(101, "step", "i a", (2, 1), (2, 2), exposed=False)
    schema.view(102, "invoices", "account", (101, 2))
    schema.view(103, "accounts", "id", (1, 1))
    catalog = build(schema.snapshot)
    assert set(catalog.relations) == {Name("api", "invoices"), Name("api", "accounts")}
    assert catalog.relationships == {
        Name("api", "invoices"): (way("invoices", "accounts", M2O, "fk", "account=id"),),
        Name("api", "accounts"): (way("accounts", "invoices", O2M, "fk", "id=account"),),
    }


def accounts_and_tags(*, junction_exposed: bool = True, key: Sequence[int] = (1, 2)) -> Schema:
    schema = Schema()
    schema.table(1, "account", "id")
    schema.table(2, "tag", "id")
    schema.table(3, "account_tag", "account_id tag_id day", key=key, exposed=junction_exposed)
    schema.foreign_key("to_account", 3, [1], 1)
    schema.foreign_key("to_tag", 3, [2], 2)
    return schema


def test_a_junction_joins_many_to_many_both_ways() -> None:
    schema = accounts_and_tags(key=[1, 2, 3])
    expected = Relationship(
        Name("api", "account"),
        Name("api", "tag"),
        M2M,
        "",
        (),
        Junction(
            Name("api", "account_tag"),
            "to_account",
            "to_tag",
            (Pair("id", "account_id"),),
            (Pair("tag_id", "id"),),
        ),
    )
    assert schema.ways("account", "tag") == [expected]
    assert [found.junction and found.junction.origin_pairs for found in schema.ways("tag", "account")] == [
        (Pair("id", "tag_id"),)
    ]


def test_no_junction_without_both_foreign_keys_in_its_primary_key() -> None:
    assert accounts_and_tags(key=[1, 3]).ways("account", "tag") == []
    assert accounts_and_tags(key=[]).ways("account", "tag") == []


def test_no_junction_that_is_hidden_but_one_through_its_view() -> None:
    schema = accounts_and_tags(junction_exposed=False)
    assert schema.ways("account", "tag") == []
    schema.view(101, "tagging", "account tag", (3, 1), (3, 2))
    assert [found.junction and found.junction.relation.name for found in schema.ways("account", "tag")] == [
        "tagging"
    ]


def test_a_junction_of_a_table_with_itself_is_offered_from_either_end() -> None:
    schema = Schema()
    schema.table(1, "person", "id")
    schema.table(2, "friendship", "one other", key=[1, 2])
    schema.foreign_key("to_one", 2, [1], 1)
    schema.foreign_key("to_other", 2, [2], 1)
    junctions = [found.junction for found in schema.ways("person", "person") if found.junction]
    assert [junction.origin_constraint for junction in junctions] == ["to_one", "to_other"]


def test_a_view_has_the_primary_key_of_its_table_if_it_shows_all_of_it() -> None:
    schema = Schema()
    schema.table(1, "site", "a b", key=[2, 1])
    schema.view(101, "half", "a", (1, 1))
    schema.view(102, "whole", "x y z", (1, 1), (1, 2), (1, 2))
    schema.view(103, "computed", "a b", (1, 1), (0, 0))
    relations = build(schema.snapshot).relations
    assert {name.name: relation.primary_key for name, relation in relations.items()} == {
        "site": ("b", "a"),
        "half": (),
        "whole": ("y", "x"),
        "computed": (),
    }


def test_a_view_over_two_tables_has_the_keys_of_both() -> None:
    schema = accounts_and_invoices()
    schema.view(101, "joined", "a i", (1, 1), (2, 1))
    assert build(schema.snapshot).relations[Name("api", "joined")].primary_key == ("a", "i")


def defaults(base: ColumnRow, shown: ColumnRow) -> tuple[str | None, str | None]:
    snapshot = Snapshot(
        (RelationRow(1, "api", "t", "r", exposed=True), RelationRow(101, "api", "v", "v", exposed=True)),
        (base, shown),
        views=(ViewRow(101, _query([(1, 1)])),),
    )
    relations = build(snapshot).relations
    table, view = relations[Name("api", "t")], relations[Name("api", "v")]
    return table.columns["a"].default, view.columns["b"].default


def test_a_default_is_the_columns_own_then_the_tables_then_the_domains() -> None:
    plain, shown = ColumnRow(1, 1, "a", "d"), ColumnRow(101, 1, "b", "d")
    assert defaults(plain, shown) == (None, None)
    assert defaults(plain._replace(default="1", domain_default="2"), shown) == ("1", "1")
    assert defaults(plain._replace(domain_default="2"), shown._replace(domain_default="2")) == ("2", "2")
    assert defaults(plain._replace(default="1"), shown._replace(default="3", domain_default="2")) == (
        "1",
        "3",
    )


def test_a_generated_column_has_no_default_through_a_view_even_of_a_domain() -> None:
    shown = ColumnRow(101, 1, "b", "d", domain_default="2")
    assert defaults(ColumnRow(1, 1, "a", "d"), shown) == (None, None)


def test_what_can_be_written_is_told_apart() -> None:
    rows = [
        RelationRow(event, "api", f"r{event}", "v", exposed=True, events=event) for event in (0, 4, 8, 16, 28)
    ]
    built = build(Snapshot(rows)).relations.values()
    assert [(one.insertable, one.updatable, one.deletable) for one in built] == [
        (False, False, False),
        (False, True, False),
        (True, False, False),
        (False, False, True),
        (True, True, True),
    ]


def test_schemas_and_time_zones_are_kept() -> None:
    catalog = build(Snapshot(schemas=[SchemaRow("api", "The offer")], time_zones=[TimeZoneRow("UTC")]))
    assert (catalog.schemas, catalog.time_zones) == ({"api": "The offer"}, frozenset({"UTC"}))


def test_the_order_of_foreign_keys_and_views_does_not_show_in_the_relationships() -> None:
    schema = accounts_and_tags()
    schema.foreign_key("second", 3, [2], 1)
    for number in range(4):
        schema.view(101 + number, f"v{number}", "x y", (3, 1), (3, 2))
    expected = list(_ways(build(schema.snapshot)))
    shuffle = random.Random(1).sample
    for _ in range(5):
        mixed = replace(
            schema.snapshot,
            foreign_keys=shuffle(schema.snapshot.foreign_keys, len(schema.snapshot.foreign_keys)),
            views=shuffle(schema.snapshot.views, len(schema.snapshot.views)),
            relations=shuffle(schema.snapshot.relations, len(schema.snapshot.relations)),
        )
        assert list(_ways(build(mixed))) == expected


def _ways(catalog: Catalog) -> list[Relationship]:
    return [found for ways in catalog.relationships.values() for found in ways]
