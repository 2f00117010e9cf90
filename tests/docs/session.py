"""Runs the examples of a page: all its blocks in order, in one shell, as a reader would paste them."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from docs.pages import Block, Page

RUN = {"sh": ". {file}", "python": '"$DOCS_PYTHON" {file}', "javascript": "node {file}"}
"""How a block of a language is run; the names of files are ours."""
_ENDING = {"sh": "sh", "python": "py", "javascript": "mjs"}
_ERROR = re.compile(r'"code":\s*"[0-9A-Z]{5,8}"')
_PATIENCE_S = 180


@dataclass(frozen=True)
class Example:
    """A block to run, and the block that shows what it prints, if one follows."""

    block: Block
    shown: Block | None = None


def list_examples(page: Page) -> tuple[Example, ...]:
    """The blocks of a page that are run. Raises AssertionError for output that follows nothing."""
    found: list[Example] = []
    previous: Block | None = None
    for block in page.blocks:
        if block.shows_output:
            runs = previous is not None and previous.language in RUN
            assert runs, f"{block} shows the output of nothing"
            if previous and not previous.not_run:
                found[-1] = Example(found[-1].block, block)
        elif block.language in RUN and not block.not_run:
            found.append(Example(block))
        previous = block
    return tuple(found)


def run_page(page: Page, directory: Path) -> tuple[list[str], list[Block]]:
    """Run a page's examples in ``directory``. Returns what is wrong, and the blocks left out for want of node."""
    examples = list_examples(page)
    missing = [e.block for e in examples if e.block.language == "javascript" and not shutil.which("node")]
    examples = tuple(example for example in examples if example.block not in missing)
    _link_environment(directory)
    with _workshop() as workshop:
        said = _run(examples, directory, workshop)
        wrong = [_judge(example, workshop / str(n), said) for n, example in enumerate(examples)]
    return [text for text in wrong if text], missing


def _run(examples: tuple[Example, ...], directory: Path, workshop: Path) -> str:
    """Run them all in one shell that ends at the first failure; what it says itself is returned."""
    script = ["set -eo pipefail"]
    for number, example in enumerate(examples):
        place = workshop / str(number)
        place.mkdir()
        file = place / f"example.{_ENDING[example.block.language]}"
        file.write_text(example.block.text)
        script.append(f"{RUN[example.block.language].format(file=file)} >{place}/out 2>{place}/err")
        script.append(f"touch {place}/done")
    names = {
        name: value for name, value in os.environ.items() if not name.startswith(("SUBMETER_", "PGRST_"))
    }
    environment = {**names, "DOCS_PYTHON": sys.executable, "NO_COLOR": "1", "COLUMNS": "100"}
    for name in ("DATABASE_URL", "PORT"):
        environment.pop(name, None)
    shell = subprocess.Popen(
        ["bash", "-c", "\n".join(script)],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        return shell.communicate(timeout=_PATIENCE_S)[0]
    except subprocess.TimeoutExpired:
        _end(shell)
        return f"not finished after {_PATIENCE_S} s\n" + shell.communicate()[0]
    finally:
        _end(shell)


def _end(shell: subprocess.Popen[str]) -> None:
    """End what the page left running in its session; servers of the database have sessions of their own."""
    with suppress(ProcessLookupError):
        os.killpg(shell.pid, signal.SIGKILL)


def _judge(example: Example, place: Path, said: str) -> str | None:
    """What is wrong with an example that was run, or None."""
    out, err = (_read(place / name) for name in ("out", "err"))
    if not (place / "done").exists():
        reached = (place / "out").exists()
        return f"{example.block} {'failed' if reached else 'was not reached'}\n{out}{err}{said if reached else ''}"
    if example.shown:
        if matches(example.shown, out):
            return None
        return f"{example.block} prints something else than {example.shown} shows:\n{out}{err}"
    if _ERROR.search(out):
        return f"{example.block} is answered with an error and does not show it:\n{out}"
    return None


def matches(shown: Block, printed: str) -> bool:
    """Whether the output shown is what was printed, ``...`` standing for anything.

    Where JSON is shown, blanks and line breaks do not count.
    """
    is_json = shown.language == "json"
    parts = [_plain(part, json=is_json) for part in shown.text.replace("\r", "").strip().split("...")]
    pattern = ".*?".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, _plain(printed.strip(), json=is_json), re.DOTALL) is not None


def _plain(text: str, *, json: bool) -> str:
    if json:
        return re.sub(r"\s+", "", text)
    return re.sub(r"[ \t\r]+$", "", text, flags=re.MULTILINE)


def _read(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""


@contextmanager
def _workshop() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="sm-docs-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _link_environment(directory: Path) -> None:
    """The pages say .venv/bin/submeter, as in a checkout: put ours there."""
    link = directory / ".venv"
    if not link.exists():
        link.symlink_to(sys.prefix)
