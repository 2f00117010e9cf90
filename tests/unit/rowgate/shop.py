"""A small catalog made by hand: escos have customers, customers and accounts meet in customer_accounts."""

from typing import Any

from rowgate.catalog.model import (
    Cardinality,
    Catalog,
    Column,
    Junction,
    Name,
    Pair,
    Parameter,
    Relation,
    Relationship,
    Returns,
    Routine,
    Volatility,
)
from rowgate.config import Config
from rowgate.plan import Plan, make_plan
from rowgate.request import ApiRequest, Headers, Incoming, parse_request
from rowgate.sql import Statement, render

DEFAULTS = {"id": "nextval('s'::regclass)"}


def _relation(name: str, key: str, /, **types: str) -> Relation:
    columns = {
        column: Column(column, type_name.replace("_", " "), nullable=True, default=DEFAULTS.get(column))
        for column, type_name in types.items()
    }
    return Relation(Name("api", name), "view", columns, tuple(key.split()))


def _both(one: str, other: str, constraint: str, column: str) -> list[Relationship]:
    """``one.column`` refers to ``other.id``: the way there and the way back."""
    there, back = Name("api", one), Name("api", other)
    return [
        Relationship(there, back, Cardinality.MANY_TO_ONE, constraint, (Pair(column, "id"),)),
        Relationship(back, there, Cardinality.ONE_TO_MANY, constraint, (Pair("id", column),)),
    ]


def _across(origin: str, target: str, own: str, foreign: str) -> Relationship:
    middle = Junction(
        Name("api", "customer_accounts"),
        f"ca_{own}",
        f"ca_{foreign}",
        (Pair("id", own),),
        (Pair(foreign, "id"),),
    )
    return Relationship(Name("api", origin), Name("api", target), Cardinality.MANY_TO_MANY, "", (), middle)


RELATIONS = (
    _relation("escos", "id", id="integer", name="text"),
    _relation("customers", "id", id="integer", esco_id="integer", name="text", meta="jsonb", tags="text[]"),
    _relation("accounts", "id", id="integer", esco_id="integer", billed_by="integer"),
    _relation("customer_accounts", "customer_id account_id", customer_id="integer", account_id="integer"),
)
WAYS = (
    *_both("customers", "escos", "customer_esco", "esco_id"),
    *_both("accounts", "escos", "account_esco", "esco_id"),
    *_both("accounts", "escos", "account_biller", "billed_by"),
    *_both("customer_accounts", "customers", "ca_customer", "customer_id"),
    *_both("customer_accounts", "accounts", "ca_account", "account_id"),
    _across("customers", "accounts", "customer_id", "account_id"),
    _across("accounts", "customers", "account_id", "customer_id"),
    Relationship(
        Name("api", "customers"), Name("old", "escos"), Cardinality.MANY_TO_ONE, "x", (Pair("esco_id", "id"),)
    ),
)


def _routine(name: str, returns: Returns, *parameters: Parameter) -> Routine:
    return Routine(Name("api", name), parameters, returns, Volatility.STABLE)


INT = Returns("integer")
ROUTINES = (
    _routine("add", INT, Parameter("a", "integer", required=True), Parameter("b", "integer", required=False)),
    _routine("twice", INT, Parameter("v", "integer", required=True)),
    _routine("twice", INT, Parameter("v", "text", required=True)),
    _routine("joined", Returns("text"), Parameter("words", "text[]", required=True, variadic=True)),
    _routine("now_here", INT),
    _routine("nothing", Returns("void", void=True)),
    _routine(
        "customers_from",
        Returns("api.customers", many=True, composite=True, relation=Name("api", "customers")),
        Parameter("min_id", "integer", required=True),
    ),
)


def _grouped(values: Any, key: Any) -> dict[Any, tuple[Any, ...]]:
    found: dict[Any, list[Any]] = {}
    for value in values:
        found.setdefault(key(value), []).append(value)
    return {name: tuple(members) for name, members in found.items()}


CATALOG = Catalog(
    {relation.name: relation for relation in RELATIONS},
    _grouped(WAYS, lambda way: way.origin),
    _grouped(ROUTINES, lambda routine: routine.name),
)
CONFIG = Config(db_uri="unused", db_schemas=("api",))


def ask(method: str, url: str, body: str = "", **headers: str) -> ApiRequest:
    path, _, query = url.partition("?")
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse_request(Incoming(method, path, query.encode(), Headers(said), body.encode()), CONFIG)


def planned(method: str, url: str, body: str = "", **headers: str) -> Plan:
    return make_plan(ask(method, url, body, **headers), CATALOG)


def rendered(method: str, url: str, body: str = "", **headers: str) -> Statement:
    request = ask(method, url, body, **headers)
    return render(make_plan(request, CATALOG), request)
