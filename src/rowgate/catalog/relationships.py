"""From foreign keys to the ways between exposed relations, in both directions and across junctions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import NamedTuple

from rowgate.catalog.model import Cardinality, Junction, Name, Pair, Relationship
from rowgate.catalog.rows import ForeignKeyRow, KeyRow

_ORDER = tuple(Cardinality)


@dataclass(frozen=True, slots=True)
class Exposure:
    """An exposed relation that shows columns of a table: the table itself, or a view of it.

    ``columns`` gives, by the number of the table's column, the names it has in the relation.
    """

    relation: Name
    columns: Mapping[int, tuple[str, ...]]

    def spellings(self, numbers: Sequence[int]) -> Iterator[tuple[str, ...]]:
        """Every choice of names for these columns of the table; none if one of them is not shown."""
        return product(*(self.columns.get(number, ()) for number in numbers))


def build_relationships(
    foreign_keys: Iterable[ForeignKeyRow],
    keys: Iterable[KeyRow],
    exposures: Mapping[int, Sequence[Exposure]],
    primary_keys: Mapping[Name, Sequence[str]],
) -> dict[Name, tuple[Relationship, ...]]:
    """All relationships, by origin, in a fixed order.

    ``exposures`` is by the table's oid; ``primary_keys`` are those of the exposed relations.
    """
    unique = {(key.relation, frozenset(key.columns)) for key in keys}
    forward = [way for key in _independent(foreign_keys) for way in _ways(key, unique, exposures)]
    direct = [way.relationship for way in forward]
    backward = [_reversed(way) for way in direct]
    return _by_origin([*direct, *backward, *_across_junctions(forward, primary_keys)])


def _independent(foreign_keys: Iterable[ForeignKeyRow]) -> list[ForeignKeyRow]:
    """The foreign keys that no other one implies.

    A schema of several owners often has (account_id) -> (id) and beside it the twin
    (owner_id, account_id) -> (owner_id, id), which keeps the two rows under one owner. Both lead
    from a row to the same row, so offering both would make every embed between the two tables
    ambiguous for nothing: the one whose pairs include all pairs of the other is left out.
    """
    keys = list(foreign_keys)
    siblings: dict[tuple[int, int], list[set[tuple[int, int]]]] = defaultdict(list)
    for key in keys:
        siblings[key.relation, key.target].append(_pairs(key))
    return [
        key for key in keys if not any(other < _pairs(key) for other in siblings[key.relation, key.target])
    ]


def _pairs(key: ForeignKeyRow) -> set[tuple[int, int]]:
    return set(zip(key.columns, key.target_columns, strict=True))


class _Way(NamedTuple):
    """A relationship and the oid of its foreign key: constraint names repeat from table to table."""

    foreign_key: int
    relationship: Relationship


def _ways(
    key: ForeignKeyRow, unique: set[tuple[int, frozenset[int]]], exposures: Mapping[int, Sequence[Exposure]]
) -> Iterator[_Way]:
    one = (key.relation, frozenset(key.columns)) in unique
    cardinality = Cardinality.ONE_TO_ONE if one else Cardinality.MANY_TO_ONE
    for origin, target in product(exposures.get(key.relation, ()), exposures.get(key.target, ())):
        spellings = product(origin.spellings(key.columns), target.spellings(key.target_columns))
        for own, foreign in spellings:
            pairs = tuple(Pair(*names) for names in zip(own, foreign, strict=True))
            yield _Way(key.oid, Relationship(origin.relation, target.relation, cardinality, key.name, pairs))


def _reversed(way: Relationship) -> Relationship:
    many = way.cardinality is Cardinality.MANY_TO_ONE
    cardinality = Cardinality.ONE_TO_MANY if many else Cardinality.ONE_TO_ONE
    return Relationship(
        way.target, way.origin, cardinality, way.constraint, _swapped(way.pairs), backward=True
    )


def _swapped(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    return tuple(Pair(pair.target, pair.origin) for pair in pairs)


def _across_junctions(
    ways: Iterable[_Way], primary_keys: Mapping[Name, Sequence[str]]
) -> Iterator[Relationship]:
    """Many-to-many: through a relation whose primary key holds two of its own foreign keys."""
    sides: dict[Name, list[_Way]] = defaultdict(list)
    for way in ways:
        ends = {pair.origin for pair in way.relationship.pairs}
        whole = ends <= set(primary_keys.get(way.relationship.origin, ()))
        if whole and way.relationship.cardinality is Cardinality.MANY_TO_ONE:
            sides[way.relationship.origin].append(way)
    for keyed in sides.values():
        for left, right in permutations(keyed, 2):
            if left.foreign_key != right.foreign_key:
                yield _joined(left.relationship, right.relationship)


def _joined(left: Relationship, right: Relationship) -> Relationship:
    junction = Junction(left.origin, left.constraint, right.constraint, _swapped(left.pairs), right.pairs)
    return Relationship(left.target, right.target, Cardinality.MANY_TO_MANY, "", (), junction)


def _by_origin(ways: Iterable[Relationship]) -> dict[Name, tuple[Relationship, ...]]:
    grouped: dict[Name, list[Relationship]] = defaultdict(list)
    for way in sorted(ways, key=_rank):
        grouped[way.origin].append(way)
    return {origin: tuple(found) for origin, found in grouped.items()}


def _rank(way: Relationship) -> tuple[object, ...]:
    junction = way.junction
    middle = (
        (junction.relation, junction.origin_constraint, junction.target_constraint, junction.origin_pairs)
        if junction
        else ()
    )
    ends = junction.target_pairs if junction else way.pairs
    return (way.origin, way.target, _ORDER.index(way.cardinality), way.constraint, middle, ends)
