"""The settings that roles bring with them: a request runs under those of the role it acts as."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from psycopg import AsyncConnection

__all__ = ["RoleSettings", "load_role_settings"]

Settings = tuple[tuple[str, str], ...]

_ISOLATION = "default_transaction_isolation"


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """By role: what is set for each transaction, and the isolation level where it is not the usual one."""

    settings: Mapping[str, Settings] = field(default_factory=dict)
    isolation: Mapping[str, str] = field(default_factory=dict)


async def load_role_settings(connection: AsyncConnection[Any]) -> RoleSettings:
    """Read them anew; psycopg's errors pass through."""
    text = (resources.files(__package__) / "queries" / "role_settings.sql").read_text(encoding="utf-8")
    cursor = await connection.execute(text, prepare=False)
    settings: dict[str, list[tuple[str, str]]] = {}
    isolation = {}
    for role, name, value in await cursor.fetchall():
        if name.lower() == _ISOLATION:
            isolation[role] = value
        else:
            settings.setdefault(role, []).append((name, value))
    return RoleSettings({role: tuple(pairs) for role, pairs in settings.items()}, isolation)
