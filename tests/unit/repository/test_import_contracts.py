"""The house's plan is a check, and the check is looked after: it must fail where it should."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """import-linter over the source tree of ``root``."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
        "--no-cache",
    ]
    environment = {"PYTHONPATH": str(root / "src"), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_the_house_keeps_its_contracts(copy: Path) -> None:
    done = lint(copy)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("rowgate/request/scanner.py", "import rowgate.plan", "each stage knows only the stages before it"),
        ("rowgate/errors.py", "import submeter.core.problem", "rowgate knows nothing of Submeter"),
        ("submeter/db/pool.py", "import submeter.parties.store", "areas above the database"),
        ("submeter/parties/store.py", "import rowgate.errors", "only submeter.app knows rowgate"),
        ("submeter/core/problem.py", "import time", "what is pure touches no driver"),
        ("submeter/attic/__init__.py", "", "areas above the database"),
    ],
)
def test_a_breach_is_found(copy: Path, module: str, line: str, contract: str) -> None:
    path = copy / "src" / module
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + f"\n{line}\n")

    done = lint(copy)

    assert done.returncode == 1
    assert contract in done.stdout
