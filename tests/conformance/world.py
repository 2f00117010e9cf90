"""The worlds that cases live in: what each database holds, and how its gateway is configured."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from conformance.case import Step
from integration.rowgate.world import SECRET, WORLD, token
from rowgate.asgi import Scope
from rowgate.config import Config, from_environment

HERE = Path(__file__).parent / "worlds"


@dataclass(frozen=True)
class World:
    """``sql`` makes it, ``refill`` puts its rows back before each case, ``role`` asks where nobody is named.

    ``before`` is done by the superuser; ``extension`` is one that its server must have, not the embedded one.
    """

    sql: str
    settings: Mapping[str, str]
    role: str = "writer"
    refill: str = ""
    before: str = ""
    extension: str = ""


def _sql(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


_COMPANY = {
    "db_schemas": "api,archive", "db_anon_role": "rowgate_anon", "jwt_secret": SECRET, "jwt_aud": "us",
    "app_settings_colour": "green", "server_trace_header": "X-Request-Id", "db_plan_enabled": "true",
    "server_host": "127.0.0.1",
}  # fmt: skip

WORLDS = {
    "company": World(WORLD, _COMPANY, refill="select books.fill()"),
    "films": World(_sql("films.sql"), {"db_schemas": "film", "db_anon_role": "rowgate_anon"}, role="nobody"),
    "tools": World(
        _sql("tools.sql"),
        {"db_schemas": "tool", "db_anon_role": "rowgate_anon", "db_extra_search_path": "extensions", "server_host": "127.0.0.1"},
        role="nobody", refill="select tool.fill()", before=_sql("tools_before.sql"),
    ),
    "maps": World(
        _sql("maps.sql"),
        {"db_schemas": "map", "db_anon_role": "rowgate_anon", "db_extra_search_path": "gis"},
        role="nobody", refill="select map.fill()", before=_sql("maps_before.sql"), extension="postgis",
    ),
    "bookshop": World(WORLD + _sql("bookshop.sql"), {**_COMPANY, "db_schemas": "shelf,bare"}),
}  # fmt: skip


def config(conninfo: str, world: World, settings: Mapping[str, str]) -> Config:
    """The gateway's settings, as its environment would say them."""
    said = {"db_uri": conninfo, **world.settings, **settings}
    return from_environment({f"PGRST_{name.upper()}": value for name, value in said.items()})


def scope(step: Step, world: World) -> Scope:
    """The step as a server would hand it over."""
    path, _, query = step.url.partition("?")
    said = {name.lower(): value for name, value in step.headers.items()}
    headers = {**authorization(step.role or world.role), **said}
    return {
        "type": "http", "method": step.method, "path": unquote(path), "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip


def authorization(who: str) -> dict[str, str]:
    """The header of a role, with claims or without."""
    role, _, claims = who.partition(" ")
    if role == "nobody":
        return {}
    said = {"role": f"rowgate_{role}", "sub": "ann", **json.loads(claims or "{}")}
    return {"authorization": f"Bearer {token(said.pop('role'), **said)}"}
