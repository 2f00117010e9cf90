"""docs/reference/rest-api.md says what the database says. SUBMETER_WRITE_DOCS=1 renews its generated parts."""

import os
import re

import pytest

from docs import rest_reference
from docs.pages import read_page
from submeter.db.database import Database, connect


@pytest.fixture(scope="module")
def parts(module_database: Database) -> tuple[str, str]:
    return rest_reference.generate(module_database.owner_conninfo)


def test_the_page_shows_resources_and_functions_as_they_are(parts: tuple[str, str]) -> None:
    text = rest_reference.PAGE.read_text("utf-8")
    renewed = rest_reference.put_in(text, *parts)
    if os.environ.get("SUBMETER_WRITE_DOCS"):
        rest_reference.PAGE.write_text(renewed, "utf-8")
    else:
        assert text == renewed, "renew it: SUBMETER_WRITE_DOCS=1 .venv/bin/pytest tests/docs/test_rest_api.py"


def test_every_view_and_function_has_its_section(database: Database) -> None:
    with connect(database.owner_conninfo) as connection:
        rows = connection.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'r', 'm') "
            "union select proname from pg_proc where pronamespace = 'public'::regnamespace"
        ).fetchall()
    assert len(rows) > 20
    headings = set(re.findall(r"^### (\w+)$", read_page("docs/reference/rest-api.md").text, re.MULTILINE))
    assert {name for (name,) in rows} == headings


def test_a_new_column_makes_the_page_wrong(database: Database, parts: tuple[str, str]) -> None:
    with connect(database.owner_conninfo) as connection:
        connection.execute("create or replace view public.regions with (security_invoker) as "
                           "select code, name, jurisdiction, true as windy from submeter.regions")  # fmt: skip
        connection.execute("comment on column public.regions.windy is 'Whether wind is worth it'")
    resources, functions = rest_reference.generate(database.owner_conninfo)
    assert "| `windy` | true or false | Whether wind is worth it. |" in resources
    assert (resources, functions) != parts


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="not found"):
        rest_reference.put_in("no markers", "resources", "functions")
