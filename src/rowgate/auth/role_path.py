"""Where in the claims the role stands: ``jwt-role-claim-key``, as RFC 9535 or as PostgREST's older JSPath.

Of RFC 9535 these are known: names, indexes, slices, ``*`` and filters that compare ``@`` (or a path below
it) with a string, or ask ``match`` or ``search``. JSPath starts with a dot instead of ``$``, has the
operators ``^==``, ``==^`` and ``*==``, and lets a slice cut a string.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from rowgate.config import ConfigError

__all__ = ["RolePath", "parse_role_path"]

RolePath = Callable[[Any], str | None]
"""From the claims to the role; None where there is none."""

_Step = Callable[[Any], Iterable[Any]]

_STRING = r'"(?:[^"\\]|\\.)*"' + r"|'(?:[^'\\]|\\.)*'"
_NAME = re.compile(rf"\.({_STRING}|\*|[\w$@?-]+)")
_BRACKET = re.compile(rf"\[\s*({_STRING}|\*|-?\d+)\s*\]")
_SLICE = re.compile(r"\[\s*(-?\d*)\s*:\s*(-?\d*)\s*\]")
_COMPARED = re.compile(
    rf"\[\?\s*\(?\s*@((?:\.[\w-]+|\[{_STRING}\])*)\s*(\^==|==\^|\*==|==|!=)\s*({_STRING})\s*\)?\s*\]"
)
_CALLED = re.compile(rf"\[\?\s*\(?\s*(match|search)\(\s*@((?:\.[\w-]+)*)\s*,\s*({_STRING})\s*\)\s*\)?\s*\]")

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "==": lambda text, wanted: text == wanted,
    "!=": lambda text, wanted: text != wanted,
    "^==": lambda text, wanted: text.startswith(wanted),
    "==^": lambda text, wanted: text.endswith(wanted),
    "*==": lambda text, wanted: wanted in text,
    "match": lambda text, wanted: re.fullmatch(wanted, text) is not None,
    "search": lambda text, wanted: re.search(wanted, text) is not None,
}


def parse_role_path(text: str) -> RolePath:
    """Read the path. Raises ConfigError where it is none."""
    rest = text.strip()
    rest = rest.removeprefix("$")
    steps = []
    while rest:
        step, length = _step(rest, text)
        steps.append(step)
        rest = rest[length:]
    return lambda claims: _first_name(steps, claims)


def _first_name(steps: list[_Step], claims: Any) -> str | None:
    nodes = [claims]
    for step in steps:
        nodes = [found for node in nodes for found in step(node)]
    return nodes[0] if nodes and isinstance(nodes[0], str) and nodes[0] else None


def _step(rest: str, text: str) -> tuple[_Step, int]:
    for pattern, make in _FORMS:
        found = pattern.match(rest)
        if found:
            try:
                return make(found), found.end()
            except (ValueError, re.error):
                break
    raise ConfigError(f"failed to parse jwt-role-claim-key value ({text})")


def _selected(found: re.Match[str]) -> _Step:
    word = found[1]
    if word == "*":
        return _children
    if found.re is _BRACKET and word.lstrip("-").isdecimal():
        return _at(int(word))
    return _named(_unquoted(word))


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _named(name: str) -> _Step:
    return lambda node: (node[name],) if isinstance(node, dict) and name in node else ()


def _at(index: int) -> _Step:
    def step(node: Any) -> Iterable[Any]:
        return (node[index],) if isinstance(node, list) and -len(node) <= index < len(node) else ()

    return step


def _sliced(found: re.Match[str]) -> _Step:
    part = slice(int(found[1]) if found[1] else None, int(found[2]) if found[2] else None)

    def step(node: Any) -> Iterable[Any]:
        if isinstance(node, str):
            return (node[part],)
        return node[part] if isinstance(node, list) else ()

    return step


def _compared(found: re.Match[str]) -> _Step:
    return _filtered(found[1], found[2], _unquoted(found[3]))


def _called(found: re.Match[str]) -> _Step:
    pattern = _unquoted(found[3])
    re.compile(pattern)
    return _filtered(found[2], found[1], pattern)


def _filtered(below: str, operator: str, wanted: str) -> _Step:
    look = parse_role_path(below)
    holds = _OPERATORS[operator]

    def step(node: Any) -> Iterable[Any]:
        for child in _children(node):
            text = look(child)
            if text is not None and holds(text, wanted):
                yield child

    return step


def _unquoted(word: str) -> str:
    if word[:1] == '"':
        return str(json.loads(word))
    return word[1:-1].replace("\\'", "'").replace("\\\\", "\\") if word[:1] == "'" else word


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], _Step]], ...] = (
    (_NAME, _selected),
    (_BRACKET, _selected),
    (_SLICE, _sliced),
    (_COMPARED, _compared),
    (_CALLED, _called),
)
