"""Where a command's answer goes: standard output, or a file that is there when it is whole."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from submeter.core.problem import Refused
from submeter.metering.problems import cannot_write

__all__ = ["opened", "worst_of", "write"]


def write(pieces: Iterable[bytes], output: Path | None) -> None:
    """To a file, or to standard output. Raises Refused MTR454."""
    if output:
        with opened(output) as file:
            file.writelines(pieces)
        return
    try:
        sys.stdout.buffer.writelines(pieces)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Whoever read has seen enough (head): no complaint, and none when Python closes its output either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file that is there when it is whole, or not at all. Raises Refused MTR454."""
    beside = path.with_name(f"{path.name}.part")
    try:
        with beside.open("wb") as file:
            yield file
        beside.replace(path)
    except OSError as error:
        raise Refused(cannot_write(f"{path}: {error.strerror}")) from error
    finally:
        beside.unlink(missing_ok=True)


def worst_of(codes: Iterable[int]) -> int:
    """One exit code for several: 1 where nothing could be done for one of them, else the greatest."""
    found = {0, *codes}
    return 1 if 1 in found else max(found)
