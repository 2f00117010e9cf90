"""The description as Swagger 2.0, in PostgREST's shape: admin panels and code generators read its notes."""

from rowgate.catalog.model import Parameter
from rowgate.openapi.describe import Comment, Description, Function, Resource
from rowgate.openapi.server import Server
from rowgate.openapi.types import Json, format_of, type_of, value_of

SPOKEN = "16"  # the version of PostgREST's API
DOCUMENTATION = {
    "description": "PostgREST Documentation",
    "url": f"https://postgrest.org/en/v{SPOKEN}/references/api.html",
}
JWT = {
    "description": 'Add the token prepending "Bearer " (without quotes) to it',
    "in": "header",
    "name": "Authorization",
    "type": "apiKey",
}
OBJECTS = ["application/vnd.pgrst.object+json;nulls=stripped", "application/vnd.pgrst.object+json"]
RETURNS = ["return=representation", "return=minimal", "return=none"]
RESOLUTIONS = ["resolution=ignore-duplicates", "resolution=merge-duplicates"]
PAGING = "Limiting and Pagination"


def swagger(said: Description, server: Server, *, security: bool) -> Json:
    """The whole document."""
    media = ["application/json", *OBJECTS, "text/csv"]
    document: Json = {
        "swagger": "2.0",
        "info": {"title": said.title, "description": said.about, "version": SPOKEN},
        "host": server.host,
        "basePath": server.path,
        "schemes": [server.scheme],
        "consumes": media,
        "produces": media,
        "paths": {
            "/": _ROOT,
            **{f"/{resource.name}": _path(resource) for resource in said.resources},
            **{f"/rpc/{function.name}": _call_path(function) for function in said.functions},
        },
        "definitions": {resource.name: definition(resource) for resource in said.resources},
        "parameters": {**_common(), **_parameters(said)},
        "externalDocs": DOCUMENTATION,
    }
    if security:
        document |= {"security": [{"JWT": []}], "securityDefinitions": {"JWT": JWT}}
    return document


_ROOT: Json = {
    "get": {
        "tags": ["Introspection"],
        "summary": "OpenAPI description (this document)",
        "produces": ["application/openapi+json", "application/json"],
        "responses": {"200": {"description": "OK"}},
    }
}


def commented(comment: Comment) -> Json:
    """Summary and description of an operation, where there is something to say."""
    said = {"summary": comment.summary, "description": comment.rest}
    return {key: text for key, text in said.items() if text}


def definition(resource: Resource) -> Json:
    """A row, as JSON Schema."""
    said: Json = {"description": resource.comment.whole} if resource.comment.whole else {}
    required = [column.name for column in resource.properties if column.required]
    said |= {"required": required} if required else {}
    properties = {column.name: column.schema for column in resource.properties}
    return said | {"properties": properties, "type": "object"}


def _path(resource: Resource) -> Json:
    rights, name = resource.rights, resource.name
    filters = [f"rowFilter.{name}.{column.name}" for column in resource.properties]
    body = f"body.{name}"
    found: Json = {}
    if rights.select:
        shape = ("select", "order", "range", "rangeUnit", "offset", "limit", "preferCount")
        found["get"] = _operation(resource, [*filters, *shape], _READ | {"200": _rows(name)})
    if rights.insert:
        found["post"] = _operation(resource, [body, "select", "preferPost"], _CREATED)
    if rights.delete:
        found["delete"] = _operation(resource, [*filters, "preferReturn"], _NO_CONTENT)
    if rights.update:
        found["patch"] = _operation(resource, [*filters, body, "preferReturn"], _NO_CONTENT)
    return found


_READ: Json = {"206": {"description": "Partial Content"}}
_CREATED: Json = {"201": {"description": "Created"}}
_NO_CONTENT: Json = {"204": {"description": "No Content"}}


def _rows(name: str) -> Json:
    items = {"$ref": f"#/definitions/{name}"}
    return {"description": "OK", "schema": {"items": items, "type": "array"}}


def _operation(resource: Resource, parameters: list[str], responses: Json) -> Json:
    return {
        "tags": [resource.name],
        **commented(resource.comment),
        "parameters": [{"$ref": f"#/parameters/{name}"} for name in parameters],
        "responses": responses,
    }


def _call_path(function: Function) -> Json:
    body = {"required": True, "schema": arguments(function), "in": "body", "name": "args"}
    post = _call(function, [body, {"$ref": "#/parameters/preferParams"}])
    if not function.by_get:
        return {"post": post}
    return {"get": _call(function, [_argument(parameter) for parameter in function.parameters]), "post": post}


def _call(function: Function, parameters: list[Json]) -> Json:
    return {
        "tags": [f"(rpc) {function.name}"],
        **commented(function.comment),
        "produces": ["application/json", *OBJECTS],
        **({"parameters": parameters} if parameters else {}),
        "responses": {"200": {"description": "OK"}},
    }


def _argument(parameter: Parameter) -> Json:
    """An argument in a query string: an array is written as PostgreSQL's literal, or repeated if variadic."""
    said: Json = {"name": parameter.name, "required": parameter.required, "in": "query"}
    if parameter.variadic:
        item = format_of(parameter.type_name).removesuffix("[]")
        items = {"type": _plain(item), "format": item}
        return said | {"type": "array", "items": items, "collectionFormat": "multi"}
    return said | {"format": format_of(parameter.type_name), "type": _plain(parameter.type_name)}


def _plain(type_name: str) -> str:
    kind: str = type_of(type_name).get("type", "string")
    return "string" if kind == "array" else kind


def arguments(function: Function) -> Json:
    """The arguments of a call as one JSON object, or the whole body where there is one without a name."""
    said: Json = {"description": function.comment.whole} if function.comment.whole else {}
    named = [parameter for parameter in function.parameters if parameter.name]
    if len(named) < len(function.parameters):
        return said | value_of(function.parameters[0].type_name)
    required = [parameter.name for parameter in named if parameter.required]
    said |= {"required": required} if required else {}
    said["type"] = "object"
    properties = {parameter.name: value_of(parameter.type_name) for parameter in named}
    return said | ({"properties": properties} if properties else {})


def _common() -> Json:
    prefer = {"name": "Prefer", "description": "Preference", "required": False, "in": "header"}
    return {
        "preferParams": prefer | {"type": "string"},
        "preferReturn": prefer | {"enum": RETURNS, "type": "string"},
        "preferCount": prefer | {"enum": ["count=none"], "type": "string"},
        "preferPost": prefer | {"enum": [*RETURNS, *RESOLUTIONS], "type": "string"},
        "select": _text("select", "Filtering Columns"),
        "on_conflict": _text("on_conflict", "On Conflict"),
        "order": _text("order", "Ordering"),
        "range": _text("Range", PAGING, "header"),
        "rangeUnit": _text("Range-Unit", PAGING, "header") | {"default": "items"},
        "offset": _text("offset", PAGING),
        "limit": _text("limit", PAGING),
    }


def _text(name: str, description: str, place: str = "query") -> Json:
    return {"name": name, "description": description, "required": False, "in": place, "type": "string"}


def _parameters(said: Description) -> Json:
    """For each relation the body it takes, and the filters on its columns."""
    found: Json = {}
    for resource in said.resources:
        name = resource.name
        found[f"body.{name}"] = {
            "name": name,
            "description": name,
            "required": False,
            "in": "body",
            "schema": {"$ref": f"#/definitions/{name}"},
        }
        for column in resource.properties:
            described = {"description": column.comment} if column.comment else {}
            found[f"rowFilter.{name}.{column.name}"] = {
                "name": column.name,
                **described,
                "required": False,
                "format": column.format,
                "in": "query",
                "type": "string",
            }
    return found
