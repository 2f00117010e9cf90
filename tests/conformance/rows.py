"""The rows of rows.txt, and which of them a request shows of itself; the others are named by a case's title."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from conformance.case import Case, Step
from conformance.seen import OPERATORS, Seen
from conformance.world import WORLDS

Shows = Callable[[Seen], bool]


@dataclass(frozen=True)
class Row:
    name: str
    figure: str
    required: int

    @property
    def least(self) -> int:
        """What the figure asks for: a third of it, and never fewer than four."""
        digits = self.figure.removeprefix("io:")
        return max(4, math.ceil(int(digits) / 3)) if digits.isdigit() else 4


def read_rows() -> dict[str, Row]:
    text = Path(__file__).with_name("rows.txt").read_text(encoding="utf-8")
    lines = [line.split(" | ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: Row(name, figure, int(required)) for name, figure, required in lines}


def rows_of(case: Case, step: Step) -> set[str]:
    """Every row that a request counts for. What can be seen is seen: a title cannot claim it."""
    seen = Seen(case, step)
    return {name for name, shows in SHOWN.items() if shows(seen)} | (set(case.tags) - SHOWN.keys())


def _path(where: Callable[[Seen], list[str]]) -> Shows:
    return lambda seen: any("->" in text for text in where(seen))


def _prefers(part: str) -> Shows:
    return lambda seen: seen.prefers(part)


def _method(name: str) -> Shows:
    return lambda seen: seen.is_relation and seen.step.method == name


def _calls(*methods: str) -> Shows:
    return lambda seen: seen.is_call and seen.step.method in methods


def _checks(header: str) -> Shows:
    return lambda seen: seen.checks(header)


def _operator(name: str) -> Shows:
    return lambda seen: any(operator.name == name for operator in seen.operators)


def _modifier(*names: str) -> Shows:
    return lambda seen: any(operator.modifier in names for operator in seen.operators)


def _setting(name: str) -> Shows:
    return lambda seen: name in seen.case.settings


def _code(name: str) -> Shows:
    return lambda seen: name in seen.codes


def _state(pattern: str, *statuses: int) -> Shows:
    found = re.compile(pattern)
    return lambda seen: (
        (not statuses or seen.step.status in statuses) and any(found.fullmatch(code) for code in seen.codes)
    )


def _parameter(pattern: str) -> Shows:
    found = re.compile(pattern)
    return lambda seen: any(found.fullmatch(key) for key, _ in seen.parameters)


def _asks(pattern: str) -> Shows:
    """By Accept, or as the type of its body."""
    found = re.compile(pattern)
    return lambda seen: bool(
        found.search(seen.headers.get("accept", "")) or found.search(seen.headers.get("content-type", ""))
    )


_KIND = re.compile(
    r"create (?:(materialized view|view|foreign table) (\S+)|table (\S+) [^;]*?partition (?:by|of)\b)"
)
_KINDS = {
    name: {(view or table).rpartition(".")[2] for _, view, table in _KIND.findall(world.sql)}
    for name, world in WORLDS.items()
}


def _is_no_plain_table(seen: Seen) -> bool:
    reads = seen.is_relation and seen.step.method in {"GET", "HEAD"}
    return reads and seen.path.removeprefix("/").split(".")[-1] in _KINDS[seen.case.world]


def _odd_identifier(seen: Seen) -> bool:
    names = [seen.raw_path, seen.select, *seen.orders, *(key for key, _ in seen.parameters)]
    return any(re.search(r'[%"]|[^\x00-\x7f]', name) for name in names)


def _renames(seen: Seen) -> bool:
    return bool(re.search(r"(?<!:):(?!:)", seen.select))


def _null_filter(seen: Seen) -> bool:
    names = "|".join(re.escape(call.shown_as) for call in seen.embeds if call.shown_as)
    conditions = [f"{key}.{value}" for key, value in seen.filters] + [tree for _, tree in seen.trees]
    whole = re.compile(rf"(^|[(,.])({names})\.(not\.)?is\.null")
    return (bool(names) and any(whole.search(text) for text in conditions)) or "PGRST120" in seen.codes


def _on_the_result(seen: Seen) -> bool:
    shapes = [key for key, _ in seen.parameters if key in {"select", "order", "limit", "offset", "and", "or"}]
    return seen.is_call and bool(shapes or seen.filters or seen.prefers("count=") or "range" in seen.headers)


def _nested_tree(seen: Seen) -> bool:
    return any(re.search(r"[(,.](and|or)\(", tree) for _, tree in seen.trees)


def _negated_tree(seen: Seen) -> bool:
    return any("not.and(" in tree or "not.or(" in tree or "not." in f"{key}." for key, tree in seen.trees)


def _names_key(seen: Seen) -> bool:
    claims = seen.step.role.partition(" ")[2]
    return (
        "authorization" in seen.headers
        or bool(claims)
        or any(name.startswith("jwt_") for name in seen.case.settings)
    )


def _claims(*names: str) -> Shows:
    return lambda seen: any(f'"{name}"' in seen.step.role for name in names)


_READING: dict[str, Shows] = {
    "1 GET": _method("GET"),
    "1 kinds of relation": _is_no_plain_table,
    "1 HEAD": _method("HEAD"),
    "1 select": lambda seen: bool(seen.select),
    "1 rename": _renames,
    "1 cast": lambda seen: "::" in seen.select,
    "1 JSON paths: select": lambda seen: "->" in seen.select,
    "1 JSON paths: filters": _path(
        lambda seen: [text for text, _ in seen.filters] + [tree for _, tree in seen.trees]
    ),
    "1 JSON paths: order": _path(lambda seen: seen.orders),
    "1 aggregates": lambda seen: bool(seen.aggregates),
    "1 order": lambda seen: bool(seen.orders),
    "1 order: nulls": lambda seen: any(".nulls" in order for order in seen.orders),
    "1 identifiers": _odd_identifier,
}

_FILTERS: dict[str, Shows] = {
    **{f"2 {name}": _operator(name) for name in OPERATORS},
    "2 not": lambda seen: any(operator.negated for operator in seen.operators),
    "2 any": _modifier("any"),
    "2 all": _modifier("all"),
    "2 fts(lang)": lambda seen: any(
        operator.name.endswith("fts") and operator.modifier for operator in seen.operators
    ),
    "2 and, or": lambda seen: bool(seen.trees),
    "2 and, or: nested": _nested_tree,
    "2 and, or: negated": _negated_tree,
}

_EMBEDDING: dict[str, Shows] = {
    "3 embed": lambda seen: bool(seen.embeds),
    "3 nested": lambda seen: any(call.depth for call in seen.embeds),
    "3 hint": lambda seen: any(
        hint not in {"inner", "left"} for call in seen.embeds for hint in call.word.split("!")[1:]
    ),
    "3 inner": lambda seen: "!inner" in seen.select,
    "3 left": lambda seen: "!left" in seen.select,
    "3 spread": lambda seen: any(call.word.startswith("...") for call in seen.embeds),
    "3 empty embed": lambda seen: any(call.empty for call in seen.embeds),
    "3 rel.col": lambda seen: bool(seen.embeds) and any("." in key for key, _ in seen.filters),
    "3 rel.or": lambda seen: any(re.fullmatch(r"(?!not\.)[^.]+\..*(and|or)", key) for key, _ in seen.trees),
    "3 rel.order": _parameter(r".+\.order"),
    "3 rel.limit, rel.offset": _parameter(r".+\.(limit|offset)"),
    "3 null filters": _null_filter,
    "3 related order": lambda seen: any("(" in order for order in seen.orders),
    "3 aggregates in embeds": lambda seen: any(call.depth for call in seen.aggregates),
    "3 on writes": lambda seen: seen.writes and bool(seen.embeds),
    "3 on RPC": lambda seen: seen.is_call and bool(seen.embeds),
}

_PAGES: dict[str, Shows] = {
    "4 limit": _parameter("limit"),
    "4 offset": _parameter("offset"),
    "4 Range": lambda seen: "range" in seen.headers,
    "4 Content-Range": _checks("Content-Range"),
    "4 status 206": lambda seen: seen.step.status == 206,
    "4 status 416": lambda seen: seen.step.status == 416,
    "4 count=exact": _prefers("count=exact"),
    "4 count=planned": _prefers("count=planned"),
    "4 count=estimated": _prefers("count=estimated"),
    "4 db-max-rows": _setting("db_max_rows"),
}

_WRITING: dict[str, Shows] = {
    "5 POST": _method("POST"),
    "5 bulk": lambda seen: seen.writes and seen.step.method == "POST" and seen.step.body.startswith("["),
    "5 bodies: CSV": lambda seen: seen.writes and seen.headers.get("content-type", "").startswith("text/csv"),
    "5 bodies: form": lambda seen: seen.writes and "form-urlencoded" in seen.headers.get("content-type", ""),
    "5 columns=": _parameter("columns"),
    "5 missing=default": _prefers("missing=default"),
    "5 return=minimal": _prefers("return=minimal"),
    "5 return=headers-only": _prefers("return=headers-only"),
    "5 return=representation": _prefers("return=representation"),
    "5 Location": lambda seen: "location" in seen.checked,
    "5 PATCH": _method("PATCH"),
    "5 DELETE": _method("DELETE"),
    "5 PUT": _method("PUT"),
    "5 upsert: merge": _prefers("resolution=merge-duplicates"),
    "5 upsert: ignore": _prefers("resolution=ignore-duplicates"),
    "5 on_conflict": _parameter("on_conflict"),
    "5 select on the result": lambda seen: seen.writes and bool(seen.select),
    "5 pg-safeupdate": _setting("require_where"),
    "6 Preference-Applied": _checks("Preference-Applied"),
    "6 handling": _prefers("handling="),
    "6 timezone=": _prefers("timezone="),
    "6 max-affected=n": _prefers("max-affected="),
    "6 tx=": _prefers("tx="),
}

_CALLING: dict[str, Shows] = {
    "7 POST": _calls("POST"),
    "7 GET": _calls("GET"),
    "7 HEAD": _calls("HEAD"),
    "7 result shape: void": lambda seen: seen.is_call and seen.step.status == 204,
    "7 on the result": _on_the_result,
    "7 form body": lambda seen: seen.is_call and "form-urlencoded" in seen.headers.get("content-type", ""),
    "7 other methods": _calls("PUT", "PATCH", "DELETE"),
}

_MEDIA: dict[str, Shows] = {
    "8 Content-Type": _checks("Content-Type"),
    "8 application/json": lambda seen: seen.checked.get("content-type", "").startswith("application/json"),
    "8 PGRST107": _code("PGRST107"),
    "8 object": _asks(r"vnd\.pgrst\.object"),
    "8 nulls=stripped": _asks("nulls=stripped"),
    "8 text/csv": _asks("text/csv"),
    "8 geo+json": _asks(r"geo\+json"),
    "8 plan": _asks(r"vnd\.pgrst\.plan"),
    "8 application/octet-stream": _asks("octet-stream"),
    "8 text/plain, text/xml, text/html": _asks("text/(plain|xml|html)"),
}

_SURROUNDINGS: dict[str, Shows] = {
    "9 db-schemas": lambda seen: "accept-profile" in seen.headers or "content-profile" in seen.headers,
    "9 db-schemas: Accept-Profile": lambda seen: "accept-profile" in seen.headers,
    "9 db-schemas: Content-Profile": lambda seen: "content-profile" in seen.headers,
    "9 OpenAPI": lambda seen: seen.path == "/" and seen.step.method in {"GET", "HEAD"},
    "9 OPTIONS": lambda seen: seen.step.method == "OPTIONS",
    "9 CORS": lambda seen: "origin" in seen.headers,
    "9 Vary": _checks("Vary"),
    "9 Server-Timing": _checks("Server-Timing"),
    "9 Proxy-Status": _checks("Proxy-Status"),
    "9 Content-Length": lambda seen: "content-length" in seen.checked,
    "9 Content-Location": lambda seen: "content-location" in seen.checked,
    "9 server-trace-header": _checks("X-Request-Id"),
    "9 openapi-mode": _setting("openapi_mode"),
    "9 openapi-server-proxy-uri": _setting("openapi_server_proxy_uri"),
    "9 openapi-security-active": _setting("openapi_security_active"),
    "9 db-root-spec": _setting("db_root_spec"),
    "9 db-extra-search-path": _setting("db_extra_search_path"),
    "10 Bearer": _names_key,
    "10 claims: times": _claims("exp", "nbf", "iat"),
    "10 claims: audience": _claims("aud"),
    "10 failures": _state("PGRST30.", 401, 500),
    "10 failures: WWW-Authenticate": lambda seen: "www-authenticate" in seen.checked,
    "10 42501": _state("42501", 401, 403),
    "10 db-pre-request": _setting("db_pre_request"),
    "10 prepared statements": _setting("db_prepared_statements"),
    "10 JWT cache": _setting("jwt_cache_max_entries"),
}

_ERRORS: dict[str, Shows] = {
    **{f"11 PGRST{number:03}": _code(f"PGRST{number:03}") for number in (
        0, 1, 2, 3, *range(100, 104), *range(105, 109), 111, 112, *range(114, 119), *range(120, 129),
        *range(200, 206), *range(300, 304),
    )},
    "11 SQLSTATE": _state("[0-9A-OQ-Z][0-9A-Z]{4}|P0[0-9A-Z]{3}"),
    "11 SQLSTATE 08*": _state("08...", 503),
    "11 SQLSTATE 09*": _state("09...", 500),
    "11 SQLSTATE 0L*, 0P*": _state("0[LP]...", 403),
    "11 SQLSTATE 21000": _state("21000", 400, 500),
    "11 SQLSTATE 22023": _state("22023", 400, 401),
    "11 SQLSTATE 23503, 23505": _state("2350[35]", 409),
    "11 SQLSTATE 25006": _state("25006", 405),
    "11 SQLSTATE 25*": _state("25(?!006)...", 500),
    "11 SQLSTATE 28*": _state("28...", 403),
    "11 SQLSTATE 2D*, 38*, 39*, 3B*, 40*": _state("(2D|38|39|3B|40)...", 500),
    "11 SQLSTATE 53400": _state("53400", 500),
    "11 SQLSTATE 53*": _state("53(?!400)...", 503),
    "11 SQLSTATE 54*, 55*": _state("5[45]...", 500),
    "11 SQLSTATE 57P01": _state("57P01", 503),
    "11 SQLSTATE 57*, 58*": _state("5[78](?!P01)...", 500),
    "11 SQLSTATE F0*, HV*": _state("(F0|HV)...", 500),
    "11 SQLSTATE P0001": _state("P0001", 400),
    "11 SQLSTATE P0*, XX*": _state("(P0(?!001)|XX)...", 500),
    "11 SQLSTATE 42883": _state("42883", 404, 406),
    "11 SQLSTATE 42P01": _state("42P01", 404),
    "11 SQLSTATE 42P17": _state("42P17", 500),
    "11 SQLSTATE 42501": _state("42501", 401, 403),
    "11 SQLSTATE others": _state("[0-9A-Z]{5}", 400),
}  # fmt: skip

SHOWN: dict[str, Shows] = {
    **_READING, **_FILTERS, **_EMBEDDING, **_PAGES, **_WRITING, **_CALLING, **_MEDIA, **_SURROUNDINGS, **_ERRORS,
}  # fmt: skip
