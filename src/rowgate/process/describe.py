"""The catalog as JSON, for ``--dump-schema`` and ``/schema_cache``."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from rowgate.catalog.model import Catalog

__all__ = ["schema_as_json"]


def schema_as_json(catalog: Catalog) -> str:
    """Every relation, relationship and routine that is served."""
    return json.dumps(
        {
            "dbTables": [_plain(relation) for relation in catalog.relations.values()],
            "dbRelationships": [_plain(way) for ways in catalog.relationships.values() for way in ways],
            "dbRoutines": [_plain(one) for routines in catalog.routines.values() for one in routines],
            "dbTimezones": sorted(catalog.time_zones),
        },
        ensure_ascii=False,
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value
