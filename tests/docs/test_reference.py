"""The reference names every setting, command, option and error code that there is, and no other; links lead somewhere."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import typer

from docs.pages import ROOT, Page, list_pages, read_page
from rowgate.config import APP_SETTINGS_PREFIX, PREFIX, Config
from submeter.cli import app
from submeter.settings import Settings, load_settings

SETTINGS = {f"SUBMETER_{field.name.upper()}" for field in fields(Settings)} | {"DATABASE_URL", "PORT"}
GATEWAY = {PREFIX + field.name.upper() for field in fields(Config) if field.name != "app_settings"} | {
    f"{APP_SETTINGS_PREFIX}<NAME>"
}
_ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]*(?:<NAME>)?)` \|([^|]*)\|", re.MULTILINE)


def difference(documented: set[str], real: set[str]) -> str:
    """What is wrong between a page and the program, in words; empty if nothing is."""
    missing, unknown = sorted(real - documented), sorted(documented - real)
    said = [f"not documented: {', '.join(missing)}"] * bool(missing)
    return "; ".join(said + [f"documented, but not there: {', '.join(unknown)}"] * bool(unknown))


def rows(page: Page) -> dict[str, str]:
    """Names and defaults in the tables of a page of settings."""
    return {name: default.strip() for name, default in _ROW.findall(page.text)}


# Settings ------------------------------------------------------------------------------------------------------


def test_settings_are_all_documented() -> None:
    assert not difference(set(rows(read_page("docs/reference/settings.md"))), SETTINGS)


def test_settings_of_the_gateway_are_all_documented() -> None:
    assert not difference(set(rows(read_page("docs/reference/rowgate.md"))), GATEWAY)


@pytest.mark.parametrize(
    ("path", "prefix", "kind"),
    [("docs/reference/settings.md", "SUBMETER_", Settings), ("docs/reference/rowgate.md", PREFIX, Config)],
)
def test_defaults_are_the_documented_ones(path: str, prefix: str, kind: type) -> None:
    documented = rows(read_page(path))
    for field in fields(kind):
        shown = documented.get(prefix + field.name.upper(), "")
        if field.name != "app_settings":
            assert shown == _default(field.default), f"{field.name} in {path}"


def _default(value: object) -> str:
    if value in (None, "", ()):
        return ""
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_a_missing_and_an_invented_setting_are_told() -> None:
    page = Page("sample.md", "| `PORT` | `1` | x |\n| `SUBMETER_COLOUR` | | x |\n")
    said = difference(set(rows(page)), {"PORT", "SUBMETER_HOST"})
    assert said == "not documented: SUBMETER_HOST; documented, but not there: SUBMETER_COLOUR"


def test_examples_of_the_settings_file_are_accepted(tmp_path: Path) -> None:
    examples = [block.text for page in list_pages() for block in page.blocks if block.language == "toml"]
    assert examples
    for text in examples:
        (tmp_path / "submeter.toml").write_text(text)
        load_settings({}, tmp_path)


# Commands ------------------------------------------------------------------------------------------------------


def list_commands(command: Any, name: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Each command by its full name, with its arguments and options. (Typer brings a click of its own.)"""
    if hasattr(command, "commands"):
        for part, below in command.commands.items():
            yield from list_commands(below, f"{name} {part}")
    else:
        yield name, frozenset(_spelled(parameter) for parameter in command.params if parameter.name != "help")


def _spelled(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name).upper()
    return str(max(parameter.opts, key=len))


def documented_commands(page: Page) -> dict[str, frozenset[str]]:
    """Each `## submeter ...` heading, with what the tables below it name."""
    parts = re.split(r"^#+ `(submeter [a-z ]+)`$", page.text, flags=re.MULTILINE)[1:]
    return {
        name: frozenset(re.findall(r"^\| `(--[a-z-]+|[A-Z]+)", text, re.MULTILINE))
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }


def test_commands_and_options_are_all_documented() -> None:
    real = dict(list_commands(typer.main.get_command(app), "submeter"))
    assert len(real) > 8
    documented = documented_commands(read_page("docs/reference/commands.md"))
    assert not difference(set(documented), set(real))
    for name, options in real.items():
        assert not difference(set(documented[name]), set(options)), name


def test_a_missing_option_is_told() -> None:
    page = Page(
        "sample.md",
        "## `submeter fly`\n\n| option | meaning |\n|---|---|\n| `--high` | up |\n\n## `submeter land`\n",
    )
    assert documented_commands(page) == {"submeter fly": frozenset({"--high"}), "submeter land": frozenset()}
    assert difference({"--high"}, {"--high", "--far"}) == "not documented: --far"


def test_a_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in list_pages() for name in re.findall(r"`make ([a-z]+)[` ]", page.text)}
    assert named
    assert named <= targets


# Codes ---------------------------------------------------------------------------------------------------------

_CODE = re.compile(r"[\"']([A-Z]{3}[0-9]{3}|PGRST(?:[0-9]{3}|X[0-9]{2}))[\"']")
_DOCUMENTED = re.compile(r"`([A-Z]{3}[0-9]{3}|PGRST(?:[0-9]{3}|X[0-9]{2}))`")


def codes(text: str) -> set[str]:
    return set(_CODE.findall(text))


def source_codes() -> set[str]:
    files = [file for kind in ("*.py", "*.sql") for file in (ROOT / "src").rglob(kind)]
    return {code for file in files for code in codes(file.read_text("utf-8"))}


def test_error_codes_are_all_documented() -> None:
    real = source_codes()
    assert len(real) > 30
    documented = set(_DOCUMENTED.findall(read_page("docs/reference/errors.md").text))
    missing = sorted(real - documented)
    assert not missing, f"not documented: {', '.join(missing)}"
    own = {code for code in documented if not code.startswith("PGRST")}
    assert not own - real, f"documented, but never raised: {', '.join(sorted(own - real))}"


def test_a_code_in_the_source_is_found() -> None:
    assert codes("""Refused(Problem("ABC123", "x")); Refusal(400, 'PGRST100'); "ABCD123"; "ISO8601" """) == {
        "ABC123",
        "PGRST100",
    }


# Links ---------------------------------------------------------------------------------------------------------


def broken_links(page: Page, pages: dict[str, Page]) -> list[str]:
    """The links of a page that lead nowhere in the repository; others' sites are not asked."""
    return [f"{page.path}: {link}" for link in page.links if not _leads_somewhere(page, link, pages)]


def _leads_somewhere(page: Page, link: str, pages: dict[str, Page]) -> bool:
    if re.match(r"[a-z]+:", link):
        return True
    path, _, anchor = link.partition("#")
    target = _resolved(page.path, path) if path else page.path
    if not (ROOT / target).exists() and target not in pages:
        return False
    return not anchor or (target in pages and anchor in pages[target].anchors)


def _resolved(origin: str, link: str) -> str:
    parts: list[str] = list(PurePosixPath(origin).parent.parts)
    for part in PurePosixPath(link).parts:
        if part == "..":
            if not parts:
                return "outside the repository"
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def test_links_lead_somewhere() -> None:
    pages = {page.path: page for page in list_pages()}
    broken = [text for page in pages.values() for text in broken_links(page, pages)]
    assert not broken, "\n".join(broken)


def test_every_page_can_be_reached_from_the_readme() -> None:
    pages = {page.path: page for page in list_pages()}
    reached, ahead = set(), ["README.md"]
    while ahead:
        path = ahead.pop()
        if path not in reached and path in pages:
            reached.add(path)
            ahead += [_resolved(path, link.partition("#")[0]) for link in pages[path].links]
    assert not set(pages) - reached


@pytest.mark.parametrize(
    "link", ["nowhere.md", "docs/other.md#no-such-heading", "#absent", "../../outside.md"]
)
def test_a_broken_link_is_told(link: str) -> None:
    page = Page("README.md", f"# Title\n\nSee [there]({link}) or [here](docs/other.md#a-heading).\n")
    pages = {"README.md": page, "docs/other.md": Page("docs/other.md", "# A heading\n")}
    assert broken_links(page, pages) == [f"README.md: {link}"]


# The whole -----------------------------------------------------------------------------------------------------


def test_pages_speak_of_the_project_alone() -> None:
    places = re.compile(r"/(?:work|root|tmp|home)/")
    assert not [page.path for page in list_pages() if places.search(page.text)]
    assert places.search("in /home/somebody")
