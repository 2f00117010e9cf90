"""A directory into which files are put: each is loaded when it is complete, and moved to show what it was."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from submeter.core.problem import Problem
from submeter.metering.report import Report

ARCHIVE, ERRORS = "archive", "errors"
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload", ".filepart")

Load = Callable[[Path], Report | Problem]


class _Look(NamedTuple):
    """What a file looked like."""

    size: int
    changed: float


def watch(
    directory: Path,
    load: Load,
    every: float,
    *,
    once: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Report | Problem]:
    """Load files as they arrive; with `once` until none is left.

    A file is loaded when two looks, `every` seconds apart, see the same: one that is still being written is
    left alone. A loaded file goes to `archive/`, a refused one to `errors/`, each with its report beside it.
    """
    before: dict[Path, _Look] = {}
    while True:
        now = look(directory)
        for path in [path for path, seen in now.items() if before.get(path) == seen]:
            result = load(path)
            file_away(path, result)
            now.pop(path)
            yield result
        if once and not now:
            return
        before = now
        sleep(every)


def look(directory: Path) -> dict[Path, _Look]:
    """The files there, by name, but those that say that they are not finished."""
    found = {}
    for path in sorted(directory.iterdir()):
        if path.is_file() and not path.name.startswith(".") and path.suffix.lower() not in _UNFINISHED:
            status = path.stat()
            found[path] = _Look(status.st_size, status.st_mtime)
    return found


def file_away(path: Path, result: Report | Problem) -> Path:
    """Move a file to where it belongs, and write its report beside it; never over another."""
    is_loaded = isinstance(result, Report) and result.status in ("loaded", "repeated", "checked")
    folder = path.parent / (ARCHIVE if is_loaded else ERRORS)
    folder.mkdir(exist_ok=True)
    target = _free(folder, path.name)
    shutil.move(path, target)
    said = result.as_json() if isinstance(result, Report) else _said(result)
    target.with_name(f"{target.name}.report.json").write_text(json.dumps(said, indent=1) + "\n")
    return target


def _said(problem: Problem) -> dict[str, str]:
    return {
        "status": "refused",
        "code": problem.code,
        "title": problem.title,
        "detail": problem.detail,
        "hint": problem.hint,
    }


def _free(folder: Path, name: str) -> Path:
    target, number = folder / name, 1
    while target.exists():
        number += 1
        stem, dot, suffix = name.partition(".")
        target = folder / f"{stem}-{number}{dot}{suffix}"
    return target
