"""A command as if it were typed, without a process of its own: that would take a second."""

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from submeter.cli import main

__all__ = ["typed"]

_OWN = ("SUBMETER_", "DATABASE_")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def typed(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """What came of ``submeter arguments`` in a directory, where no settings come from outside."""
    said, errors = _page(), _page()
    with (
        contextlib.chdir(directory),
        mock.patch.dict(os.environ, _clean(), clear=True),
        mock.patch.object(sys, "argv", ["submeter", *arguments]),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(errors),
        _kept_signals(),
    ):
        code = _run()
    return subprocess.CompletedProcess(["submeter", *arguments], code, _text(said), _text(errors))


def _run() -> int:
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}


@contextlib.contextmanager
def _kept_signals() -> Iterator[None]:
    held = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)


def _page() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


def _text(page: io.TextIOWrapper) -> str:
    page.flush()
    assert isinstance(page.buffer, io.BytesIO)
    return page.buffer.getvalue().decode()
