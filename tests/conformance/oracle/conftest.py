"""The gateway's own world, for the queries that reach PostgreSQL."""

from integration.rowgate.conftest import gateway, run, world

__all__ = ["gateway", "run", "world"]
