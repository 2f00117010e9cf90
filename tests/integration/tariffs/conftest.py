"""The worlds of the schema's tests, for prices too."""

from integration.schema.conftest import build, builders, new_world, refused, world

__all__ = ["build", "builders", "new_world", "refused", "world"]
