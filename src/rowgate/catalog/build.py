"""From the rows of the catalog queries to the catalog. Pure: no database here."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rowgate.catalog.casts import group_representations
from rowgate.catalog.media import build_media
from rowgate.catalog.model import Catalog, Column, Name, Relation, Representation
from rowgate.catalog.node_tree import Source, resolve_sources
from rowgate.catalog.relationships import Exposure, build_relationships
from rowgate.catalog.routines import group_computed, group_routines
from rowgate.catalog.rows import ColumnRow, RelationRow, Snapshot

_KINDS = {
    "r": "table",
    "p": "partitioned table",
    "f": "foreign table",
    "v": "view",
    "m": "materialized view",
}
_UPDATE, _INSERT, _DELETE = 4, 8, 16

_Columns = Mapping[int, Mapping[int, ColumnRow]]  # by the relation's oid and the column's number
_Sources = Mapping[int, Mapping[int, Source]]  # by the view's oid and the column's number


def build(snapshot: Snapshot) -> Catalog:
    """The catalog that these rows describe; the same rows give the same catalog, order included."""
    columns = _by_relation(snapshot.columns)
    sources = resolve_sources({view.relation: view.query for view in snapshot.views})
    exposed = [row for row in snapshot.relations if row.exposed]
    names = {row.oid: Name(row.schema, row.name) for row in exposed}
    keys = _primary_keys(snapshot, columns, sources)
    forms = group_representations(snapshot.casts)
    relations = [_represented(_relation(row, columns, sources, keys), forms) for row in exposed]
    by_name = {relation.name: relation for relation in relations}
    return Catalog(
        by_name,
        build_relationships(
            snapshot.foreign_keys,
            snapshot.keys,
            _exposures(names, columns, sources),
            {name: relation.primary_key for name, relation in by_name.items()},
        ),
        group_routines(snapshot.routines, names),
        frozenset(row.name for row in snapshot.time_zones),
        group_computed(snapshot.routines, names),
        {row.name: row.description for row in snapshot.schemas},
        build_media(snapshot.media, names),
    )


def _by_relation(rows: Iterable[ColumnRow]) -> _Columns:
    grouped: dict[int, dict[int, ColumnRow]] = defaultdict(dict)
    for row in rows:
        grouped[row.relation][row.number] = row
    return dict(grouped)


def _relation(
    row: RelationRow, columns: _Columns, sources: _Sources, keys: Mapping[int, tuple[str, ...]]
) -> Relation:
    origins = sources.get(row.oid, {})
    built = (
        _column(column, origins.get(number), columns) for number, column in columns.get(row.oid, {}).items()
    )
    return Relation(
        Name(row.schema, row.name),
        _KINDS[row.kind],
        {column.name: column for column in built},
        keys.get(row.oid, ()),
        insertable=bool(row.events & _INSERT),
        updatable=bool(row.events & _UPDATE),
        deletable=bool(row.events & _DELETE),
        description=row.description,
    )


def _represented(relation: Relation, forms: Mapping[str, Representation]) -> Relation:
    """The relation whose columns know the functions of their domains."""
    if not any(column.type_name in forms for column in relation.columns.values()):
        return relation
    columns = {
        name: replace(column, representation=forms.get(column.type_name, column.representation))
        for name, column in relation.columns.items()
    }
    return replace(relation, columns=columns)


def _column(row: ColumnRow, source: Source | None, columns: _Columns) -> Column:
    return Column(
        row.name,
        row.type_name,
        row.nullable,
        _default(row, source, columns),
        row.max_length,
        tuple(row.enum_values or ()),
        row.description,
        row.base_type_name or row.type_name,
    )


def _default(row: ColumnRow, source: Source | None, columns: _Columns) -> str | None:
    """The column's own default, else that of the table's column behind it, else its domain's."""
    base = columns.get(source.relation, {}).get(source.column) if source else None
    if row.default is not None or base is None:
        return row.default if row.default is not None else row.domain_default
    return base.default if base.default is not None else base.domain_default


def _primary_keys(snapshot: Snapshot, columns: _Columns, sources: _Sources) -> dict[int, tuple[str, ...]]:
    """Primary keys by oid: of the tables, and of the views through which they can be seen whole."""
    tables = {key.relation: tuple(key.columns) for key in snapshot.keys if key.is_primary}
    found = {
        table: tuple(columns[table][number].name for number in key)
        for table, key in tables.items()
        if table in columns
    }
    found.update(
        {view: _view_key(columns.get(view, {}), origins, tables) for view, origins in sources.items()}
    )
    return found


def _view_key(
    columns: Mapping[int, ColumnRow], origins: Mapping[int, Source], tables: Mapping[int, Sequence[int]]
) -> tuple[str, ...]:
    """A view over several tables needs the keys of all that it shows to tell its rows apart."""
    first: dict[Source, str] = {}
    for number, column in columns.items():
        if number in origins:
            first.setdefault(origins[number], column.name)
    seen = dict.fromkeys(source.relation for source in first)
    keys = ([Source(table, number) for number in tables.get(table, ())] for table in seen)
    return tuple(first[part] for key in keys if all(part in first for part in key) for part in key)


def _exposures(
    names: Mapping[int, Name], columns: _Columns, sources: _Sources
) -> dict[int, tuple[Exposure, ...]]:
    """By table: the exposed relations that show its columns, with the names they have there."""
    shown: dict[int, list[Exposure]] = defaultdict(list)
    for oid, name in names.items():
        for table, spelled in _spelled(oid, columns.get(oid, {}), sources.get(oid)).items():
            shown[table].append(Exposure(name, {number: tuple(found) for number, found in spelled.items()}))
    return {table: tuple(found) for table, found in shown.items()}


def _spelled(
    oid: int, columns: Mapping[int, ColumnRow], origins: Mapping[int, Source] | None
) -> dict[int, dict[int, list[str]]]:
    """The names of one relation's columns, by the table and column that they show; a table shows itself."""
    spelled: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for number, column in columns.items():
        source = Source(oid, number) if origins is None else origins.get(number)
        if source is not None:
            spelled[source.relation][source.column].append(column.name)
    return spelled
