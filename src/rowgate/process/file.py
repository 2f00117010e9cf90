"""PostgREST's configuration file: ``name = value`` lines, ``#`` comments, ``$(VARIABLE)`` in strings."""

import json
import re
from collections.abc import Mapping

from rowgate.config import ConfigError

__all__ = ["parse_file"]

_LINE = re.compile(
    r'\s*(?P<name>[A-Za-z][\w.-]*)\s*=\s*(?P<value>"(?:[^"\\]|\\.)*"|[^\s#"]+)\s*(?:#.*)?', re.DOTALL
)
_DOLLAR = re.compile(r"\$\$|\$\(([A-Za-z_]\w*)\)|\$")


def parse_file(text: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The settings by the names of ``Config``. Raises ConfigError with the number of a bad line."""
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if not found:
            raise ConfigError(f'Error in config file, line {number}: not a name = "value": {line.strip()!r}')
        values[_own(found["name"])] = _value(found["value"], number, environment)
    return values


def _own(name: str) -> str:
    if name.startswith("app.settings."):
        return "app_settings." + name.removeprefix("app.settings.")
    return name.replace("-", "_")


def _value(written: str, number: int, environment: Mapping[str, str]) -> str:
    if not written.startswith('"'):
        return written
    try:
        text = str(json.loads(written, strict=False))
    except ValueError:
        raise ConfigError(f"Error in config file, line {number}: {written} is no string") from None

    def put(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        if found[1] is None or found[1] not in environment:
            raise ConfigError(
                f"Error in config file, line {number}: $ needs a $(VARIABLE) that is set, or $$"
            )
        return environment[found[1]]

    return _DOLLAR.sub(put, text)
