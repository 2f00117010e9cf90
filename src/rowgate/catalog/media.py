"""From rows to media type handlers: domains and aggregates that make a database's own types."""

from collections.abc import Iterable, Mapping

from rowgate.catalog.model import MediaHandler, MediaHandlers, Name
from rowgate.catalog.rows import MediaRow


def build_media(rows: Iterable[MediaRow], relations: Mapping[int, Name]) -> MediaHandlers:
    """All handlers; ``relations`` are the names of the exposed relations by oid."""
    values: dict[str, MediaHandler] = {}
    aggregates: dict[Name | None, dict[str, MediaHandler]] = {}
    geojson = None
    for row in rows:
        name = Name(row.schema, row.name) if row.schema and row.name else None
        if row.type_name == "record":
            geojson = geojson or name
        elif name is None:
            values[row.type_name] = MediaHandler(row.media, row.binary)
        elif row.relation == 0 or row.relation in relations:
            own = aggregates.setdefault(relations.get(row.relation), {})
            own.setdefault(row.media, MediaHandler(row.media, row.binary, name))
    return MediaHandlers(values, aggregates, geojson)
