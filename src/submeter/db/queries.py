"""Named queries from ``queries.sql`` beside the code that uses them: SQL is source too."""

import re
from collections.abc import Mapping
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def load_queries(package: str, file: str = "queries.sql") -> Mapping[str, str]:
    """The queries of a file of ``package``, by the name in the ``-- name:`` line above each."""
    parts = _NAME.split((files(package) / file).read_text("utf-8"))
    return dict(zip(parts[1::2], (text.strip() for text in parts[2::2]), strict=True))
