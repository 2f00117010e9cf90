"""The commands by name, each imported when it is asked for: all of them together take a second to import."""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["Commands", "CommandsLater"]

MODULES = {
    "db": "database",
    "meter": "meter",
    "intervals": "intervals",
    "readings": "readings",
    "columns": "columns",
    "tariff": "tariff",
    "calendar": "calendar",
    "migrate": "migrate",
    "import": "import_files",
    "waiting": "waiting",
    "demo": "demo",
    "serve": "serve",
    "token": "token",
}
"""The module of each: of a group of commands it has the `app`, of one command a function of its own name."""


class Commands(MutableMapping[str, Any]):
    """What a group of commands looks its commands up in."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self[name] = _made(name, MODULES[name])
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{name} stays")

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


class CommandsLater(TyperGroup):
    """A group whose commands are made when they are asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands()

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the form of a group's method
        """Their names; to list them with their commands would import all."""
        return list(self.commands)


def _made(name: str, module: str) -> Any:
    found = import_module(f"submeter.cli.{module}")
    if hasattr(found, "app"):
        group = typer.main.get_group(found.app)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(getattr(found, module))
    return typer.main.get_command(alone)
