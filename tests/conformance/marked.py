"""A plugin that says which rows ordinary tests stand for; in a process of its own, as it collects them all."""

import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
_MARK = "row of a test: "


def pytest_collection_finish(session: pytest.Session) -> None:
    for item in session.items:
        if "[system" in item.name or "[url" in item.name:
            continue  # the same test on another server
        for mark in item.iter_markers("row"):
            for name in mark.args:
                print(f"{_MARK}{name}")  # noqa: T201


@cache
def marked_tests() -> Counter[str]:
    """How many tests are marked with each row; a parametrised one counts once for each of its parameters."""
    folders = [str(TESTS / "integration" / "rowgate"), str(TESTS / "unit" / "rowgate")]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "conformance.marked", *folders]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *filter(None, sys.path)])}
    found = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment, cwd=TESTS.parent
    )
    return Counter(line.removeprefix(_MARK) for line in found.stdout.splitlines() if line.startswith(_MARK))
