"""Which media type is chosen, and how it is spelled in the answer."""

from dataclasses import replace

import pytest

from rowgate.catalog.model import MediaHandler, MediaHandlers, Name
from rowgate.errors import Refusal
from rowgate.plan import make_plan
from rowgate.plan.media import negotiate
from rowgate.request.media import MediaType
from unit.rowgate.shop import CATALOG, ask

ESCOS = Name("api", "escos")
HANDLERS = MediaHandlers(
    aggregates={
        ESCOS: {
            "text/csv": MediaHandler("text/csv", aggregate=Name("api", "own_csv")),
            "application/vnd.a+b": MediaHandler("application/vnd.a+b", True, Name("api", "own_bytes")),
        },
        None: {"text/tsv": MediaHandler("text/tsv", aggregate=Name("api", "tsv"))},
    }
)
OBJECT = "application/vnd.pgrst.object+json"


def chosen(accept: str, url: str = "/escos", handlers: MediaHandlers | None = None) -> MediaType:
    catalog = replace(CATALOG, media=handlers or MediaHandlers())
    request = ask("GET", url, accept=accept)
    return negotiate(request, make_plan(request, catalog), catalog, explain=True).media


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "application/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
        ("text/html, application/*;q=0.1", "application/json; charset=utf-8"),
        ("APPLICATION/JSON; charset=utf-8", "application/json; charset=utf-8"),
        ("application/json;q=x", "application/json; charset=utf-8"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/csv;q=0.5, application/json;q=0.6", "application/json; charset=utf-8"),
        ("text/csv;q=0, */*;q=0.1", "application/json; charset=utf-8"),
        (OBJECT, f"{OBJECT}; charset=utf-8"),
        ("application/vnd.pgrst.object", f"{OBJECT}; charset=utf-8"),
        ("application/json;q=0.1, application/vnd.pgrst.object;q=0.9", f"{OBJECT}; charset=utf-8"),
        (f"{OBJECT};nulls=stripped", f"{OBJECT};nulls=stripped; charset=utf-8"),
        ("application/vnd.pgrst.array+json", "application/json; charset=utf-8"),
        (
            "application/vnd.pgrst.array;nulls=stripped",
            "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8",
        ),
        (
            "application/vnd.pgrst.plan",
            'application/vnd.pgrst.plan+text; for="application/json"; charset=utf-8',
        ),
        (
            'application/vnd.pgrst.plan+json; for="text/csv"; options=buffers|analyze|mad',
            'application/vnd.pgrst.plan+json; for="text/csv"; options=analyze|buffers; charset=utf-8',
        ),
        (
            f'application/vnd.pgrst.plan; for="{OBJECT};nulls=stripped", text/csv;q=0.1',
            f'application/vnd.pgrst.plan+text; for="{OBJECT};nulls=stripped"; charset=utf-8',
        ),
    ],
)
def test_chosen(accept: str, content_type: str) -> None:
    assert chosen(accept).content_type == content_type


@pytest.mark.parametrize(
    ("accept", "said"),
    [
        ("text/html", "text/html"),
        ("text/html;q=0.1, image/png", "image/png, text/html"),
        ("application/json;q=0", ""),
        (",", ", "),
        ("json", "json"),
        ("application/geo+json", "application/geo+json"),
        (
            'application/vnd.pgrst.plan; for="text/html"',
            'application/vnd.pgrst.plan+text; for="text/html"',
        ),
    ],
)
def test_not_to_be_had(accept: str, said: str) -> None:
    with pytest.raises(Refusal) as info:
        chosen(accept)
    assert (info.value.status, info.value.code) == (406, "PGRST107")
    assert info.value.message == f"None of these media types are available: {said}"


def test_plans_only_where_they_may_be_shown() -> None:
    request = ask("GET", "/escos", accept="application/vnd.pgrst.plan, text/csv;q=0.1")
    assert negotiate(request, make_plan(request, CATALOG), CATALOG, explain=False).media.name == "text/csv"


@pytest.mark.parametrize(
    ("url", "accept", "aggregate"),
    [
        ("/escos", "text/csv", ("api", "own_csv")),
        ("/escos?select=*", "text/csv", ("api", "own_csv")),
        ("/escos?select=id", "text/csv", None),
        ("/customers", "text/csv", None),
        ("/escos", "application/vnd.a+b", ("api", "own_bytes")),
        ("/customers?select=id", "text/tsv", ("api", "tsv")),
        ("/escos", "*/*", None),
        ("/escos", OBJECT, None),
    ],
)
def test_handlers_of_the_database(url: str, accept: str, aggregate: tuple[str, str] | None) -> None:
    assert chosen(accept, url, HANDLERS).aggregate == aggregate


def test_a_handler_for_anything_takes_all() -> None:
    handlers = MediaHandlers(aggregates={ESCOS: {"*/*": MediaHandler("*/*", True, Name("api", "any"))}})
    for accept in ("text/csv", "image/png", "*/*", "application/json"):
        assert chosen(accept, handlers=handlers).content_type == "application/octet-stream"
    assert chosen(OBJECT, handlers=handlers).singular
