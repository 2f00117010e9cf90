"""The root of the API: what there is, as far as the caller may use it."""

import json
from dataclasses import dataclass

from rowgate.catalog.model import Catalog
from rowgate.config import Config
from rowgate.errors import Refusal
from rowgate.openapi.describe import describe
from rowgate.openapi.grants import EVERYTHING, Grants, read_grants
from rowgate.openapi.negotiate import Form, choose_form
from rowgate.openapi.openapi31 import openapi31
from rowgate.openapi.page import POLICY, page
from rowgate.openapi.server import server_of
from rowgate.openapi.swagger import swagger
from rowgate.request import Headers, Incoming
from rowgate.request.headers import choose_schema
from rowgate.request.model import Action, ApiRequest, Preferences, Query
from rowgate.response import Answer

__all__ = [
    "EVERYTHING",
    "Grants",
    "RootRequest",
    "as_asked",
    "by_function",
    "document",
    "is_root",
    "parse_root",
    "read_grants",
]

OPENAPI = "application/openapi+json"


@dataclass(frozen=True, slots=True)
class RootRequest:
    """A request for the description of one schema; ``request`` is what the database is told about it."""

    request: ApiRequest
    form: Form

    @property
    def schema(self) -> str:
        return self.request.schema


def is_root(incoming: Incoming) -> bool:
    return not incoming.path.strip("/") and incoming.method != "OPTIONS"


def parse_root(incoming: Incoming, config: Config) -> RootRequest:
    """Read a request for the root, or refuse it."""
    if config.openapi_mode == "disabled":
        raise Refusal(404, "PGRST126", "Root endpoint metadata is disabled")
    if incoming.method not in ("GET", "HEAD"):
        raise Refusal(405, "PGRST117", f"Unsupported HTTP method: {incoming.method}")
    request = ApiRequest(
        method=incoming.method,
        path=incoming.path,
        action=Action.READ,
        schema=choose_schema(incoming.headers.get("accept-profile"), config.db_schemas),
        target="",
        query=Query(),
        preferences=Preferences(),
        by_get=True,
        negotiated=len(config.db_schemas) > 1,
    )
    return RootRequest(request, choose_form(incoming.headers.get("accept", "")))


def by_function(incoming: Incoming, root_spec: str) -> Incoming:
    """The same request as a call of the function that stands for the root; it may be schema-qualified."""
    schema, _, name = root_spec.rpartition(".")
    headers = Headers(incoming.headers)
    if OPENAPI in headers.get("accept", ""):
        headers["accept"] = "application/json"
    if schema:
        headers["accept-profile"] = headers["content-profile"] = schema
    return incoming._replace(path=f"/rpc/{name}", headers=headers)


def as_asked(incoming: Incoming, answer: Answer) -> Answer:
    """What the function said is the description: under its media type, if that was asked for."""
    if answer.status != 200 or OPENAPI not in incoming.headers.get("accept", ""):
        return answer
    others = (pair for pair in answer.headers if pair[0].lower() != "content-type")
    return answer._replace(headers=(("Content-Type", Form.SWAGGER.value), *others))


def document(root: RootRequest, catalog: Catalog, grants: Grants, config: Config) -> Answer:
    """The answer, for these grants."""
    said = describe(catalog, root.schema, grants)
    server, security = server_of(config), config.openapi_security_active
    if root.form is Form.PAGE:
        body = page(said, server)
    elif root.form is Form.OPENAPI_31:
        body = json.dumps(openapi31(said, server, security=security), ensure_ascii=False)
    else:
        body = json.dumps(swagger(said, server, security=security), ensure_ascii=False)
    return Answer(200, _headers(root), body.encode())


def _headers(root: RootRequest) -> tuple[tuple[str, str], ...]:
    headers = [("Content-Type", root.form.value)]
    if root.form is Form.PAGE:
        headers.append(("Content-Security-Policy", POLICY))
    if root.request.negotiated:
        headers.append(("Content-Profile", root.schema))
    return tuple(headers)
