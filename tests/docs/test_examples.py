"""Every example of the documentation is run, and prints what the page shows."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.pages import Page, list_pages
from docs.session import RUN, list_examples, run_page
from journeys.conftest import Demo

PAGES = [page for page in list_pages() if list_examples(page)]
KNOWN = {*RUN, "json", "text", "toml", "sql"}  # toml is loaded by test_reference; sql is for reading
MOST_NOT_RUN = 8


@pytest.fixture
def empty_directory() -> Iterator[Path]:
    """A directory whose path is short enough for a database's socket."""
    directory = Path(tempfile.mkdtemp(prefix="sm-doc-", dir="/tmp"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def place(request: pytest.FixtureRequest, page: Page) -> Path:
    """Beside the demo for a page that uses it, else a directory of its own."""
    if "demo.env" in page.text:
        demo: Demo = request.getfixturevalue("demo")
        return demo.directory
    directory: Path = request.getfixturevalue("empty_directory")
    return directory


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_examples_run_and_print_what_is_shown(page: Page, place: Path) -> None:
    wrong, left_out = run_page(page, place)
    assert not wrong, "\n\n".join(wrong)
    if left_out:
        pytest.skip(f"node is not on PATH; not run: {', '.join(map(str, left_out))}")


def test_blocks_have_a_language_that_says_how_they_are_checked() -> None:
    blocks = [block for page in list_pages() for block in page.blocks if not block.not_run]
    strange = [str(block) for block in blocks if block.language not in KNOWN]
    assert not strange, f"known are {sorted(KNOWN)}"


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    left_out = [block for page in list_pages() for block in page.blocks if block.not_run is not None]
    assert all(len(block.not_run or "") > 10 for block in left_out)
    assert len(left_out) <= MOST_NOT_RUN, [str(block) for block in left_out]


def test_shown_output_says_something() -> None:
    shown = [block for page in list_pages() for block in page.blocks if block.shows_output]
    assert shown
    assert all(block.text.replace("...", "").strip() for block in shown)


FENCE = "```"


def _page(*blocks: str) -> Page:
    return Page("sample.md", "\n\n".join(blocks) + "\n")


def _sh(text: str) -> str:
    return f"{FENCE}sh\n{text}\n{FENCE}"


def _shows(text: str, language: str = "text") -> str:
    return f"{FENCE}{language} output\n{text}\n{FENCE}"


def test_a_page_is_one_session(tmp_path: Path) -> None:
    page = _page(_sh("NAME=Willow"), "and then", _sh('echo "[{\\"name\\": \\"$NAME\\", \\"at\\": $$}]"'),
                 _shows('[ {"name":"Willow",\n "at":...} ]', "json"))  # fmt: skip
    assert run_page(page, tmp_path) == ([], [])


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ((_sh("echo one line"), _shows("another line")), "prints something else"),
        ((_sh("echo a; echo b; echo c"), _shows("a\n...\nd")), "prints something else"),
        ((_sh("false"), _sh("echo never")), "failed"),
        ((_sh("""echo '{"code":"PGRST301","message":"no"}'"""),), "does not show it"),
        ((f"{FENCE}python\nraise SystemExit(3)\n{FENCE}",), "failed"),
    ],
)
def test_a_wrong_example_is_told(blocks: tuple[str, ...], said: str, tmp_path: Path) -> None:
    wrong, _ = run_page(_page(*blocks), tmp_path)
    assert wrong
    assert said in wrong[0]


def test_a_block_is_left_out_only_by_a_marker_right_above_it() -> None:
    marked = "<!-- not run: it starts a server -->\n" + _sh("false")
    page = _page(
        marked, _sh("echo run"), "<!-- not run: it starts a server -->", "A sentence.", _sh("echo run")
    )
    assert [block.not_run for block in page.blocks] == ["it starts a server", None, None]
    assert len(list_examples(page)) == 2


def test_output_of_nothing_is_told() -> None:
    with pytest.raises(AssertionError, match="output of nothing"):
        list_examples(_page("Text.", _shows("something")))
