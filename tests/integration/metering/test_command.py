"""`submeter import` and `submeter waiting` as they are typed, in a directory with a database of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from submeter.db.embedded.lease import stop_server

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(short_tmp: Path) -> Iterator[Run]:
    """Run the command line in a directory of its own."""

    def run_one(*arguments: str) -> subprocess.CompletedProcess[str]:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SUBMETER_", "DATABASE_"))
        }
        command = [sys.executable, "-m", "submeter", *arguments]
        return subprocess.run(
            command, cwd=short_tmp, env=clean, capture_output=True, text=True, timeout=120, check=False
        )

    yield run_one
    stop_server(short_tmp / ".submeter")


def test_without_a_database_and_with_a_wrong_path(run: Run, short_tmp: Path) -> None:
    refused = run("import", "missing.csv")
    assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "error DBS111")
    assert not (short_tmp / ".submeter").exists()
    run("migrate")
    refused = run("import", "missing.csv")
    assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "error MTR233")
