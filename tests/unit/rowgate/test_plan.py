"""What a wish becomes when names are looked up, and what is said when they are not found."""

from dataclasses import replace
from typing import Any

import pytest

from rowgate.catalog.model import Cardinality, Name
from rowgate.errors import Refusal
from rowgate.plan import make_plan
from rowgate.plan.model import Call, Delete, Embed, Insert, Read, TypedColumn, Update
from rowgate.plan.settle import passed_over
from rowgate.request import Incoming, parse_request
from rowgate.request.model import Return, Window
from rowgate.request.query import parse_query
from unit.rowgate.shop import CATALOG, CONFIG, ask, planned


def refused(method: str, url: str, body: str = "") -> Refusal:
    with pytest.raises(Refusal) as info:
        planned(method, url, body)
    return info.value


def said(refusal: Refusal) -> tuple[int, str, str, Any, str | None]:
    return refusal.status, refusal.code, refusal.message, refusal.details, refusal.hint


def embeds(url: str) -> tuple[Embed, ...]:
    plan = planned("GET", url)
    assert isinstance(plan, Read)
    return plan.root.embeds


def test_a_tree_with_everything_in_its_place() -> None:
    plan = planned(
        "GET",
        "/escos?select=id,c:customers!inner(name,accounts(id))&name=like.n*&c.id=gt.1&c.accounts.order=id.desc&c.limit=2&offset=1",
    )
    assert isinstance(plan, Read)
    (customers,) = plan.root.embeds
    (accounts,) = customers.node.embeds
    assert (customers.name, customers.inner, accounts.inner) == ("c", True, False)
    assert customers.relationship.cardinality is Cardinality.ONE_TO_MANY
    assert accounts.relationship.cardinality is Cardinality.MANY_TO_MANY
    assert [condition.operator for condition in plan.root.where] == ["like"]  # type: ignore[union-attr]
    assert [condition.operator for condition in customers.node.where] == ["gt"]  # type: ignore[union-attr]
    assert accounts.node.order[0].descending
    assert (plan.root.window, customers.node.window) == (Window(1), Window(0, 2))
    aliases = {plan.root.alias, customers.alias, customers.node.alias, accounts.alias, accounts.node.alias}
    assert len(aliases) == 5


@pytest.mark.parametrize(
    ("embed", "target", "constraint"),
    [
        ("customers(id)", "customers", "customer_esco"),
        ("accounts!account_esco(id)", "accounts", "account_esco"),
        ("accounts!billed_by(id)", "accounts", "account_biller"),
    ],
)
def test_the_way_that_is_meant(embed: str, target: str, constraint: str) -> None:
    (found,) = embeds(f"/escos?select={embed}")
    assert (found.relationship.target.name, found.relationship.constraint) == (target, constraint)


def test_a_foreign_key_or_its_column_leads_to_one() -> None:
    for embed in ("account_biller(id)", "billed_by(id)", "escos!account_biller(id)", "escos!billed_by(id)"):
        (found,) = embeds(f"/accounts?select={embed}")
        assert found.relationship.constraint == "account_biller"


def test_a_junction_as_hint() -> None:
    for hint in ("customer_accounts", "ca_customer_id", "ca_account_id"):
        (found,) = embeds(f"/customers?select=accounts!{hint}(id)")
        assert found.relationship.junction


def test_another_schema_is_never_reached() -> None:
    (found,) = embeds("/customers?select=escos(id)")
    assert found.relationship.target == Name("api", "escos")


def test_pgrst108() -> None:
    for url in (
        "/escos?select=id&customers.id=eq.1",
        "/escos?customers.order=id",
        "/escos?select=id&customers.limit=1",
    ):
        assert said(refused("GET", url)) == (
            400,
            "PGRST108",
            "'customers' is not an embedded resource in this request",
            None,
            "Verify that 'customers' is included in the 'select' query parameter.",
        )


def test_a_related_order_keeps_its_column_unseen() -> None:
    (found,) = embeds("/customers?select=c:escos(id)&order=c(name).desc,id")
    assert [kept.field.name for kept in found.node.kept] == ["name"]
    assert [field.name for field in found.node.outputs] == ["id"]


def test_what_a_spread_aggregates_is_aggregated_by_its_parent() -> None:
    request = replace(
        ask("GET", "/customers?select=id"),
        query=parse_query(b"select=...escos(id.max(),name)", call=False, max_depth=9),
    )
    plan = make_plan(request, CATALOG)
    assert isinstance(plan, Read)
    (found,) = plan.root.embeds
    assert plan.root.aggregated
    assert not found.node.aggregated
    assert [(column.name, column.aggregate) for column in found.lifted] == [("max", "max"), ("name", None)]


def test_an_alias_passed_over_is_noticed_at_every_depth() -> None:
    request = ask("GET", "/escos?select=c:customers(id,a:accounts(id))&customers.accounts.limit=1&c.id=eq.1")
    plan = make_plan(request, CATALOG)
    assert isinstance(plan, Read)
    assert passed_over(plan.root, request.query) == (("customers", "c"), ("accounts", "a"))


def test_a_write_is_not_chosen_by_what_is_embedded() -> None:
    for url in (
        "/escos?select=id,customers(id)&customers=is.null",
        "/escos?select=customers()&or=(id.eq.1,customers.not.is.null)",
    ):
        assert refused("DELETE", url).code == "PGRST120"


def test_no_more_rows_than_the_settings_allow_at_any_level() -> None:
    config = replace(CONFIG, db_max_rows=3)
    incoming = Incoming(
        "GET", "/escos", b"select=customers(id,escos(id),accounts(id))&customers.accounts.limit=1"
    )
    plan = make_plan(parse_request(incoming, config), CATALOG)
    assert isinstance(plan, Read)
    (customers,) = plan.root.embeds
    limits = [
        plan.root.window.limit,
        customers.node.window.limit,
        *(embed.node.window.limit for embed in customers.node.embeds),
    ]
    assert limits == [3, 3, None, 1]


def test_pgrst200() -> None:
    assert said(refused("GET", "/escos?select=customer(id)")) == (
        400,
        "PGRST200",
        "Could not find a relationship between 'escos' and 'customer' in the schema cache",
        "Searched for a foreign key relationship between 'escos' and 'customer' in the schema 'api', but no matches were found.",
        "Perhaps you meant 'customers' instead of 'customer'.",
    )
    refusal = refused("GET", "/escos?select=customers!nope(id)")
    assert refusal.details == (
        "Searched for a foreign key relationship between 'escos' and 'customers' using the hint 'nope' "
        "in the schema 'api', but no matches were found."
    )
    assert refusal.hint == "'escos' can embed: accounts, customers."
    assert refused("GET", "/rpc/now_here?select=escos(id)").code == "PGRST200"


def test_pgrst201() -> None:
    refusal = refused("GET", "/accounts?select=escos(id)")
    assert (refusal.status, refusal.code) == (300, "PGRST201")
    assert (
        refusal.message
        == "Could not embed because more than one relationship was found for 'accounts' and 'escos'"
    )
    assert refusal.details == [
        {
            "cardinality": "many-to-one",
            "embedding": "accounts with escos",
            "relationship": f"{key} using accounts({column}) and escos(id)",
        }
        for key, column in (("account_esco", "esco_id"), ("account_biller", "billed_by"))
    ]
    assert refusal.hint == (
        "Try changing 'escos' to one of the following: 'escos!account_esco', 'escos!account_biller'. "
        "Find the desired relationship in the 'details' key."
    )


def test_pgrst202() -> None:
    assert said(refused("POST", "/rpc/add", '{"a": 1, "c": 2}')) == (
        404,
        "PGRST202",
        "Could not find the function api.add(a, c) in the schema cache",
        "Searched for the function api.add with parameters a, c or with a single unnamed json/jsonb parameter, "
        "but no matches were found in the schema cache.",
        "Perhaps you meant to call the function api.add(a, b)",
    )
    assert said(refused("GET", "/rpc/addd")) == (
        404,
        "PGRST202",
        "Could not find the function api.addd without parameters in the schema cache",
        "Searched for the function api.addd without parameters, but no matches were found in the schema cache.",
        "Perhaps you meant to call the function api.add",
    )
    assert refused("GET", "/rpc/zzzzzz").hint is None


def test_pgrst203() -> None:
    assert said(refused("GET", "/rpc/twice?v=1")) == (
        300,
        "PGRST203",
        "Could not choose the best candidate function between: api.twice(v => integer), api.twice(v => text)",
        None,
        "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    )


def test_pgrst204() -> None:
    expected = (
        400,
        "PGRST204",
        "Could not find the 'nam' column of 'customers' in the schema cache",
        None,
        "Perhaps you meant the column 'name'",
    )
    assert said(refused("POST", "/customers", '{"nam": 1}')) == expected
    assert said(refused("PATCH", "/customers", '{"nam": 1}')) == expected
    assert said(refused("POST", "/customers?columns=nam", "{}")) == expected


def test_pgrst205() -> None:
    assert said(refused("GET", "/custmers")) == (
        404,
        "PGRST205",
        "Could not find the table 'api.custmers' in the schema cache",
        None,
        "Perhaps you meant the table 'api.customers'",
    )
    assert refused("GET", "/zzz").hint is None


def test_writes() -> None:
    insert = planned(
        "POST", "/customers?on_conflict=name", '{"id": 1, "name": "x"}', prefer="resolution=ignore-duplicates"
    )
    assert isinstance(insert, Insert)
    assert insert.columns == (TypedColumn("id", "integer"), TypedColumn("name", "text"))
    assert insert.conflict
    assert insert.conflict.columns == ("name",)
    assert insert.returning is Return.MINIMAL
    update = planned("PATCH", "/customers?id=eq.1&select=id", '{"name": "x"}', prefer="return=representation")
    assert isinstance(update, Update)
    assert len(update.where) == 1
    assert update.root.where == (), "what comes back is not filtered again"
    delete = planned("DELETE", "/customers")
    assert isinstance(delete, Delete)
    assert delete.where == ()


@pytest.mark.parametrize(
    ("url", "body", "code"),
    [
        ("/customers?id=eq.1&limit=1", '{"id": 1}', "PGRST114"),
        ("/customers?id=gt.1", '{"id": 1}', "PGRST105"),
        ("/customers", '{"id": 1}', "PGRST105"),
        ("/customers?id=eq.1&meta->a=eq.1", '{"id": 1}', "PGRST105"),
        ("/customer_accounts?customer_id=eq.1", '{"customer_id": 1, "account_id": 2}', "PGRST105"),
        ("/customers?id=eq.1", '{"name": "x"}', "PGRST115"),
    ],
)
def test_puts_that_are_none(url: str, body: str, code: str) -> None:
    assert refused("PUT", url, body).code == code


def test_a_patch_takes_one_object() -> None:
    assert isinstance(planned("PATCH", "/customers", '[{"name": "x"}]'), Update)
    refusal = refused("PATCH", "/customers", '[{"name": "x"}, {"name": "y"}]')
    assert (refusal.status, refusal.code) == (400, "PGRST102")


def test_arguments() -> None:
    call = planned("GET", "/rpc/joined?words=a&words=b")
    assert isinstance(call, Call)
    assert call.texts == [["a", "b"]]
    call = planned("GET", "/rpc/add?a=1&a=2")
    assert isinstance(call, Call)
    assert call.texts == ["2"]
    call = planned("GET", "/rpc/customers_from?min_id=1&id=eq.4&select=escos(name)")
    assert isinstance(call, Call)
    assert call.root.where
    assert call.root.embeds


def test_what_the_application_serves_is_marked() -> None:
    served = frozenset({Name("api", "add"), Name("api", "customers")})
    assert make_plan(ask("GET", "/rpc/add?a=1"), CATALOG, served).served  # type: ignore[union-attr]
    assert make_plan(ask("POST", "/customers", "{}"), CATALOG, served).served  # type: ignore[union-attr]
    assert not make_plan(ask("POST", "/escos", "{}"), CATALOG, served).served  # type: ignore[union-attr]


def test_an_alias_is_never_the_name_of_the_root() -> None:
    for names in (("customers_1", "embed_1"), ("customers_2",)):
        for name in names:
            from dataclasses import replace

            from rowgate.plan.model import Node
            from rowgate.plan.tree import build_tree

            relation = replace(CATALOG.relations[Name("api", "escos")])
            request = ask("GET", "/escos?select=a:customers(id),b:customers(id)")
            tree = build_tree(Node(relation, name, ()), request.query, CATALOG)
            aliases = [name, *(part for embed in tree.embeds for part in (embed.alias, embed.node.alias))]
            assert len(set(aliases)) == len(aliases) == 5


def test_long_names_stay_apart_when_postgresql_cuts_them() -> None:
    from rowgate.plan.tree import _short

    for name in ("x" * 63, "名" * 21, "é" * 31):
        alias = f"{_short(name)}_100"
        assert len(alias.encode()) <= 63
        assert name.startswith(_short(name))
