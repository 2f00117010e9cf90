"""Descriptions of the API as a whole: what cases/openapi.txt cannot say line by line."""

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from conformance.compare import MISSING, at
from integration.rowgate.conftest import Run
from integration.rowgate.world import HERE, bearer, world_config
from rowgate.app import Gateway
from rowgate.request import Headers, Incoming
from submeter.db.database import Database

SETTINGS: dict[str, dict[str, Any]] = {
    "follow_privileges": {},
    "ignore_privileges": {"openapi_mode": "ignore-privileges"},
}


@pytest.fixture(scope="module")
def shelf(world: Database) -> Database:
    with psycopg.connect(world.owner_conninfo, autocommit=True) as connection:
        connection.execute((HERE / "bookshop.sql").read_text(encoding="utf-8"))
    return world


@pytest.fixture(scope="module")
def gateways(shelf: Database, run: Run) -> Iterator[dict[str, Gateway]]:
    opened: dict[str, Gateway] = {}
    for name, settings in SETTINGS.items():
        config = world_config(shelf.authenticator_conninfo, **{"db_schemas": ("shelf", "bare"), **settings})
        opened[name] = Gateway(config)
        run(opened[name].start())
    yield opened
    for gateway in opened.values():
        gateway.stop()


def _ask(gateway: Gateway, run: Run, accept: str, role: str = "writer") -> Any:
    incoming = Incoming("GET", "/", b"", Headers({**bearer(role), "accept": accept}), b"")
    return json.loads(run(gateway.answer(incoming)).body)


@pytest.mark.parametrize("accept", ["application/openapi+json", "application/vnd.oai.openapi+json"])
def test_every_reference_leads_somewhere(accept: str, gateways: dict[str, Gateway], run: Run) -> None:
    document = _ask(gateways["follow_privileges"], run, accept)
    references = list(_references(document))
    assert len(references) > 100
    assert [found for found in references if at(document, found.removeprefix("#")) is MISSING] == [
        # PostgREST writes names as they are; a slash in one is a step in the pointer
        found
        for found in references
        if "<b>" in found
    ]


def test_the_shape_of_openapi_31(gateways: dict[str, Gateway], run: Run) -> None:
    document = _ask(gateways["ignore_privileges"], run, "application/vnd.oai.openapi+json")
    assert document.keys() == {"openapi", "info", "servers", "externalDocs", "paths", "components"}
    assert all(
        re.fullmatch(r"[A-Za-z0-9._-]+", key) for kind in document["components"].values() for key in kind
    )
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names)) > 40
    for path, method, operation in operations:
        assert re.fullmatch(r"/[^{}/]*(/[^{}/]+)?", path)
        assert method in {"get", "post", "patch", "delete"}
        assert operation["responses"].keys() <= {"200", "201", "204", "206", "default"}
        assert "requestBody" not in operation or method in {"post", "patch"}
        parameters = [_resolved(document, parameter) for parameter in operation.get("parameters", ())]
        assert len({(each["in"], each["name"]) for each in parameters}) == len(parameters)
        assert all(each["in"] in {"query", "header"} and "schema" in each for each in parameters)
    for schema in document["components"]["schemas"].values():
        _is_schema(document, schema)


def _is_schema(document: Any, schema: Any) -> None:
    kinds = {"object", "array", "string", "integer", "number", "boolean", "null"}
    kind = schema.get("type", [])
    assert set([kind] if isinstance(kind, str) else kind) <= kinds
    assert set(schema.get("required", ())) <= schema.get("properties", {}).keys()
    for inner in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        _is_schema(document, inner)


def _resolved(document: Any, value: Any) -> Any:
    return at(document, value["$ref"].removeprefix("#")) if "$ref" in value else value


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


@pytest.mark.row("12 reload")
def test_rights_are_asked_for_once_a_role(
    gateways: dict[str, Gateway], run: Run, owner: psycopg.Connection
) -> None:
    gateway = gateways["follow_privileges"]
    before = _ask(gateway, run, "*/*", "reader")
    owner.execute("grant select on shelf.secret to rowgate_reader")
    try:
        assert _ask(gateway, run, "*/*", "reader") == before
        run(gateway.start())  # the catalog is read again
        assert "/secret" in _ask(gateway, run, "*/*", "reader")["paths"]
    finally:
        owner.execute("revoke select on shelf.secret from rowgate_reader")
        run(gateway.start())
