"""A directory into which files are put: each is loaded when it is complete, and moved to show what it was."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from submeter.core.problem import Problem, Refused
from submeter.metering.problems import no_directory
from submeter.metering.report import Report, refused_row

ARCHIVE, ERRORS = "archive", "errors"
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload", ".filepart")
_IN_USE = "MTR230"
_NOBODYS = "MTR231"
_NO_MAP = "MTR196"
_LATER = ("DBS", _IN_USE, _NOBODYS, _NO_MAP)
"""Refusals that say nothing about the file: it stays where it is, and is tried again."""

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
    """Load files as they arrive; with `once` until none is left that could be loaded.

    A file is loaded when two looks, `every` seconds apart, see the same: one that is still being written is
    left alone. A loaded file goes to `archive/`, a refused one to `errors/`, each with its report beside it.
    One that is loaded but not yet moved when the watcher ends is found again: the same bytes add nothing.
    Raises Refused MTR239 for a directory that cannot be watched.
    """
    check(directory)
    before: dict[Path, _Look] = {}
    while True:
        now = look(directory)
        stays = False
        for path in [path for path, seen in now.items() if before.get(path) == seen]:
            result = load(path)
            if is_for_later(result):
                stays = True
            else:
                file_away(path, result)
                now.pop(path)
            yield result
        if once and (stays or not now):
            return
        before = now
        sleep(every)


def check(directory: Path) -> None:
    """Raises Refused MTR239 where files cannot be found, or not be moved away."""
    if not directory.is_dir():
        raise Refused(no_directory(f"{directory} is no directory"))
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise Refused(no_directory(f"{directory}: files in it may not be read and moved"))


def look(directory: Path) -> dict[Path, _Look]:
    """The files there, by name, but those that say that they are not finished."""
    found = {}
    for entry in sorted(os.scandir(directory), key=lambda one: one.name):
        path = directory / entry.name
        if not path.name.startswith(".") and path.suffix.lower() not in _UNFINISHED and entry.is_file():
            status = entry.stat()
            found[path] = _Look(status.st_size, status.st_mtime)
    return found


def is_for_later(result: Report | Problem) -> bool:
    """Whether the file may be loaded as it is, when something else is mended."""
    return isinstance(result, Problem) and result.code.startswith(_LATER)


def file_away(path: Path, result: Report | Problem) -> None:
    """Move a file to where it belongs, and write its report beside it; never over another."""
    is_loaded = isinstance(result, Report) and result.status in ("loaded", "repeated")
    folder = path.parent / (ARCHIVE if is_loaded else ERRORS)
    folder.mkdir(exist_ok=True)
    target = _free(folder, path.name)
    said = result.as_json() if isinstance(result, Report) else refused_row(path.name, result)
    target.with_name(f"{target.name}.report.json").write_text(json.dumps(said, indent=1) + "\n", "utf-8")
    if path.exists():  # somebody may have taken it away meanwhile
        shutil.move(path, target)


def _free(folder: Path, name: str) -> Path:
    target, number = folder / name, 1
    while target.exists() or target.with_name(f"{target.name}.report.json").exists():
        number += 1
        stem, dot, suffix = name.partition(".")
        target = folder / f"{stem}-{number}{dot}{suffix}"
    return target
