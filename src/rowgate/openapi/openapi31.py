"""The description as OpenAPI 3.1, for tools that have left Swagger 2.0 behind."""

import re
from collections.abc import Sequence
from urllib.parse import quote as percent

from rowgate.catalog.model import Parameter
from rowgate.openapi.describe import Description, Function, Resource
from rowgate.openapi.server import Server
from rowgate.openapi.swagger import (
    DOCUMENTATION,
    PAGING,
    RESOLUTIONS,
    RETURNS,
    SPOKEN,
    arguments,
    commented,
    definition,
)
from rowgate.openapi.types import Json, format_of, value_of

_UNFIT = re.compile(r"[^A-Za-z0-9._-]")
_COUNTS = ["count=exact", "count=planned", "count=estimated"]


def openapi31(said: Description, server: Server, *, security: bool) -> Json:
    """The whole document."""
    components: Json = {
        "schemas": {**_schemas(said.resources), "error": _ERROR},
        "parameters": {**_common(), **_filters(said.resources)},
        "responses": {
            "error": {"description": "What went wrong", "content": _json(_ref("schemas", "error"))}
        },
    }
    document: Json = {
        "openapi": "3.1.0",
        "info": {"title": said.title, "description": said.about, "version": SPOKEN},
        "servers": [{"url": server.url or "/"}],
        "externalDocs": DOCUMENTATION,
        "paths": {
            "/": {"get": _ROOT},
            **{f"/{percent(each.name, safe='')}": _path(each) for each in said.resources},
            **{f"/rpc/{percent(each.name, safe='')}": _call_path(each) for each in said.functions},
        },
        "components": components,
    }
    if security:
        components["securitySchemes"] = {"JWT": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
        document["security"] = [{"JWT": []}]
    return document


def key_of(name: str) -> str:
    """A name as a component's key may be written."""
    return _UNFIT.sub(lambda found: f"_x{ord(found.group()):x}_", name)


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{key_of(name)}"}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


_ROOT: Json = {
    "tags": ["Introspection"],
    "summary": "OpenAPI description (this document)",
    "operationId": "describe",
    "responses": {"200": {"description": "OK", "content": _json({"type": "object"})}},
}
_ERROR: Json = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "details": {},
        "hint": {"type": ["string", "null"]},
    },
}


def _schemas(resources: Sequence[Resource]) -> Json:
    """A row as it is read, and as much of one as a write may give: a default or the old value fills in."""
    found: Json = {}
    for resource in resources:
        row = definition(resource)
        row["properties"] = {
            column.name: _property(column.schema, column.required) for column in resource.properties
        }
        found[key_of(resource.name)] = row
        found[key_of(f"{resource.name}.write")] = {key: row[key] for key in row if key != "required"}
    return found


def _property(schema: Json, required: bool) -> Json:  # noqa: FBT001
    """In JSON Schema a value that may be null says so."""
    if required or "type" not in schema:
        return schema
    said = schema | {"type": [schema["type"], "null"]}
    return said | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


def _path(resource: Resource) -> Json:
    rights, name = resource.rights, resource.name
    filters = [f"rowFilter.{name}.{column.name}" for column in resource.properties]
    found: Json = {}
    if rights.select:
        shape = ("select", "order", "range", "rangeUnit", "offset", "limit", "preferCount")
        rows: Json = {"type": "array", "items": _ref("schemas", name)}
        read = {"200": _content("OK", rows), "206": _content("Partial Content", rows)}
        found["get"] = _operation(resource, "get", [*filters, *shape], read)
    if rights.insert:
        created = {"201": _content("Created", {"type": "array", "items": _ref("schemas", name)})}
        found["post"] = _operation(resource, "post", _ON_POST, created) | _body(name, many=True)
    if rights.delete:
        found["delete"] = _operation(resource, "delete", [*filters, "preferReturn"], _NO_CONTENT)
    if rights.update:
        changed = _operation(resource, "patch", [*filters, "preferReturn"], _NO_CONTENT)
        found["patch"] = changed | _body(name, many=False)
    return found


_ON_POST = ("select", "columns", "on_conflict", "preferPost")
_NO_CONTENT: Json = {"204": {"description": "No Content"}}


def _content(description: str, schema: Json) -> Json:
    return {"description": description, "content": _json(schema)}


def _operation(resource: Resource, method: str, parameters: Sequence[str], responses: Json) -> Json:
    return {
        "tags": [resource.name],
        **commented(resource.comment),
        "operationId": f"{method}_{resource.name}",
        "parameters": [_ref("parameters", name) for name in parameters],
        "responses": responses | {"default": _ref("responses", "error")},
    }


def _body(name: str, *, many: bool) -> Json:
    one = _ref("schemas", f"{name}.write")
    schema = {"oneOf": [one, {"type": "array", "items": one}]} if many else one
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _call_path(function: Function) -> Json:
    needed = any(parameter.required for parameter in function.parameters)
    body = {"required": needed, "content": _json(arguments(function))}
    found: Json = {"post": _call(function, "post") | {"requestBody": body}}
    if function.by_get:
        found["get"] = _call(function, "get") | {
            "parameters": [_argument(parameter) for parameter in function.parameters if parameter.name]
        }
    return found


def _call(function: Function, method: str) -> Json:
    return {
        "tags": [f"(rpc) {function.name}"],
        **commented(function.comment),
        "operationId": f"rpc_{method}_{function.name}",
        "responses": {"200": _content("OK", {}), "default": _ref("responses", "error")},
    }


def _argument(parameter: Parameter) -> Json:
    said: Json = {"name": parameter.name, "in": "query", "required": parameter.required}
    if parameter.variadic:
        return said | {"explode": True, "schema": value_of(parameter.type_name)}
    plain = value_of(parameter.type_name)
    if plain.get("type", "array") == "array":  # written as text: PostgreSQL's array literal, or JSON
        plain = {"format": format_of(parameter.type_name), "type": "string"}
    return said | {"schema": plain}


def _common() -> Json:
    return {
        "select": _text("select", "Filtering Columns"),
        "columns": _text("columns", "Columns of the body that count"),
        "on_conflict": _text("on_conflict", "On Conflict"),
        "order": _text("order", "Ordering"),
        "range": _text("Range", PAGING, "header"),
        "rangeUnit": _text("Range-Unit", PAGING, "header", default="items"),
        "offset": _text("offset", PAGING, type="integer", minimum=0),
        "limit": _text("limit", PAGING, type="integer", minimum=0),
        "preferReturn": _text("Prefer", "Preference", "header", enum=RETURNS[:2]),
        "preferPost": _text("Prefer", "Preference", "header", enum=[*RETURNS[:2], *RESOLUTIONS]),
        "preferCount": _text("Prefer", "Preference", "header", enum=_COUNTS),
    }


def _text(name: str, description: str, place: str = "query", **more: object) -> Json:
    return {"name": name, "description": description, "in": place, "schema": {"type": "string", **more}}


def _filters(resources: Sequence[Resource]) -> Json:
    """A filter is an operator and a value, so it is text whatever the column is."""
    return {
        key_of(f"rowFilter.{resource.name}.{column.name}"): {
            "name": column.name,
            **({"description": column.comment} if column.comment else {}),
            "in": "query",
            "schema": {"type": "string"},
            "examples": {"equal": {"value": "eq."}},
        }
        for resource in resources
        for column in resource.properties
    }
